"""The life of an actor: a table from (state, signal) to state. Nothing else decides what may follow what.

BROKEN keeps nothing of the incarnation: it may not speak again, and only the disk knows what is true.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from molroo_actor.errors import IllegalTransition


class Life(Enum):
    """Where a session's actor is in its life."""

    ASLEEP = auto()
    WAKING = auto()
    AWAKE = auto()
    BROKEN = auto()


class Signal(Enum):
    """What may happen to it."""

    WAKE = auto()
    WOKEN = auto()
    WAKE_FAILED = auto()
    HIBERNATE = auto()
    BREAK = auto()


_TABLE: Final = {
    (Life.ASLEEP, Signal.WAKE): Life.WAKING,
    (Life.BROKEN, Signal.WAKE): Life.WAKING,
    (Life.WAKING, Signal.WOKEN): Life.AWAKE,
    (Life.WAKING, Signal.WAKE_FAILED): Life.ASLEEP,
    (Life.AWAKE, Signal.HIBERNATE): Life.ASLEEP,
    (Life.AWAKE, Signal.BREAK): Life.BROKEN,
}


def advance(life: Life, signal: Signal) -> Life:
    """The next state. Raises IllegalTransition for a pair that is not in the table."""
    following = _TABLE.get((life, signal))
    if following is None:
        raise IllegalTransition(f"{signal.name} while {life.name}")
    return following
