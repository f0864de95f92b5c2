"""prompt_data: a director's words in the persona's language that change with the state and with the turn."""

import itertools
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from molroo_actor.engine import (
    Appraisal,
    Goal,
    Identity,
    Outcome,
    Params,
    Persona,
    Personality,
    Reading,
    State,
    derive,
    flow,
    initial_state,
    observe,
    presets,
    render_prompt,
    system_prompt,
)
from molroo_actor.engine.labels import LABELS
from molroo_actor.engine.phrases import phrases
from molroo_actor.engine.prompt import energy_level, level, summary
from molroo_actor.engine.regulation import STRENGTH
from molroo_actor.engine.stages import NAMES
from tools import converse

Tell = Callable[..., Outcome]
HOUR_MS = 3_600_000
FORMS = {"system", "summary", "own_facet", "word"}  # words and forms to fill in, where the others are whole sentences


def character(language: str, key: str = "companion") -> Params:
    preset = presets()[key]
    name = "Robin" if language == "en" else "로빈"
    return derive(Persona(Identity(name, language=language), preset.personality, (), preset.emotion_config))


def lists(language: str) -> Iterator[tuple[str, list[str]]]:
    """(path, variants) of every list of sentences."""

    def walk(path: str, node: Any) -> Iterator[tuple[str, list[str]]]:
        if isinstance(node, dict):
            for key, below in node.items():
                if key not in FORMS:
                    yield from walk(f"{path}.{key}", below)
        elif isinstance(node, list):
            yield path, node

    return walk("", msgspec.to_builtins(phrases(language)))


def states(params: Params, count: int) -> Iterator[State]:
    """Characters in every sort of trouble and luck; the same ones each time."""
    dice = random.Random(20)
    fresh = initial_state(params, 0)
    for turn in range(count):
        wide = {name: dice.uniform(-0.98, 0.98) for name in ("v", "a", "d", "c_gc", "c_ag", "c_nc", "c_v", "c_is")}
        units = ("energy", "stress", "autonomy", "competence", "relatedness", "trust", "rapport", "familiarity")
        half = {name: dice.random() for name in (*units, "anxiety", "avoidance", "c_i", "c_gr", "c_ur", "c_loss")}
        at_ms = dice.choice((0, 60_000, HOUR_MS, 30 * HOUR_MS, 400 * HOUR_MS, 3_000 * HOUR_MS))
        evidence = dice.sample(LABELS, dice.randrange(4))
        yield replace(
            fresh,
            **wide,
            **half,
            mv=dice.uniform(-0.5, 0.5),
            at_ms=at_ms,
            met_ms=dice.choice((0, at_ms)),
            c_ms=dice.choice((0, at_ms)),
            c_ev={label: dice.random() for label in evidence},
            c_ct=dice.random(),
            reg=dice.choice((None, *STRENGTH)),
            reg_p=dice.random(),
            stage=dice.randrange(1, 16),
            talks=dice.randrange(9),
            rift=dice.choice((0.0, 0.3)),
            k_pause=dice.choice((0.0, 90.0)),
            turns=turn,
        )


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_label_stage_and_strategy_has_its_sentences(language: str) -> None:
    say = phrases(language)
    assert set(say.feeling) == set(LABELS)
    assert set(say.stage) == set(NAMES[1:])
    assert set(say.regulation) == set(STRENGTH)
    for feeling in say.feeling.values():
        assert min(len(feeling.quiet), len(feeling.clear), len(feeling.strong)) >= 4


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_sentence_is_whole_and_names_no_number_and_no_field(language: str) -> None:
    for path, variants in lists(language):
        assert len(set(variants)) == len(variants), path
        for line in variants:
            assert line.endswith("."), line
            assert line == line.strip(), line
            assert not re.search(r"[\d\[\]{}%_]|  ", line), line
            if language == "ko":
                assert not re.search(r"[A-Za-z]", line), line
            else:
                assert line[0].isupper(), line
                assert line.isascii(), line


