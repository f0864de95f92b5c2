"""Ways to break what the disk is trusted with, for tests of the checkers: see sabotage.py."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any
from unittest import mock

from molroo_actor.errors import StorageError
from molroo_actor.storage import catalog, fold, journal, ledger, schema
from molroo_actor.storage.fold import Folding
from molroo_actor.storage.journal import Journal
from molroo_actor.storage.node_db import connect
from molroo_actor.storage.rows import Change, Row
from tests.kit.sabotage import replaced


@contextlib.contextmanager
def no_directory_fsync() -> Iterator[None]:
    """Names of created and removed files are left to the system."""
    with (
        mock.patch.object(fold, "fsync_folder"),
        mock.patch.object(ledger, "fsync_folder"),
    ):
        yield


@contextlib.contextmanager
def fold_deletes_first() -> Iterator[None]:
    """The ledger's commit that takes the rows comes before the one of the session's file."""

    async def deleting_first(self: Folding, sessions: Sequence[int]) -> None:
        loop = asyncio.get_running_loop()
        for session in sessions:
            rowids = self._journal.rowids(session)
            rows = await loop.run_in_executor(self._thread, _rows, self, rowids)
            delete = Change(session, lambda sql, gone=rowids: _delete(sql, gone))  # type: ignore[misc]
            try:
                await self._commit([catalog.mark_folded(session, rows[-1].seq, rows[-1].at_ms), delete])
            except StorageError:
                continue
            self._journal.folded(session, rowids[-1])
            await loop.run_in_executor(self._thread, _write, self, session, rows)

    with mock.patch.object(Folding, "_round", deleting_first):
        yield


def _rows(folding: Folding, rowids: Sequence[int]) -> list[Row]:
    marks = ",".join("?" * len(rowids))
    found = folding._connection().execute(
        f"SELECT {schema.ROW_COLUMNS} FROM node.journal WHERE rowid IN ({marks}) ORDER BY rowid", list(rowids)
    )
    return [Row._make(row) for row in found.fetchall()]


def _delete(sql: sqlite3.Connection, rowids: Sequence[int]) -> None:
    sql.executemany("DELETE FROM journal WHERE rowid = ?", [(rowid,) for rowid in rowids])


def _write(folding: Folding, session: int, rows: Sequence[Row]) -> None:
    path = folding._folder.session_file(session)
    with contextlib.closing(connect(path, "rwc")) as sql:
        schema.migrate(sql, schema.SESSION_MIGRATIONS, "the session file")
        sql.execute("BEGIN IMMEDIATE")
        marks = ",".join("?" * len(Row._fields[1:-1]))
        sql.executemany(f"INSERT INTO turn VALUES ({marks})", [row[1:-1] for row in rows])
        sql.executemany("INSERT INTO state VALUES (?, ?)", [(row.seq, row.state_after) for row in rows])
        sql.execute("COMMIT")


@contextlib.contextmanager
def restart_forgets_the_journal() -> Iterator[None]:
    """A start learns nothing of the rows that are not folded yet."""

    async def forgetful(self: Journal) -> None:
        highest, _ = await self._node.writer.run(journal._load, self._node.sql)
        self._next_rowid = highest + 1

    with mock.patch.object(Journal, "open", forgetful):
        yield


def _every_third_missing(write: Any) -> Any:
    def without(sql: sqlite3.Connection, rowid: int, rows: Sequence[Row], changes: Sequence[Change]) -> Any:
        return write(sql, rowid, [row for row in rows if row.seq % 3], changes)

    return without


appends_lose_rows = replaced(journal, "_write", _every_third_missing)
"""An append that returned has not written all of its rows."""
