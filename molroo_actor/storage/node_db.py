"""The ledger's connections: one writer on a thread of its own, one for checkpoints, and who may read.

Only the writer writes. Every read elsewhere is LIMIT plus fetchall: one cursor left open holds the log for ever.
What is written is decided in journal.py and catalog.py.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, Literal, ParamSpec, TypeVar, cast

import aiosqlite

from molroo_actor.errors import Damaged, StorageError, Unavailable
from molroo_actor.storage import schema
from molroo_actor.storage.layout import DataFolder

P = ParamSpec("P")
T = TypeVar("T")

FAST_DELETE: Final = "PRAGMA secure_delete = FAST"
"""Some builds of SQLite write zeros over whatever is deleted, also over pages that are only given back: a row that is
trimmed or too old would be written once more, through the log too. What costs nothing is still wiped.
"""
_BUSY_MS = 250
"""How long the writer waits for somebody else's lock: nobody else should have one, and a turn may wait on the loop."""


def connect(
    path: Path, mode: Literal["ro", "rw", "rwc"], *, any_thread: bool = False, busy_s: float = 5.0
) -> sqlite3.Connection:
    """A plain connection in autocommit mode. Raises sqlite3.Error, also when `rw` finds no file."""
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=busy_s,
        check_same_thread=not any_thread,
    )


class ThreadedConnection(aiosqlite.Connection):
    """An aiosqlite connection that runs a whole function in its thread: one hop for a transaction instead of one a
    statement.

    With a hop a statement, an error between two statements could not stop the second.
    """

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return cast(T, await self._execute(partial(function, *args, **kwargs)))  # type: ignore[no-untyped-call]


class NodeDb:
    """node.db, open. `open` before anything else, `close` last; both once."""

    def __init__(self, folder: DataFolder, synchronous: Literal["FULL", "OFF"]) -> None:
        self._folder = folder
        self._synchronous = synchronous
        self.writer: ThreadedConnection
        self.checkpointer: ThreadedConnection
        self.sql: sqlite3.Connection
        self._checkpoint_sql: sqlite3.Connection
        self.tending_log = False
        """Whether the writer's connection is busy with its log for a while."""

    async def open(self) -> None:
        """Opens and migrates. Raises Damaged with the way to repair, NewerFormat, OSError."""
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            raise self.unreadable(error) from error
        self.writer = ThreadedConnection(self._connect_writer, 64)
        _ = await self.writer
        self.checkpointer = ThreadedConnection(self._connect_checkpointer, 64)
        _ = await self.checkpointer

    def _prepare(self) -> None:
        """Everything that may find the file unreadable, before any connection has a thread that must be ended."""
        self._refuse_lost()
        connection = connect(self._folder.node_db, "rwc")
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            schema.migrate(connection, schema.NODE_MIGRATIONS, "node.db")
        finally:
            connection.close()

    def _refuse_lost(self) -> None:
        """A ledger is begun in a folder that has none, never in the place of one that is gone: SQLite would take an
        empty file for a new one and throw its log away. Raises Damaged.
        """
        path = self._folder.node_db
        if path.exists() and path.stat().st_size > 0:
            return
        if self.wal_bytes == 0 and not any(self._folder.sessions.glob("*/*.db")):
            return
        raise Damaged(
            f"{path} is {'empty' if path.exists() else 'gone'}, and sessions are beside it; put back a backup of the"
            " data folder, or move what is left away to begin anew"
        )

    def unreadable(self, error: BaseException | None) -> StorageError:
        """What an operator is told of a ledger that cannot be read: how to repair it, unless it is not damaged."""
        path = self._folder.node_db
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}:
            return Unavailable(f"{path} cannot be opened now: {error}")
        return Damaged(
            f"{path} cannot be read ({error}); put back a backup of the data folder, or rescue what is left with"
            f" `sqlite3 {path} .recover | sqlite3 {path}.new`"
        )

    def _connect_writer(self) -> sqlite3.Connection:
        connection = connect(self._folder.node_db, "rw", any_thread=True)
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}").fetchall()
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        connection.execute("PRAGMA cache_size = -2048")
        connection.execute(FAST_DELETE).fetchall()
        self.sql = connection
        return connection

    def _connect_checkpointer(self) -> sqlite3.Connection:
        connection = connect(self._folder.node_db, "rw", any_thread=True)
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        self._checkpoint_sql = connection
        return connection

    def reader(self, busy_s: float = 5.0) -> sqlite3.Connection:
        """A read connection for the thread that asks, which waits busy_s for a lock; the caller closes it."""
        connection = connect(self._folder.node_db, "rw", any_thread=True, busy_s=busy_s)
        connection.execute("PRAGMA query_only = 1")
        connection.execute("PRAGMA cache_size = -512")  # single rows by key; the system's own cache is behind it
        return connection

    @property
    def wal_bytes(self) -> int:
        """Size of the write-ahead log on disk."""
        try:
            return (self._folder.root / "node.db-wal").stat().st_size
        except FileNotFoundError:
            return 0

    async def checkpoint(self) -> None:
        """Moves what it can from the log into the database without holding anybody up."""
        await self.checkpointer.run(_checkpoint, self._checkpoint_sql, "PASSIVE")

    async def restart_log(self) -> None:
        """Lets the next commit begin at the front of the log, whose file stays as long as it is. Soon after
        `checkpoint` little is left to move. Nothing happens while a reader is in it.

        A commit over bytes that are there already is durable in half the time of one that makes the file longer,
        because the file system need not note the new length: measured .13 ms against .25 for 4 KiB.
        """
        await self._tend_log("RESTART")

    async def truncate_log(self) -> None:
        """As `restart_log`, and its file goes down to nothing."""
        await self._tend_log("TRUNCATE")

    async def _tend_log(self, mode: Literal["RESTART", "TRUNCATE"]) -> None:
        """From the writer's own thread, so that no commit is under way."""
        self.tending_log = True
        try:
            await self.writer.run(_checkpoint, self.sql, mode)
        finally:
            self.tending_log = False

    async def close(self) -> None:
        """Closes both connections and their threads; the process would not exit otherwise."""
        await self.checkpointer.close()
        await self.writer.close()


def _checkpoint(connection: sqlite3.Connection, mode: str) -> None:
    connection.execute(
        "PRAGMA busy_timeout = 0"
    ).fetchall()  # a busy reader is a reason to come back later, not to wait
    try:
        connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}").fetchall()
