"""The journal: rows of all sessions that are not folded yet, appended many a commit by the one writer.

Here is the rule that everything stands on: `append` returns when its rows are durable, and what it says of a failure is
certain. Which rows wait and who hears of them is the runtime's affair (output_gate.py); moving rows into session
files is
fold.py's.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain
from typing import Final, NoReturn

import msgspec

from molroo_actor import faultpoints
from molroo_actor.errors import AppendFailed, OutcomeUnknown, StorageError
from molroo_actor.storage import schema
from molroo_actor.storage.at_once import AtOnce
from molroo_actor.storage.node_db import NodeDb
from molroo_actor.storage.rows import Change, Row, row_bytes

_CHUNKS: Final = tuple(1 << power for power in range(9, -1, -1))
"""Rows a statement: powers of two, so that ten prepared statements serve every batch."""
_MARKS: Final = ",?" * len(Row._fields)
_INSERT: Final = {
    rows: f"INSERT INTO journal (rowid, {schema.ROW_COLUMNS}) VALUES "
    + ",".join(f"(?1+{number}{_MARKS})" for number in range(rows))
    for rows in _CHUNKS
}
_AT_ONCE_MAX: Final = 64
"""Rows and changes that are committed on the loop's own thread at most. Of more, making them and writing
them side by side is worth the hand-over: measured no gain at 160 and at 512 sockets.
"""
_AT_ONCE_BYTES_MAX: Final = 262_144
"""In such a commit; a turn is about 1.4 KB."""
_AT_ONCE_S: Final = 0.001
"""One row whose commit takes longer than this was not worth the loop's time."""
_AT_ONCE_PENANCE_MAX: Final = 256
"""Commits that go to the writer's thread after a slow one, at most."""
_PAGE_BYTES: Final = 4096
"""The log takes whole pages: a commit writes the one again that its first row shares with older ones."""
_OF_ONE_SESSION: Final = frozenset(
    (sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_ERROR)
)


class Tail(msgspec.Struct):
    """A session's rows that are in the journal only."""

    rowids: list[int]
    times_ms: list[int]
    """When each was written, by the wall."""
    last_seq: int
    size: int

    @property
    def since_ms(self) -> int:
        """When the oldest was written."""
        return self.times_ms[0]


def is_of_one_session(error: Exception) -> bool:
    """Whether a failed statement is the fault of what it wrote. Everything else is the disk's, and ambiguous."""
    if not isinstance(error, sqlite3.Error):
        return True
    if isinstance(error, (sqlite3.InterfaceError, sqlite3.ProgrammingError)):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _OF_ONE_SESSION


def _is_locked_out(error: sqlite3.Error) -> bool:
    """Whether somebody else holds the ledger: then nothing was written, and no probe could be either."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def is_disk_full(error: BaseException | None) -> bool:
    """Whether space ran out."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL


class Journal:
    """The journal of one node. All methods are for the loop's thread; `append` is never called while another runs."""

    def __init__(self, node: NodeDb, disk_full: Callable[[], None] = lambda: None) -> None:
        """disk_full is called when an append found no space."""
        self._node = node
        self._disk_full = disk_full
        self._next_rowid = 1
        self.at_once = AtOnce(_AT_ONCE_S, _AT_ONCE_PENANCE_MAX)
        """Whether a few rows are committed on the loop's own thread: two hand-overs less, and each waits for the
        interpreter. Measured beside the thread, in lock step: 1.2 times the turns at 16 and at 64 sockets.
        """
        self._doubt: sqlite3.Error | None = None
        """Why the rows of a commit at once may or may not be there."""
        self._last_seq: dict[int, int] = {}
        self.tails: dict[int, Tail] = {}
        """By session, the one with the oldest row first."""
        self._folded_rowids: dict[int, list[int]] = {}
        """Rows that are folded and wait for the next trim."""
        self.size = 0
        """Bytes of all rows in `tails`, about."""
        self.logged = 0
        """What the write-ahead log was given since the start, in bytes, about."""

    async def open(self) -> None:
        """Learns what is not folded yet; cost goes with the journal's size, not with the number of sessions."""
        highest, rows = await self._node.writer.run(_load, self._node.sql)
        self._next_rowid = highest + 1
        for rowid, session, seq, at_ms, size, folded in rows:
            if folded:
                self._folded_rowids.setdefault(session, []).append(rowid)
            else:
                self._note(rowid, session, seq, at_ms, size)

    def _note(self, rowid: int, session: int, seq: int, at_ms: int, size: int) -> None:
        tail = self.tails.get(session)
        if tail is None:
            self.tails[session] = Tail([rowid], [at_ms], seq, size)
        else:
            tail.rowids.append(rowid)
            tail.times_ms.append(at_ms)
            tail.last_seq = seq
            tail.size += size
        self.size += size

    # -- appending ---------------------------------------------------------------------------------------------------

    def watch(self, session: int, last_seq: int) -> None:
        """From now on this session's rows must follow `last_seq`. Call it when the session has been read from disk."""
        self._last_seq[session] = last_seq

    def forget(self, session: int) -> None:
        """Ends `watch`; idempotent."""
        self._last_seq.pop(session, None)

    async def append(self, rows: Sequence[Row], changes: Sequence[Change]) -> dict[int, Exception]:
        """Makes rows and changes durable in one commit; returns the sessions whose part is certainly absent, and why.

        Raises AppendFailed when all of it is certainly absent (disk full, I/O error), OutcomeUnknown when nobody can
        tell; then this process must not go on. Cancelling the caller leaves the outcome unknown as well: do not.
        """
        first = self._next_rowid
        if self._doubt is not None:
            error, self._doubt = self._doubt, None
            await self._failed(first, error)
        failed = self._refuse_gaps(rows)
        if failed:
            rows = [row for row in rows if row.session not in failed]
            changes = [change for change in changes if change.session not in failed]
        try:
            failed |= await self._node.writer.run(_write, self._node.sql, first, rows, changes)
        except sqlite3.Error as error:
            await self._failed(first, error)
        self._noted(rows, changes, failed)
        return failed

    def append_at_once(self, rows: Sequence[Row], changes: Sequence[Change]) -> dict[int, Exception] | None:
        """What `append` does and returns, on the thread that asks, while the disk is quick; None when `append` must
        do it.

        What fails here is in doubt until the next `append`, which must be given the same first: it raises what came
        of it. Never called while an `append` runs.
        """
        parts = len(rows) + len(changes)
        if parts > _AT_ONCE_MAX or self._doubt is not None or self._node.tending_log or not self.at_once.quick:
            return None
        if sum(map(row_bytes, rows)) > _AT_ONCE_BYTES_MAX or self._refuse_gaps(rows):
            return None
        try:
            failed = self.at_once.timed(parts, _write, self._node.sql, self._next_rowid, rows, changes)
        except sqlite3.Error as error:
            self._doubt = error
            return None
        self._noted(rows, changes, failed)
        return failed

    def _noted(self, rows: Sequence[Row], changes: Sequence[Change], failed: Collection[int]) -> None:
        """What is durable now, but for the sessions that failed."""
        self.logged += _PAGE_BYTES * (1 + len(changes))
        for rowid, row in enumerate(rows, start=self._next_rowid):
            if row.session not in failed:
                self._last_seq[row.session] = row.seq
                size = row_bytes(row)
                self.logged += size
                self._note(rowid, row.session, row.seq, row.at_ms, size)
        self._next_rowid += len(rows)

    async def _failed(self, first: int, error: sqlite3.Error) -> NoReturn:
        """Raises what a failed commit comes to: AppendFailed, or OutcomeUnknown."""
        if is_disk_full(error):
            self._disk_full()
        if not _is_locked_out(error):
            await self._probe(first, error)
        raise AppendFailed(str(error)) from error

    def _refuse_gaps(self, rows: Iterable[Row]) -> dict[int, Exception]:
        expected: dict[int, int] = {}
        failed: dict[int, Exception] = {}
        for row in rows:
            last = expected.get(row.session, self._last_seq.get(row.session))
            if last is None or row.seq != last + 1:
                failed.setdefault(
                    row.session, StorageError(f"row {row.seq} of session {row.session} does not follow {last}")
                )
            expected[row.session] = row.seq
        return failed

    async def _probe(self, first_rowid: int, cause: sqlite3.Error) -> None:
        """After a failed commit: a commit that succeeds proves that the failed one's rows are gone."""
        try:
            left = await self._node.writer.run(_probe, self._node.sql, first_rowid)
        except sqlite3.Error as error:
            raise OutcomeUnknown(f"{cause}; then the probe: {error}") from cause
        if left:
            raise OutcomeUnknown(f"{cause}; yet its rows are there") from cause

    def heartbeat(self) -> Change:
        """A change that changes nothing but proves that the disk takes commits."""
        return Change(0, _beat)

    # -- what folding asks and says ------------------------------------------------------------------------------------

    def rowids(self, session: int) -> list[int]:
        """The session's rows in the journal, oldest first; a copy."""
        tail = self.tails.get(session)
        return [] if tail is None else list(tail.rowids)

    def folded(self, session: int, through_rowid: int) -> None:
        """Drops what is in the session's file now. Call it after the commit that says so in the catalog."""
        tail = self.tails.pop(session, None)
        if tail is None:
            return
        self.size -= tail.size
        gone = bisect_right(tail.rowids, through_rowid)
        self._folded_rowids.setdefault(session, []).extend(tail.rowids[:gone])
        left = len(tail.rowids) - gone
        if left:
            share = tail.size * left // len(tail.rowids)
            self.tails[session] = Tail(tail.rowids[gone:], tail.times_ms[gone:], tail.last_seq, share)
            self.size += share

    def dropped(self, session: int) -> None:
        """Forgets a deleted session's rows. Call it after the commit that deleted them."""
        tail = self.tails.pop(session, None)
        if tail is not None:
            self.size -= tail.size
        self._folded_rowids.pop(session, None)
        self.forget(session)

    def untrimmed(self, session: int) -> list[int]:
        """Every row of the session that is in the table, folded or not: what a deletion must take."""
        return [*self._folded_rowids.get(session, ()), *self.rowids(session)]

    def trimmed(self, below_rowid: int, stuck: Collection[int]) -> None:
        """Call it after the commit of `trim`."""
        left: dict[int, list[int]] = {}
        for session, rowids in self._folded_rowids.items():
            kept = rowids if session in stuck else [rowid for rowid in rowids if rowid >= below_rowid]
            if kept:
                left[session] = kept
        self._folded_rowids = left

    def trimmable(self, stuck: Collection[int]) -> int | None:
        """Rows below this one are all folded, but for those of `stuck` sessions; None when there is nothing to trim.

        A session whose fold keeps failing must not hold the rows of all others in the table.
        """
        waiting = [tail.rowids[0] for session, tail in self.tails.items() if session not in stuck]
        below = min(waiting, default=self._next_rowid)
        folded = (rowids[0] < below for session, rowids in self._folded_rowids.items() if session not in stuck)
        return below if any(folded) else None


