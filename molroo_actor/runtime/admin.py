"""What an operator may ask of a node, and the socket through which a live one is asked.

The same `Admin` answers without a server too: then the command line has opened the ledger itself.
One request a line, one JSON object an answer line; the last has `result` or `error`, those before it are progress.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from molroo_actor.clock import Clock
from molroo_actor.errors import MolrooError, NotFound
from molroo_actor.protocol.answers import SessionItem
from molroo_actor.protocol.views import iso
from molroo_actor.runtime.keyring import Keyring
from molroo_actor.storage import catalog, hooks, hooks_report
from molroo_actor.storage.fold import Folding
from molroo_actor.storage.layout import DataFolder
from molroo_actor.storage.ledger import Ledger
from molroo_actor.storage.rows import CatalogEntry, Change, Key
from molroo_actor.storage.session_file import check_file

log = logging.getLogger(__name__)

_PAGE: Final = 500
_NAMED: Final = 20
"""Findings of one kind that doctor names."""
_ALARM_FAILS: Final = 5
"""Attempts after which an alarm is a finding: half a minute."""
_LINE_BYTES_MAX: Final = 65_536
_HOLD_S: Final = 0.5
"""How long rows are kept at most for a backup that is gone."""
Lines = AsyncGenerator[dict[str, Any], None]


class Request(msgspec.Struct, frozen=True):
    """One question. What a command does not use is ignored."""

    command: str
    tenant: str = "default"
    live: bool = False
    key: int = 0
    session: str = ""
    delivery: str = ""
    dead: bool = False
    limit: int = 0
    hold: int = 0


class Admin:
    """Answers questions about one node."""

    def __init__(
        self,
        ledger: Ledger,
        keyring: Keyring,
        item: Callable[[CatalogEntry], SessionItem],
        damaged: Mapping[int, str],
        clock: Clock,
        commit: Callable[[Sequence[Change]], Awaitable[None]],
        folding: Folding | None,
        queued: Callable[[], None] = lambda: None,
    ) -> None:
        """folding: None where nothing folds, without a server. queued: called when a delivery became due."""
        self._ledger = ledger
        self._keyring = keyring
        self._item = item
        self._damaged = damaged
        self._clock = clock
        self._commit = commit
        self._folding = folding
        self._queued = queued

    async def run(self, request: Request) -> Lines:
        """Answer lines; the last has `result` or `error`. Close it to give up."""
        try:
            match request.command:
                case "doctor" | "backup.hold":
                    long = self._doctor() if request.command == "doctor" else self._hold()
                    async with contextlib.aclosing(long) as lines:
                        async for line in lines:
                            yield line
                case _:
                    yield {"result": await self._answer(request)}
        except MolrooError as error:
            yield {"error": str(error)}

    async def _answer(self, request: Request) -> Any:
        match request.command:
            case "keys.create":
                text, key = await self._keyring.create(request.tenant, live=request.live)
                return {"key": text, **_key(key)}
            case "keys.list":
                return [_key(key) for key in self._keyring.keys]
            case "keys.revoke":
                return _key(await self._keyring.revoke(request.key))
            case "sessions.list":
                return await self._sessions(request.limit or _PAGE)
            case "sessions.show":
                return await self._show(request.session)
            case "webhooks.list":
                return await self._webhooks(request.session or None, request.limit or _PAGE)
            case "deliveries.list":
                return await self._deliveries(request.dead, request.limit or _PAGE)
            case "deliveries.retry":
                return await self._retry(request.delivery)
            case "backup.held":
                return self._folding is not None and self._folding.keeps_rows(request.hold)
            case "backup.release":
                if self._folding is not None:
                    self._folding.let_rows_go(request.hold)
                return True
            case other:
                raise NotFound(f"no command {other}")

    # -- sessions ------------------------------------------------------------------------------------------------------

    async def _sessions(self, limit: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = 0
        while len(found) < limit:
            entries = await self._ledger.read(catalog.after, after, min(_PAGE, limit - len(found)))
            if not entries:
                break
            found.extend(self._summary(entry) for entry in entries if not entry.deleting)
            after = entries[-1].inner_id
        return found

    def _summary(self, entry: CatalogEntry) -> dict[str, Any]:
        item = self._item(entry)
        return {
            "id": entry.id,
            "tenant": entry.tenant,
            "kind": _kind(entry.live),
            "name": entry.name,
            "created": iso(entry.created_ms),
            "last_active": iso(item.lastActive),
            "status": item.status,
        }

    async def _show(self, session_id: str) -> list[dict[str, Any]]:
        shown = []
        for entry in await self._ledger.read(catalog.named, session_id):
            path = self._ledger.folder.session_file(entry.inner_id)
            tail = self._ledger.journal.tails.get(entry.inner_id)
            shown.append(
                self._summary(entry)
                | {
                    "epoch": entry.epoch,
                    "seq": tail.last_seq if tail is not None else entry.folded_seq or 0,
                    "folded_seq": entry.folded_seq,
                    "journal_rows": len(tail.rowids) if tail is not None else 0,
                    "file": str(path) if entry.folded_seq is not None else None,
                    "file_bytes": path.stat().st_size if path.exists() else 0,
                    "damaged": self._damaged.get(entry.inner_id),
                }
            )
        return shown

    # -- webhooks ------------------------------------------------------------------------------------------------------

    async def _webhooks(self, session_id: str | None, limit: int) -> list[dict[str, Any]]:
        return [
            {
                "id": hook.id,
                "session": hook.session,
                "tenant": hook.tenant,
                "kind": _kind(hook.live),
                "url": _shown(hook.url),
                "events": hook.events.split(","),
                "created": iso(hook.created_ms),
            }
            for hook in await self._ledger.read(hooks_report.webhooks, session_id, limit)
        ]

    async def _deliveries(self, dead: bool, limit: int) -> list[dict[str, Any]]:
        return [
            {
                "id": each.id,
                "session": each.session,
                "tenant": each.tenant,
                "kind": _kind(each.live),
                "event": each.type,
                "url": _shown(each.url),
                "happened": iso(each.at_ms),
                "attempts": each.attempt,
                "next": iso(each.due_ms) if each.dead_ms is None else None,
                "given_up": None if each.dead_ms is None else iso(each.dead_ms),
                "error": each.error,
            }
            for each in await self._ledger.read(hooks_report.deliveries, dead, limit)
        ]

    async def _retry(self, delivery_id: str) -> dict[str, Any]:
        change, verdict = hooks.revive(delivery_id, self._clock.wall_ms())
        await self._commit([change])
        verdict.check()
        self._queued()
        return {"id": delivery_id}

    # -- backup --------------------------------------------------------------------------------------------------------

    async def _hold(self) -> Lines:
        """Keeps folded rows in the journal until `backup.release`, at most as long as somebody stays on the line: it
        says so again and again, which is how a broken line is noticed.
        """
        folding = self._folding
        if folding is None:
            raise NotFound("nothing folds here")
        hold = folding.keep_rows()
        try:
            while folding.keeps_rows(hold):
                yield {"progress": "folded rows are kept", "hold": hold}
                await asyncio.sleep(_HOLD_S)
        finally:
            folding.let_rows_go(hold)

    # -- doctor --------------------------------------------------------------------------------------------------------

    async def _doctor(self) -> Lines:
        """Reads the ledger and every session file."""
        findings: list[str] = []
        verdict = await self._ledger.read(_quick_check)
        if verdict is not None:
            findings.append(f"node.db: {verdict}")
        checked = after = 0
        while True:
            entries = await self._ledger.read(catalog.after, after, _PAGE)
            if not entries:
                break
            after = entries[-1].inner_id
            for entry in entries:
                checked += 1
                wrong = await self._check(entry)
                if wrong is not None:
                    findings.append(f"{whose(entry.id, entry.tenant, entry.live)}: {wrong}")
            yield {"progress": f"{checked:,} sessions checked, {len(findings)} findings"}
        findings.extend(await self._failing())
        free = self._ledger.folder.free_bytes()
        journal = self._ledger.journal
        yield {
            "result": {
                "sessions": checked,
                "findings": findings,
                "journal_bytes": journal.size,
                "journal_sessions": len(journal.tails),
                "free_bytes": free,
            }
        }

    async def _failing(self) -> list[str]:
        """What goes wrong again and again: alarms, and receivers that do not take their deliveries."""
        findings = []
        for name, tenant, live, attempts, due_ms in await self._ledger.read(
            catalog.failing_alarms, _ALARM_FAILS, _NAMED
        ):
            session = whose(name, tenant, live)
            findings.append(f"{session}: its alarm failed {attempts} times and is tried again at {iso(due_ms)}")
        for dead in await self._ledger.read(hooks_report.deaths, _NAMED):
            session = whose(dead.session, dead.tenant, dead.live)
            findings.append(
                f"{session}: deliveries to {_shown(dead.url)} that were given up: {dead.count:,}, the last because"
                f" {dead.error}; `molroo-actor deliveries list --dead` shows them"
            )
        return findings

    async def _check(self, entry: CatalogEntry) -> str | None:
        path = self._ledger.folder.session_file(entry.inner_id)
        if entry.deleting:
            return "its deletion was not finished; the next start does"
        if entry.inner_id in self._damaged:
            return f"{path}: {self._damaged[entry.inner_id]}; put the file back from a backup, or delete the session"
        if entry.folded_seq is None:
            return None  # no file yet: a fold that was cut short is taken up again
        wrong = await asyncio.to_thread(check_file, path, entry.folded_seq)
        return None if wrong is None else f"{path}: {wrong}; put the file back from a backup, or delete the session"


def _quick_check(sql: Any) -> str | None:
    (verdict,) = sql.execute("PRAGMA quick_check(1)").fetchone()
    return None if verdict == "ok" else str(verdict)


def _kind(live: bool) -> str:
    return "live" if live else "test"


def whose(session_id: str, tenant: str, live: bool) -> str:
    """A session in words, for the operator."""
    return f"session {session_id} of {tenant} ({_kind(live)})"


def _shown(url: str) -> str:
    """Without what may be a token."""
    return url.partition("?")[0].partition("#")[0]


def _key(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "tenant": key.tenant,
        "kind": _kind(key.live),
        "created": iso(key.created_ms),
        "revoked": None if key.revoked_ms is None else iso(key.revoked_ms),
    }


class AdminServer:
    """admin.sock: for the user who runs the server, by the folder's and the socket's permissions."""

    def __init__(self, admin: Admin, folder: DataFolder) -> None:
        self._admin = admin
        self._folder = folder
        self._decoder = msgspec.json.Decoder(Request)
        self._server: asyncio.Server | None = None
        self._answering: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Begins to answer. A socket left by a killed process is replaced: the folder's lock is ours."""
        self._folder.admin_socket.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            with self._folder.short_socket_path() as path:
                self._server = await asyncio.start_unix_server(self._serve, path, limit=_LINE_BYTES_MAX)
        finally:
            os.umask(before)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        try:
            request = self._decoder.decode(await reader.readline())
            async with contextlib.aclosing(self._admin.run(request)) as lines:  # who hangs up gives up
                async for line in lines:
                    writer.write(msgspec.json.encode(line) + b"\n")
                    await writer.drain()
        except (msgspec.DecodeError, ValueError, ConnectionError) as error:
            log.warning("an admin request could not be read: %s", error)
        except Exception:
            log.exception("an admin request failed")
        finally:
            self._answering.discard(task)
            writer.close()

    async def close(self) -> None:
        """Ends it and what is under way, and takes the socket away; idempotent."""
        if self._server is not None:
            self._server.close()
            for task in self._answering:
                task.cancel()
            await asyncio.gather(*self._answering, return_exceptions=True)
            self._folder.admin_socket.unlink(missing_ok=True)
            self._server = None
