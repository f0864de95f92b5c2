"""The port through which the runtime tells what it does. Observers are quick, never wait and never raise."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """What an operator may want to count. No session is ever named."""

    def committed(self, rows: int, seconds: float) -> None:
        """A commit became durable."""

    def commit_failed(self) -> None:
        """A commit did not."""

    def released(self, turns: int, gate_wait_s: float) -> None:
        """Answers left, the oldest of them after this wait."""

    def woke(self, seconds: float) -> None:
        """An actor is awake, so long after it was wanted."""

    def hibernated(self) -> None:
        """An actor left memory."""

    def alarm_late(self, seconds: float) -> None:
        """A session is being woken by its alarm, so long after its time."""

    def alarm_failed(self) -> None:
        """An alarm could not be dealt with; it comes again later."""

    def delivered(self, outcome: str) -> None:
        """A request to a receiver ended: `taken`, `put_off` or `given_up`."""

    def loop_lag(self, seconds: float) -> None:
        """The sweep came late by this."""
