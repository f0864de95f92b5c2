"""What a character says of itself: its own voice, never the same twice running, and nothing to be ashamed of."""

import re
from itertools import chain, pairwise, product

import pytest
from msgspec.structs import replace

from molroo_actor.engine import (
    EmotionConfig,
    Goal,
    Identity,
    Params,
    Persona,
    Personality,
    State,
    Urge,
    compose,
    derive,
)
from molroo_actor.engine.outreach import LENGTH_MAX, repertoire
from molroo_actor.engine.proactive import TRIGGER_OF
from molroo_actor.engine.step import initial_state

HOUR_MS = 3_600_000
REASONS = sorted(TRIGGER_OF)
LANGUAGES = ("en", "ko")
STYLES = {"secure": (0.3, 0.3), "anxious": (0.8, 0.3), "avoidant": (0.3, 0.8), "disorganized": (0.8, 0.8)}
WORDS = {
    "plain", "apart", "new", "close", "deep", "goal", "lively", "quiet", "warm", "blunt", "worried", "steady",
    "curious", "closed", "guarded", *STYLES, "happy", "eager", "fond", "grateful", "proud", "relieved", "amused", "sad",
    "hurt", "angry", "afraid", "sorry",
}  # fmt: skip
PRESSING = re.compile(
    r"why (haven't|didn't|don't) you|you (left|forgot|abandon|ignore|owe|must|should|have to|never)|without you|"
    r"need you\b|waiting for you|waited|because of you|your fault|how could you|don't leave|finally|at last|"
    r"왜 (안|답)|기다렸|기다리고|잊었|버렸잖|버리지|없으면 (안|못)|때문이잖|너무해|서운|해야 해요|당장|답장",
    re.IGNORECASE,
)


def character(language: str = "en", expressiveness: float = 0.5, **traits: float) -> Params:
    nature = Personality(**{"O": 0.5, "C": 0.5, "E": 0.5, "A": 0.5, "N": 0.5, **traits})
    return derive(
        Persona(
            Identity("Mia", language=language), nature, emotion_config=EmotionConfig(None, 1.0, 1.0, expressiveness)
        )
    )


def left_alone(params: Params, hours: float, **changed: float) -> State:
    """The character as it is that long after it last met the user."""
    return replace(initial_state(params, 0), at_ms=int(hours * HOUR_MS), **changed)


def urge(reason: str, depth: float = 0.3) -> Urge:
    return Urge(reason, 0.2, 0.3, depth)


def said(params: Params, state: State, reason: str, depth: float = 0.3, times: int = 300) -> set[str]:
    """What it says at many moments of the same kind."""
    return {
        compose(params, replace(state, at_ms=state.at_ms + 1_237 * i, turns=i), urge(reason, depth))
        for i in range(times)
    }


def sentences(text: str) -> int:
    return len(re.findall(r"[.?!](?:\s|$)", text))


def every_line(language: str) -> list[str]:
    say = repertoire(language)
    return [
        line for group in chain(say.reason.values(), say.ending.values()) for lines in group.values() for line in lines
    ]


@pytest.mark.parametrize(("reason", "language"), list(product(REASONS, LANGUAGES)))
def test_every_reason_has_at_least_eight_ways_to_say_it_for_every_kind_of_character(reason: str, language: str) -> None:
    for expressiveness, trust, familiarity, style in product((0.1, 0.5, 0.9), (0.1, 0.6), (0.1, 0.4, 0.9), STYLES):
        params = character(language, expressiveness)
        anxiety, avoidance = STYLES[style]
        state = left_alone(
            params, 70, trust=trust, familiarity=familiarity, anxiety=anxiety, avoidance=avoidance, v=-0.5, a=0.4
        )
        found = said(params, state, reason, times=120)
        assert len(found) >= 8
        for text in found:
            assert 4 <= len(text) <= LENGTH_MAX
            assert 1 <= sentences(text) <= 3
            assert not re.search(r"[\d{}_]", text)


def test_the_same_state_says_the_same_and_another_moment_something_else() -> None:
    params = character()
    moments = [left_alone(params, 50 + i) for i in range(200)]
    told = [compose(params, state, urge("absence")) for state in moments]
    assert told == [compose(params, state, urge("absence")) for state in moments]
    again = sum(one == other for one, other in pairwise(told))
    assert again <= 4


def test_a_korean_persona_speaks_korean_and_every_other_language_becomes_english() -> None:
    korean = said(character("ko-KR"), left_alone(character("ko"), 50), "absence")
    assert all(re.search(r"[가-힣]", text) and not re.search(r"[A-Za-z]", text) for text in korean)
    assert said(character("fr"), left_alone(character("fr"), 50), "absence") == said(
        character(), left_alone(character(), 50), "absence"
    )