def test_both_languages_say_the_same_things_in_as_many_ways() -> None:
    english, korean = (dict(lists(language)) for language in ("en", "ko"))
    assert {path: len(each) for path, each in english.items()} == {path: len(each) for path, each in korean.items()}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_any_state_reads_as_a_direction_of_some_length(language: str) -> None:
    params = character(language)
    lengths = []
    for state in states(params, 1_500):
        found = render_prompt(params, state, None)
        opening, *rest = found.formatted.context_block.splitlines()
        assert opening == f"[Emotion: {found.context.emotion.primary} ({found.context.emotion.intensity_level})]"
        assert 2 <= len(rest) <= 3
        text = " ".join((*rest, found.formatted.instruction_block))
        assert not re.search(r"[\d\[\]{}%_]|  |\.\.", text), text
        assert all(line.endswith(".") for line in (*rest, found.formatted.instruction_block))
        sentences = [found.context.emotion.description, found.instruction.expression_guide]
        assert len(set(sentences)) == 2
        if language == "ko":
            assert not re.search(r"[A-Za-z]", text), text
        lengths.append(len(text.split()))
    if language == "en":
        assert min(lengths) >= 60
        assert max(lengths) <= 215
        assert sum(90 <= n <= 180 for n in lengths) > 0.9 * len(lengths)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_same_state_reads_the_same_and_the_next_turn_does_not(language: str) -> None:
    params = character(language)
    for state in states(params, 40):
        told = [render_prompt(params, replace(state, turns=turn), None) for turn in range(12)]
        assert told[0] == render_prompt(params, replace(state, turns=0), None)
        for one, other in itertools.pairwise(told):
            assert one.context.emotion.description != other.context.emotion.description
            assert one.context.stage.description != other.context.stage.description
            assert one.instruction.stage_instruction != other.instruction.stage_instruction
            assert one.instruction.expression_guide != other.instruction.expression_guide
            assert one.instruction.response_length_hint != other.instruction.response_length_hint
        assert len({each.formatted.context_block for each in told}) == 12


def test_looking_a_second_later_reads_like_the_turn_itself(params: Params, tell: Tell) -> None:
    state = tell("You are wonderful", "You are a worthless idiot").state
    now, later = (render_prompt(params, flow(params, state, state.at_ms + ms), None).formatted for ms in (0, 1_000))
    assert now == later


def test_the_event_context_is_told_word_for_word(params: Params, fresh: State) -> None:
    found = render_prompt(params, fresh, "The {door} opens, 3 times.")
    assert found.context.event_context == "The {door} opens, 3 times."
    assert found.formatted.context_block.endswith("What has just happened: The {door} opens, 3 times.")
    assert render_prompt(params, fresh, None).context.event_context is None


def test_the_formatted_parts_are_the_same_texts_wherever_they_stand(params: Params, fresh: State) -> None:
    found = render_prompt(params, fresh, None)
    assert found.formatted.system_prompt == found.system.formatted.system_prompt
    assert found.formatted.context_block == found.context.formatted.context_block
    assert found.formatted.instruction_block == found.instruction.formatted.instruction_block
    assert found.system == system_prompt(params)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("v", (-0.12, -0.35, -0.8)),
        ("energy", (0.1, 0.25, 0.5, 0.8)),
        ("trust", (0.1, 0.3, 0.5, 0.8)),
        ("familiarity", (0.1, 0.4, 0.9)),
        ("anxiety", (0.3, 0.9)),
        ("avoidance", (0.3, 0.9)),
        ("stage", tuple(range(1, 16))),
        ("reg", (None, *STRENGTH)),
        ("stress", (0.1, 0.8)),
        ("mv", (0.0, 0.3)),
        ("rift", (0.0, 0.3)),
    ],
)
def test_each_part_of_the_state_shapes_the_context(
    params: Params, tell: Tell, field: str, values: tuple[object, ...]
) -> None:
    state = replace(tell("You are a worthless idiot").state, reg=None, stress=0.1)
    blocks = {render_prompt(params, replace(state, **{field: value}), None).formatted.context_block for value in values}
    assert len(blocks) == len(values)


def test_the_needs_and_their_combination_shape_the_instruction(params: Params, fresh: State) -> None:
    told = set()
    for lacking in range(8):
        needs = {
            name: 0.1 if lacking >> bit & 1 else 0.7
            for bit, name in enumerate(("autonomy", "competence", "relatedness"))
        }
        found = render_prompt(params, replace(fresh, **needs), None)
        told.add(found.instruction.need_direction)
        assert (found.instruction.need_direction is None) == (lacking == 0)
        assert (found.instruction.need_direction or "") in found.formatted.instruction_block
    assert len(told) == 8


