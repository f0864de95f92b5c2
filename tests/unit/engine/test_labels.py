"""What feelings are called: every name can be reached, keeps to its cause, and does not tremble."""

import random

import pytest
from msgspec.structs import replace

from molroo_actor.engine import Appraisal, DiscreteEmotion, Params, Reading, initial_state, observe, step
from molroo_actor.engine.labels import LABELS, PAD, name
from molroo_actor.engine.values import Stimulus
from tests.unit.engine.moments import (
    ABUSE,
    ALL_CLEAR,
    DANGER,
    DAY_MS,
    DEATH,
    DULL,
    GREETING,
    HOUR_MS,
    INSULT,
    MINUTE_MS,
    NOTHING,
    PRAISE,
    PROVOCATION,
    SMALL_TALK,
    Moment,
    character,
    labels_of,
    live,
)

WARMTH = Appraisal(0.7, 0.9, 0.6, 0.5, -0.8, 0.9, urgency=0.2)
TOLD_A_SORROW = Appraisal(0.5, -0.3, 0.5, 0.4, -0.4, 0.1)
LIVES: dict[str, list[Moment]] = {
    "joy": [PRAISE],
    "excitement": [Appraisal(0.9, 0.6, 0.05, 0.5, 0.4, 0.4, urgency=0.8)],
    "contentment": [Appraisal(0.4, 0.6, 0.8, 0.5, -0.2, 0.5, urgency=0.1)],
    "love": [WARMTH] * 25,
    "gratitude": [Appraisal(0.6, 0.7, 0.4, 0.4, -0.9, 0.8, urgency=0.2)],
    "pride": [Appraisal(0.7, 0.8, 0.5, 0.6, 1.0, 0.5)],
    "amusement": [Appraisal(0.3, 0.5, 0.2, 0.6, -0.2, 0.3, urgency=0.2)],
    "relief": [DANGER, ALL_CLEAR],
    "trust": [Appraisal(0.5, 0.45, 0.8, 0.8, -0.2, 0.7, urgency=0.2)],
    "calm": [Appraisal(0.4, -0.15, 0.5, 0.7, -0.1, 0.1, adjustment_potential=0.8, urgency=0.2)],
    "hope": [Appraisal(0.7, 0.35, 0.45, 0.15, -0.4, 0.2, urgency=0.5)],
    "compassion": [Reading(TOLD_A_SORROW, evidence={"compassion": 0.6, "sadness": 0.3})],
    "concern": [Reading(TOLD_A_SORROW, evidence={"concern": 0.6, "fear": 0.2})],
    "surprise": [Appraisal(0.7, 0.2, 0.0, 0.5, -0.2, 0.0, urgency=0.8)],
    "sadness": [DEATH],
    "hurt": [INSULT],
    "disappointment": [PRAISE, Appraisal(0.6, -0.5, 0.5, 0.5, -0.2, 0.0, urgency=0.4)],
    "anger": [PROVOCATION],
    "annoyance": [Appraisal(0.5, -0.35, 0.5, 0.7, -0.4, -0.1, adjustment_potential=0.3, urgency=0.5)],
    "disgust": [Appraisal(0.6, -0.6, 0.3, 0.7, 0.1, -0.9, 0.5, 0.5, 0.4)],
    "contempt": [Appraisal(0.6, -0.5, 0.5, 0.9, -0.8, -0.8, 0.0, 0.7, 0.2)],
    "fear": [DANGER],
    "anxiety": [Appraisal(0.9, -0.4, 0.2, 0.1, 0.0, 0.0, urgency=0.7)],
    "shame": [Appraisal(0.8, -0.8, 0.2, 0.1, 0.5, -0.8, -0.9, 0.1, 0.5)],
    "guilt": [Appraisal(0.7, -0.6, 0.4, 0.6, 0.7, -0.3, -0.6, 0.5, 0.3)],
    "embarrassment": [Appraisal(0.6, -0.3, 0.0, 0.3, 0.5, -0.1, -0.5, 0.2, 0.6)],
    "boredom": [DULL] * 40,
    "neutral": [NOTHING],
}


@pytest.mark.parametrize("label", LIVES)
def test_a_plausible_life_leads_to_each_feeling(params: Params, label: str) -> None:
    assert labels_of(live(params, *LIVES[label])[-1:]) == [label]


