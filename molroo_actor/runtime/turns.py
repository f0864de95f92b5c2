"""Turns: from a letter to a row. A vector or an appraisal at hand is taken at once; a slow appraiser is waited for.

While it is waited for only its own session's later letters wait, with a deadline and the embedded appraiser behind it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from molroo_actor.engine import Reading, Source, State
from molroo_actor.errors import Internal, WireError
from molroo_actor.protocol.commands import TurnCommand
from molroo_actor.protocol.record import Record
from molroo_actor.runtime.actor import Actor
from molroo_actor.runtime.appraiser import Appraiser, EmbeddedAppraiser
from molroo_actor.runtime.mailbox import Envelope
from molroo_actor.runtime.output_gate import OutputGate
from molroo_actor.runtime.registry import Registry
from molroo_actor.runtime.slot import Slot

log = logging.getLogger(__name__)


class Turns:
    """What becomes of a turn in an awake session."""

    def __init__(
        self, registry: Registry, gate: OutputGate, schedule: Callable[[Slot], None], appraiser: Appraiser
    ) -> None:
        """schedule is called with a slot whose letters may go on."""
        self._registry = registry
        self._clock = registry.clock
        self._gate = gate
        self._schedule = schedule
        self._appraiser = appraiser

    def take(self, slot: Slot, actor: Actor, envelope: Envelope, command: TurnCommand) -> None:
        given = command.input
        if given.appraisal is not None:
            self._finish_turn(actor, envelope, command, Reading(given.appraisal))
            return
        record = actor.record
        reading = self._appraise(command, actor, record.state)
        if isinstance(reading, Reading):
            self._finish_turn(actor, envelope, command, reading, record)
        else:
            slot.thinking = envelope
            self._registry.spawn(self._think(slot, slot.incarnation, envelope, command, reading))

    def _appraise(self, command: TurnCommand, actor: Actor, state: State) -> Reading | Awaitable[Reading]:
        text, source = _text_of(command)
        try:
            return self._appraiser.appraise(text, source, actor.params, state)
        except Exception as error:  # noqa: BLE001 - an appraiser may fail in any way
            log.warning("the appraiser failed (%r); the embedded one answers", error)
            return EmbeddedAppraiser().appraise(text, source, actor.params, state)

    def _finish_turn(
        self, actor: Actor, envelope: Envelope, command: TurnCommand, reading: Reading, record: Record | None = None
    ) -> None:
        """record: the actor's, when it was decoded in this same step already."""
        _, source = _text_of(command)
        pending = actor.take_turn(command, reading, source, self._clock.wall_ms(), envelope.asker, record)
        self._gate.put(pending)
        try:
            pending.keep_bytes()
        except Exception:
            # The row is on its way and is answered once, when it is durable; not now as well.
            log.exception("an answer could not be rendered before its commit")

    async def _think(
        self, slot: Slot, incarnation: int, envelope: Envelope, command: TurnCommand, reading: Awaitable[Reading]
    ) -> None:
        """Waits for a slow appraisal; only this session's later turns wait with it."""
        try:
            async with asyncio.timeout(self._registry.settings.appraiser_deadline_s):
                found: Reading | None = await reading
        except Exception as error:  # noqa: BLE001 - an appraiser may fail in any way
            log.warning("the appraiser did not answer (%r); the embedded one does", error)
            found = None
        if slot.thinking is not envelope or slot.incarnation != incarnation or slot.actor is None:
            return  # the incarnation that asked is gone, and its turn was answered then
        slot.thinking = None
        try:
            if found is None:
                text, source = _text_of(command)
                found = EmbeddedAppraiser().appraise(text, source, slot.actor.params, slot.actor.record.state)
            self._finish_turn(slot.actor, envelope, command, found)
        except WireError as error:
            envelope.asker.refused(error)
        except Exception:
            log.exception("a turn failed; its session goes on as it was")
            envelope.asker.refused(Internal())
        self._schedule(slot)


def _text_of(command: TurnCommand) -> tuple[str, Source]:
    given = command.input
    if given.event is not None:
        return given.event.description, given.event.source
    return given.message or "", "user"