def test_expression_follows_nature_and_what_is_held_back(params: Params, tell: Tell) -> None:
    state = tell("You are a worthless idiot", "I hate you").state
    lively, reserved = (replace(params, expressiveness=x) for x in (0.9, 0.1))
    guides = [
        render_prompt(lively, state, None),
        render_prompt(params, state, None),
        render_prompt(reserved, state, None),
        render_prompt(params, replace(state, reg="response_modulation"), None),
        render_prompt(params, replace(state, reg="response_modulation", energy=0.1), None),
    ]
    assert len({each.instruction.expression_guide for each in guides}) == len(guides)
    closed = phrases("en").expression["closed"]
    assert guides[2].instruction.expression_guide in (*closed.quiet, *closed.clear, *closed.strong)


@pytest.mark.parametrize(
    ("reading", "source", "cause"),
    [
        (
            Reading(Appraisal(0.7, 0.8, 0.45, 0.6, -0.1, 0.65), evidence={"joy": 0.5, "gratitude": 0.3}),
            "user",
            "you_good",
        ),
        (Reading(Appraisal(0.8, -0.75, 0.25, 0.4, -0.7, -0.55), evidence={"hurt": 0.7}), "user", "you_bad"),
        (Reading(Appraisal(0.8, -0.75, 0.25, 0.4, -0.7, -0.55), evidence={"hurt": 0.7}), "system", "harm"),
        (Reading(Appraisal(0.8, -0.6, 0.3, 0.1, -0.5, 0.0), 0.8, 1.0, {"compassion": 0.6}), "user", "theirs_loss"),
        (Reading(Appraisal(0.7, -0.5, 0.4, 0.3, -0.4, 0.0), evidence={"concern": 0.6}), "user", "theirs_bad"),
        (
            Reading(Appraisal(0.7, 0.7, 0.3, 0.5, -0.4, 0.3), evidence={"joy": 0.6, "excitement": 0.4}),
            "user",
            "theirs_good",
        ),
        (Reading(Appraisal(0.8, 0.85, 0.3, 0.7, 0.7, 0.5), evidence={"pride": 0.6}), "system", "own_good"),
        (Reading(Appraisal(0.8, -0.65, 0.3, 0.5, 0.75, -0.7), evidence={"guilt": 0.9}), "system", "own_wrong"),
        (Reading(Appraisal(0.8, -0.65, 0.3, 0.5, 0.75, 0.0), evidence={"shame": 0.9}), "system", "own_failure"),
        (
            Reading(Appraisal(0.9, -0.85, 0.1, 0.1, -0.6, -0.2, urgency=0.95), evidence={"fear": 0.9}),
            "system",
            "danger",
        ),
        (Reading(Appraisal(1.0, -0.9, 0.1, 0.1, -0.6, 0.0), 1.0, 1.0, {"sadness": 0.9}), "system", "loss"),
        (Reading(Appraisal(0.7, 0.7, 0.3, 0.5, -0.6, 0.0)), "system", "fate_good"),
        (Reading(Appraisal(0.7, -0.6, 0.3, 0.3, -0.6, 0.0)), "system", "fate_bad"),
    ],
)
def test_a_fresh_feeling_says_what_it_is_about(
    params: Params, tell: Tell, reading: Reading, source: str, cause: str
) -> None:
    state = tell(reading, source=source).state
    block = render_prompt(params, state, None).formatted.context_block
    assert any(line in block for line in phrases("en").cause[cause])
    old = flow(params, state, state.at_ms + 3 * HOUR_MS)
    block = render_prompt(params, old, None).formatted.context_block
    assert not any(line in block for line in phrases("en").cause[cause])


@pytest.mark.parametrize(
    ("hours", "silence"),
    [(8, "hours"), (30, "day"), (90, "days"), (500, "weeks"), (3_000, "months")],
)
def test_a_long_silence_is_told(params: Params, tell: Tell, hours: int, silence: str) -> None:
    state = tell("You are wonderful").state
    block = render_prompt(params, flow(params, state, state.at_ms + hours * HOUR_MS), None).formatted.context_block
    assert any(line in block for line in phrases("en").absence[silence])


def test_nobody_is_missed_who_was_never_there(params: Params, fresh: State) -> None:
    block = render_prompt(params, flow(params, fresh, 90 * HOUR_MS), None).formatted.context_block
    assert not any(line in block for each in phrases("en").absence.values() for line in each)


