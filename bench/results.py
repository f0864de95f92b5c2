"""What a run found: figures and comparisons, as values that can be printed, written to a file and read again."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

import msgspec

from bench import floors

PER_S, WRITTEN = "turns/s", "bytes written/turn"
CLIENT_SHARE, CLIENT_US = "client CPU share", "client CPU µs/turn"


class Figure(msgspec.Struct, frozen=True):
    """One number with its unit, the median of `rounds`; `part` groups, `what` and `who` say of what and of whom."""

    part: str
    what: str
    who: str
    value: float
    unit: str
    low: float
    high: float


class Comparison(msgspec.Struct, frozen=True):
    """Ours against theirs, round by round: the median and the ends of the rounds' ratios, or of their differences where
    `unit` is not ×. `verdict` is against the floor, if one is set.
    """

    part: str
    what: str
    against: str
    median: float
    low: float
    high: float
    verdict: str
    unit: str = floors.TIMES


class Results(msgspec.Struct):
    """Everything found so far; parts append."""

    machine: list[str] = []
    figures: list[Figure] = []
    comparisons: list[Comparison] = []
    notes: list[str] = []
    """What the reader of the summary must know of this run."""

    def figure(self, part: str, what: str, who: str, rounds: Sequence[float], unit: str) -> float:
        """The median, which is kept with the ends."""
        median = statistics.median(rounds)
        self.figures.append(Figure(part, what, who, median, unit, min(rounds), max(rounds)))
        return median

    def ratio(self, part: str, what: str, against: str, ours: Sequence[float], theirs: Sequence[float]) -> Comparison:
        """Round by round: rounds of one pair ran next to each other, so what disturbed one disturbed the other."""
        return self._kept(part, what, against, [a / b for a, b in zip(ours, theirs, strict=True)], floors.TIMES)

    def difference(
        self, part: str, what: str, against: str, ours: Sequence[float], theirs: Sequence[float], unit: str
    ) -> Comparison:
        """The same for what is nothing or next to nothing, where a ratio says nothing."""
        return self._kept(part, what, against, [a - b for a, b in zip(ours, theirs, strict=True)], unit)

    def found(self, what: str, who: str, unit: str) -> Figure | None:
        """The figure of that name, if it was measured."""
        wanted = (what, who, unit)
        return next((each for each in self.figures if (each.what, each.who, each.unit) == wanted), None)

    def compared(self, what: str, against: str) -> Comparison | None:
        """The comparison of that name, if it was made."""
        return next((each for each in self.comparisons if (each.what, each.against) == (what, against)), None)

    def _kept(self, part: str, what: str, against: str, each: Sequence[float], unit: str) -> Comparison:
        median = statistics.median(each)
        verdict = floors.verdict(what, against, median)
        self.comparisons.append(Comparison(part, what, against, median, min(each), max(each), verdict, unit))
        return self.comparisons[-1]


def line(found: Comparison) -> str:
    """One line under a table."""
    sign = "×" if found.unit == floors.TIMES else "−"
    spread = f"({_bare(found.low, found.unit)} to {_bare(found.high, found.unit)})"
    return f"    {sign} {found.against:<26}{_bare(found.median, found.unit):>9}  {spread:<20} {found.verdict}".rstrip()


def _bare(value: float, unit: str) -> str:
    return f"{value:.2f}" if unit == floors.TIMES else floors.shown(value, unit)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """Lines of a table: the first column to the left, the others to the right."""
    lines = []
    for row in [head, *rows]:
        cells = [
            f"{row[0]:<{widths[0]}}",
            *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        lines.append("".join(cells).rstrip())
    return lines
