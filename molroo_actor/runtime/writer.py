"""The port to whoever words what a character says when it reaches out by itself; without one the engine does."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from molroo_actor.engine import Params, State, Urge


class Writer(Protocol):
    """Words one message."""

    def write(self, params: Params, state: State, urge: Urge) -> Awaitable[str] | None:
        """An awaitable of the message, None when the engine's own should be taken. It may raise; the same then."""