def test_a_closed_character_says_less_than_an_open_one() -> None:
    def mean_length(expressiveness: float) -> float:
        params = character(expressiveness=expressiveness)
        found = said(params, left_alone(params, 50), "absence")
        return sum(map(len, found)) / len(found)

    assert mean_length(0.1) < 0.5 * mean_length(0.5) < 0.5 * mean_length(0.9)


def test_who_does_not_trust_speaks_guardedly_whatever_its_nature() -> None:
    params = character(expressiveness=0.9, E=0.9)
    say = repertoire("en").reason["absence"]
    assert said(params, left_alone(params, 50, trust=0.2), "absence") == set(say["guarded"])


@pytest.mark.parametrize("style", STYLES)
def test_attachment_colours_how_it_reaches_out(style: str) -> None:
    params = character(expressiveness=0.9)
    anxiety, avoidance = STYLES[style]
    found = said(params, left_alone(params, 50, anxiety=anxiety, avoidance=avoidance), "absence", times=600)
    say = repertoire("en")
    for other in STYLES:
        lines = say.reason["absence"][other] + say.ending["company"][other]
        assert any(line in text for text in found for line in lines) == (other == style)


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (30, "a day"),
        (50, "a couple of days"),
        (80, "a few days"),
        (170, "about a week"),
        (500, "a few weeks"),
        (800, "about a month"),
        (3_000, "a few months"),
        (8_800, "about a year"),
        (50_000, "a few years"),
    ],
)
def test_time_away_is_told_in_words(hours: float, words: str) -> None:
    params = character()
    found = said(params, left_alone(params, hours), "absence")
    assert any(words in text for text in found)
    assert not any("It's been" in text and words not in text for text in found)


def test_an_hour_is_no_absence_to_speak_of() -> None:
    params = character()
    assert not any("been a" in text for text in said(params, left_alone(params, 7), "belonging_need_unmet"))


def test_an_overflow_is_told_as_what_it_is() -> None:
    params = character(expressiveness=0.9)
    say = repertoire("en").reason

    def lines(**changed: float) -> set[str]:
        state = left_alone(params, 0, **changed)
        return said(params, state, "emotion_overflow")

    glad, low = lines(v=0.9, a=0.5, d=0.3), lines(v=-0.9, a=-0.3, d=-0.4)
    assert any(text.startswith(say["gladness"]["happy"]) for text in glad)
    assert any(text.startswith(say["distress"]["sad"]) for text in low)
    assert not any(text.startswith(say["distress"]["angry"]) for text in low)
    assert glad.isdisjoint(low)


def test_a_goal_is_felt_and_never_quoted() -> None:
    plain = character()
    persona = Persona(Identity("Mia"), plain.persona.personality, (Goal("steal the crown"),))
    found = said(derive(persona), left_alone(plain, 50), "competence_need_unmet")
    assert any(text.startswith(repertoire("en").reason["competence_need_unmet"]["goal"]) for text in found)
    assert not any("crown" in text for text in found)


def test_only_a_deep_want_is_told_as_one() -> None:
    params = character()
    deep = repertoire("en").reason["belonging_need_unmet"]["deep"]
    state = left_alone(params, 50)
    assert any(text.startswith(deep) for text in said(params, state, "belonging_need_unmet", 0.6))
    assert not any(text.startswith(deep) for text in said(params, state, "belonging_need_unmet", 0.2))


# -- the lines themselves ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_is_made_of_known_words_and_both_languages_have_the_same(language: str) -> None:
    say, english = repertoire(language), repertoire("en")
    topics = {*REASONS, "gladness", "distress"} - {"emotion_overflow"}
    assert set(say.reason) == set(say.endings) == topics
    assert set(say.ending) == set(say.endings.values())
    assert say.away.keys() == english.away.keys()
    for ours, theirs in ((say.reason, english.reason), (say.ending, english.ending)):
        assert {topic: set(lines) for topic, lines in ours.items()} == {
            topic: set(lines) for topic, lines in theirs.items()
        }
    assert {word for lines in say.reason.values() for key in lines for word in key.split()} <= WORDS
    assert {word for lines in say.ending.values() for key in lines for word in key.split()} <= WORDS


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_stands_twice_and_the_longest_message_fits(language: str) -> None:
    lines = every_line(language)
    assert len(set(lines)) == len(lines)
    say = repertoire(language)
    for topic, ending in say.endings.items():
        longest = [max(map(len, chain(*group.values()))) for group in (say.reason[topic], say.ending[ending])]
        assert sum(longest) + max(map(len, say.away.values())) + 1 <= LENGTH_MAX


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_blames_presses_or_names_what_stands_behind_it(language: str) -> None:
    for line in every_line(language):
        assert not PRESSING.search(line), line
        assert not re.search(r"\d|trust level|score|relatedness|valence|arousal|_", line.replace("{away}", "")), line
        assert line[-1] in ".?!", line
