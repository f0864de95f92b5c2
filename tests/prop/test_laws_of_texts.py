"""What must hold between two sentences however well they are understood, and what no text may do.

The sentences are made of templates and classes of words (sentences.py), so each law meets thousands of them.
"""

import json
from math import inf, nan

import msgspec

from molroo_actor.engine import (
    Appraisal,
    Identity,
    Persona,
    Personality,
    Reading,
    Stimulus,
    appraise,
    derive,
    initial_state,
    step,
)
from molroo_actor.engine.grammar import scan
from molroo_actor.engine.labels import LABELS
from molroo_actor.engine.lexicon import tokens
from molroo_actor.engine.perspective import says_little
from tests.prop.law import law, tendency
from tests.prop.sentences import BASES, CLASSES, KOREAN, NAMES
from tests.prop.strategies import SOURCES, Case, finite

_AVERAGE = derive(Persona(Identity("Mia"), Personality(0.5, 0.5, 0.5, 0.5, 0.5)))
_FRESH = initial_state(_AVERAGE, 0)
_NOTHING = 0.02
"""What two readings may differ by and still be called the same."""

# What is said, and the same changed: made stronger, negated, aimed elsewhere.
_STRONGER = (
    ("you are {quality}", "you are {strength} {quality}"),
    ("you're {quality}", "you're {strength} {quality}"),
    ("I am {feel}", "I am {strength} {feel}"),
    ("I feel {feel} today", "I feel {strength} {feel} today"),
    ("my {person} is {quality}", "my {person} is {strength} {quality}"),
    ("I think you are {quality}", "I think you are {strength} {quality}"),
    ("you have been {quality} to me", "you have been {strength} {quality} to me"),
    ("today I was {feel}", "today I was {strength} {feel}"),
    ("that was {quality} of you", "that was {strength} {quality} of you"),
    ("you were {quality} yesterday", "you were {strength} {quality} yesterday"),
    ("I {to_you} you", "I really {to_you} you"),
    ("I {to_you} you", "I truly {to_you} you"),
)
_NEGATED = (
    ("you are {quality}", "you are not {quality}"),
    ("you are {quality}", "you aren't {quality}"),
    ("you're {quality}", "you're not {quality}"),
    ("you are a {noun}", "you are not a {noun}"),
    ("you are a {noun}", "you're never a {noun}"),
    ("I {to_you} you", "I don't {to_you} you"),
    ("I {to_you} you", "I do not {to_you} you"),
    ("you {deed}", "you never {deed}"),
    ("you {deed}", "you didn't {base}"),
    ("I am {feel}", "I am not {feel}"),
    ("I feel {feel}", "I don't feel {feel}"),
    ("I think you are {quality}", "I don't think you are {quality}"),
    ("my {person} thinks you are {quality}", "my {person} does not think you are {quality}"),
    ("you have always {deed}", "you have never {deed}"),
    ("you are such a {noun}", "you are not such a {noun}"),
    ("she says that you are a {noun}", "she does not say that you are a {noun}"),
    ("today you were {quality}", "today you were not {quality}"),
    ("you were {quality} to me", "you weren't {quality} to me"),
    ("Mia, I {to_you} you", "Mia, I no longer {to_you} you"),
    ("my {person} is {quality}", "my {person} is not {quality}"),
    ("my {person} {deed}", "my {person} never {deed}"),
)
_AIMED = (
    ("you are {quality}", "he is {quality}"),
    ("you are {strength} {quality}", "he is {strength} {quality}"),
    ("you are a {noun}", "he is a {noun}"),
    ("I {to_you} you", "I {to_you} him"),
    ("I think you are {quality}", "I think he is {quality}"),
    ("you {deed}", "he {deed}"),
    ("you were {quality} to me today", "he was {quality} to me today"),
    ("you are such a {noun}", "he is such a {noun}"),
    ("you're {quality} and {other}", "he's {quality} and {other}"),
    ("everybody knows that you are {quality}", "everybody knows that he is {quality}"),
)
_NAMED = (
    "{name}, you are {quality}",
    "you are {quality}, {name}",
    "I {to_you} you, {name}",
    "my friend {name} {happened}",
    "{name} says you are a {noun}",
    "{name} and I talked about trees",
    "good morning {name}, I feel {feel}",
)
_SPICE = (
    "❤️",
    "😀",
    "👍🏽",
    "ㅋㅋㅋ",
    "?!",
    "...",
    "<3",
    ":(",
    "haha",
    "\x00",
    "\n",
    "\u202e",
    "1e999",
    "NaN",
    "{}",
    "%s",
)
_LIST = (*"you i he my never not boss love hate died".split(), *KOREAN)
# Greek, Cyrillic, Hebrew, Devanagari, Thai, Georgian, Ethiopic, kana, Han: letters that nobody reads here.
_SCRIPTS = (
    (0x391, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x905, 0x939), (0xE01, 0xE2E), (0x10D0, 0x10F0),
    (0x1200, 0x1248), (0x3041, 0x3096), (0x4E00, 0x9FFF),
)  # fmt: skip
_GAPS = ("quality", "noun", "to_you", "deed", "feel", "strength", "person", "happened", "name")


