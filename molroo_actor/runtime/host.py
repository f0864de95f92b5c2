"""The host: all slots of this node. It delivers to mailboxes, drains them, and lets the gate's verdicts take effect.

Everything here is synchronous but for what must read the disk; one loop thread, no locks. Waking, hibernating and what
comes round by time is in residency.py; making, deleting and listing sessions in sessions.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import ParamSpec

from molroo_actor.errors import (
    Internal,
    NotFound,
    Overloaded,
    RateLimited,
    WireError,
)
from molroo_actor.protocol.commands import AckProactive, SetPreferences
from molroo_actor.protocol.messages import proactive, turn_result
from molroo_actor.protocol.outreach import Action
from molroo_actor.protocol.resume import Resume, plan
from molroo_actor.runtime.actor import Actor, Pending
from molroo_actor.runtime.alarms import Alarms
from molroo_actor.runtime.appraiser import Appraiser, EmbeddedAppraiser
from molroo_actor.runtime.connection import Attachment, Connection
from molroo_actor.runtime.events import Events
from molroo_actor.runtime.lifecycle import Life, Signal
from molroo_actor.runtime.mailbox import Answer, Asker, Change, Deletion, Envelope, FutureAsker, Wakeup
from molroo_actor.runtime.output_gate import OutputGate
from molroo_actor.runtime.registry import Registry, shutting_down
from molroo_actor.runtime.repeats import Repeats
from molroo_actor.runtime.residency import Residency
from molroo_actor.runtime.slot import Slot
from molroo_actor.runtime.snapshot import Snapshot, Welcome
from molroo_actor.runtime.turns import Turns
from molroo_actor.runtime.writer import Writer

log = logging.getLogger(__name__)

P = ParamSpec("P")


class Host:
    """All awake, wanted and connected sessions of one process."""

    def __init__(self, registry: Registry, appraiser: Appraiser | None = None, writer: Writer | None = None) -> None:
        self.registry = registry
        self.settings = settings = registry.settings
        self.ledger = ledger = registry.ledger
        self.clock = clock = registry.clock
        self.gate = OutputGate(
            ledger.journal,
            clock,
            registry.observer,
            rows_max=settings.gate_rows_max,
            commit_rows_max=settings.commit_rows_max,
            release=self._release,
            broke=self._broke,
            doomed=self._doomed,
            beside=Events(registry).add,
        )
        self.repeats = Repeats(registry)
        self.turns = Turns(registry, self.gate, self.schedule, appraiser or EmbeddedAppraiser())
        self.alarms = Alarms(registry, self.gate, self.schedule, self.disk_refusal, writer)
        self.residency = Residency(registry, self.gate, self.schedule)
        self.queued: Callable[[], None] = lambda: None
        """Called when a delivery became durable."""
        self.doomed = asyncio.Event()
        """Set when the process must end: an outcome is unknown."""
        self._ready: deque[Slot] = deque()
        self._pass_scheduled = False
        self._until_s = 0.0
        """Until when turns are taken in this pass of the loop while a commit is under way."""

    # -- delivering ----------------------------------------------------------------------------------------------------

    async def ask(self, slot: Slot, command: Change) -> tuple[Answer, bool]:
        """Delivers a change and returns (its answer once durable, whether it was so before). Raises WireError."""
        asker = FutureAsker()
        self.deliver(slot, Envelope(command, asker))
        return await asker.future

    def deliver(self, slot: Slot, envelope: Envelope) -> None:
        """Takes a letter at once when its session is awake and free, else puts it into the mailbox; or refuses it
        through its asker. Never raises, never waits.
        """
        refusal = self._refusal(slot)
        if refusal is not None:
            envelope.asker.refused(refusal)
            return
        actor = slot.actor
        if (
            actor is None
            or slot.mailbox
            or slot.queued
            or slot.thinking is not None
            or (self.gate.appending and self.clock.monotonic_s() > self._until_s)
            or (not actor.settled and isinstance(envelope.command, AckProactive))
        ):
            slot.box().append(envelope)
            self.schedule(slot)
            return
        # What was read from the socket is warm: a letter that waits for its pass costs more.
        self.residency.used(slot)
        self._take(slot, actor, envelope)
        self._schedule_pass()

    def _closed_to_all(self, slot: Slot) -> WireError | None:
        if slot.deleting:
            return NotFound(f"no session {slot.id}")
        return shutting_down() if self.registry.stopping else None

    def _refusal(self, slot: Slot) -> WireError | None:
        refusal = self._closed_to_all(slot)
        if refusal is not None:
            return refusal
        if slot.depth >= self.settings.mailbox_max:
            return Overloaded(
                f"{slot.depth} turns wait in this session, the limit is {self.settings.mailbox_max}",
                retry_after_s=1,
                details={"reason": "mailbox_full"},
            )
        return self.disk_refusal()

    def disk_refusal(self) -> WireError | None:
        """Why nothing new may be written now; None when it may."""
        if self.gate.fate is not None:
            return Overloaded("the server's disk failed; try again later", retry_after_s=5, details={"reason": "disk"})
        if self.ledger.folder.is_full(self.settings.ballast_bytes):
            return Overloaded("the disk is full", retry_after_s=5, details={"reason": "disk_full"})
        if self.gate.full or self.ledger.journal.size > self.settings.journal_bytes_max:
            return Overloaded("the disk is behind; try again", retry_after_s=1, details={"reason": "journal_behind"})
        return None

    def schedule(self, slot: Slot) -> None:
        """Lets the next loop pass drain this slot; idempotent."""
        if not slot.queued:
            slot.queued = True
            self._ready.append(slot)
        self._schedule_pass()

    def _schedule_pass(self) -> None:
        if not self._pass_scheduled:
            self._pass_scheduled = True
            asyncio.get_running_loop().call_soon(self._pass)

    def _pass(self) -> None:
        """Drains ready slots, for a bounded time while a commit is under way: its thread needs the interpreter.

        What is read after this and before the next pass shares that time.
        """
        self._pass_scheduled = False
        self._until_s = until_s = self.clock.monotonic_s() + self.settings.pass_ms / 1000
        ready = self._ready
        while ready:
            slot = ready.popleft()
            slot.queued = False
            try:
                self._drain(slot)
            except Exception:
                log.exception("a slot could not be drained; the others go on")
                self._refuse_everything(slot, Internal())
            if self.gate.appending and self.clock.monotonic_s() > until_s:
                break
        if ready:
            self._schedule_pass()
        self.gate.flush()

    def _drain(self, slot: Slot) -> None:
        while slot.mailbox and slot.thinking is None:
            if slot.deleting:
                self.registry.refuse_all(slot, NotFound(f"no session {slot.id}"))
                return
            letter = slot.mailbox[0]
            if isinstance(letter, Deletion):
                if slot.life is Life.WAKING or (slot.actor is not None and not slot.actor.settled):
                    return  # comes round again when it has woken or its rows are released
                slot.mailbox.pop(0)
                self._delete(slot, letter)
                continue
            if slot.actor is None:
                self.residency.wake(slot)
            if slot.actor is None:
                return
            if not slot.actor.settled and (
                isinstance(letter, Wakeup) or isinstance(letter.command, AckProactive)
            ):  # which alarm counts, and what was acknowledged before, must be durable; comes round again
                return
            slot.mailbox.pop(0)
            if isinstance(letter, Wakeup):
                self.alarms.take(slot, slot.actor, letter)
                continue
            self.residency.used(slot)
            self._take(slot, slot.actor, letter)

    # -- one letter ----------------------------------------------------------------------------------------------------

    def _take(self, slot: Slot, actor: Actor, envelope: Envelope) -> None:
        try:
            if isinstance(envelope.command, SetPreferences):
                self.gate.put(
                    actor.take_preferences(envelope.command.preferences, self.clock.wall_ms(), envelope.asker)
                )
            elif isinstance(envelope.command, AckProactive):
                self._acknowledge(actor, envelope, envelope.command.action_id)
            elif envelope.command.id_digest is None or not self.repeats.answer(
                slot, actor, envelope.asker, envelope.command
            ):
                self.turns.take(slot, actor, envelope, envelope.command)
        except WireError as error:
            envelope.asker.refused(error)
        except Exception:
            log.exception("a turn failed; its session goes on as it was")
            envelope.asker.refused(Internal())

    def _acknowledge(self, actor: Actor, envelope: Envelope, action_id: str) -> None:
        pending = actor.take_acknowledgement(action_id, self.clock.wall_ms(), envelope.asker)
        if pending is not None:
            self.gate.put(pending)
        else:
            envelope.asker.answered(Answer(actor.params, actor.seq, actor.released, None), duplicate=True)

    # -- reading -------------------------------------------------------------------------------------------------------

    async def snapshot(self, slot: Slot) -> Snapshot:
        """The last durable state, past the mailbox; wakes the session when it sleeps. Raises WireError."""
        while slot.actor is None:
            refusal = self._closed_to_all(slot)
            if refusal is not None:
                raise refusal
            if len(slot.readers or ()) >= self.settings.mailbox_max * 4:
                raise Overloaded("too many wait for this session to wake; try again", retry_after_s=1)
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            slot.readers = [*(slot.readers or ()), future]
            self.residency.wake(slot)
            await future
        self.residency.used(slot)
        return self._snapshot(slot.actor)

    def _snapshot(self, actor: Actor) -> Snapshot:
        wall_ms = self.clock.wall_ms()
        record = actor.released
        return Snapshot(actor, actor.released_seq, record, actor.session_ms(record, wall_ms), wall_ms)

    # -- connections ---------------------------------------------------------------------------------------------------

    async def attach(self, slot: Slot, connection: Connection, resume: Resume | None) -> Welcome:
        """Registers a connection; from this moment it misses nothing. `detach` when it is gone. Raises WireError."""
        self._check_room(slot)
        actor = (await self.snapshot(slot)).actor
        if slot.deleting:
            raise NotFound(f"no session {slot.id}")
        self._check_room(slot)  # others may have come while it woke
        attachment = Attachment(connection, self.settings.unsent_bytes_max)
        # What is released by now and what the attachment will be pushed meet without a hole: one synchronous step.
        snapshot = self._snapshot(actor)
        slot.attachments = (*slot.attachments, attachment)
        return Welcome(attachment, snapshot, plan(resume, snapshot.seq, slot.epoch, self.settings.history_kept))

    def _check_room(self, slot: Slot) -> None:
        limit = self.settings.sockets_per_session_max
        if len(slot.attachments) >= limit:
            raise RateLimited(f"this session has {limit} sockets, the most that it may have", retry_after_s=30)

    def detach(self, slot: Slot, attachment: Attachment) -> None:
        """Forgets a connection; idempotent."""
        slot.attachments = tuple(other for other in slot.attachments if other is not attachment)
        if slot.forgettable:
            self.registry.forget(slot)

    # -- verdicts of the gate ----------------------------------------------------------------------------------

    def _release(self, pending: Pending) -> None:
        actor, row = pending.actor, pending.row
        actor.release(pending)
        answer = pending.answer
        if pending.due_ms is not None:
            self.alarms.planned(pending.due_ms)
        if pending.deliveries:
            self.queued()
        slot = self.registry.by_inner.get(row.session)
        asker = pending.asker
        if slot is not None and slot.attachments and row.kind == "turn":
            self._attempt(self._push, slot, answer, asker.attachment)
        self._tell(asker, answer, duplicate=False)
        for again in pending.duplicates or ():
            self._tell(again, answer, duplicate=True)
        if slot is not None and answer.fired is not None:
            self._attempt(self._push_action, slot, answer, answer.fired)
        if slot is not None and slot.mailbox:
            self.schedule(slot)

    def _tell(self, asker: Asker, answer: Answer, *, duplicate: bool) -> None:
        try:
            asker.answered(answer, duplicate=duplicate)
        except Exception:
            log.exception("an answer could not be written; its session goes on")
            self._attempt(asker.refused, Internal())  # the row is durable: who asks again by its id hears of it

    def _attempt(self, say: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """One of several that hear of a row: what fails for one must not keep it from the others."""
        try:
            say(*args, **kwargs)
        except Exception:
            log.exception("a message could not be written; its session goes on")

    def _push(self, slot: Slot, answer: Answer, asking: Attachment | None) -> None:
        forms: dict[bool, bytes] = {}
        for attachment in slot.attachments:
            if attachment is asking:
                continue
            with_prompt = attachment.connection.with_prompt
            message = forms.get(with_prompt)
            if message is None:
                message = turn_result(answer.seq, answer.socket_data(with_prompt=with_prompt))
                forms[with_prompt] = message
            attachment.push(message)

    def _push_action(self, slot: Slot, answer: Answer, action: Action) -> None:
        forms: dict[bool, bytes] = {}
        for attachment in slot.attachments:
            with_prompt = attachment.connection.with_prompt
            message = forms.get(with_prompt)
            if message is None:
                message = proactive(answer.seq, action, answer.prompt if with_prompt else None)
                forms[with_prompt] = message
            attachment.push(message)

    def _broke(self, session: int, error: WireError) -> None:
        slot = self.registry.by_inner.get(session)
        if slot is None or slot.life is not Life.AWAKE:
            return
        slot.signal(Signal.BREAK)
        self.residency.dropped(slot)
        self._refuse_everything(slot, error)
        if slot.forgettable:
            self.registry.forget(slot)

    def _doomed(self) -> None:
        self.doomed.set()
        unknown = Overloaded("the server's disk failed; try again later", retry_after_s=5, details={"reason": "disk"})
        for slot in list(self.registry.by_inner.values()):
            self._refuse_everything(slot, unknown)

    def _refuse_everything(self, slot: Slot, error: WireError) -> None:
        """The turn that waits for its appraisal, then the mailbox."""
        thinking, slot.thinking = slot.thinking, None
        if thinking is not None:
            thinking.asker.refused(error)
        self.registry.refuse_all(slot, error)

    # -- small things ------------------------------------------------------------------------------------------

    def _delete(self, slot: Slot, letter: Deletion) -> None:
        slot.deleting = True
        if slot.actor is not None:
            slot.signal(Signal.HIBERNATE)
            self.residency.dropped(slot)
        if not letter.done.done():
            letter.done.set_result(None)

    async def stop(self) -> None:
        """Takes nothing new, answers what waits, and returns when what was drained is durable and answered."""
        self.registry.stopping = True
        self.residency.stop()
        self.alarms.stop()
        error = shutting_down()
        for slot in list(self.registry.by_inner.values()):
            self._refuse_everything(slot, error)
        await self.registry.cancel_tasks()
        self.gate.flush()
        await self.gate.idle()
