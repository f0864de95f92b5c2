"""prompt_data: whole sentences in the persona's language that change with the state."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from molroo_actor.engine import (
    Goal,
    Identity,
    Outcome,
    Params,
    Persona,
    Personality,
    State,
    derive,
    initial_state,
    observe,
    render_prompt,
    system_prompt,
)
from molroo_actor.engine.labels import LABELS
from molroo_actor.engine.phrases import phrases
from molroo_actor.engine.prompt import energy_level, level
from molroo_actor.engine.regulation import STRENGTH
from molroo_actor.engine.stages import NAMES

Tell = Callable[..., Outcome]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_label_stage_and_strategy_has_its_sentences(language: str) -> None:
    say = phrases(language)
    assert set(say.emotion) == set(say.words) == set(LABELS)
    assert set(say.stage) == set(NAMES[1:])
    assert set(say.regulation) == set(STRENGTH)
    sentences = [line for pair in (*say.emotion.values(), *say.stage.values()) for line in pair]
    assert all(line.endswith(".") and not any(c.isdigit() for c in line) for line in sentences)


def test_a_joyful_turn_reads_like_a_direction_to_an_actor(params: Params, tell: Tell) -> None:
    found = render_prompt(params, tell("You did an amazing job, thank you so much!").state, None)
    assert found.formatted.context_block.splitlines() == [
        "[Emotion: joy (moderate)]",
        "A quiet gladness sits in you and makes everything a little lighter. Beside it there is also contentment.",
        "You are fresh and full of energy. Your attention is with the other, steady and open. "  # noqa: ISC004
        "You listen closely and answer to the point.",
        "You hardly know each other yet. You trust the one you are talking to in ordinary things. "  # noqa: ISC004
        "Closeness is easy for you, and so is distance.",
    ]


def test_the_event_context_is_told_and_given_back(params: Params, fresh: State) -> None:
    found = render_prompt(params, fresh, "The door opens.")
    assert found.context.event_context == "The door opens."
    assert found.formatted.context_block.endswith("What has just happened: The door opens.")
    assert render_prompt(params, fresh, None).context.event_context is None


def test_the_formatted_parts_are_the_same_texts_wherever_they_stand(params: Params, fresh: State) -> None:
    found = render_prompt(params, fresh, None)
    assert found.formatted.system_prompt == found.system.formatted.system_prompt
    assert found.formatted.context_block == found.context.formatted.context_block
    assert found.formatted.instruction_block == found.instruction.formatted.instruction_block
    assert found.system == system_prompt(params)


def test_energy_stage_need_trust_and_regulation_each_shape_the_prompt(params: Params, fresh: State) -> None:
    plain = render_prompt(params, fresh, None).formatted
    hurt = replace(fresh, v=-0.5, reg="cognitive_reappraisal")
    for changed in (
        replace(fresh, energy=0.1),
        replace(fresh, trust=0.1),
        replace(fresh, familiarity=0.9),
        replace(fresh, anxiety=0.9),
        replace(fresh, stage=7),
    ):
        assert render_prompt(params, changed, None).formatted.context_block != plain.context_block
    assert "in another light" in render_prompt(params, hurt, None).formatted.context_block
    needy = render_prompt(params, replace(fresh, competence=0.1), None)
    assert needy.instruction.need_direction is not None
    assert needy.instruction.need_direction in needy.formatted.instruction_block
    assert render_prompt(params, fresh, None).instruction.need_direction is None


def test_a_tired_character_is_short_and_an_expressive_happy_one_may_be_long(params: Params, tell: Tell) -> None:
    state = tell(*["You are wonderful"] * 3).state
    lively = replace(params, expressiveness=0.9)
    assert "at some length" in render_prompt(lively, state, None).instruction.response_length_hint
    assert "one or two" in render_prompt(lively, replace(state, energy=0.1), None).instruction.response_length_hint


def test_the_prompt_shows_the_stage_and_label_that_a_report_shows(params: Params, tell: Tell) -> None:
    state = tell(*["You are a worthless idiot and I hate you"] * 9).state
    report = observe(params, state, state.at_ms)
    shown = render_prompt(params, state, None).context
    assert shown.stage.name == report.soul_stage.name
    assert shown.emotion.primary == report.discrete_emotion.primary
    assert shown.energy.budget_percentage == round(100 * report.body_budget)


def test_a_korean_persona_is_directed_in_korean() -> None:
    persona = Persona(Identity("미아", language="ko-KR"), Personality(0.5, 0.5, 0.5, 0.5, 0.5))
    params = derive(persona)
    found = render_prompt(params, initial_state(params, 0), None).formatted
    assert found.context_block.startswith("[Emotion: neutral (faint)]\n기분이 고르고")
    assert found.system_prompt.startswith("너의 이름은 미아이다.")


def test_the_system_prompt_tells_everything_that_the_client_said() -> None:
    persona = Persona(
        Identity("Mia", "a pilot", ("courage",), "Dry and quick."),
        Personality(0.9, 0.5, 0.1, 0.5, 0.5),
        (Goal("fly home", 0.2), Goal("find the map", 0.9)),
        character_backstory="Born at sea.",
        behavior_rules="Never lie.",
        user_profile="A mechanic.",
        scene_context="A hangar at night.",
    )
    found = system_prompt(derive(persona))
    assert found.identity == "You are Mia, a pilot."
    assert found.personality_traits == [
        "You are curious and drawn to the new.",
        "You are reserved and spare with words.",
    ]
    assert found.goals == ["find the map", "fly home"]
    for told in ("courage", "Dry and quick.", "Born at sea.", "Never lie.", "A mechanic.", "A hangar at night."):
        assert told in found.formatted.system_prompt


def test_braces_in_a_clients_text_are_only_text() -> None:
    persona = Persona(Identity("{name}"), Personality(0.5, 0.5, 0.5, 0.5, 0.5), behavior_rules="{text} {0}")
    found = system_prompt(derive(persona)).formatted.system_prompt
    assert "You are {name}." in found
    assert "{text} {0}" in found


@pytest.mark.parametrize(
    ("x", "word"),
    [(0.0, "faint"), (0.12, "mild"), (0.34, "moderate"), (0.6, "strong"), (0.8, "overwhelming"), (1.0, "overwhelming")],
)
def test_intensity_words_begin_at_their_thresholds(x: float, word: str) -> None:
    assert level(x) == word


@pytest.mark.parametrize(
    ("x", "word"), [(0.0, "depleted"), (0.15, "low"), (0.35, "fair"), (0.6, "good"), (0.88, "full")]
)
def test_energy_words_begin_at_their_thresholds(x: float, word: str) -> None:
    assert energy_level(x) == word
