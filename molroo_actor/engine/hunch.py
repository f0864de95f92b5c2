"""A hunch of what a text means when its grammar says nothing: linear in its words, one small table.

Where no deed is recognised, something was still said: "the ice under your feet makes a long sound" is no praise. The
numbers (hunches.bin) come from tools/fit/hunches.py. Here: words -> how much each of a few rough meanings is likely.
Not here: deeds that are recognised (grammar.py), what a meaning does to the character (perspective.py).
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from struct import Struct as Layout
from types import MappingProxyType

from msgspec import Struct, json

from molroo_actor.engine.memory import Memory
from molroo_actor.engine.scorer import known_form

FEW, POWER = 2.0, 0.75
READS = 400  # words; what comes later is not read
# Rough meanings, by whether the user says it or it is narrated.
MEANT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "user": ("kind", "harsh", "good", "bad", "wronged", "plain"),
        "system": (
            "success", "failure", "mistake", "danger", "loss", "relief", "letdown", "wrong", "hurt", "kindly",
            "joyful", "dull", "plain",
        ),
    }
)  # fmt: skip

_LANE = 4  # bytes
_ZERO = 1 << 31


class Side(Struct, frozen=True):
    """One kind of source: a step and a value at rest for each of its meanings."""

    step: list[float]
    rest: list[float]


class Head(Struct, frozen=True):
    """The first line of hunches.bin; a row of signed bytes for each word follows, the user's meanings first."""

    licence: str
    source: str
    words: list[str]
    sides: tuple[Side, ...]


class Table(Struct, frozen=True):
    """word or pair of neighbours -> its lanes in one integer, so that adding a word is one addition."""

    words: Mapping[str, int]
    zero: int
    step: tuple[float, ...]
    rest: tuple[float, ...]
    layout: Layout


@cache
def tables() -> tuple[Table, Table]:
    """The numbers of hunches.bin, read once: what the user says, what is narrated."""
    first, _, body = files(__package__).joinpath("hunches.bin").read_bytes().partition(b"\n")
    head = json.decode(first, type=Head)
    widths = [len(side.step) for side in head.sides]
    row = sum(widths)
    if len(body) != row * len(head.words):
        raise ValueError(f"hunches.bin has {len(body)} numbers for {len(head.words)} words")
    made = []
    start = 0
    for side, width in zip(head.sides, widths, strict=True):
        zero = sum(_ZERO << 8 * _LANE * lane for lane in range(width))
        words = {}
        for i, word in enumerate(head.words):
            at = i * row + start
            values = (x - 256 if x > 127 else x for x in body[at : at + width])
            words[word] = sum(value << 8 * _LANE * lane for lane, value in enumerate(values))
        layout = Layout(f"<{width}I")
        made.append(Table(MappingProxyType(words), zero, tuple(side.step), tuple(side.rest), layout))
        start += width
    return made[0], made[1]


# A word by itself: the one that has numbers for it, its lanes, and what follows it in a pair -> lanes of the pair. A
# word without numbers has no lanes and is part of no pair.
_Row = tuple[str, int, Mapping[str, int] | None]


@cache
def _rows() -> tuple[Memory[_Row], Memory[_Row]]:
    """The rows of the words that are said, of both tables."""
    told, happens = tables()
    return _memory(told.words), _memory(happens.words)


def _memory(lanes: Mapping[str, int]) -> Memory[_Row]:
    pairs: dict[str, dict[str, int]] = {}
    for pair, row in lanes.items():
        before, space, word = pair.partition(" ")
        if space:
            pairs.setdefault(before, {})[word] = row

    def row_of(word: str) -> _Row:
        form = word if word in lanes else known_form(word, lanes)
        return ("", 0, None) if form is None else (form, lanes[form], pairs.get(form))

    return Memory(row_of)


def hunch(words: list[str], told: bool) -> list[float]:
    """How much each meaning of MEANT is likely, about [0, 1], in its order; any words. `told`: the user says it."""
    side = 0 if told else 1
    table = tables()[side]
    total = table.zero
    words = words[:READS]
    follows: Mapping[str, int] | None = None
    for form, row, after in map(_rows()[side].__getitem__, words):
        total += row
        if follows is not None and form in follows:
            total += follows[form]
        follows = after
    share = (len(words) + FEW) ** -POWER
    layout = table.layout
    lanes = layout.unpack(total.to_bytes(layout.size, "little"))
    return [
        rest + step * share * (lane - _ZERO) for lane, step, rest in zip(lanes, table.step, table.rest, strict=True)
    ]