def words(case: Case) -> dict[str, str]:
    """A word for every gap."""
    found = {gap: case.one_of(CLASSES[gap]) for gap in _GAPS}
    return {**found, "base": BASES[found["deed"]], "other": case.one_of(CLASSES["quality"])}


def read(case: Case, text: str, sure: bool = False) -> Reading:
    """What a text means to an average stranger; sure: no case where less than a whole deed is recognised."""
    found = appraise(text, "user", _AVERAGE, _FRESH)
    case.story.append((text, found))
    if sure:
        words = tokens(text)
        weights = scan(words, "user")
        if says_little(weights):
            case.none_here()
    return found


def pair(case: Case, templates: tuple[tuple[str, str], ...], sure: bool) -> tuple[Appraisal, Appraisal]:
    plain, changed = case.one_of(templates)
    said = words(case)
    return read(case, plain.format(**said), sure).appraisal, read(case, changed.format(**said)).appraisal


def far_apart(x: Appraisal, y: Appraisal) -> float:
    """The greatest difference between two appraisals."""
    pairs = zip(msgspec.structs.astuple(x), msgspec.structs.astuple(y), strict=True)
    return float(max(abs((a or 0.0) - (b or 0.0)) for a, b in pairs))


def flips_or_weakens(case: Case, sure: bool) -> None:
    plain, negated = pair(case, _NEGATED, sure)
    x, y = plain.goal_congruence, negated.goal_congruence
    if x < 0.0:
        x, y = -x, -y
    assert y < x if x > 0.1 else y <= x + _NOTHING


def does_not_weaken(case: Case, sure: bool) -> None:
    plain, strong = pair(case, _STRONGER, sure)
    x, y = plain.goal_congruence, strong.goal_congruence
    if x < 0.0:
        x, y = -x, -y
    assert y >= x - _NOTHING


def takes_away(case: Case, sure: bool) -> None:
    here, there = pair(case, _AIMED, sure)
    if abs(here.goal_congruence) < 0.1:
        case.none_here()
    assert abs(there.goal_congruence) < abs(here.goal_congruence)
    assert there.goal_relevance <= here.goal_relevance


def moves_nothing(case: Case, sure: bool) -> None:
    template, said = case.one_of(_NAMED), words(case)
    texts = [template.format(**{**said, "name": case.one_of(NAMES)}) for _ in range(2)]
    one, other = (read(case, text, sure).appraisal for text in texts)
    assert far_apart(one, other) <= _NOTHING


@law
def test_negation_flips_or_weakens(case: Case) -> None:
    flips_or_weakens(case, sure=True)


@tendency(0.03)
def test_negation_flips_or_weakens_a_hunch_too(case: Case) -> None:
    flips_or_weakens(case, sure=False)


@law
def test_intensifiers_do_not_weaken(case: Case) -> None:
    does_not_weaken(case, sure=True)


