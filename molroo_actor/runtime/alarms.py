"""Alarms: sessions that are woken at a moment of the wall, without a timer of their own.

The ledger keeps one alarm a session; here is one task that looks at the earliest of them, wakes those that are due and
sleeps until the next. An alarm fires at least once and its effect is durable once: the alarm's row changes only in the
commit of the effect. What fails is tried again, later and later; a wall that jumps is looked at again within seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from molroo_actor import faultpoints
from molroo_actor.errors import Internal, MolrooError, NotFound, WireError
from molroo_actor.runtime.actor import Actor, Pending
from molroo_actor.runtime.connection import Attachment
from molroo_actor.runtime.mailbox import Answer, Wakeup
from molroo_actor.runtime.output_gate import OutputGate
from molroo_actor.runtime.registry import Registry, shutting_down
from molroo_actor.runtime.slot import Slot
from molroo_actor.runtime.writer import Writer
from molroo_actor.storage import catalog
from molroo_actor.storage.catalog import Alarm

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 10.0
"""How long a jump of the wall may go unnoticed."""
_NEVER_MS: Final = 1 << 62
_OVERDUE_MS: Final = 60_000
"""What is later than this is caught up with at its own pace and does not delay what is due now."""
_BACKOFF_FIRST_S: Final = 1.0
_BACKOFF_MAX_S: Final = 3_600.0


class Alarms:
    """The scheduler of one host. `run` in a task of its own, `stop` ends it."""

    def __init__(
        self,
        registry: Registry,
        gate: OutputGate,
        schedule: Callable[[Slot], None],
        refusal: Callable[[], WireError | None],
        writer: Writer | None,
    ) -> None:
        """refusal: why nothing new may be written now. writer: who words what characters say; None is the engine."""
        self._registry = registry
        self._refusal = refusal
        self._gate = gate
        self._schedule = schedule
        self._writer = writer
        self._clock = registry.clock
        self._at_once = registry.settings.alarms_at_once
        self._overdue_every_s = 1.0 / registry.settings.overdue_alarms_per_s
        self._overdue_from_s = 0.0
        self._under_way: set[int] = set()
        """Sessions that are being woken; their alarms in the ledger are not looked at again until that is over."""
        self._look_ms = 0
        """When the task looks next, by the wall; 0 while it does."""
        self._soonest_ms = _NEVER_MS
        """The earliest alarm that was planned while it looked, and may be missing in what it read."""
        self._changed = asyncio.Event()
        self._stopping = False

    # -- finding -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Wakes what is due until `stop`."""
        while not self._stopping:
            self._changed.clear()
            self._look_ms, self._soonest_ms = 0, _NEVER_MS
            try:
                wait_s = await self._round()
            except MolrooError as error:
                log.warning("alarms cannot be read now: %s", error)
                wait_s = 1.0
            except Exception:
                log.exception("the alarms failed in a way that they should not; they go on")
                wait_s = _LOOK_EVERY_S
            now_ms = self._clock.wall_ms()
            wait_s = min(wait_s, max(0, self._soonest_ms - now_ms) / 1000)
            self._look_ms = now_ms + int(wait_s * 1000)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()

    def stop(self) -> None:
        """Ends `run` and wakes nobody any more; idempotent."""
        self._stopping = True
        self._changed.set()

    def planned(self, due_ms: int) -> None:
        """An alarm became durable."""
        self._soonest_ms = min(self._soonest_ms, due_ms)
        if due_ms < self._look_ms:
            self._changed.set()

    async def _round(self) -> float:
        """Wakes what is due, as far as there is room; returns the seconds until there may be more to do."""
        room = self._at_once - len(self._under_way)
        if room <= 0:
            return _LOOK_EVERY_S  # the end of any of them comes first
        if self._refusal() is not None:
            return _BACKOFF_FIRST_S  # they stay in the ledger, which must not grow now
        now_ms = self._clock.wall_ms()
        found = await self._registry.ledger.read(
            catalog.agenda, now_ms - _OVERDUE_MS, now_ms, room, frozenset(self._under_way)
        )
        wait_s = _LOOK_EVERY_S
        if found.next_ms is not None:
            wait_s = min(wait_s, max(0.0, (found.next_ms - self._clock.wall_ms()) / 1000))
        for alarm in found.due:
            if not self._wake(alarm, now_ms):
                wait_s = min(wait_s, _BACKOFF_FIRST_S)
        if found.overdue and len(self._under_way) < self._at_once:
            wait_s = min(wait_s, self._catch_up(found.overdue[0], now_ms))
        return wait_s

    def _catch_up(self, alarm: Alarm, now_ms: int) -> float:
        """Wakes an overdue one when it is time for one; returns the seconds until the next may follow."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._overdue_from_s:
            self._overdue_from_s = max(self._overdue_from_s, now_s - self._overdue_every_s) + self._overdue_every_s
            self._wake(alarm, now_ms)
        return max(0.0, self._overdue_from_s - now_s)

    # -- waking --------------------------------------------------------------------------------------------------------

    def _wake(self, alarm: Alarm, now_ms: int) -> bool:
        """Puts the alarm into its session's mailbox, unless that is being deleted: then the alarm goes with it."""
        slot = self._registry.admit(alarm.entry)
        if slot.deleting or self._registry.stopping:
            return False
        self._under_way.add(slot.inner_id)
        self._registry.observer.alarm_late((now_ms - alarm.due_ms) / 1000)
        slot.box().append(Wakeup(alarm.set_seq, lambda error: self._over(alarm, error)))
        self._schedule(slot)
        return True

    def _over(self, alarm: Alarm, error: Exception | None) -> None:
        session = alarm.entry.inner_id
        if error is None or isinstance(error, NotFound) or self._registry.stopping:
            self._under_way.discard(session)
            self._changed.set()
            return
        attempt = alarm.attempt + 1
        log.warning("the alarm of session %s failed (attempt %d): %s", session, attempt, error)
        self._registry.observer.alarm_failed()
        # Sessions that failed together come back apart: the session's number stands in for chance.
        spread = 1.0 + (session * 0.618034) % 1.0
        wait_s = min(_BACKOFF_FIRST_S * 2.0 ** min(attempt - 1, 20) * spread, _BACKOFF_MAX_S)
        due_ms = self._clock.wall_ms() + int(wait_s * 1000)
        self._registry.spawn(self._move(session, alarm.set_seq, due_ms, attempt))

    async def _move(self, session: int, set_seq: int, due_ms: int | None, attempt: int) -> None:
        """Another moment for an alarm without effect; until that is durable the session is not woken again."""
        try:
            await self._gate.commit([catalog.move_alarm(session, set_seq, due_ms, attempt)])
        except Exception as error:  # noqa: BLE001 - whatever it is: else the session is woken again at once
            log.warning("the alarm of session %s stays as it was: %r", session, error)
            await asyncio.sleep(_BACKOFF_FIRST_S)
        finally:
            self._under_way.discard(session)
            self._changed.set()

    # -- taking --------------------------------------------------------------------------------------------------------

    def take(self, slot: Slot, actor: Actor, letter: Wakeup) -> None:
        """An awake, settled session's alarm: dropped when another row set it since."""
        try:
            if faultpoints.ARMED:
                faultpoints.passing("alarm", OSError)
            stale = letter.set_seq != actor.seq
            if not stale and not letter.worded and self._word(slot, actor, letter):
                return
            taken = None if stale else actor.take_alarm(self._clock.wall_ms(), _WakeupAsker(letter), letter.message)
        except WireError as error:
            letter.over(error)
        except Exception:
            log.exception("an alarm failed; its session goes on as it was")
            letter.over(Internal())
        else:
            if isinstance(taken, Pending):
                self._gate.put(taken)
            else:
                due_ms = None if taken is None else max(taken, self._clock.wall_ms() + 1)
                self._registry.spawn(self._move(slot.inner_id, letter.set_seq, due_ms, 0))

    def _word(self, slot: Slot, actor: Actor, letter: Wakeup) -> bool:
        """Whether a writer words what the character will say; then the letter comes back with it."""
        wanted = None if self._writer is None else actor.wanted(self._clock.wall_ms())
        if wanted is None or self._writer is None:
            return False
        urge, state = wanted
        try:
            message = self._writer.write(actor.params, state, urge)
        except Exception:
            log.exception("the writer failed; the engine's own words are taken")
            return False
        if message is None:
            return False
        self._registry.spawn(self._worded(slot, letter, message))
        return True

    async def _worded(self, slot: Slot, letter: Wakeup, message: Awaitable[str]) -> None:
        """Waits for the writer; the session goes on meanwhile, and may even sleep again."""
        letter.worded = True
        try:
            async with asyncio.timeout(self._registry.settings.appraiser_deadline_s):
                letter.message = (await message) or None
        except asyncio.CancelledError:
            letter.over(shutting_down())
            raise
        except Exception as error:  # noqa: BLE001 - a writer may fail in any way
            log.warning("the writer did not answer (%r); the engine's own words are taken", error)
        slot = self._registry.by_inner.get(slot.inner_id, slot)  # another may have been made since
        if slot.deleting:
            letter.over(None)
            return
        slot.box().append(letter)
        self._schedule(slot)


class _WakeupAsker:
    """Nobody asked but the alarm."""

    __slots__ = ("_letter", "attachment")

    def __init__(self, letter: Wakeup) -> None:
        self._letter = letter
        self.attachment: Attachment | None = None

    def answered(self, answer: Answer, *, duplicate: bool) -> None:  # noqa: ARG002 - the action is pushed to all
        self._letter.over(None)

    def refused(self, error: WireError) -> None:
        self._letter.over(error)
