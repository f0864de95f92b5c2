"""Rows and catalog entries made by hand, for tests of the storage floor; and a ledger to put them in."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

from molroo_actor import ids
from molroo_actor.storage import catalog
from molroo_actor.storage.fold import Folding
from molroo_actor.storage.ledger import Ledger
from molroo_actor.storage.node_db import connect
from molroo_actor.storage.rows import CatalogEntry, Row
from tests.kit.clock import START_MS, FakeClock
from tests.kit.node import tiny


def a_row(session: int, seq: int, *, msg_id: str | None = None, **changed: Any) -> Row:
    """A row as a turn would make it; its blobs tell the session and the seq."""
    row = Row(
        session,
        seq,
        START_MS + seq * 1000,
        "turn",
        msg_id,
        None if msg_id is None else ids.id_digest(msg_id),
        None if msg_id is None else b"h" * 16,
        b"input %d" % seq,
        b"appraisal %d" % seq,
        b"emotion %d" % seq,
        "joy",
        b"state %d of %d" % (seq, session),
    )
    return row._replace(**changed)


def rows_of(session: int, first: int, last: int) -> list[Row]:
    """Rows `first` to `last`, each with an id of its own."""
    return [a_row(session, seq, msg_id=f"m{seq}") for seq in range(first, last + 1)]


def an_entry(inner_id: int, session_id: str | None = None) -> CatalogEntry:
    """A session's entry without a file."""
    name = session_id or f"session-{inner_id}"
    return CatalogEntry(
        inner_id, "acme", False, name, "epoch", "Mira", START_MS, START_MS, 1.0, None, False, b"persona", b"origin"
    )


class Store:
    """A ledger with a folding beside it; `append` is the journal's with the rules of a caller kept."""

    def __init__(self, data: Path, **changed: Any) -> None:
        self.settings = tiny(data, **changed)
        self.clock = FakeClock()
        self.ledger = Ledger(self.settings)
        self.journal = self.ledger.journal
        self.folding: Folding

    async def open(self) -> None:
        await self.ledger.open()
        self.folding = Folding(
            self.ledger.folder, self.ledger.node, self.journal, self.settings, self.clock, self.ledger.commit
        )

    async def close(self) -> None:
        self.folding.stop()
        await self.folding.close()
        await self.ledger.close()

    async def add(self, *inner_ids: int) -> None:
        """Sessions that have no row yet, awake as far as the journal knows."""
        await self.ledger.commit([catalog.add(an_entry(inner_id), None) for inner_id in inner_ids])
        for inner_id in inner_ids:
            self.journal.watch(inner_id, 0)

    async def append(self, rows: Iterable[Row]) -> None:
        """Rows that must all become durable."""
        assert await self.journal.append(list(rows), []) == {}

    async def fold(self, *sessions: int) -> None:
        """One round over these sessions, or over all that the journal holds."""
        await self.folding._round(sessions or tuple(self.journal.tails))

    def path(self, session: int) -> Path:
        return self.ledger.folder.session_file(session)

    def query(self, path: Path, statement: str) -> list[Any]:
        """What a file says to somebody with sqlite3."""
        with contextlib.closing(connect(path, "rw")) as sql:
            return sql.execute(statement).fetchall()

    def turns(self, session: int) -> list[int]:
        """The seqs in a session's file."""
        return [seq for (seq,) in self.query(self.path(session), "SELECT seq FROM turn ORDER BY seq")]

    def states(self, session: int) -> list[int]:
        """The seqs whose state a session's file keeps."""
        return [seq for (seq,) in self.query(self.path(session), "SELECT seq FROM state ORDER BY seq")]

    def in_journal(self) -> list[tuple[int, int, int]]:
        """(rowid, session, seq) of all rows of the ledger's journal, folded ones too."""
        return self.query(self.ledger.folder.node_db, "SELECT rowid, session, seq FROM journal ORDER BY rowid")

    def alarms(self) -> list[tuple[int, int, int, int]]:
        """(session, due_ms, set_seq, attempt) of all alarms."""
        return self.query(
            self.ledger.folder.node_db, "SELECT session, due_ms, set_seq, attempt FROM alarm ORDER BY due_ms"
        )

    def folded_seq(self, session: int) -> int | None:
        """What the catalog says."""
        found: list[tuple[int | None]] = self.query(
            self.ledger.folder.node_db, f"SELECT folded_seq FROM session WHERE inner_id = {session}"
        )
        return found[0][0]

    def execute(self, path: Path, statement: str, *values: object) -> None:
        """What somebody with sqlite3 may do to a file."""
        with contextlib.closing(connect(path, "rw")) as sql:
            sql.execute(statement, values)


@contextlib.asynccontextmanager
async def store(data: Path, **changed: Any) -> AsyncIterator[Store]:
    """A store for the length of an `async with` block; on an old folder it is what a restart finds."""
    made = Store(data, **changed)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


def holder(path: Path) -> sqlite3.Connection:
    """Somebody else's sqlite3 in the middle of writing this file; close it to let go."""
    sql = connect(path, "rw")
    sql.execute("BEGIN EXCLUSIVE")
    return sql