@tendency(0.03)
def test_intensifiers_do_not_weaken_a_hunch_either(case: Case) -> None:
    does_not_weaken(case, sure=False)


@law
def test_he_for_you_takes_away_what_was_aimed_at_the_character(case: Case) -> None:
    takes_away(case, sure=True)


@tendency(0.03)
def test_he_for_you_takes_away_what_a_hunch_aimed_at_the_character(case: Case) -> None:
    takes_away(case, sure=False)


@law
def test_who_is_named_moves_nothing(case: Case) -> None:
    moves_nothing(case, sure=True)


@tendency(0.01)
def test_who_is_named_moves_no_hunch(case: Case) -> None:
    moves_nothing(case, sure=False)


@law
def test_letter_case_moves_nothing(case: Case) -> None:
    source = case.one_of(SOURCES)
    text = case.sentence(source)
    case.story.append(text)
    plain = appraise(text, source, _AVERAGE, _FRESH)
    for spelled in (text.upper(), text.lower(), text.title(), text.swapcase()):
        assert appraise(spelled, source, _AVERAGE, _FRESH) == plain, spelled


@law
def test_any_text_is_read_within_the_ranges(case: Case) -> None:
    """Characters of every kind in any order, and words of every language that is read here."""
    params, state = case.character()
    source, parts = case.one_of(SOURCES), []
    for _ in range(case.byte() % 24):
        match case.byte() % 4:
            case 0:
                parts.append(case.one_of(_SPICE))
            case 1:
                parts.append(chr(case.whole(0, 0xD7FF)))
            case 2:
                parts.append(chr(0x1F300 + case.whole(0, 0x7FF)))
            case _:
                parts.append(case.one_of(_LIST))
    text = case.one_of(("", " ")).join(parts)
    case.story.append(text)
    reading = appraise(text, source, params, state)
    assert msgspec.convert(msgspec.to_builtins(reading), Reading) == reading
    assert set(reading.evidence) <= set(LABELS)
    assert finite(step(params, state, Stimulus(reading, source), state.at_ms).result)


@law
def test_what_is_in_no_known_language_is_neutral_with_low_confidence(case: Case) -> None:
    low, high = case.one_of(_SCRIPTS)
    made = ("".join(chr(low + case.byte() % (high - low)) for _ in range(1 + case.byte() % 8)) for _ in range(5))
    text = " ".join(made) + case.one_of(("", ".", "!"))
    reading = read(case, text)
    assert reading.appraisal.goal_congruence == 0.0
    assert reading.confidence <= 0.2
    assert reading.evidence == {}


@law
def test_a_text_of_sixteen_kilobytes_is_read_by_its_ends(case: Case) -> None:
    part = case.one_of((case.sentence() + " ", "\n", " ", "\x00", case.one_of(_SPICE)))
    text = (part * (16_384 // len(part.encode()) + 1))[:16_384]
    reading = read(case, text[:16_384])
    assert msgspec.convert(msgspec.to_builtins(reading), Reading) == reading
    middle = text[:1200] + case.sentence() * 3 + text[-400:]
    assert appraise(middle, "user", _AVERAGE, _FRESH) == appraise(text, "user", _AVERAGE, _FRESH)


@law
def test_no_number_that_is_none_gets_in(case: Case) -> None:
    """NaN, infinities and what is out of range: an error of validation, from objects and from JSON."""
    given = {name: x for name, x in msgspec.to_builtins(case.appraisal()).items() if x is not None}
    spoilt = {
        **given,
        case.one_of(sorted(given)): case.one_of((nan, inf, -inf, 1.0 + 1e-9, -1.0 - 1e-9, "1", [])),
    }
    try:
        found = case.one_of((_from_object, _from_json))(spoilt)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return
    raise AssertionError(found)


def _from_object(given: dict[str, object]) -> Appraisal:
    return msgspec.convert(given, Appraisal)


def _from_json(given: dict[str, object]) -> Appraisal:
    return msgspec.json.decode(json.dumps(given).encode(), type=Appraisal)
