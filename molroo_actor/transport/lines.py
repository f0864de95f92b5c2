"""How long a client's line may keep the server waiting: for the head of a request, and for room for an answer.

Both are what slow clients hold lines with: heads that drip, answers that nobody reads. The lines report here when such
a wait begins and ends, the sweep cuts what is due. What a line carries is none of its business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from molroo_actor.clock import Clock

T = TypeVar("T")
_PACE_BYTES: Final = 65_536
"""What a reader must have taken of an answer each time that it is looked at; a page of history may be megabytes."""


class Line(Protocol):
    """What is asked of a line."""

    @property
    def unsent_bytes(self) -> int:
        """What was written and the peer has no room for; 0 for a line that is gone."""

    def head_is_late(self, within_s: float) -> None:
        """The head of a request was not there in time: to be told so, and closed."""

    def cut(self) -> None:
        """Ends it at once."""


class Lines:
    """The lines that somebody waits for. Tables are in order of time: the cost goes with what is due."""

    def __init__(self, clock: Clock, *, head_within_s: float, stall_s: float) -> None:
        self.head_within_s = head_within_s
        self._stall_s = stall_s
        self._clock = clock
        self._heads: dict[Line, float] = {}
        self._unread: dict[Line, tuple[float, int]] = {}
        self._handshakes: dict[Line, float] = {}

    @property
    def handshakes(self) -> int:
        """Lines that were accepted and have not ended their TLS handshake. A failed one counts until its time is over:
        nobody tells of its end.
        """
        return len(self._handshakes)

    def handshake_begins(self, line: Line) -> None:
        self._handshakes[line] = self._clock.monotonic_s() + self.head_within_s

    def handshake_ends(self, line: Line) -> None:
        self._handshakes.pop(line, None)

    def head_begins(self, line: Line) -> None:
        """A line was opened, or the first bytes of a further request came. Idempotent: bytes that drip win no time."""
        if line not in self._heads:
            self._heads[line] = self._clock.monotonic_s() + self.head_within_s

    def head_ends(self, line: Line) -> None:
        self._heads.pop(line, None)

    def unread(self, line: Line) -> None:
        """Something is left to be sent."""
        self._unread[line] = (self._clock.monotonic_s() + self._stall_s, line.unsent_bytes)

    def read(self, line: Line) -> None:
        self._unread.pop(line, None)

    def forget(self, line: Line) -> None:
        """It is gone."""
        self.head_ends(line)
        self.read(line)

    def tick(self, now_s: float) -> None:
        """Cuts what is due."""
        for line in _due(self._handshakes, now_s, float):
            del self._handshakes[line]
        for line in _due(self._heads, now_s, float):
            del self._heads[line]
            line.head_is_late(self.head_within_s)
        for line in _due(self._unread, now_s, lambda wait: wait[0]):
            _, before = self._unread.pop(line)
            if line.unsent_bytes > max(before - _PACE_BYTES, 0):
                line.cut()
            elif line.unsent_bytes:
                self.unread(line)


def _due(table: dict[Line, T], now_s: float, due_of: Callable[[T], float]) -> list[Line]:
    found = []
    for line, wait in table.items():
        if due_of(wait) > now_s:
            break
        found.append(line)
    return found
