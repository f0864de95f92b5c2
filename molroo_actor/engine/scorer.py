"""The fitted scorer: what the writer of a text feels, as numbers that are linear in its words.

One look-up a word. Every word, pair of neighbours and negated word carries one integer in which all outputs lie side
by side as lanes, so that adding a word is adding an integer, and the lanes are cut apart once a text. The numbers
(scores/) are made by tools/fit. Here: the words of a text -> Scores. Not here: whom the text is about, what it does
to the character (speech_acts.py, appraisal.py).
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from math import tanh
from operator import mul
from struct import Struct as Layout
from types import MappingProxyType

from msgspec import Struct, json

from molroo_actor.engine.memory import Memory

READS = 1000  # words; what comes later in a text is not read, so that no lane can run over
SCOPE = 3  # words that a negation reaches
TURNED = 4  # a negated word counts -1/TURNED of itself, and what was fitted for it being negated
MARKS = frozenset(".!?;,\n…")
NEGATIONS = frozenset(
    (
        "not", "no", "never", "cannot", "can't", "cant", "don't", "dont", "doesn't", "doesnt", "didn't", "didnt",
        "isn't", "isnt", "wasn't", "wasnt", "aren't", "arent", "weren't", "won't", "wont", "wouldn't", "wouldnt",
        "couldn't", "couldnt", "shouldn't", "shouldnt", "haven't", "hasn't", "hadn't", "ain't", "without", "nobody",
        "nothing", "neither", "nor", "hardly", "barely",
    )
)  # fmt: skip
NEGATED = "~"  # before a word: what it means where it is negated

_LANE = 32  # bits: READS words of at most 2 * TURNED + 1 times 127 fit, signed
_LANE_BYTES = _LANE // 8
_LANE_ZERO = 1 << (_LANE - 1)
_FIRST = Layout("<3I")  # v, a, d
_FILES = ("emobank", "xenvent", "goemotions")
_STRONGEST = 4
_FAINT = 0.05

_STRETCHED = re.compile(r"(.)\1{2,}")
# By their last letter: (ending, what stands there instead).
_ENDINGS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "s": (("'s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("s", ""), ("iness", "y"), ("ness", "")),
        "d": (("ied", "y"), ("ed", "e"), ("ed", "")),
        "g": (("ing", ""), ("ing", "e")),
        "'": (("in'", "ing"), ("'", "")),
        "y": (("ily", "y"), ("ly", ""), ("y", "")),
        "r": (("ier", "y"), ("er", "")),
        "t": (("iest", "y"), ("est", "")),
        "l": (("ful", ""),),
    }
)
_STEM_MIN = 4


# What a text that says nothing is worth: gr, gc, ex, ct, ag, nc.
REST = (0.15, 0.0, 0.70, 0.50, -0.10, 0.05)
_SPANS = ((0.15, 0.85), (1.0, 1.0), (0.70, 0.30), (0.50, 0.50), (0.90, 1.10), (1.05, 0.95))  # below REST, above it


class Scores(Struct, frozen=True, gc=False):
    """What the writer of a text feels (v, a, d) and how the writer would appraise what it tells.

    v, a, d in [-1, 1], a centred. The appraisal as in values.Appraisal: gr, ex, ct [0, 1], gc, ag, nc [-1, 1]. A text
    without known words is at 0 and REST. known [0, 1]: share of the words that have numbers. labels: at most four,
    strongest first, each in [0, 1].
    """

    v: float
    a: float
    d: float
    gr: float
    gc: float
    ex: float
    ct: float
    ag: float
    nc: float
    known: float
    labels: dict[str, float]


class Lane(Struct, frozen=True):
    """One output: `shift + step * sum / (words + few) ** power`; it is zero, on average, where nobody feels a thing."""

    name: str
    step: float
    shift: float


class Head(Struct, frozen=True, omit_defaults=True):
    """The first line of a file of numbers; after it, a byte for each word (scores/words.txt) and lane, 128 is zero.

    curve: for each of v, a, d what terms() of the three lanes count.
    """

    licence: str
    source: str
    few: float
    power: float
    lanes: tuple[Lane, ...]
    curve: tuple[tuple[float, ...], ...] = ()


class Table(Struct, frozen=True):
    """words: word, "pair of words" or "~negated" -> its lanes in one integer, lowest lane first.

    scales: (step, shift) of each lane. zero: what to add so that no lane of a sum is below 0.
    """

    words: Mapping[str, int]
    labels: tuple[str, ...]
    scales: tuple[tuple[float, float], ...]
    curve: tuple[tuple[float, ...], ...]
    few: float
    power: float
    zero: int
    layout: Layout


@cache
def table() -> Table:
    """The numbers of scores/, read once.

    Raises ValueError when a file does not fit the list of words or the other files.
    """
    folder = files(__package__).joinpath("scores")
    words = folder.joinpath("words.txt").read_text(encoding="utf-8").split("\n")[:-1]
    heads: list[Head] = []
    bodies: list[tuple[int, bytes]] = []
    for name in _FILES:
        first, _, body = folder.joinpath(f"{name}.bin").read_bytes().partition(b"\n")
        head = json.decode(first, type=Head)
        if len(body) != len(words) * len(head.lanes):
            raise ValueError(f"scores/{name}.bin has {len(body)} numbers for {len(words)} words")
        if heads and (head.few, head.power) != (heads[0].few, heads[0].power):
            raise ValueError(f"scores/{name}.bin was fitted for another length of texts")
        heads.append(head)
        bodies.append((len(head.lanes), body))
    lanes = [lane for head in heads for lane in head.lanes]
    return Table(
        MappingProxyType(_packed(words, bodies)),
        tuple(lane.name for lane in heads[-1].lanes),
        tuple((lane.step, lane.shift) for lane in lanes),
        heads[0].curve,
        heads[0].few,
        heads[0].power,
        _zero(_LANE_ZERO, len(lanes)),
        Layout(f"<{len(lanes)}I"),
    )


def _zero(each: int, lanes: int) -> int:
    """The integer with `each` in every lane."""
    return int.from_bytes(each.to_bytes(_LANE_BYTES, "little") * lanes, "little")


def _packed(words: list[str], bodies: list[tuple[int, bytes]]) -> dict[str, int]:
    """Each word with its row of all bodies, signed, a lane each."""
    width = _LANE_BYTES * sum(lanes for lanes, _ in bodies)
    spread = bytearray(len(words) * width)
    at = 0
    for lanes, body in bodies:
        for lane in range(lanes):
            spread[at::width] = body[lane::lanes]
            at += _LANE_BYTES
    zero = _zero(128, width // _LANE_BYTES)
    read = int.from_bytes
    return {word: read(spread[i * width : (i + 1) * width], "little") - zero for i, word in enumerate(words)}


def known_form(word: str, words: Mapping[str, int]) -> str | None:
    """The word that has numbers for one that has none: without its ending, or not stretched. None: there is none."""
    if "-" in word:
        return next((part for part in reversed(word.split("-")) if part in words), None)
    for ending, instead in _ENDINGS.get(word[-1], ()):
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_MIN:
            stem = word[: len(word) - len(ending)]
            if stem + instead in words:
                return stem + instead
            if not instead and stem[-1] == stem[-2] and stem[:-1] in words:
                return stem[:-1]
    if _STRETCHED.search(word) is None:
        return None
    for left in (r"\1\1", r"\1"):
        if (short := _STRETCHED.sub(left, word)) in words:
            return short
    return None


def score(words: list[str]) -> Scores:
    """What the writer of these words (lexicon.tokens) feels. Any words, none as well; only the first READS count."""
    book = table()
    return _cut(book, *_sum(_rows(), words))


def valence(words: list[str]) -> tuple[float, float]:
    """(v, known) of `score`, which is all that a turn needs, in two thirds of its time."""
    book = table()
    total, count, known = _sum(_first_rows(), words)
    if not known and not total:
        return 0.0, 0.0
    felt = terms(*_values(book, _FIRST, total + _first_lanes(book.zero), count))
    return tanh(sum(map(mul, book.curve[0], felt))), known / count if count else 0.0


# A word by itself: all that its sum with others needs. The word that has numbers for it, or itself; whether it has, 1
# or 0; its lanes; what is added where it is negated; what follows it in a pair -> lanes of the pair; _MARK, _DENIES or
# 0. A plain tuple, because a named one takes twice the time to unpack.
_Row = tuple[str, int, int, int, Mapping[str, int] | None, int]
_MARK, _DENIES = 1, 2


@cache
def _rows() -> Memory[_Row]:
    """The rows of the words that are said, with all lanes."""
    return _memory(table().words, lambda row: row)


@cache
def _first_rows() -> Memory[_Row]:
    """The same with the lanes of v, a and d alone: a tenth of the digits to add."""
    book = table()
    return _memory(book.words, lambda row: _first_lanes(row + book.zero) - _first_lanes(book.zero))


def _first_lanes(total: int) -> int:
    """The lanes of v, a and d of a sum in which no lane is below 0."""
    return total % (1 << 8 * _FIRST.size)


def _memory(lanes: Mapping[str, int], cut: Callable[[int], int]) -> Memory[_Row]:
    """The row of any word, once it is asked for. `cut`: what is kept of all lanes."""
    pairs: dict[str, dict[str, int]] = {}
    for pair, row in lanes.items():
        before, space, word = pair.partition(" ")
        if space:
            pairs.setdefault(before, {})[word] = cut(row)

    def row_of(word: str) -> _Row:
        if word in MARKS:
            return word, 0, cut(lanes.get(word, 0)), 0, None, _MARK
        known = word if word in lanes else known_form(word, lanes)
        form = word if known is None else known
        role = _DENIES if form in NEGATIONS else 0
        if known is None:
            return form, 0, 0, 0, pairs.get(form), role
        return form, 1, cut(lanes[form]), cut(lanes.get(NEGATED + form, 0)), pairs.get(form), role

    return Memory(row_of)


def _sum(rows: Memory[_Row], words: list[str]) -> tuple[int, int, int]:
    """(sum of all that counts, TURNED times; words; words that have numbers)."""
    plain = turned = count = known = scope = 0
    follows: Mapping[str, int] | None = None
    for form, knows, row, negated, after, role in map(
        rows.__getitem__, words if len(words) <= READS else words[:READS]
    ):
        if role == _MARK:
            plain += row
            scope, follows = 0, None
            continue
        count += 1
        if knows:
            known += 1
            if scope:
                turned += row
                plain += negated
            else:
                plain += row
        if scope:
            scope -= 1
        if follows is not None and form in follows:
            plain += follows[form]
        if role:
            scope = SCOPE
        follows = after
    return TURNED * plain - turned, count, known


def _values(book: Table, layout: Layout, total: int, count: int) -> list[float]:
    """The lanes of a sum in which none is below 0, each as its value."""
    share = (count + book.few) ** -book.power / TURNED
    zero = _LANE_ZERO * share
    sums = layout.unpack(total.to_bytes(layout.size, "little"))
    return [shift + step * (share * x - zero) for x, (step, shift) in zip(sums, book.scales, strict=False)]


def _cut(book: Table, total: int, count: int, known: int) -> Scores:
    """The lanes of the sum of a text, each as its value."""
    if not known and not total:
        return Scores(0.0, 0.0, 0.0, *REST, 0.0, {})
    values = _values(book, book.layout, total + book.zero, count)
    felt = terms(values[0], values[1], values[2])
    v, a, d = [tanh(sum(map(mul, row, felt))) for row in book.curve]
    sure = (known + 1.0) / (known + 2.0)  # no event was told in a word or two: they say less of one
    told = []
    for x, rest, (below, above) in zip(values[3:9], REST, _SPANS, strict=True):
        span = above if x > 0.0 else below
        told.append(rest + span * tanh(sure * x / span))
    strong = [(x, name) for x, name in zip(values[9:], book.labels, strict=True) if x > _FAINT]
    strong.sort(reverse=True)
    labels = {name: x if x < 1.0 else 1.0 for x, name in strong[:_STRONGEST]}
    gr, gc, ex, ct, ag, nc = told
    return Scores(v, a, d, gr, gc, ex, ct, ag, nc, known / count if count else 0.0, labels)


def terms(v: float, a: float, d: float) -> tuple[float, ...]:
    """What the curve weighs: strong feelings of either sign arouse, which no sum of words can say."""
    return v, a, d, v * v, a * a, d * d, v * a, v * d, a * d, abs(v), abs(a), 1.0
