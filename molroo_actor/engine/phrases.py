"""The sentences of prompt_data, each language read once from its file in prompts/.

Here: their shape. Every list holds variants of one thought; which is told, prompt.py decides. Not here: the
sentences.
"""

import tomllib
from functools import cache
from importlib.resources import files

from msgspec import Struct, convert

Lines = tuple[str, ...]
_Lists = dict[str, Lines]
_Words = dict[str, str]


class Feeling(Struct, frozen=True):
    """One label: its word, the feeling at three strengths, and as a second one beside its like or its opposite."""

    word: str
    quiet: Lines
    clear: Lines
    strong: Lines
    along: Lines
    against: Lines


class Bands(Struct, frozen=True):
    """One manner of showing a feeling, by the strength of the feeling; `rest` when there is none to show."""

    quiet: Lines
    clear: Lines
    strong: Lines
    rest: Lines = ()


class Scene(Struct, frozen=True):
    """One soul stage: what one tends to do in it, how one stands, how to play it, and how what is tender or feared."""

    tendency: Lines
    standing: Lines
    order: Lines
    soft: Lines = ()
    wary: Lines = ()


class Effort(Struct, frozen=True):
    """One regulation strategy as it begins and once it has taken hold."""

    early: Lines
    late: Lines


class Phrases(Struct, frozen=True):
    """The sentences of one language. `trait` goes from very low to very high; `facet` is (low, high)."""

    feeling: dict[str, Feeling]
    level: _Lists
    cause: _Lists
    course: _Lists
    mood: _Lists
    energy: _Lists
    stage: dict[str, Scene]
    stress: _Lists
    regulation: dict[str, Effort]
    bond: _Lists
    between: _Lists
    attachment: _Lists
    absence: _Lists
    need: _Lists
    expression: dict[str, Bands]
    length: _Lists
    system: _Words
    trait: dict[str, tuple[str, str, str, str, str]]
    combination: _Words
    facet: dict[str, tuple[str, str]]
    own_facet: _Words
    summary: _Words


@cache
def phrases(language: str) -> Phrases:
    """The sentences of a language that `language_of` (sheet.py) has named."""
    text = files(__package__).joinpath("prompts", f"{language}.toml").read_text(encoding="utf-8")
    return convert(tomllib.loads(text), Phrases)
