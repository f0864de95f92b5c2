"""What a character did by itself: actions as they are kept in a session's state, and as clients see them.

When one fires is decided in the runtime (reaching_out.py); how it is kept pending stands in the record.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType

from molroo_actor.engine import VAD, PromptData, Trigger, trigger_of
from molroo_actor.protocol.answers import PendingAction
from molroo_actor.protocol.views import Moment, iso

Priority = Literal["low", "medium", "high"]
Deed = Literal["initiate_conversation", "seek_comfort", "express_emotion"]

PENDING_MAX: Final = 32
"""Actions that pend; the oldest expires for a new one."""
CLOSED_KEPT: Final = 64
"""Acknowledged actions that are remembered, so that acknowledging again is the same."""


class Action(Struct, frozen=True):
    """An action that fired in row `seq`, at `at_ms` by the wall. value and threshold of what urged it are in [0, 1]."""

    id: str
    seq: int
    at_ms: int
    expires_ms: int
    reason: str
    value: float
    threshold: float
    message: str
    priority: Priority
    V: float
    A: float
    D: float
    label: str

    @property
    def trigger(self) -> Trigger:
        return trigger_of(self.reason)

    @property
    def deed(self) -> Deed:
        """What kind of thing the character does."""
        if self.trigger == "emotional_overflow":
            return "seek_comfort" if self.V < 0.0 else "express_emotion"
        return "initiate_conversation"


class Outreach(Struct, frozen=True):
    """What a session remembers of its actions.

    pending: not acknowledged, oldest first. closed: seqs of those acknowledged, newest last. fired_ms: moments of the
    wall that cooldown and daily maximum look at, ascending. spent: reasons that were acted for and have not recovered.
    """

    pending: tuple[Action, ...] = ()
    closed: tuple[int, ...] = ()
    fired_ms: tuple[int, ...] = ()
    spent: tuple[str, ...] = ()

    def pending_at(self, wall_ms: int) -> tuple[Action, ...]:
        """Those that have not expired by then."""
        return tuple(action for action in self.pending if action.expires_ms > wall_ms)


class ProactiveData(Struct, frozen=True):
    """An action that the character takes by itself. action: what it does, reason: why.

    Acknowledge it with its action_id; until then it comes again with every new connection.
    """

    action_id: str
    action_type: Trigger
    message: str
    priority: Priority
    timestamp: Moment
    action: Deed
    reason: str
    emotion: VAD
    discrete_emotion: str
    prompt_data: PromptData | UnsetType = UNSET


def socket_action(action: Action, prompt: PromptData | None) -> ProactiveData:
    """The WebSocket form."""
    return ProactiveData(
        action.id,
        action.trigger,
        action.message,
        action.priority,
        iso(action.at_ms),
        action.deed,
        action.reason,
        VAD(action.V, action.A, action.D),
        action.label,
        UNSET if prompt is None else prompt,
    )


def rest_action(action: Action) -> PendingAction:
    """The REST form."""
    metadata: dict[str, Any] = {
        "action": action.deed,
        "reason": action.reason,
        "value": action.value,
        "threshold": action.threshold,
        "emotion": VAD(action.V, action.A, action.D),
        "discrete_emotion": action.label,
        "created_at": iso(action.at_ms),
        "expires_at": iso(action.expires_ms),
    }
    return PendingAction(action.id, action.trigger, action.message, action.priority, metadata)
