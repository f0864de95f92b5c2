"""What words suggest where grammar says nothing."""

from pathlib import Path

import pytest

from molroo_actor.engine import Params, State, appraise
from molroo_actor.engine import hunch as module
from molroo_actor.engine import speech_acts as acts
from molroo_actor.engine.hunch import MEANT, READS, hunch, tables
from molroo_actor.engine.lexicon import tokens
from molroo_actor.engine.perspective import guess, says_little
from molroo_actor.engine.scorer import valence


def best(text: str, told: bool) -> str:
    found = hunch(tokens(text), told)
    return MEANT["user" if told else "system"][max(range(len(found)), key=found.__getitem__)]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("A shadow slides under the door and something scratches at the wood", "danger"),
        ("The letter tells of the death of your brother", "loss"),
        ("The audience stands and applauds your song", "success"),
        ("You repeat the same row of figures for the whole afternoon", "dull"),
    ],
)
def test_a_narration_without_a_known_deed_suggests_its_kind(text: str, meaning: str) -> None:
    assert best(text, told=False) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("your voice makes this cold flat a home", "kind"),
        ("which bus goes to the station", "plain"),
        ("nobody came to visit me in the hospital", "bad"),
    ],
)
def test_a_message_without_a_known_deed_suggests_its_kind(text: str, meaning: str) -> None:
    assert best(text, told=True) == meaning


@pytest.mark.parametrize("words", [[], ["zzqx"] * 3, ["."] * (READS + 50), ["love"] * (READS + 50)])
def test_any_words_give_numbers_for_every_meaning(words: list[str]) -> None:
    for told, source in ((True, "user"), (False, "system")):
        found = hunch(words, told)
        assert len(found) == len(MEANT[source])
        assert all(-5.0 < x < 5.0 for x in found)


def test_adding_words_adds_their_shares() -> None:
    table = tables()[0]
    rest, one, two = (hunch(words, told=True) for words in ([], ["wonderful"], ["wonderful", "wonderful"]))
    assert rest == list(table.rest)
    for a, b, c in zip(rest, one, two, strict=True):
        assert (c - a) / (2.0 * (b - a)) == pytest.approx((4.0 / 3.0) ** -module.POWER, rel=0.2)


def test_a_recognised_deed_says_who_a_hunch_is_about() -> None:
    words = tokens("you are a liar")
    hunches = [0.0] * len(MEANT["user"])
    hunches[MEANT["user"].index("harsh")] = 0.9
    weights = {acts.USER_MISFORTUNE: 0.2}
    guess(weights, hunches, valence(words)[0], told=True)
    assert acts.INSULT not in weights


def test_a_recognised_deed_leaves_a_hunch_no_room_and_a_question_does() -> None:
    assert not says_little({acts.PRAISE: 1.0})
    assert says_little({acts.REQUEST: 1.0})
    assert says_little({})


@pytest.mark.parametrize(("denies", "doubted"), [(False, True), (True, False)])
def test_a_clear_hunch_doubts_weak_deeds_unless_something_is_denied(denies: bool, doubted: bool) -> None:
    words = tokens("you are a liar")
    hunches = [0.0] * len(MEANT["user"])
    hunches[MEANT["user"].index("harsh")] = 0.9
    weights = {acts.PRAISE: 0.4}
    guess(weights, hunches, valence(words)[0], told=True, denies=denies)
    assert (acts.INSULT in weights) == doubted
    assert (weights[acts.PRAISE] < 0.1) == doubted


def test_a_hunch_adds_nothing_to_deeds_that_it_agrees_with() -> None:
    words = tokens("you are a liar")
    hunches = [0.0] * len(MEANT["user"])
    hunches[MEANT["user"].index("harsh")] = 0.9
    weights = {acts.REPROACH: 0.4}
    guess(weights, hunches, valence(words)[0], told=True)
    assert weights == {acts.REPROACH: 0.4}


def test_a_text_in_an_unknown_language_gives_no_hunch(params: Params, fresh: State) -> None:
    found = appraise("zxqv brrt wklm prrt qqzz", "user", params, fresh)
    assert abs(found.appraisal.goal_congruence) < 0.1
    assert found.confidence < 0.4


def test_a_table_that_does_not_fit_its_words_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hunches.bin").write_bytes(
        b'{"licence":"MIT","source":"here","words":["a","b"],"sides":[{"step":[1],"rest":[0]}]}\n\x01'
    )
    monkeypatch.setattr(module, "files", lambda _package: tmp_path)
    tables.cache_clear()
    with pytest.raises(ValueError, match="1 numbers for 2 words"):
        tables()
    tables.cache_clear()
