"""Making, deleting and listing sessions: what changes or reads the catalog rather than one actor."""

from __future__ import annotations

import asyncio
import logging

from molroo_actor import ids
from molroo_actor.engine import derive, initial_state
from molroo_actor.errors import Conflict, NotFound, StorageError
from molroo_actor.protocol.answers import SessionItem, SessionPage, Status
from molroo_actor.protocol.personas import CreateCommand
from molroo_actor.protocol.record import Record, encode_persona, encode_record
from molroo_actor.protocol.rest import cursor_of
from molroo_actor.runtime.connection import Parting
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.mailbox import Deletion
from molroo_actor.runtime.registry import shutting_down
from molroo_actor.runtime.slot import Slot
from molroo_actor.storage import catalog
from molroo_actor.storage.fold import Folding
from molroo_actor.storage.rows import CatalogEntry

log = logging.getLogger(__name__)

_PURGE_EVERY_S = 600.0


class Sessions:
    """The catalog's side of a host."""

    def __init__(self, host: Host, folding: Folding) -> None:
        self._host = host
        self._registry = host.registry
        self._folding = folding
        self._ledger = host.ledger
        self.count = host.ledger.sessions
        self._creating: dict[tuple[str, bool, str], asyncio.Future[CatalogEntry]] = {}
        self._purged_s = host.clock.monotonic_s()
        host.residency.ticks.append(self._tick)

    # -- making --------------------------------------------------------------------------------------------------------

    async def create(
        self, tenant: str, live: bool, command: CreateCommand, key: str | None
    ) -> tuple[CatalogEntry, bool]:
        """A new session, durable, or the one that this Idempotency-Key made before (and True). Raises Conflict,
        Overloaded.
        """
        if key is None:
            return await self._create(tenant, live, command, None), False
        name = (tenant, live, key)
        while name in self._creating:
            await asyncio.wait((self._creating[name],))
        made = await self._made_before(name, command)
        if made is not None:
            return made, True
        if name in self._creating:  # somebody began while the catalog was read
            return await self.create(tenant, live, command, key)
        creation = catalog.CreationKey(key, command.body_hash)
        task = asyncio.ensure_future(self._create(tenant, live, command, creation))
        self._creating[name] = task
        task.add_done_callback(lambda _: self._creating.pop(name))
        return await asyncio.shield(task), False  # a client that goes away stops nothing: its repeat finds the session

    async def _made_before(self, name: tuple[str, bool, str], command: CreateCommand) -> CatalogEntry | None:
        found = await self._ledger.read(catalog.creation, *name)
        if found is None:
            return None
        body_hash, entry = found
        if body_hash != command.body_hash:
            raise Conflict("this Idempotency-Key was used for another body; take a new one")
        if entry is None:
            raise Conflict("the session that this Idempotency-Key made was deleted since; take a new key")
        return entry

    async def _create(
        self, tenant: str, live: bool, command: CreateCommand, key: catalog.CreationKey | None
    ) -> CatalogEntry:
        if self._registry.stopping:
            raise shutting_down()
        refusal = self._host.disk_refusal()
        if refusal is not None:
            raise refusal
        # The commit would refuse a taken id too, but at the cost of everybody who shares it.
        wanted = command.session_id
        if wanted is not None and await self._ledger.read(catalog.find, tenant, live, wanted) is not None:
            raise catalog.taken(wanted)
        wall_ms = self._host.clock.wall_ms()
        origin = Record(wall_ms, initial_state(derive(command.persona), 0))
        inner_id = self._ledger.next_inner_id
        self._ledger.next_inner_id += 1
        entry = CatalogEntry(
            inner_id,
            tenant,
            live,
            command.session_id or ids.new_session_id(wall_ms),
            ids.new_epoch(),
            command.persona.identity.name,
            wall_ms,
            wall_ms,
            1.0 if live else self._host.settings.time_scale,
            None,
            False,
            encode_persona(command.persona),
            encode_record(origin),
        )
        await self._host.gate.commit_asked(catalog.add(entry, key))
        self.count += 1
        return entry

    # -- deleting ------------------------------------------------------------------------------------------------------

    async def delete(self, slot: Slot) -> None:
        """Ends a session for good: rows, file, sockets. Turns that were asked for before it are still taken. Raises
        WireError.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if slot.deleting:
            raise NotFound(f"no session {slot.id}")
        slot.box().append(Deletion(done))
        self._host.schedule(slot)
        await done
        # The mailbox came to the deletion: the slot takes nothing new now, and a client that goes away stops nothing.
        await asyncio.shield(asyncio.ensure_future(self._delete(slot)))

    async def _delete(self, slot: Slot) -> None:
        inner_id = slot.inner_id
        await self._folding.exclude(inner_id)
        try:
            rowids = self._ledger.journal.untrimmed(inner_id)
            await self._host.gate.commit_asked(catalog.begin_delete(inner_id, rowids))
        except BaseException:
            slot.deleting = False
            self._registry.unproven.add(slot)
            self._folding.include(inner_id)
            raise
        self.count -= 1
        self._ledger.journal.dropped(inner_id)
        self._ledger.hooked.discard(inner_id)
        self._registry.damaged.pop(inner_id, None)
        self._registry.forget(slot)
        self._registry.refuse_all(slot, NotFound(f"no session {slot.id}"))
        for attachment in slot.attachments:
            attachment.connection.part(Parting.SESSION_GONE)
        try:
            await self._ledger.finish_delete(inner_id)
            await self._host.gate.commit([catalog.end_delete(inner_id)])
        except (OSError, StorageError) as error:
            log.warning("deletion of session %s is finished at the next start: %s", inner_id, error)
        finally:
            self._folding.include(inner_id)

    # -- looking -------------------------------------------------------------------------------------------------------

    async def page(self, tenant: str, live: bool, before: tuple[int, str] | None, limit: int) -> SessionPage:
        """The tenant's sessions, newest first; wakes nothing."""
        entries = await self._ledger.read(catalog.page, tenant, live, before, limit + 1)
        cursor = cursor_of(entries[limit - 1].created_ms, entries[limit - 1].id) if len(entries) > limit else None
        return SessionPage([self.item(entry) for entry in entries[:limit]], cursor)

    async def entry(self, tenant: str, live: bool, session_id: str) -> CatalogEntry:
        """A session's catalog entry; wakes nothing. Raises NotFound."""
        found = None
        if ids.is_session_id(session_id):
            found = await self._ledger.read(catalog.find, tenant, live, session_id)
        if found is None:
            raise NotFound(f"no session {session_id[:64]}")
        return found

    def item(self, entry: CatalogEntry) -> SessionItem:
        """A catalog entry with what memory knows better."""
        slot = self._registry.by_inner.get(entry.inner_id)
        active_ms = entry.last_active_ms
        tail = self._ledger.journal.tails.get(entry.inner_id)
        if tail is not None:
            active_ms = max(active_ms, tail.times_ms[-1])
        return SessionItem(entry.id, entry.name, entry.created_ms, active_ms, self.status(slot))

    def status(self, slot: Slot | None) -> Status:
        """active: a turn is under way or waits; idle: awake otherwise; hibernated: no actor."""
        if slot is None or (slot.actor is None and not slot.mailbox):
            return "hibernated"
        return "idle" if slot.at_rest else "active"

    # -- by time -------------------------------------------------------------------------------------------------------

    def _tick(self, now_s: float) -> None:
        if now_s - self._purged_s >= _PURGE_EVERY_S:
            self._purged_s = now_s
            before_ms = self._host.clock.wall_ms() - round(self._host.settings.creation_keys_kept_s * 1000)
            self._registry.spawn(self._purge(before_ms))

    async def _purge(self, before_ms: int) -> None:
        try:
            await self._host.gate.commit([catalog.forget_creation_keys(before_ms)])
        except StorageError as error:
            log.warning("old creation keys stay until the next round: %s", error)