def test_the_two_feelings_that_come_of_silence_are_reached_by_waiting(params: Params) -> None:
    [met] = live(params, GREETING)
    assert observe(params, met.state, 8 * DAY_MS).discrete_emotion.primary == "loneliness"
    spent = live(params, *[ABUSE] * 25)[-1]
    assert spent.result.discrete_emotion.primary != "numbness"
    hour_later = observe(params, spent.state, spent.state.at_ms + HOUR_MS)
    assert (hour_later.discrete_emotion.primary, hour_later.body_budget < 0.2) == ("numbness", True)


def test_no_feeling_is_left_out() -> None:
    assert {*LIVES, "loneliness", "numbness"} == set(LABELS) == set(PAD)
    assert len(LABELS) == 30


def test_a_hair_s_breadth_does_not_rename_a_feeling(params: Params) -> None:
    """Small jitter of a clear appraisal changes nothing in what it is called, for whatever character."""
    rng = random.Random(7)  # a fixed seed: the same hairs each time
    for label in ("joy", "anger", "fear", "sadness", "guilt", "shame", "disgust", "surprise", "gratitude", "pride"):
        moment = LIVES[label][-1]
        reading = moment if isinstance(moment, Reading) else Reading(moment)
        for _ in range(40):
            traits = {letter: rng.uniform(0.1, 0.9) for letter in "OCEANH"}
            changed = {
                key: min(max(value + rng.uniform(-0.05, 0.05), -1.0 if value < 0.0 else 0.0), 1.0)
                for key in reading.appraisal.__struct_fields__
                if (value := getattr(reading.appraisal, key)) is not None
            }
            jittered = replace(reading, appraisal=replace(reading.appraisal, **changed))
            assert labels_of(live(character(**traits), jittered)) == [label], (traits, changed)


def test_the_name_of_the_last_turn_has_a_small_lead_while_its_cause_lasts(params: Params) -> None:
    """Between two names that are as near, the one that is known stays; a clear case is not held up."""
    [turn] = live(params, INSULT)
    known = {label: name(params, replace(turn.state, label=i))[0] for i, label in enumerate(LABELS)}
    assert known["hurt"] == "hurt"
    assert known["joy"] == "hurt"
    between = [
        live(params, Reading(replace(INSULT, controllability=0.40 + 0.01 * step_up)))[-1].state for step_up in range(20)
    ]
    either = [
        {name(params, replace(state, label=LABELS.index(label)))[0] for label in ("hurt", "anger")} for state in between
    ]
    assert [len(names) for names in either].count(2) in range(1, 8)
    state = between[0]
    weeks_later = replace(state, at_ms=state.at_ms + 14 * DAY_MS)
    assert name(params, weeks_later)[0] == name(params, replace(weeks_later, label=0))[0]


def test_a_look_right_after_a_turn_says_what_the_turn_said(params: Params) -> None:
    for label, life in LIVES.items():
        turn = live(params, *life)[-1]
        assert observe(params, turn.state, turn.state.at_ms).discrete_emotion == turn.result.discrete_emotion, label


def test_the_state_keeps_what_the_feeling_was_called(params: Params) -> None:
    for turn in live(params, PRAISE, INSULT, DANGER):
        assert LABELS[turn.state.label] == turn.result.discrete_emotion.primary


def test_small_talk_does_not_end_a_relief(params: Params) -> None:
    assert labels_of(live(params, DANGER, ALL_CLEAR, SMALL_TALK)) == ["fear", "relief", "relief"]


def test_mixed_feelings_have_a_second_name_and_clear_ones_none(params: Params) -> None:
    mixed = live(params, INSULT)[-1].result.discrete_emotion
    assert mixed == DiscreteEmotion("hurt", "anger", "moderate")
    assert live(params, DANGER)[-1].result.discrete_emotion == DiscreteEmotion("fear", None, "moderate")


def test_words_about_a_feeling_that_has_no_name_here_change_nothing(params: Params) -> None:
    state = initial_state(params, 0)
    plain, unheard = (
        step(params, state, Stimulus(Reading(PRAISE, evidence=evidence)), MINUTE_MS).result
        for evidence in ({}, {"saudade": 1.0})
    )
    assert plain == unheard
