"""Which sessions have a slot, and what everything else in the runtime needs to reach: disk, clock, settings, tasks.

No mailbox is drained and no actor made here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine

from molroo_actor import ids
from molroo_actor.clock import Clock
from molroo_actor.errors import Damaged, NewerFormat, NotFound, Overloaded, SessionDamaged, WireError
from molroo_actor.runtime.mailbox import Deletion, Wakeup
from molroo_actor.runtime.observer import Observer
from molroo_actor.runtime.slot import Slot
from molroo_actor.settings import Settings
from molroo_actor.storage import catalog
from molroo_actor.storage.ledger import Ledger
from molroo_actor.storage.rows import CatalogEntry

log = logging.getLogger(__name__)


class Registry:
    """The tables of one host."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Clock, observer: Observer) -> None:
        self.settings = settings
        self.ledger = ledger
        self.clock = clock
        self.observer = observer
        self.by_name: dict[tuple[str, bool, str], Slot] = {}
        self.by_inner: dict[int, Slot] = {}
        self.unproven: set[Slot] = set()
        """Slots that nothing has held on to yet; the sweep forgets them when that stays so."""
        self.damaged: dict[int, str] = {}
        """Sessions that would not wake because of their file, and why."""
        self.stopping = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def find(self, tenant: str, live: bool, session_id: str) -> Slot:
        """The session's slot; made once the catalog knows the id. Raises NotFound.

        Use it before the next await: an unused slot may be forgotten.
        """
        slot = self.by_name.get((tenant, live, session_id))
        if slot is None and ids.is_session_id(session_id):
            entry = await self.ledger.read(catalog.find, tenant, live, session_id)
            slot = self.by_name.get((tenant, live, session_id))
            if entry is not None and slot is None:
                slot = self.admit(entry)
        if slot is None or slot.deleting:
            raise NotFound(f"no session {session_id[:64]}")
        return slot

    def admit(self, entry: CatalogEntry) -> Slot:
        """The slot of a session that the catalog knows; made when there is none."""
        slot = self.by_inner.get(entry.inner_id)
        if slot is None:
            slot = Slot(entry)
            self.by_inner[slot.inner_id] = slot
            self.unproven.add(slot)
        # What was read may be deleted by now, and its name another session's.
        self.by_name.setdefault(slot.name, slot)
        return slot

    def keep(self, slot: Slot) -> bool:
        """Puts a slot back into the tables before it wakes; False when another slot of its session is there."""
        if self.by_inner.setdefault(slot.inner_id, slot) is not slot:
            return False
        self.by_name.setdefault(slot.name, slot)
        return True

    def forget(self, slot: Slot) -> None:
        """Drops a slot; idempotent. Only for one that is forgettable or deleted."""
        if self.by_name.get(slot.name) is slot:
            del self.by_name[slot.name]
        if self.by_inner.get(slot.inner_id) is slot:
            del self.by_inner[slot.inner_id]

    def refuse_all(self, slot: Slot, error: WireError) -> None:
        """Answers every letter in the mailbox with the same refusal; nothing is dropped in silence."""
        letters, slot.mailbox = slot.mailbox or (), None
        for letter in letters:
            if isinstance(letter, Deletion):
                if not letter.done.done():
                    letter.done.set_exception(error)
            elif isinstance(letter, Wakeup):
                letter.over(error)
            else:
                letter.asker.refused(error)
        for future in slot.take_readers():
            if not future.done():
                future.set_exception(error)

    def translate(self, slot: Slot, error: Exception) -> WireError:
        """What a client is told of a failed read; damage is remembered for doctor."""
        if isinstance(error, WireError):
            return error
        if slot.deleting:  # its file went while it was read
            return NotFound(f"no session {slot.id}")
        if isinstance(error, (Damaged, NewerFormat)):
            self.damaged[slot.inner_id] = str(error)
            log.error("session %s is damaged: %s", slot.inner_id, error)
            return SessionDamaged()
        log.warning("session %s cannot be read now: %r", slot.inner_id, error)
        return Overloaded("this session cannot be read now; try again", retry_after_s=1)

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Runs a coroutine that belongs to nobody else; kept until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def cancel_tasks(self) -> None:
        """Ends everything that was spawned."""
        await asyncio.sleep(0)  # a task that is cancelled before it begins answers nobody
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def unreadable() -> Overloaded:
    """What is answered when the ledger itself cannot be read: that is nobody's session and passes, or ends the node."""
    return Overloaded("this cannot be read from disk now; try again", retry_after_s=1, details={"reason": "disk"})


def shutting_down() -> Overloaded:
    """What is answered to everything after SIGTERM."""
    return Overloaded("the server is shutting down; try again", retry_after_s=1, details={"reason": "shutting_down"})
