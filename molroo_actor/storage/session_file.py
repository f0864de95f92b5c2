"""Reading one session: the journal's rows first, the file second, joined by seq.

In that order a fold in between can hide nothing: what has left the journal by then is in the file. Nothing here writes,
but a file is opened `rw`, because SQLite may first have to roll back what a killed process left half done.
All functions run in a reading thread; the first argument is its ledger connection. `read_history` also runs on the
loop's thread, with an effort that holds up nobody.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from array import array
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

from molroo_actor.errors import Damaged, NotFound, Unavailable
from molroo_actor.storage import schema
from molroo_actor.storage.node_db import connect
from molroo_actor.storage.rows import History, Row

_PARAMETERS_MAX = 500
_BUSY_S = 0.2
"""Whoever holds one session's file must not hold the threads that read for all; the client is told to try again."""


class Effort(NamedTuple):
    """What reading a history may take; beyond it the read raises, and nothing is known."""

    busy_s: float
    """How long a lock on the file is waited for."""
    rows_max: int
    """Rows in the journal, blobs and all."""
    seq_max: int
    """Rows in the file: the ids of all are read."""


IN_A_THREAD: Final = Effort(_BUSY_S, sys.maxsize, sys.maxsize)
AT_ONCE: Final = Effort(0.0, 64, 2_000)
"""A lock means another way at once, and so does a history that takes more than about a millisecond."""
_DAMAGE = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
_TEXT, _NUMBER, _BLOB = (str, type(None)), (int, type(None)), (bytes, type(None))
_TYPES: tuple[type | tuple[type, ...], ...] = (
    int, int, int, str, _TEXT, _NUMBER, _BLOB, _BLOB, _BLOB, _BLOB, _TEXT, _BLOB,
)  # fmt: skip
"""Of a row's fields. SQLite holds no column to its type: a page of another table passes for one of this."""
_ROWS: Final = (
    f"SELECT {', '.join('turn.' + name.strip() for name in schema.TURN_COLUMNS.split(','))}, state_after"
    " FROM turn LEFT JOIN state USING (seq)"
)
_IDS: Final = "SELECT id_digest, seq FROM turn WHERE id_digest IS NOT NULL ORDER BY id_digest"
"""Out of the index alone: the rows themselves are many pages."""


@contextlib.contextmanager
def opened(path: Path, busy_s: float = _BUSY_S) -> Iterator[sqlite3.Connection]:
    """The file, open for reading. Raises Damaged for what time does not mend, sqlite3.Error for what it may."""
    connection = None
    try:
        connection = connect(path, "rw", busy_s=busy_s)
        connection.execute("BEGIN")  # one lock and one look for a hot journal, not one a statement
        schema.refuse_newer(schema.version(connection), schema.SESSION_MIGRATIONS, "the session file")
        yield connection
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None and isinstance(error, sqlite3.OperationalError):  # not SQLite's own: a text that is none
            raise Damaged(f"session file: {error}") from error
        code = (code or 0) & 0xFF
        if code in _DAMAGE:
            raise Damaged(f"session file: {error}") from error
        if code == sqlite3.SQLITE_CANTOPEN and not path.exists():
            raise Damaged("session file: missing") from error
        if code == sqlite3.SQLITE_ERROR:  # a table that should be there is not
            raise Damaged(f"session file: {error}") from error
        raise
    finally:
        if connection is not None:
            connection.close()


def _journal_rows(ledger: sqlite3.Connection, session: int, rowids: Sequence[int]) -> list[Row]:
    rows: list[Row] = []
    for start in range(0, len(rowids), _PARAMETERS_MAX):
        part = rowids[start : start + _PARAMETERS_MAX]
        marks = ",".join("?" * len(part))
        found = ledger.execute(
            f"SELECT {schema.ROW_COLUMNS} FROM journal WHERE rowid IN ({marks}) AND session = ? ORDER BY rowid",
            (*part, session),
        ).fetchall()
        rows.extend(map(Row._make, found))
    return rows


def _folded_seq(ledger: sqlite3.Connection, session: int) -> int | None:
    found = ledger.execute("SELECT folded_seq FROM session WHERE inner_id = ? AND deleting = 0", (session,)).fetchone()
    if found is None:
        raise NotFound("the session was deleted")
    seq: int | None = found[0]
    return seq


def _begun(path: Path, busy_s: float = _BUSY_S) -> bool:
    """Whether a first fold has come as far as tables; until then all rows are in the journal."""
    if not path.exists():
        return False
    with opened(path, busy_s) as file:
        return schema.version(file) > 0


def _allow(rows: int, most: int) -> None:
    if rows > most:
        raise Unavailable(f"{rows:,} rows are more than may be read this way, {most:,}")


def _check_joined(rows: Sequence[Row], first: int) -> None:
    for expected, row in enumerate(rows, start=first):
        if row.seq != expected:
            raise Damaged(f"history: row {expected} is missing, {row.seq} stands in its place")


