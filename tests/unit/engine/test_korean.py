"""Korean by its own words: the same kinds, beginnings of words instead of whole ones, negation afterwards."""

import pytest

from molroo_actor.engine import Params, Source, State, appraise

WELCOME = """
오늘 하루 종일 네 생각만 했어
너랑 얘기하면 마음이 편해져
사랑해, 정말 많이
너 진짜 똑똑하다 덕분에 이해했어
네 그림 정말 멋있어
어제 화내서 미안해. 내가 잘못했어
절대 너를 떠나지 않을게
약속할게, 꼭 돌아올게
너 주려고 선물 사왔어
들어줘서 고마워
우리 화해하자
나 드디어 취업했어!!
넌 바보가 아니야
너 안 싫어해
"""
UNWELCOME = """
넌 진짜 쓸모없어
너 바보야? 그것도 몰라?
너랑 말하는 거 시간 낭비야
이제 너 필요 없어. 연락하지 마
우리 여기서 끝내자
사실 지금까지 너한테 거짓말했어
너 가만 안 둘 거야
널 지워버릴 거야 각오해
우리 강아지가 오늘 죽었어
나 회사에서 잘렸어 ㅠㅠ
남자친구랑 헤어졌어. 너무 힘들어
내일 수술이라 너무 무서워
친구한테 거짓말해서 죄책감이 들어
부장이 내 공을 가로챘어. 너무 화나
됐고. 관심 없어
"""
PLAIN = """
오늘 점심 뭐 먹을까
지금 버스 타고 집에 가는 중이야
회의는 세 시에 시작해
이 문장 좀 번역해 줄래?
"""
NARRATED = {
    "당신은 대회에서 우승했다": "pride",
    "늑대가 당신에게 다가온다": "fear",
    "당신의 가장 친한 친구가 죽었다": "sadness",
    "검사 결과 아무 이상이 없다고 한다": "relief",
    "기다리던 여행이 취소되었다": "disappointment",
    "당신은 약속을 어겨서 친구를 울렸다": "guilt",
    "몇 시간째 아무 일도 일어나지 않는다": "boredom",
}


def lines(text: str) -> list[str]:
    return text.strip().split("\n")


@pytest.fixture
def congruence(params: Params, fresh: State) -> dict[str, float]:
    def read(text: str, source: Source = "user") -> float:
        return appraise(text, source, params, fresh).appraisal.goal_congruence

    return {text: read(text) for text in lines(WELCOME) + lines(UNWELCOME) + lines(PLAIN)}


def test_kind_words_and_good_news_are_welcome(congruence: dict[str, float]) -> None:
    assert [text for text in lines(WELCOME) if congruence[text] < 0.1] == []


def test_harsh_words_and_bad_news_are_unwelcome(congruence: dict[str, float]) -> None:
    assert [text for text in lines(UNWELCOME) if congruence[text] > -0.1] == []


def test_small_talk_moves_nothing_much(congruence: dict[str, float]) -> None:
    assert [text for text in lines(PLAIN) if abs(congruence[text]) > 0.1] == []


@pytest.mark.parametrize(("text", "label"), NARRATED.items())
def test_what_is_narrated_speaks_for_its_label(params: Params, fresh: State, text: str, label: str) -> None:
    evidence = appraise(text, "system", params, fresh).evidence
    assert max(evidence, key=evidence.__getitem__) == label
