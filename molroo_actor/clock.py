"""The clock port. Wall time names moments and may jump; monotonic time measures spans. Nothing else reads a clock."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two times that must not be mixed."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970 UTC; may go back."""

    def monotonic_s(self) -> float:
        """Seconds from an arbitrary start; never goes back."""


class SystemClock:
    """The machine's clocks."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()
