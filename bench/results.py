"""What a run found: figures and ratios, as values that can be printed and written to a file."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

import msgspec

from bench import floors


class Figure(msgspec.Struct, frozen=True):
    """One number with its unit; `part` groups, `what` and `who` say of what and of whom."""

    part: str
    what: str
    who: str
    value: float
    unit: str


class Ratio(msgspec.Struct, frozen=True):
    """Ours over theirs, the median of the ratios of single rounds; `verdict` against the floor, if one is set."""

    part: str
    what: str
    against: str
    median: float
    low: float
    high: float
    verdict: str


class Results(msgspec.Struct):
    """Everything found so far; parts append."""

    machine: list[str] = []
    figures: list[Figure] = []
    ratios: list[Ratio] = []

    def figure(self, part: str, what: str, who: str, value: float, unit: str) -> None:
        self.figures.append(Figure(part, what, who, value, unit))

    def ratio(self, part: str, what: str, against: str, ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
        """Round by round: rounds of one pair ran next to each other, so what disturbed one disturbed the other."""
        each = sorted(mine / other for mine, other in zip(ours, theirs, strict=True))
        median = statistics.median(each)
        ratio = Ratio(part, what, against, median, each[0], each[-1], floors.verdict(what, against, median))
        self.ratios.append(ratio)
        return ratio


def ratio_line(ratio: Ratio) -> str:
    spread = f"({ratio.low:.2f} to {ratio.high:.2f})"
    return f"    × {ratio.against:<26}{ratio.median:>7.2f}  {spread:<18}{ratio.verdict}"


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
