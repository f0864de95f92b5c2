"""The gates: floor and good for every figure, and what was found at each. Here: values, verdicts and their table.
Not here: how anything is measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "floor", "below floor", "not measured", "no gate"]
PARTS = ("chat", "acts", "games", "emobank", "xenvent", "stories", "cpu")


@dataclass(frozen=True)
class Gate:
    """One figure and what it must reach: at least `floor` (costs: at most). `good` is what to aim for.

    A gate whose floor is 1.0 and whose figure is a share means: all of them.
    """

    part: str
    name: str
    floor: float | None
    good: float | None
    unit: str = ""

    @property
    def at_most(self) -> bool:
        return self.unit == "µs"

    def verdict(self, value: float | None) -> Verdict:
        if self.floor is None or self.good is None:
            return "no gate"
        if value is None:
            return "not measured"
        if self._reached(value, self.good):
            return "good"
        return "floor" if self._reached(value, self.floor) else "below floor"

    def _reached(self, value: float, mark: float) -> bool:
        return value <= mark if self.at_most else value >= mark


CHAT_SIGNS = Gate("chat", "chat lines: sign constraints that hold", 0.90, 0.95)
CHAT_LABELS = Gate("chat", "chat lines: acceptable primary label", 0.75, 0.85)
ACTS_LABELS = Gate("acts", "acts in a row, each persona: label as the author expects", 0.80, 0.90)
ACTS_DIRECTION = Gate("acts", "acts in a row, each persona: direction", 1.0, 1.0)
ACTS_NEUROTICISM = Gate("acts", "acts in a row, each persona: r of N with mean intensity", 0.75, 0.85)
GAMES = Gate("games", "events of games: signs of ΔV, ΔA, ΔD", 1.0, 1.0)
EMOBANK = {
    "V": Gate("emobank", "EmoBank test: r of valence", 0.58, 0.62),
    "A": Gate("emobank", "EmoBank test: r of arousal", 0.47, 0.50),
    "D": Gate("emobank", "EmoBank test: r of dominance", 0.31, 0.35),
}
XENVENT = Gate("xenvent", "x-enVENT, cross-validated: mean r of six", 0.40, 0.45)
STORIES = Gate("stories", "stories that end as they should", 1.0, 1.0)
CPU_VECTOR = Gate("cpu", "CPU of a turn from a vector", 60.0, 30.0, "µs")
CPU_TEXT = Gate("cpu", "CPU of a turn from 20 words", 150.0, 100.0, "µs")
CPU_PROMPT = Gate("cpu", "CPU of the same with prompt_data", 300.0, 200.0, "µs")
CPU_APPRAISER = Gate("cpu", "CPU of the appraiser alone, 20 words", None, None, "µs")


@dataclass(frozen=True)
class Found:
    """What was measured at a gate. `value` None: not measured, and `note` says why; else it says on what."""

    gate: Gate
    value: float | None
    note: str

    @property
    def verdict(self) -> Verdict:
        return self.gate.verdict(self.value)

    def as_row(self) -> dict[str, str | float | None]:
        """For a file of figures."""
        gate = self.gate
        return {
            "part": gate.part,
            "gate": gate.name,
            "floor": gate.floor,
            "good": gate.good,
            "measured": self.value,
            "unit": gate.unit,
            "verdict": self.verdict,
            "note": self.note,
        }


HEAD = ("gate", "floor", "good", "measured", "verdict", "on")


def table(found: Iterable[Found]) -> list[str]:
    """Lines of a table with a head; the figures to the right."""
    rows: list[Sequence[str]] = [HEAD]
    for one in found:
        gate = one.gate
        figures = (figure(gate, gate.floor), figure(gate, gate.good), figure(gate, one.value))
        rows.append((gate.name, *figures, one.verdict, one.note))
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    return [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}  "
        f"{row[4]:<{widths[4]}}  {row[5]}".rstrip()
        for row in rows
    ]


def figure(gate: Gate, value: float | None) -> str:
    """A figure as it is printed: shares and correlations with three places, times with one."""
    if value is None:
        return "–"
    if gate.unit:
        return f"{value:.1f} {gate.unit}"
    if gate.floor == 1.0 and value == 1.0:
        return "all"
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1.0 else f"{value:.3f}"


def missed(found: Iterable[Found]) -> list[Found]:
    """The gates below their floor."""
    return [one for one in found if one.verdict == "below floor"]
