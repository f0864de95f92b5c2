"""Who is in memory: waking, hibernating, and the one sweep that serves the whole host instead of a timer each.

A sleeping session has nothing here. With an open socket it has its slot, and the slot is in the host's tables only.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from molroo_actor import faultpoints
from molroo_actor.errors import MolrooError, NotFound, Overloaded, WireError
from molroo_actor.runtime import waking
from molroo_actor.runtime.actor import Actor
from molroo_actor.runtime.lifecycle import Life, Signal
from molroo_actor.runtime.mailbox import Deletion
from molroo_actor.runtime.output_gate import OutputGate
from molroo_actor.runtime.registry import Registry, shutting_down
from molroo_actor.runtime.slot import Slot
from molroo_actor.storage.at_once import AtOnce

log = logging.getLogger(__name__)

_DISK_CHECK_EVERY_S = 5.0


class Residency:
    """The awake actors, least recently used first, and the sweep. `start` and `stop` once."""

    def __init__(self, registry: Registry, gate: OutputGate, wanted: Callable[[Slot], None]) -> None:
        """wanted is called with a slot that has an actor now and letters to read."""
        self._registry = registry
        self._gate = gate
        self._wanted = wanted
        self._settings = registry.settings
        self._awake: OrderedDict[int, Slot] = OrderedDict()
        self._waking = 0
        """Through reading threads."""
        self.at_once = AtOnce(waking.AT_ONCE_LIMIT_S, waking.AT_ONCE_PENANCE_MAX)
        """Whether a lone session wakes on the loop's own thread."""
        self._at_once_from_s = 0.0
        """Until then nothing more is read on the loop's thread."""
        self._wakes = asyncio.Semaphore(registry.settings.readers * 2)
        self._interval_s = min(1.0, registry.settings.hibernate_after_s / 4)
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0
        self._disk_checked_s = 0.0
        self.ticks: list[Callable[[float], None]] = []
        """Called with the monotonic time at every sweep: the transport's pings and deadlines."""

    @property
    def residents(self) -> int:
        """Actors in memory."""
        return len(self._awake)

    @property
    def active(self) -> int:
        """Actors with work, and sessions that are waking."""
        return self._waking + sum(not slot.at_rest for slot in self._awake.values())

    def used(self, slot: Slot) -> None:
        """Notes that a session was wanted just now."""
        slot.used_s = self._registry.clock.monotonic_s()
        if slot.actor is not None:
            self._awake.move_to_end(slot.inner_id)
        else:
            self._registry.unproven.add(slot)

    # -- waking --------------------------------------------------------------------------------------------------------

    def wake(self, slot: Slot) -> None:
        """Begins to read the session unless that goes on already; a lone and quick one is awake on return. When memory
        is full of busy actors its letters are refused. Never raises.
        """
        if slot.life in (Life.WAKING, Life.AWAKE):
            return
        if not self._registry.keep(slot):  # forgotten while somebody held it, and another stands in its place
            self._registry.refuse_all(slot, Overloaded("this session was just put away; try again", retry_after_s=1))
            return
        if len(self._awake) + self._waking >= self._settings.resident_max and not self._make_room():
            self._registry.unproven.add(slot)
            self._registry.refuse_all(
                slot,
                Overloaded(
                    f"{self._settings.resident_max:,} sessions are awake and busy, the limit; try again",
                    retry_after_s=1,
                    details={"reason": "resident_max"},
                ),
            )
            return
        slot.signal(Signal.WAKE)
        slot.incarnation += 1
        if self._waking or not self._wake_at_once(slot):
            self._waking += 1
            self._registry.spawn(self._wake(slot))

    def _make_room(self) -> bool:
        for slot in self._awake.values():
            if slot.at_rest:
                self.hibernate(slot)
                return True
        return False

    def _wake_at_once(self, slot: Slot) -> bool:
        """Reads it on the loop's own thread. False when that is not the way now, or came to anything but an actor: then
        nothing is decided.
        """
        began_s = self._registry.clock.monotonic_s()
        # Many that want to wake together are not read one after the other while everybody waits: at most half of the
        # loop's time goes to this, and what a reading thread is at already goes on there.
        if began_s < self._at_once_from_s or not self.at_once.quick:
            return False
        try:
            actor = self.at_once.timed(1, self._read_at_once, slot)
        except Exception as cause:  # noqa: BLE001 - whatever it is, a reading thread finds the same or finds it gone
            log.debug("session %s is read in a thread: %r", slot.inner_id, cause)
            actor = None
        ended_s = self._registry.clock.monotonic_s()
        self._at_once_from_s = ended_s + (ended_s - began_s)
        if actor is None:
            return False
        self._woken(slot, actor)
        self._registry.observer.woke(ended_s - began_s)
        return True

    def _read_at_once(self, slot: Slot) -> Actor | None:
        read = self._registry.ledger.read_at_once(waking.read_at_once, *self._what(slot))
        return None if read is None else self._actor(slot, read)

    def _what(self, slot: Slot) -> tuple[Path, int, list[int], int]:
        """What a reading function is asked for, besides the ledger."""
        ledger, session = self._registry.ledger, slot.inner_id
        path, rowids = ledger.folder.session_file(session), ledger.journal.rowids(session)
        return path, session, rowids, self._settings.history_kept

    async def _wake(self, slot: Slot) -> None:
        began_s = self._registry.clock.monotonic_s()
        error: WireError | None = None
        actor: Actor | None = None
        try:
            async with self._wakes:
                read = await self._registry.ledger.read(waking.read, *self._what(slot))
            actor = None if read is None else self._actor(slot, read)
        except asyncio.CancelledError:
            error = shutting_down()
            raise
        except Exception as cause:  # noqa: BLE001 - translated, whatever it is
            error = self._registry.translate(slot, cause)
        finally:
            self._waking -= 1
            if actor is None:
                self._wake_failed(slot, error or NotFound(f"no session {slot.id}"))
        if actor is not None:
            self._woken(slot, actor)
            self._registry.observer.woke(self._registry.clock.monotonic_s() - began_s)

    def _actor(self, slot: Slot, read: waking.Waking) -> Actor:
        return Actor(
            slot.inner_id,
            slot.epoch,
            read.params,
            slot.time_scale,
            read.record,
            read.history,
            kept=self._settings.history_kept,
            row_bytes_max=self._settings.row_bytes_max,
            expire_h=self._settings.action_expires_h,
        )

    def _woken(self, slot: Slot, actor: Actor) -> None:
        slot.signal(Signal.WOKEN)
        slot.actor = actor
        self._registry.ledger.journal.watch(slot.inner_id, actor.seq)
        self._registry.damaged.pop(slot.inner_id, None)
        slot.used_s = self._registry.clock.monotonic_s()  # else the next sweep may find it idle before its readers run
        self._awake[slot.inner_id] = slot
        self._registry.unproven.discard(slot)
        for future in slot.take_readers():
            if not future.done():
                future.set_result(None)
        if slot.mailbox:
            self._wanted(slot)

    def _wake_failed(self, slot: Slot, error: WireError) -> None:
        slot.signal(Signal.WAKE_FAILED)
        deletions = [letter for letter in slot.mailbox or () if isinstance(letter, Deletion)]
        slot.mailbox = [letter for letter in slot.mailbox or () if not isinstance(letter, Deletion)]
        self._registry.refuse_all(slot, error)
        if deletions:  # a session that cannot be read can still be deleted
            slot.box().extend(deletions)
            self._wanted(slot)
        self._registry.unproven.add(slot)

    # -- sleeping ------------------------------------------------------------------------------------------------------

    def hibernate(self, slot: Slot) -> None:
        """Drops the actor of a slot that is at rest; its sockets stay. One synchronous step."""
        if faultpoints.ARMED:
            faultpoints.passing("hibernate")
        slot.signal(Signal.HIBERNATE)
        self.dropped(slot)
        self._registry.observer.hibernated()
        if slot.forgettable:
            self._registry.forget(slot)

    def dropped(self, slot: Slot) -> None:
        """Takes the actor away after a signal that ends it."""
        slot.actor = None
        slot.mailbox = slot.mailbox or None
        self._awake.pop(slot.inner_id, None)
        self._registry.ledger.journal.forget(slot.inner_id)

    # -- the sweep -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins to sweep."""
        loop = asyncio.get_running_loop()
        self._due_s = loop.time() + self._interval_s
        self._timer = loop.call_at(self._due_s, self._sweep)

    def stop(self) -> None:
        """Ends the sweep; idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        self._registry.observer.loop_lag(max(0.0, loop.time() - self._due_s))
        now_s = self._registry.clock.monotonic_s()
        try:
            self.sweep(now_s)
        except Exception:
            log.exception("a sweep failed; the next one comes")
        self._due_s = loop.time() + self._interval_s
        self._timer = loop.call_at(self._due_s, self._sweep)

    def sweep(self, now_s: float) -> None:
        """Everything that comes round by time: its cost goes with what is due, not with what exists."""
        idle_since_s = now_s - self._settings.hibernate_after_s
        due = []
        for slot in self._awake.values():
            if slot.used_s > idle_since_s:
                break
            due.append(slot)
        for slot in due:
            if slot.at_rest:
                self.hibernate(slot)
        unproven, self._registry.unproven = self._registry.unproven, set()
        for slot in unproven:
            if slot.forgettable:
                self._registry.forget(slot)
        for tick in self.ticks:
            tick(now_s)
        if now_s - self._disk_checked_s >= _DISK_CHECK_EVERY_S:
            self._disk_checked_s = now_s
            self._tend_disk()

    def _tend_disk(self) -> None:
        folder, ballast = self._registry.ledger.folder, self._settings.ballast_bytes
        if not folder.ballast.exists() and folder.free_bytes() > 4 * ballast + self._settings.free_bytes_min:
            folder.keep_ballast(ballast)
        if self._gate.failing is not None and not folder.is_full(ballast):
            self._registry.spawn(self._try_disk())

    async def _try_disk(self) -> None:
        """An append without rows: without traffic nothing else would find out that the disk works again."""
        try:
            await self._gate.commit([self._registry.ledger.journal.heartbeat()])
        except MolrooError as error:
            log.warning("the disk still refuses: %s", error)
