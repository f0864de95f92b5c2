"""What a chat line says about its turn: `gc+`, `V-`, `V0`, `Alow`, `gc>-.3`. Parsed once, then held against what
happened.

gr gc ex ct ag nc speak of the appraisal, `+` and `-` against neutral: 0 for gc, ag and nc, .5 for gr, ex and ct.
V A D speak of the change that the turn made, all three on the scale of V, so a change of arousal counts twice what
the wire says (its A is in [0, 1]). `V0` is a change below .25 either way, `Alow` a change below .35; with a comparison
and a number the constraint is literal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import ge, gt, le, lt

from molroo_actor import engine

APPRAISED = {
    "gr": ("goal_relevance", 0.5),
    "gc": ("goal_congruence", 0.0),
    "ex": ("expectedness", 0.5),
    "ct": ("controllability", 0.5),
    "ag": ("agency", 0.0),
    "nc": ("norm_compatibility", 0.0),
}
FELT = ("V", "A", "D")
STILL, LOW = 0.25, 0.35
_SIGN = re.compile(r"(gr|gc|ex|ct|ag|nc|V|A|D)([+-])")
_LITERAL = re.compile(r"(gr|gc|ex|ct|ag|nc|V|A|D)(<=|>=|<|>)([+-]?(?:\d+\.?\d*|\.\d+))")
_COMPARE: dict[str, Callable[[float, float], bool]] = {"<": lt, ">": gt, "<=": le, ">=": ge}


class NotUnderstood(ValueError):
    """A constraint in a spelling that is not documented; the text says which ones are."""


@dataclass(frozen=True)
class Constraint:
    """`name` compared with `mark`; `size` compares the amount, whatever its sign."""

    text: str
    name: str
    compare: Callable[[float, float], bool]
    mark: float
    size: bool = False

    def seen(self, result: engine.TurnResult) -> float:
        """The figure that the constraint speaks of."""
        if self.name in FELT:
            change: float = getattr(result.emotion_delta, self.name) * (2.0 if self.name == "A" else 1.0)
            return abs(change) if self.size else change
        appraised: float = getattr(result.appraisal, APPRAISED[self.name][0])
        return appraised

    def holds(self, result: engine.TurnResult) -> bool:
        return self.compare(self.seen(result), self.mark)


def parse(text: str) -> Constraint:
    """Raises NotUnderstood."""
    if found := _SIGN.fullmatch(text):
        name, sign = found.groups()
        neutral = 0.0 if name in FELT else APPRAISED[name][1]
        return Constraint(text, name, gt if sign == "+" else lt, neutral)
    if text in {"V0", "A0", "D0"}:
        return Constraint(text, text[0], lt, STILL, size=True)
    if text == "Alow":
        return Constraint(text, "A", lt, LOW)
    if found := _LITERAL.fullmatch(text):
        name, compare, number = found.groups()
        return Constraint(text, name, _COMPARE[compare], float(number))
    raise NotUnderstood(f"constraint {text!r}: known are gc+ ag- V+ A- and the like, V0, Alow, and gc>-.3")
