"""The built-in personas react to the same conversation each in its own way, as their descriptions promise."""

from functools import cache
from itertools import combinations

import pytest

from molroo_actor.engine import (
    Appraisal,
    Params,
    Persona,
    PromptData,
    Reading,
    State,
    Stimulus,
    derive,
    flow,
    initial_state,
    observe,
    presets,
    render_prompt,
    step,
)
from molroo_actor.engine.phrases import phrases

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
PRAISE = Reading(Appraisal(0.7, 0.8, 0.45, 0.6, -0.1, 0.65, urgency=0.2), evidence={"joy": 0.5, "gratitude": 0.35})
INSULT = Reading(Appraisal(0.8, -0.75, 0.25, 0.4, -0.7, -0.55), evidence={"hurt": 0.7, "anger": 0.4})
THEIR_LOSS = Reading(
    Appraisal(0.75, -0.5, 0.3, 0.1, -0.5, 0.05, urgency=0.3), 0.8, 1.0, {"compassion": 0.6, "sadness": 0.5}
)
TALK = (PRAISE, INSULT, INSULT)
ALL = sorted(presets())


@cache
def params_of(key: str) -> Params:
    preset = presets()[key]
    return derive(Persona(preset.identity, preset.personality, preset.goals, preset.emotion_config))


def after(key: str, *readings: Reading) -> list[State]:
    """The state after each reading, a minute apart."""
    params = params_of(key)
    state = initial_state(params, 0)
    states = []
    for reading in readings:
        state = step(params, state, Stimulus(reading), state.at_ms + MINUTE_MS).state
        states.append(state)
    return states


def strength(key: str, state: State, hours: float = 0.0) -> float:
    return observe(params_of(key), state, state.at_ms + round(hours * HOUR_MS)).emotion_intensity


def valence(key: str, state: State, hours: float = 0.0) -> float:
    return observe(params_of(key), state, state.at_ms + round(hours * HOUR_MS)).emotion.V


def manner(prompt: PromptData) -> str:
    """The manner of expression that an expression guide belongs to."""
    guide = prompt.instruction.expression_guide
    for name, each in phrases("en").expression.items():
        if guide in (*each.quiet, *each.clear, *each.strong, *each.rest):
            return name
    raise AssertionError(guide)


def reaction(key: str) -> tuple[tuple[str, str, str, str], ...]:
    """What a client would notice of each turn: label, intensity word, manner of expression, length."""
    found = []
    for state in after(key, *TALK, THEIR_LOSS):
        prompt = render_prompt(params_of(key), state, None)
        emotion = prompt.context.emotion
        lengths = phrases("en").length
        hint = prompt.instruction.response_length_hint
        length = next(name for name, lines in lengths.items() if hint in lines)
        found.append((emotion.primary, emotion.intensity_level, manner(prompt), length))
    return tuple(found)


@pytest.mark.parametrize("key", ALL)
def test_each_preset_has_a_voice_values_and_goals_that_people_touch(key: str) -> None:
    preset = presets()[key]
    me = preset.identity
    assert me.name
    assert me.role
    assert me.speaking_style
    assert len(me.core_values) >= 2
    assert 2 <= len(preset.goals) <= 4
    assert all(found for found, _ in params_of(key).goals)
    assert preset.description.endswith(".")


def test_no_two_presets_take_the_same_conversation_the_same_way() -> None:
    taken = {key: reaction(key) for key in ALL}
    felt = {
        key: (*(strength(key, state) for state in after(key, *TALK)), valence(key, after(key, *TALK)[-1], 3))
        for key in ALL
    }
    for one, other in combinations(ALL, 2):
        apart = max(abs(a - b) for a, b in zip(felt[one], felt[other], strict=True))
        assert taken[one] != taken[other] or apart > 0.08, (one, other)


def test_they_rest_in_different_moods() -> None:
    rest = {key: observe(params_of(key), initial_state(params_of(key), 0), 0).emotion for key in ALL}
    assert max(ALL, key=lambda key: rest[key].V) == "cheerful_companion"
    assert max(ALL, key=lambda key: rest[key].A) == "playful_trickster"
    assert max(ALL, key=lambda key: rest[key].D) == "rival"
    assert min(ALL, key=lambda key: rest[key].D) == "anxious_helper"


def test_an_insult_hits_the_anxious_hardest_and_the_stoic_least() -> None:
    hit = {key: strength(key, after(key, INSULT)[-1]) for key in ALL}
    order = sorted(ALL, key=lambda key: hit[key])
    assert order[0] == "stoic"
    assert order[1] in {"stoic_mentor", "professional"}
    assert set(order[-3:]) >= {"anxious_helper", "creative"}
    assert hit["anxious_helper"] > 1.7 * hit["stoic"]


def test_the_rival_remembers_a_slight_that_the_trickster_has_forgotten() -> None:
    def left(key: str) -> float:
        state = after(key, INSULT)[-1]
        rest = params_of(key).bv
        return (valence(key, state, 3) - rest) / (valence(key, state) - rest)

    assert left("rival") > 2 * left("playful_trickster")
    assert left("anxious_helper") > left("companion") > left("professional")
    assert left("stoic_mentor") > left("cheerful_companion")


def test_the_cheerful_stay_on_the_bright_side_longest() -> None:
    ends = {key: valence(key, after(key, PRAISE, INSULT)[-1], 1) for key in ALL}
    assert max(ALL, key=lambda key: ends[key]) in {"cheerful_companion", "playful_trickster"}
    assert ends["cheerful_companion"] > ends["anxious_helper"]


def test_praise_is_worn_openly_by_some_and_kept_by_others() -> None:
    worn = {key: manner(render_prompt(params_of(key), after(key, PRAISE)[-1], None)) for key in ALL}
    assert {key for key in ALL if worn[key] == "open"} == {
        "cheerful_companion",
        "anxious_helper",
        "playful_trickster",
        "rival",
        "creative",
    }
    assert {key for key in ALL if worn[key] == "closed"} == {"stoic_mentor", "stoic", "professional"}


def test_the_listener_is_moved_by_anothers_loss_and_stays_so() -> None:
    moved = {key: after(key, THEIR_LOSS)[-1] for key in ALL}
    for key in ("professional", "stoic", "stoic_mentor", "mentor"):
        assert strength("empathetic_listener", moved["empathetic_listener"]) > strength(key, moved[key]), key
    listener = params_of("empathetic_listener")
    later = flow(listener, moved["empathetic_listener"], 2 * HOUR_MS)
    label = observe(listener, later, later.at_ms).discrete_emotion.primary
    assert label in {"sadness", "compassion", "concern"}
