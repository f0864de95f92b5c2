"""A data folder, open: its lock, node.db, the journal and the readers, in the order in which they depend on each other.

A server and a command that finds no server open the same thing. Deciding what to write is not done here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from molroo_actor import faultpoints
from molroo_actor.errors import Unavailable
from molroo_actor.settings import Settings
from molroo_actor.storage import catalog, hooks, journal
from molroo_actor.storage.layout import DataFolder, fsync_folder
from molroo_actor.storage.node_db import NodeDb
from molroo_actor.storage.readers import Readers
from molroo_actor.storage.rows import Change, Key

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class Ledger:
    """Everything on disk. `open`, then the parts, then `close`."""

    def __init__(self, settings: Settings) -> None:
        self.folder = DataFolder(settings.data)
        self.node = NodeDb(self.folder, settings.synchronous)
        self.journal = journal.Journal(self.node, self.folder.give_up_ballast)
        self.readers = Readers(self.node, settings.readers)
        self._ballast_bytes = settings.ballast_bytes
        self.sessions = 0
        self.next_inner_id = 1
        self.keys: list[Key] = []
        self.hooked: set[int] = set()
        """Sessions that have a webhook."""

    async def open(self) -> None:
        """Takes the folder and reads what must be known at once. Raises DataInUse, Damaged, NewerFormat, OSError."""
        self.folder.make()
        self.folder.lock()
        try:
            self.folder.keep_ballast(self._ballast_bytes)
            await self.node.open()
        except BaseException:
            self.folder.unlock()
            raise
        try:
            await self.journal.open()
            self.sessions, highest = await self.readers.run(catalog.counts)
            self.next_inner_id = highest + 1
            self.keys = await self.readers.run(catalog.keys)
            self.hooked = set(await self.readers.run(hooks.hooked))
            for inner_id in await self.readers.run(catalog.deleting):
                await self.finish_delete(inner_id)
                await self.commit([catalog.end_delete(inner_id)])
        except (sqlite3.DatabaseError, Unavailable) as error:
            await self.close()
            raise self.node.unreadable(error.__cause__ if isinstance(error, Unavailable) else error) from error
        except BaseException:
            await self.close()
            raise

    async def begin_history(self) -> None:
        """Call it before sessions are served. A restored backup gets new epochs, at its first start only."""
        if await self.readers.run(catalog.is_restored):
            log.info("this folder is a backup that nobody started on before: its sessions get new epochs")
            await self.commit([catalog.renew_epochs()])

    async def commit(self, changes: Sequence[Change]) -> None:
        """Makes changes durable when no output gate runs (start-up, commands without a server). Raises what broke
        them.
        """
        failed = await self.journal.append([], changes)
        for error in failed.values():
            raise error

    async def read(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs a reading function in a thread, with a ledger connection as its first argument."""
        return await self.readers.run(function, *args, **kwargs)

    def read_at_once(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `read`, but here and now: see Readers.at_once."""
        return self.readers.at_once(function, *args, **kwargs)

    async def finish_delete(self, inner_id: int) -> None:
        """Unlinks a session's file, durably; idempotent."""
        await asyncio.to_thread(_unlink, self.folder.session_file(inner_id))

    async def close(self) -> None:
        """Undoes `open`; idempotent after it."""
        self.readers.close()
        await self.node.close()
        self.folder.unlock()


def _unlink(path: Path) -> None:
    if faultpoints.ARMED:
        faultpoints.passing("delete", OSError)
    for name in (path, path.with_name(path.name + "-journal")):
        with contextlib.suppress(FileNotFoundError):
            name.unlink()
    fsync_folder(path.parent)
