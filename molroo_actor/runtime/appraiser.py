"""The port to whoever says what a text means to the character, and the embedded implementation."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from molroo_actor.engine import Params, Reading, Source, State, appraise


class Appraiser(Protocol):
    """Turns a text into a reading. An answer that is at hand is returned as it is, without a task or a loop pass."""

    def appraise(self, text: str, source: Source, params: Params, state: State) -> Reading | Awaitable[Reading]:
        """The reading, or an awaitable of it. May raise; the embedded one answers then."""


class EmbeddedAppraiser:
    """The engine's own appraiser: no network, always at hand."""

    def appraise(self, text: str, source: Source, params: Params, state: State) -> Reading:
        return appraise(text, source, params, state)
