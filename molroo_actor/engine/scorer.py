"""The fitted scorer: what the writer of a text feels, as numbers that are linear in its words.

One look-up a word. Every word, pair of neighbours and negated word carries one integer in which all outputs lie side
by side as lanes, so that adding a word is adding an integer, and the lanes are cut apart once a text. The numbers
(scores/) are made by tools/fit. Here: the words of a text -> Scores. Not here: whom the text is about, what it does
to the character (speech_acts.py, appraisal.py).
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from msgspec import Struct, json

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

_LANE = 24  # bits: READS words of at most TURNED + 2 times 127 fit, signed
_LANE_BYTES = _LANE // 8
_LANE_MASK = (1 << _LANE) - 1
_LANE_ZERO = 1 << (_LANE - 1)
_FILES = ("emobank", "xenvent", "goemotions")
_STRONGEST = 4
_FAINT = 0.05

_STRETCHED = re.compile(r"(.)\1{2,}")
_ENDINGS = (
    ("'s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("s", ""), ("ied", "y"), ("ed", "e"), ("ed", ""), ("ing", ""),
    ("ing", "e"), ("in'", "ing"), ("ily", "y"), ("ly", ""), ("iness", "y"), ("ness", ""), ("ier", "y"), ("er", ""),
    ("iest", "y"), ("est", ""), ("ful", ""), ("y", ""),
)  # fmt: skip
_STEM_MIN = 4


class Scores(Struct, frozen=True, gc=False):
    """What the writer of a text feels (v, a, d) and how the writer would appraise what it tells.

    v, a, d in [-1, 1], a centred. The appraisal as in values.Appraisal: gr, ex, ct [0, 1], gc, ag, nc [-1, 1]; a text
    that says nothing is at REST. known [0, 1]: share of the words that have numbers. labels: at most four, strongest
    first, each in [0, 1].
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
    """One output: its value is `at_rest + step * sum / (words + few) ** power`."""

    name: str
    step: float
    at_rest: float


class Head(Struct, frozen=True):
    """The first line of a file of numbers; after it, a byte for each word (scores/words.txt) and lane, 128 is zero."""

    licence: str
    source: str
    few: float
    power: float
    lanes: tuple[Lane, ...]


class Table(Struct, frozen=True):
    """word, "pair of words" or "~negated" -> its lanes in one integer, lowest lane first."""

    words: Mapping[str, int]
    lanes: tuple[Lane, ...]
    few: float
    power: float


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
    lanes = tuple(lane for head in heads for lane in head.lanes)
    return Table(MappingProxyType(_packed(words, bodies)), lanes, heads[0].few, heads[0].power)


def _packed(words: list[str], bodies: list[tuple[int, bytes]]) -> dict[str, int]:
    """Each word with its row of all bodies, signed, a lane each."""
    width = _LANE_BYTES * sum(lanes for lanes, _ in bodies)
    spread = bytearray(len(words) * width)
    at = 0
    for lanes, body in bodies:
        for lane in range(lanes):
            spread[at::width] = body[lane::lanes]
            at += _LANE_BYTES
    zero = int.from_bytes((b"\x80" + bytes(_LANE_BYTES - 1)) * (width // _LANE_BYTES), "little")
    read = int.from_bytes
    return {word: read(spread[i * width : (i + 1) * width], "little") - zero for i, word in enumerate(words)}


def known_form(word: str, words: Mapping[str, int]) -> str | None:
    """The word that has numbers for one that has none: without its ending, or not stretched. None: there is none."""
    if "-" in word:
        return next((part for part in word.split("-") if part in words), None)
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_MIN:
            stem = word[: len(word) - len(ending)]
            if stem + instead in words:
                return stem + instead
            if not instead and stem[-1] == stem[-2] and stem[:-1] in words:
                return stem[:-1]
    short = _STRETCHED.sub(r"\1\1", word)
    if short != word:
        return short if short in words else next((w for w in (_STRETCHED.sub(r"\1", word),) if w in words), None)
    return None


def score(words: list[str]) -> Scores:
    """What the writer of these words (lexicon.tokens) feels. Any words, none as well; only the first READS count."""
    book = table()
    find = book.words
    get = find.get
    plain = turned = count = known = scope = 0
    before = ""
    for word in words if len(words) <= READS else words[:READS]:
        if word in MARKS:
            plain += get(word, 0)
            scope, before = 0, ""
            continue
        count += 1
        found = get(word)
        if found is None and (form := known_form(word, find)) is not None:
            word = form  # noqa: PLW2901 - from here on the text reads as if it said the known form
            found = find[form]
        if found is not None:
            known += 1
            if scope:
                turned += found
                plain += get(NEGATED + word, 0)
            else:
                plain += found
        scope -= scope > 0
        if before:
            plain += get(f"{before} {word}", 0)
        if word in NEGATIONS:
            scope = SCOPE
        before = word
    return _cut(book, TURNED * plain - turned, count, known)


def _cut(book: Table, total: int, count: int, known: int) -> Scores:
    """The lanes of the sum of a text, each as its value."""
    share = (count + book.few) ** -book.power / TURNED
    lanes = book.lanes
    total += int.from_bytes(_LANE_ZERO.to_bytes(_LANE_BYTES, "little") * len(lanes), "little")
    values = []
    for lane in lanes:
        values.append(lane.at_rest + lane.step * share * ((total & _LANE_MASK) - _LANE_ZERO))
        total >>= _LANE
    v, a, d, gr, gc, ex, ct, ag, nc = values[:9]
    strong = sorted(
        ((x, lane.name) for x, lane in zip(values[9:], lanes[9:], strict=True) if x > _FAINT), reverse=True
    )[:_STRONGEST]
    return Scores(
        _signed(v), _signed(a), _signed(d), _unit(gr), _signed(gc), _unit(ex), _unit(ct), _signed(ag), _signed(nc),
        known / count if count else 0.0,
        {name: x if x < 1.0 else 1.0 for x, name in strong},
    )  # fmt: skip


def _unit(x: float) -> float:
    return 0.0 if x < 0.0 else 1.0 if x > 1.0 else x


def _signed(x: float) -> float:
    return -1.0 if x < -1.0 else 1.0 if x > 1.0 else x
