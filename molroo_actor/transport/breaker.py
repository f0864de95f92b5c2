"""When to leave an endpoint alone: after failures in a row, for a pause that doubles, with one trial after each.

Plain decisions from times that the caller passes; no clock, no task, no log.
"""

from __future__ import annotations

import random
from typing import Literal

Verdict = Literal["go", "try", "wait"]

_JITTER = 0.2
_DOUBLINGS_MAX = 32


class Breaker:
    """Counts failures in a row. Closed it lets everything through; open nothing; after the pause one trial.

    Each call that was let through ends in exactly one of `succeeded`, `failed` and `dropped`.
    """

    def __init__(self, failures_max: int, pause_s: float, pause_max_s: float, randomness: random.Random) -> None:
        self._failures_max = failures_max
        self._pause_s = pause_s
        self._pause_max_s = pause_max_s
        self._random = randomness
        self._until_s: float | None = None
        self._doublings = 0
        self._trying = False
        self.failures = 0
        """In a row, up to now."""

    @property
    def open(self) -> bool:
        """Whether it was opened and no trial has succeeded since."""
        return self._until_s is not None

    def verdict(self, now_s: float) -> Verdict:
        """go; wait; or try: one call may find out, and says so with `begin_trial`."""
        if self._until_s is None:
            return "go"
        return "wait" if self._trying or now_s < self._until_s else "try"

    def begin_trial(self) -> None:
        """The next call is the trial; nobody else is let through until it has ended."""
        assert self.open
        assert not self._trying
        self._trying = True

    def succeeded(self) -> None:
        """The endpoint answers: closed, whatever was before."""
        self.failures = self._doublings = 0
        self._until_s = None
        self._trying = False

    def failed(self, now_s: float, *, trial: bool, pause_s: float = 0.0) -> None:
        """One failure. `pause_s` is what the endpoint itself asked for: that opens at once."""
        self.failures += 1
        if trial:
            self._trying = False
        elif self.open:
            return  # it began before the pause and says nothing new
        if trial or pause_s > 0 or self.failures >= self._failures_max:
            own_s = self._pause_s * 2**self._doublings * self._random.uniform(1 - _JITTER, 1 + _JITTER)
            self._until_s = now_s + min(max(own_s, pause_s), self._pause_max_s)
            self._doublings = min(self._doublings + 1, _DOUBLINGS_MAX)

    def dropped(self, *, trial: bool) -> None:
        """A call ended without saying anything about the endpoint."""
        if trial:
            self._trying = False
