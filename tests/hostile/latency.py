"""What is said of a set of turns, each (when, seconds)."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def p50(turns: Sequence[tuple[float, float]]) -> float:
    """Seconds of the middle one."""
    return statistics.median(took for _, took in turns)


def p99(turns: Sequence[tuple[float, float]]) -> float:
    """Seconds that 99 of 100 turns stayed below."""
    took = sorted(took for _, took in turns)
    return took[min(len(took) - 1, round(len(took) * 0.99))]
