"""The sentences of prompt_data by language, read once from prompts.toml."""

import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from msgspec import Struct, convert

_Words = dict[str, str]


class Phrases(Struct, frozen=True):
    """The sentences of one language; emotion: (quiet, strong), stage: (tendency, description, instruction)."""

    emotion: dict[str, tuple[str, str]]
    beside: _Words
    words: _Words
    energy: _Words
    stage: dict[str, tuple[str, str, str]]
    trust: _Words
    familiarity: _Words
    attachment: _Words
    need: _Words
    regulation: _Words
    expression: _Words
    length: _Words
    system: _Words
    traits: _Words
    summary: _Words


@cache
def _languages() -> MappingProxyType[str, Phrases]:
    text = files(__package__).joinpath("prompts.toml").read_text(encoding="utf-8")
    return MappingProxyType(convert(tomllib.loads(text), dict[str, Phrases]))


def phrases(language: str) -> Phrases:
    """The sentences of a language that `language_of` (sheet.py) has named."""
    return _languages()[language]
