"""What a client may say of a character, what is refused, and what follows from it."""

import msgspec
import pytest

from molroo_actor.engine import Identity, Params, Persona, Personality, derive, initial_state, observe, presets
from molroo_actor.engine.persona import baseline_of

SMALL = {"identity": {"name": "Mia"}, "personality": {"O": 0.5, "C": 0.5, "E": 0.5, "A": 0.5, "N": 0.5}}


def test_a_name_and_five_traits_are_enough() -> None:
    persona = msgspec.convert(SMALL, Persona)
    assert persona.personality.H == 0.5
    assert persona.identity.language == "en"


@pytest.mark.parametrize(
    "change",
    [
        {"personality": {**SMALL["personality"], "O": 1.1}},
        {"personality": {**SMALL["personality"], "N": -0.1}},
        {"personality": {"O": 0.5}},
        {"identity": {}},
        {"identity": {"name": ""}},
        {"character_backstory": "x" * 4001},
        {"behavior_rules": "x" * 2001},
        {"user_profile": "x" * 2001},
        {"scene_context": "x" * 2001},
        {"goals": [{"content": "x", "priority": 2}]},
        {"goals": [{"content": "x"}] * 33},
        {"emotion_config": {"baseline": {"V": 0, "A": -0.1, "D": 0}}},
        {"calibration": {"budgetMinimum": 1}},
    ],
)
def test_what_is_out_of_range_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**SMALL, **change}, Persona)


def test_the_average_person_rests_at_the_origin() -> None:
    assert baseline_of(Personality(0.5, 0.5, 0.5, 0.5, 0.5)) == (0.0, 0.0, 0.0)


def test_stability_makes_calm_and_neuroticism_makes_restless() -> None:
    calm, nervous = (baseline_of(Personality(0.5, 0.5, 0.5, 0.5, n)) for n in (0.1, 0.9))
    assert calm[1] < 0.0 < nervous[1]


def test_a_given_baseline_wins_over_the_personality() -> None:
    given = {**SMALL, "emotion_config": {"baseline": {"V": 0.4, "A": 0.6, "D": -0.2}}}
    params = derive(msgspec.convert(given, Persona))
    resting = observe(params, initial_state(params, 5), 5).emotion
    assert pytest.approx((0.4, 0.6, -0.2)) == (resting.V, resting.A, resting.D)


def test_calibration_sets_recovery_floor_and_pace() -> None:
    given = {**SMALL, "calibration": {"budgetRecoveryPerHour": 2.0, "budgetMinimum": 0.3, "turnScale": 60.0}}
    params = derive(msgspec.convert(given, Persona))
    assert (params.rate_energy, params.energy_min, params.pace) == (2.0, 0.3, 60.0)


@pytest.mark.parametrize(
    ("language", "spoken"),
    [("en", "en"), ("ko", "ko"), ("ko-KR", "ko"), ("KO_kr", "ko"), ("kok", "en"), ("tlh", "en"), ("", "en")],
)
def test_an_unknown_language_becomes_english(language: str, spoken: str) -> None:
    persona = Persona(Identity("Mia", language=language), Personality(0.5, 0.5, 0.5, 0.5, 0.5))
    assert derive(persona).language == spoken


def test_the_presets_are_there_with_the_traits_they_are_known_by() -> None:
    found = {key: preset.personality for key, preset in presets().items()}
    assert {"companion", "mentor", "rival", "stoic", "creative", "professional"} <= set(found)
    cheerful = found["cheerful_companion"]
    assert (cheerful.O, cheerful.C, cheerful.E, cheerful.A, cheerful.N) == (0.65, 0.5, 0.8, 0.7, 0.3)
    assert (found["stoic_mentor"].N, found["stoic_mentor"].C) == (0.15, 0.85)
    assert (found["anxious_helper"].N, found["anxious_helper"].E) == (0.75, 0.65)
    assert (found["playful_trickster"].O, found["playful_trickster"].E) == (0.9, 0.75)
    assert (found["empathetic_listener"].A, found["empathetic_listener"].E) == (0.9, 0.45)


@pytest.mark.parametrize("key", sorted(presets()))
def test_every_preset_makes_a_character(key: str) -> None:
    preset = presets()[key]
    assert preset.id == key
    assert preset.description.endswith(".")
    persona = Persona(preset.identity, preset.personality, preset.goals, preset.emotion_config)
    assert msgspec.convert(msgspec.to_builtins(persona), Persona) == persona
    assert preset.identity.name in derive(persona).system.formatted.system_prompt


def test_params_hold_the_persona_they_came_from(params: Params) -> None:
    assert derive(params.persona) == params
