"""A clock that the test sets. Wall and monotonic go together until the test makes the wall jump."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

START_MS = 1_790_000_000_000
"""The wall at the start of every story: some day of 2026."""


class FakeClock:
    """The Clock port. It stands still by itself; `advance` moves both times, `jump_wall_ms` the wall alone."""

    def __init__(self, time_s: Callable[[], float] = lambda: 0.0) -> None:
        self._time_s = time_s
        self._ahead_s = 0.0
        self._jumped_ms = 0

    def wall_ms(self) -> int:
        return START_MS + self._jumped_ms + round(self.monotonic_s() * 1000)

    def monotonic_s(self) -> float:
        return self._time_s() + self._ahead_s

    def advance(self, span_s: float) -> None:
        """Time passes for whoever asks this clock; no timer of a loop hears of it."""
        assert span_s >= 0, "monotonic time never goes back"
        self._ahead_s += span_s

    def jump_wall_ms(self, span_ms: int) -> None:
        """The wall is set, forward or back."""
        self._jumped_ms += span_ms


def loop_clock() -> FakeClock:
    """A clock that goes with the running loop's."""
    return FakeClock(asyncio.get_running_loop().time)
