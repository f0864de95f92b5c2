"""How a story is told: a character that hears, feels and waits, and what is expected of it.

Time passes by itself: a minute between turns, more with `wait`. A story is a function without arguments that yields
its checks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from molroo_actor import engine
from tools.evaluate.character import HOUR_MS, MINUTE_MS, Character, average

HAPPY = frozenset("joy excitement contentment love gratitude pride amusement relief trust calm hope".split())
UNHAPPY = frozenset(
    "sadness loneliness hurt disappointment anger annoyance disgust contempt fear anxiety shame guilt embarrassment "
    "concern compassion numbness".split()
)
AFRAID = frozenset(("fear", "anxiety"))
WOUNDED = frozenset(("hurt", "anger", "sadness", "disappointment"))


@dataclass(frozen=True)
class Check:
    """What is looked at, whether it is as expected, what was seen, and what was expected."""

    what: str
    held: bool
    seen: str
    expected: str

    def __str__(self) -> str:
        return f"{self.what}: {self.seen}" if self.held else f"{self.what}: {self.seen}, expected {self.expected}"


def feels(what: str, label: str, expected: Collection[str]) -> Check:
    """The label is one of those expected."""
    return Check(what, label in expected, label, "/".join(sorted(expected)))


def rises(what: str, *values: float) -> Check:
    """Each value is above the one before."""
    held = all(before < after for before, after in pairwise(values))
    return Check(what, held, ", ".join(f"{value:.3f}" for value in values), "each above the one before")


def at_least(what: str, value: float, mark: float) -> Check:
    return Check(what, value >= mark, f"{value:.3f}", f"at least {mark:g}")


def at_most(what: str, value: float, mark: float) -> Check:
    return Check(what, value <= mark, f"{value:.3f}", f"at most {mark:g}")


class Tale:
    """A character in a story: an average person unless told otherwise."""

    def __init__(self, params: engine.Params | None = None) -> None:
        self._one = Character(params or average())
        self._waited_ms = 0

    def hear(self, *texts: str, source: engine.Source = "user") -> str:
        """Turns from words, a minute apart; the label after the last."""
        label = ""
        for text in texts:
            label = self._one.hear(text, source, self._gap_ms()).result.discrete_emotion.primary
        return label

    def happens(self, *texts: str) -> str:
        """What is narrated to the character."""
        return self.hear(*texts, source="system")

    def feel(
        self,
        gr: float,
        gc: float,
        ex: float,
        ct: float,
        ag: float,
        nc: float,
        urgency: float | None = None,
        loss: float = 0.0,
        source: engine.Source = "system",
    ) -> str:
        """A turn from a vector; the label after it."""
        vector = engine.Appraisal(gr, gc, ex, ct, ag, nc, urgency=urgency)
        return self._one.feel(vector, source, self._gap_ms(), loss).result.discrete_emotion.primary

    def wait(self, hours: float) -> str:
        """Time passes; the label then."""
        self._waited_ms += round(hours * HOUR_MS)
        return self.label

    @property
    def now(self) -> engine.StateReport:
        return self._one.look(self._waited_ms)

    @property
    def label(self) -> str:
        return self.now.discrete_emotion.primary

    @property
    def v(self) -> float:
        return self.now.emotion.V

    @property
    def trust(self) -> float:
        return self.now.interpersonal.trust

    def lasting_h(self) -> float:
        """Hours from now until the feeling has sunk below a tenth; a year at most."""
        hours = 0.0
        while hours < 8760.0 and self._one.look(self._waited_ms + round(hours * HOUR_MS)).emotion_intensity > 0.1:
            hours += 0.25
        return hours

    def labels(self, hours: float, every_h: float = 1 / 6) -> list[str]:
        """The labels as they follow each other over the next hours, each once."""
        seen: list[str] = []
        for step in range(round(hours / every_h)):
            label = self._one.look(self._waited_ms + round(step * every_h * HOUR_MS)).discrete_emotion.primary
            if not seen or seen[-1] != label:
                seen.append(label)
        return seen

    def _gap_ms(self) -> int:
        gap, self._waited_ms = self._waited_ms + MINUTE_MS, 0
        return gap
