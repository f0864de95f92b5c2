"""What webhooks hear of a row: deliveries that go into the row's own commit.

Sessions without a webhook cost nothing.
"""

from __future__ import annotations

import logging

from molroo_actor.engine import flow, urges
from molroo_actor.engine.stages import NAMES
from molroo_actor.protocol import webhooks
from molroo_actor.protocol.outreach import socket_action
from molroo_actor.runtime.actor import Pending
from molroo_actor.runtime.registry import Registry
from molroo_actor.storage import hooks
from molroo_actor.storage.rows import Change

log = logging.getLogger(__name__)


class Events:
    """Turns rows into deliveries."""

    def __init__(self, registry: Registry) -> None:
        self._hooked = registry.ledger.hooked
        self._waiting_max = registry.settings.deliveries_per_webhook_max

    def add(self, pending: Pending) -> None:
        """Puts what webhooks may want of this row into its commit."""
        if pending.row.session not in self._hooked:
            return
        try:
            found = self._of_row(pending)
        except Exception:
            # The row is made and must be written; what hears of it comes after.
            log.exception("a row's deliveries could not be made; the row goes on without them")
        else:
            pending.changes = (*pending.changes, *found)
            pending.deliveries = bool(found)

    def _of_row(self, pending: Pending) -> list[Change]:
        changes: list[Change] = []
        fired = pending.answer.fired
        if fired is not None:
            changes.append(
                self._queue(pending, "proactive", webhooks.encode(socket_action(fired, pending.answer.prompt)))
            )
        if pending.row.kind == "turn":
            changes.extend(self._of_turn(pending))
        return changes

    def _of_turn(self, pending: Pending) -> list[Change]:
        params, row = pending.actor.params, pending.row
        before, after, result = pending.before, pending.answer.state, pending.answer.result
        assert before is not None, "a turn goes on from a state"
        found = []
        if result.stage_transition:
            change = webhooks.StageTransition(
                webhooks.StageOf(before.stage, NAMES[before.stage]),
                webhooks.StageOf(after.stage, NAMES[after.stage]),
                row.seq,
            )
            found.append(self._queue(pending, "stage_transition", webhooks.encode(change)))
        held = {urge.reason for urge in urges(params, flow(params, before, after.at_ms))}
        for urge in urges(params, after):
            if urge.trigger == "emotional_overflow" and urge.reason not in held:
                label = result.discrete_emotion.primary
                overflow = webhooks.Overflow(urge.reason, urge.value, urge.threshold, label, row.seq)
                found.append(self._queue(pending, "emotional_overflow", webhooks.encode(overflow)))
        return found

    def _queue(self, pending: Pending, event: webhooks.EventName, data: bytes) -> Change:
        return hooks.queue(pending.row.session, event, pending.row.at_ms, data, self._waiting_max)