def trim(below_rowid: int, stuck: Collection[int]) -> Change:
    """Removes journal rows that are folded, as one range: random deletes cost three times the bytes."""

    def apply(sql: sqlite3.Connection) -> None:
        sql.execute(
            "DELETE FROM journal WHERE rowid < ? AND session NOT IN (SELECT value FROM json_each(?))",
            (below_rowid, json.dumps(sorted(stuck))),
        )

    return Change(0, apply)


def _load(sql: sqlite3.Connection) -> tuple[int, list[tuple[int, int, int, int, int, int]]]:
    (highest,) = sql.execute("SELECT ifnull(max(rowid), 0) FROM journal").fetchone()
    rows = sql.execute(
        "SELECT j.rowid, j.session, j.seq, j.at_ms, 160 + length(j.state_after) + ifnull(length(j.input), 0)"
        " + ifnull(length(j.appraisal), 0), j.seq <= ifnull(s.folded_seq, 0)"
        " FROM journal j JOIN session s ON s.inner_id = j.session"
        " ORDER BY j.rowid"
    ).fetchall()
    return highest, rows


def _insert(sql: sqlite3.Connection, rowid: int, rows: Sequence[Row]) -> None:
    start = 0
    for size in _CHUNKS:
        while len(rows) - start >= size:
            sql.execute(_INSERT[size], (rowid + start, *chain.from_iterable(rows[start : start + size])))
            start += size


def _write(sql: sqlite3.Connection, rowid: int, rows: Sequence[Row], changes: Sequence[Change]) -> dict[int, Exception]:
    try:
        if not changes and len(rows) in _INSERT:
            if faultpoints.ARMED:
                faultpoints.passing("before_commit", sqlite3.OperationalError)
            _insert(sql, rowid, rows)  # one statement commits by itself, and waits for the interpreter once, not thrice
        else:
            sql.execute("BEGIN IMMEDIATE")
            _insert(sql, rowid, rows)
            for change in changes:
                change.apply(sql)
            if faultpoints.ARMED:
                faultpoints.passing("before_commit", sqlite3.OperationalError)
            sql.execute("COMMIT")
        if faultpoints.ARMED:
            faultpoints.passing("after_commit", sqlite3.OperationalError)
    except Exception as error:
        # After SQLITE_FULL the transaction may be gone already: a further statement would commit by itself.
        if sql.in_transaction:
            sql.execute("ROLLBACK")
        if not is_of_one_session(error):
            raise
        return _write_apart(sql, rowid, rows, changes)
    return {}


def _write_apart(
    sql: sqlite3.Connection, rowid: int, rows: Sequence[Row], changes: Sequence[Change]
) -> dict[int, Exception]:
    """The same batch session by session, so that only the one at fault is left out."""
    failed: dict[int, Exception] = {}
    parts: dict[int, tuple[list[tuple[int, Row]], list[Change]]] = {}
    for number, row in enumerate(rows, start=rowid):
        parts.setdefault(row.session, ([], []))[0].append((number, row))
    for change in changes:
        parts.setdefault(change.session, ([], []))[1].append(change)
    try:
        sql.execute("BEGIN IMMEDIATE")
        for session, (own_rows, own_changes) in parts.items():
            sql.execute("SAVEPOINT one")
            try:
                for number, row in own_rows:
                    _insert(sql, number, (row,))
                for change in own_changes:
                    change.apply(sql)
            except Exception as error:
                if not is_of_one_session(error) or not sql.in_transaction:
                    raise
                sql.execute("ROLLBACK TO one")
                failed[session] = error
            sql.execute("RELEASE one")
        sql.execute("COMMIT")
    except BaseException:
        if sql.in_transaction:
            sql.execute("ROLLBACK")
        raise
    return failed


def _beat(sql: sqlite3.Connection) -> None:
    sql.execute("UPDATE node SET value = value + 1 WHERE name = 'probe'")


def _probe(sql: sqlite3.Connection, first_rowid: int) -> bool:
    if sql.in_transaction:
        sql.execute("ROLLBACK")
    _beat(sql)
    return sql.execute("SELECT 1 FROM journal WHERE rowid >= ? LIMIT 1", (first_rowid,)).fetchone() is not None
