"""Vectors of games and of acts: the sign a designer expects of each change, and the label."""

from collections.abc import Callable

import pytest

from molroo_actor.engine import Appraisal, Outcome, Reading

Tell = Callable[..., Outcome]

CRITICAL_HIT = Appraisal(0.8, -0.9, 0.3, 0.2, -0.4, 0.0)
LEVEL_UP = Appraisal(0.9, 0.9, 0.5, 0.8, 0.8, 0.7)
ALLY_DEATH = Appraisal(1.0, -1.0, 0.1, 0.1, -0.8, -0.5)
TREASURE = Appraisal(0.6, 0.8, 0.2, 0.5, 0.3, 0.5)
BETRAYAL = Appraisal(1.0, -0.9, 0.1, 0.1, -0.9, -1.0)
BOSS_DEFEATED = Appraisal(1.0, 1.0, 0.4, 0.7, 0.9, 0.8)
AMBUSH = Appraisal(0.9, -0.7, 0.0, 0.2, -0.8, -0.3)


@pytest.mark.parametrize(
    ("event", "signs"),
    [
        (CRITICAL_HIT, {"V": -1, "A": 1, "D": -1}),
        (LEVEL_UP, {"V": 1, "D": 1}),
        (ALLY_DEATH, {"V": -1, "D": -1}),
        (TREASURE, {"V": 1, "A": 1}),
        (BETRAYAL, {"V": -1, "A": 1, "D": -1}),
        (BOSS_DEFEATED, {"V": 1, "A": 1, "D": 1}),
        (AMBUSH, {"V": -1, "A": 1, "D": -1}),
    ],
)
def test_a_game_event_moves_the_emotion_as_a_designer_expects(
    tell: Tell, event: Appraisal, signs: dict[str, int]
) -> None:
    delta = tell(Reading(event)).result.emotion_delta
    assert {axis: 1 if getattr(delta, axis) > 0.0 else -1 for axis in signs} == signs


@pytest.mark.parametrize(
    ("label", "vector"),
    [
        ("joy", Appraisal(0.7, 0.9, 0.4, 0.6, 0.0, 0.8, 0.8, 0.7, 0.1)),
        ("contentment", Appraisal(0.4, 0.6, 0.8, 0.5, -0.2, 0.5, 0.3, 0.8, 0.1)),
        ("excitement", Appraisal(0.9, 0.6, 0.05, 0.5, 0.4, 0.4, 0.3, 0.5, 0.8)),
        ("surprise", Appraisal(0.7, 0.25, 0.0, 0.5, 0.2, 0.0, 0.0, 0.4, 0.9)),
        ("pride", Appraisal(0.7, 0.8, 0.5, 0.6, 1.0, 0.5, 0.7, 0.6, 0.2)),
        ("anger", Appraisal(0.8, -0.7, 0.2, 0.8, 0.3, -0.5, 0.3, 0.3, 0.8)),
        ("sadness", Appraisal(0.8, -0.7, 0.9, 0.4, -0.6, -0.2, -0.2, 0.3, 0.1)),
        ("disgust", Appraisal(0.6, -0.6, 0.3, 0.7, 0.2, -0.9, 0.5, 0.5, 0.4)),
        ("fear", Appraisal(0.9, -0.8, 0.1, 0.2, -0.2, -0.5, 0.0, 0.2, 0.95)),
        ("guilt", Appraisal(0.7, -0.6, 0.3, 0.5, 0.6, -0.4, -0.6, 0.4, 0.3)),
        ("shame", Appraisal(0.8, -0.8, 0.2, 0.1, 0.5, -0.8, -0.9, 0.1, 0.5)),
    ],
)
def test_a_clear_appraisal_is_felt_by_its_name(tell: Tell, label: str, vector: Appraisal) -> None:
    assert tell(Reading(vector)).result.discrete_emotion.primary == label


def test_good_news_after_fear_is_relief_without_any_text(tell: Tell) -> None:
    good = Reading(Appraisal(0.6, 0.55, 0.6, 0.5, -0.2, 0.1))
    scared = tell(Reading(Appraisal(0.9, -0.8, 0.1, 0.2, -0.2, -0.5, urgency=0.95)))
    assert tell(good, state=scared.state).result.discrete_emotion.primary == "relief"
    assert tell(good).result.discrete_emotion.primary != "relief"


def test_a_given_vector_is_echoed_as_it_was(tell: Tell) -> None:
    vector = Appraisal(0.123456789, -1.0, 0.0, 1.0, 0.5, -0.25, urgency=0.75)
    assert tell(Reading(vector)).result.appraisal is vector


def test_the_prediction_error_is_the_appraisal_minus_the_expectation(tell: Tell) -> None:
    first = tell(Reading(LEVEL_UP))
    error = first.result.prediction_error
    assert (error.relevance, error.congruence) == (pytest.approx(0.6), pytest.approx(0.8))
    again = tell(*[Reading(LEVEL_UP)] * 40, state=first.state).result.prediction_error
    assert again.magnitude < 0.02 < error.magnitude


def test_what_contradicts_expectation_arouses_more(tell: Tell) -> None:
    hit = Reading(Appraisal(0.8, -0.8, 0.6, 0.5, -0.4, 0.0))
    used_to_it = tell(*[hit] * 30)
    rise_then = tell(hit, state=used_to_it.state).state.a - used_to_it.state.a
    assert rise_then < tell(hit).state.a
