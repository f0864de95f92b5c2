"""The port to a client's socket, and what the runtime keeps for each: its place in the stream of pushes.

The socket is held by whoever accepted it. Nothing here waits: a send either fits or costs the connection.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol


class Parting(Enum):
    """Why the runtime lets a connection go; the transport knows the close codes."""

    SESSION_GONE = auto()
    SHUTDOWN = auto()
    TOO_SLOW = auto()


class Connection(Protocol):
    """A client's socket as the runtime sees it."""

    with_prompt: bool
    """Which of the two forms of pushes it wants."""

    def send(self, message: bytes) -> None:
        """Sends a whole text message now or buffers it; never blocks, never raises. After `part` it does nothing."""

    def part(self, why: Parting) -> None:
        """Begins to close it; idempotent; never blocks, never raises."""


class Attachment:
    """A connection in its session: first it catches up, then it lives.

    What is released while it catches up waits here, in order, and follows `go_live`.
    """

    __slots__ = ("_backlog", "_backlog_bytes", "_backlog_bytes_max", "catching_up", "connection", "unanswered")

    def __init__(self, connection: Connection, backlog_bytes_max: int) -> None:
        self.connection = connection
        self.catching_up = True
        self.unanswered = 0
        """Turns of this connection that wait for their answer."""
        self._backlog: list[bytes] | None = None
        self._backlog_bytes = 0
        self._backlog_bytes_max = backlog_bytes_max

    def push(self, message: bytes) -> None:
        """A message of the live stream."""
        if not self.catching_up:
            self.connection.send(message)
            return
        self._backlog_bytes += len(message)
        if self._backlog_bytes > self._backlog_bytes_max:
            self._backlog = None
            self.connection.part(Parting.TOO_SLOW)
        elif self._backlog is None:
            self._backlog = [message]
        else:
            self._backlog.append(message)

    def go_live(self) -> None:
        """Ends catching up: what waited is sent first; idempotent."""
        self.catching_up = False
        backlog, self._backlog = self._backlog, None
        self._backlog_bytes = 0
        for message in backlog or ():
            self.connection.send(message)