def _newest(file: sqlite3.Connection, session: int) -> Row | None:
    rows = _checked(session, file.execute(f"{_ROWS} ORDER BY turn.seq DESC LIMIT 1").fetchall())
    return rows[0] if rows else None


def _file_rows(file: sqlite3.Connection, session: int, after_seq: int, limit: int) -> list[Row]:
    found = file.execute(f"{_ROWS} WHERE turn.seq > ? ORDER BY turn.seq LIMIT ?", (after_seq, limit)).fetchall()
    return _checked(session, found)


def _checked(session: int, found: Sequence[Sequence[Any]]) -> list[Row]:
    rows = [Row(session, *row) for row in found]
    for row in rows:
        if not all(isinstance(value, kind) for value, kind in zip(row, _TYPES, strict=True)):
            raise Damaged("session file: a row is not what was written")
    return rows


def read_history(
    ledger: sqlite3.Connection,
    path: Path,
    session: int,
    rowids: Sequence[int],
    kept: int,
    effort: Effort = IN_A_THREAD,
) -> History:
    """What waking needs. Raises Damaged on a hole or an unreadable file, Unavailable beyond the effort."""
    _allow(len(rowids), effort.rows_max)
    folded_seq = _folded_seq(ledger, session)
    rows = _journal_rows(ledger, session, rowids)
    last_seq = rows[-1].seq if rows else 0
    if folded_seq is None and not _begun(path, effort.busy_s):
        _check_joined(rows, 1)
        ids = [(row.id_digest, row.seq) for row in rows if row.id_digest is not None]
        recent = [pair for pair in ids if pair[1] > last_seq - kept]
        older = sorted(digest for digest, seq in ids if seq <= last_seq - kept)
        return History(last_seq, rows[-1] if rows else None, recent, array("q", older).tobytes())
    with opened(path, effort.busy_s) as file:
        newest = _newest(file, session)
        file_seq = 0 if newest is None else newest.seq
        if file_seq < (folded_seq or 0):
            raise Damaged(f"session file ends at {file_seq}, the ledger says {folded_seq}")
        _allow(file_seq, effort.seq_max)
        found = file.execute(_IDS).fetchall()
    rows = [row for row in rows if row.seq > file_seq]
    _check_joined(rows, file_seq + 1)
    last = rows[-1] if rows else newest
    last_seq = file_seq if last is None else last.seq
    used = sorted((pair for pair in found if pair[1] > last_seq - kept), key=itemgetter(1))
    older = [digest for digest, seq in found if seq <= last_seq - kept]
    for row in rows:
        if row.id_digest is not None:
            if row.seq > last_seq - kept:
                used.append((row.id_digest, row.seq))
            else:
                older.append(row.id_digest)
    older.sort()
    return History(last_seq, last, used, array("q", older).tobytes())


def read_rows(
    ledger: sqlite3.Connection, path: Path, session: int, rowids: Sequence[int], after_seq: int, limit: int
) -> list[Row]:
    """Rows with seq > after_seq, ascending, without a hole, at most `limit`. Raises Damaged."""
    folded_seq = _folded_seq(ledger, session)
    rows = {row.seq: row for row in _journal_rows(ledger, session, rowids) if row.seq > after_seq}
    if folded_seq is not None or _begun(path):
        with opened(path) as file:
            rows |= {row.seq: row for row in _file_rows(file, session, after_seq, limit)}
    found = [rows[seq] for seq in sorted(rows)[:limit]]
    _check_joined(found, after_seq + 1)
    return found


def find_id(
    ledger: sqlite3.Connection, path: Path, session: int, rowids: Sequence[int], digest: int, msg_id: str
) -> int | None:
    """The seq of the row that used this message id, or None."""
    folded_seq = _folded_seq(ledger, session)
    for row in _journal_rows(ledger, session, rowids):
        if row.msg_id == msg_id:
            return row.seq
    if folded_seq is None and not _begun(path):
        return None
    with opened(path) as file:
        found = file.execute(
            "SELECT seq FROM turn WHERE id_digest = ? AND msg_id = ? LIMIT 1", (digest, msg_id)
        ).fetchall()
    return found[0][0] if found else None


def check_file(path: Path, folded_seq: int) -> str | None:
    """For doctor: what is wrong with a file, in one line, or None. Reads all of it."""
    try:
        with opened(path) as file:
            (verdict,) = file.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                return str(verdict)
            rows, last = file.execute("SELECT count(*), ifnull(max(seq), 0) FROM turn").fetchone()
            if rows != last or last < folded_seq:
                return f"{rows} rows up to {last}, the ledger says {folded_seq}"
            states = file.execute("SELECT count(*) FROM state WHERE seq = ?", (last,)).fetchone()[0]
            return None if states or not last else "the newest state is missing"
    except Damaged as error:
        return str(error)
    except sqlite3.Error as error:
        return f"cannot be read now: {error}"