def test_a_tired_character_is_short_and_an_expressive_happy_one_may_be_long(params: Params, tell: Tell) -> None:
    state = tell(*["You are wonderful"] * 3).state
    lively = replace(params, expressiveness=0.9)
    length = phrases("en").length
    assert render_prompt(lively, state, None).instruction.response_length_hint in length["long"]
    assert render_prompt(lively, replace(state, energy=0.2), None).instruction.response_length_hint in length["short"]
    assert render_prompt(lively, replace(state, energy=0.05), None).instruction.response_length_hint in length["least"]


def test_the_prompt_shows_the_stage_and_label_that_a_report_shows(params: Params, tell: Tell) -> None:
    state = tell(*["You are a worthless idiot and I hate you"] * 9).state
    report = observe(params, state, state.at_ms)
    shown = render_prompt(params, state, None).context
    assert shown.stage.name == report.soul_stage.name
    assert shown.emotion.primary == report.discrete_emotion.primary
    assert shown.emotion.intensity == report.emotion_intensity
    assert shown.emotion.valence == report.emotion.V
    assert shown.energy.budget_percentage == round(100 * report.body_budget)


def test_the_system_prompt_tells_everything_that_the_client_said() -> None:
    persona = Persona(
        Identity("Mia", "a pilot", ("courage", "wit"), "Dry and quick."),
        Personality(0.9, 0.5, 0.1, 0.5, 0.5, facets={"patience": 0.1, "love_of_maps": 0.9, "modesty": 0.5}),
        (Goal("fly home", 0.2), Goal("find the map", 0.9)),
        character_backstory="Born at sea.",
        behavior_rules="Never lie.",
        user_profile="A mechanic.",
        scene_context="A hangar at night.",
    )
    found = system_prompt(derive(persona))
    assert found.identity == "You are Mia, a pilot."
    assert found.goals == ["find the map", "fly home"]
    text = found.formatted.system_prompt
    for told in (
        "courage and wit",
        "Dry and quick.",
        "Born at sea.",
        "Never lie.",
        "A mechanic.",
        "A hangar at night.",
    ):
        assert told in text
    assert text.index("find the map") < text.index("fly home")
    assert "Your temper is short." in text
    assert "love of maps" in text
    assert "modesty" not in text


@pytest.mark.parametrize("letter", "OCEANH")
def test_each_trait_has_five_grades_that_rise_with_it(letter: str) -> None:
    told = []
    for x in (0.1, 0.3, 0.5, 0.7, 0.9):
        personality = replace(Personality(0.5, 0.5, 0.5, 0.5, 0.5, 0.5), **{letter: x})
        told.append(system_prompt(derive(Persona(Identity("Mia"), personality))).personality_traits)
    assert all(len(each) == 6 for each in told)
    assert len({tuple(each) for each in told}) == 5


def test_two_marked_traits_make_something_of_their_own() -> None:
    def traits(**marked: float) -> list[str]:
        personality = replace(Personality(0.5, 0.5, 0.5, 0.5, 0.5, 0.5), **marked)
        return system_prompt(derive(Persona(Identity("Mia"), personality))).personality_traits

    for pair, line in phrases("en").combination.items():
        first, second = ((each[0], 0.9 if each[1] == "+" else 0.1) for each in pair.split())
        assert line in traits(**dict((first, second))), pair
    assert len(traits(O=0.9, C=0.9, E=0.9, A=0.9, N=0.9, H=0.9)) == 9  # no more than three pairs are told


def test_a_korean_persona_is_directed_in_korean() -> None:
    persona = Persona(Identity("미아", "등대지기", language="ko-KR"), Personality(0.5, 0.5, 0.5, 0.5, 0.5))
    text = system_prompt(derive(persona)).formatted.system_prompt
    assert text.startswith("너의 이름은 미아. 너의 역할: 등대지기.")
    assert not re.search(r"[A-Za-z\d]", text)


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


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("script", sorted(converse.SCRIPTS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_script_is_played_for_a_reader(script: Path, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert converse.main(["--script", str(script), "--language", language]) == 0
    played = capsys.readouterr().out
    assert played.count("[Emotion: ") == 10
    assert played.count(" later: ") == 10


def test_an_unknown_preset_is_told_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert converse.main(["nobody"]) == 2
    assert "cheerful_companion" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("language", "text"), [("en", "Robin feels nothing in particular."), ("ko", "로빈에게 두드러진 감정이 없다.")]
)
@pytest.mark.parametrize("strength", [0.0, 0.05, 0.5])
def test_who_feels_nothing_special_is_not_said_to_feel_some_of_it(language: str, text: str, strength: float) -> None:
    assert summary(character(language), "neutral", strength) == text
