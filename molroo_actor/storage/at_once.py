"""When a little work on the disk is done on the thread that asks, instead of in a thread of its own.

A hand-over to a thread and back costs more than a quick disk takes. One call that took long sends the next ones to the
threads, where a slow disk holds up nobody. What is done, and what happens when it fails, is the caller's affair.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_SERIALIZED: Final = 3
"""SQLite's thread safety with which two threads may use one connection in turn."""

_PENANCE_MIN: Final = 4
"""One slow call among quick ones says little."""


class AtOnce:
    """Whether one kind of work is done at once. Ask `quick`, then do it under `timed`."""

    def __init__(self, limit_s: float, penance_max: int) -> None:
        """A call that takes longer than limit_s was not worth it. The next few then go to the threads; twice as many
        when it was so the time before as well, up to penance_max.
        """
        self._limit_s = limit_s
        self._penance_max = penance_max
        self._penance = _PENANCE_MIN
        self._elsewhere = 0

    @property
    def quick(self) -> bool:
        """Whether the next call is worth the asking thread's time; asking counts."""
        if sqlite3.threadsafety != _SERIALIZED:
            return False
        if self._elsewhere:
            self._elsewhere -= 1
            return False
        return True

    def timed(self, parts: int, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Calls `call`, which does `parts` things, and learns from how long it took, also when it fails. Each thing
        after the first may take a sixteenth of the limit.
        """
        began_s = time.perf_counter()
        try:
            return call(*args, **kwargs)
        finally:
            if time.perf_counter() - began_s > self._limit_s * (1 + (parts - 1) / 16):
                self._elsewhere = min(self._penance, self._penance_max)
                self._penance = min(2 * self._penance, self._penance_max)
            else:
                self._penance = _PENANCE_MIN
