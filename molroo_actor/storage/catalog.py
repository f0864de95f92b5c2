"""The catalog: which sessions and keys there are. Reads take a ledger connection; writes are Changes for the journal's
commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from molroo_actor import ids
from molroo_actor.errors import Conflict
from molroo_actor.storage.rows import CatalogEntry, Change, Key

_FAR_MS: Final = 1 << 62
_ENTRY = ", ".join(CatalogEntry.__struct_fields__)

# Start-up asks about all sessions, and there may be millions: it steps through their index from tenant to tenant, where
# a search would read every row.
_TENANTS = (
    "WITH RECURSIVE each (tenant) AS (SELECT min(tenant) FROM session UNION ALL"
    " SELECT (SELECT min(tenant) FROM session WHERE tenant > each.tenant) FROM each WHERE each.tenant IS NOT NULL)"
)


class CreationKey(msgspec.Struct, frozen=True):
    """An Idempotency-Key of a create: what was asked, and the session that it made."""

    key: str
    body_hash: bytes


def _entry(row: tuple[object, ...]) -> CatalogEntry:
    return msgspec.convert(dict(zip(CatalogEntry.__struct_fields__, row, strict=True)), CatalogEntry, strict=False)


def find(ledger: sqlite3.Connection, tenant: str, live: bool, session_id: str) -> CatalogEntry | None:
    """The session that this tenant and kind of key calls so."""
    rows = ledger.execute(
        f"SELECT {_ENTRY} FROM session WHERE tenant = ? AND live = ? AND id = ? AND deleting = 0",
        (tenant, int(live), session_id),
    ).fetchall()
    return _entry(rows[0]) if rows else None


def beginning(ledger: sqlite3.Connection, inner_id: int) -> tuple[bytes, bytes] | None:
    """(persona, origin) blobs of a session, None when it is gone."""
    rows = ledger.execute(
        "SELECT persona, origin FROM session WHERE inner_id = ? AND deleting = 0", (inner_id,)
    ).fetchall()
    return rows[0] if rows else None


def page(
    ledger: sqlite3.Connection, tenant: str, live: bool, before: tuple[int, str] | None, limit: int
) -> list[CatalogEntry]:
    """The tenant's sessions, newest first; `before` is (created_ms, id) of the last one already seen."""
    created_ms, session_id = before or (1 << 62, "")
    rows = ledger.execute(
        f"SELECT {_ENTRY} FROM session WHERE tenant = ? AND live = ? AND (created_ms, id) < (?, ?) AND deleting = 0"
        " ORDER BY created_ms DESC, id DESC LIMIT ?",
        (tenant, int(live), created_ms, session_id, limit),
    ).fetchall()
    return [_entry(row) for row in rows]


def after(ledger: sqlite3.Connection, inner_id: int, limit: int) -> list[CatalogEntry]:
    """All tenants' sessions by inner id, for the operator's tools; a page at a time."""
    rows = ledger.execute(
        f"SELECT {_ENTRY} FROM session WHERE inner_id > ? ORDER BY inner_id LIMIT ?", (inner_id, limit)
    ).fetchall()
    return [_entry(row) for row in rows]


def of(ledger: sqlite3.Connection, inner_id: int) -> list[CatalogEntry]:
    """The session of this inner id, unless it is gone or going."""
    rows = ledger.execute(f"SELECT {_ENTRY} FROM session WHERE inner_id = ? AND deleting = 0", (inner_id,)).fetchall()
    return [_entry(row) for row in rows]


def named(ledger: sqlite3.Connection, session_id: str) -> list[CatalogEntry]:
    """Every tenant's session of this name, for the operator."""
    rows = ledger.execute(f"SELECT {_ENTRY} FROM session WHERE id = ? LIMIT 100", (session_id,)).fetchall()
    return [_entry(row) for row in rows]


def counts(ledger: sqlite3.Connection) -> tuple[int, int]:
    """(sessions, highest inner id ever given), for start-up; from then on they are counted."""
    (rows,) = ledger.execute("SELECT count(*) FROM session").fetchone()
    highest = ledger.execute("SELECT seq FROM sqlite_sequence WHERE name = 'session'").fetchone()
    return rows - len(deleting(ledger)), highest[0] if highest else 0


def has_live(ledger: sqlite3.Connection) -> bool:
    """Whether any session was made by a live key."""
    found = ledger.execute(
        f"{_TENANTS} SELECT 1 FROM each WHERE EXISTS"
        " (SELECT 1 FROM session WHERE tenant = each.tenant AND live = 1) LIMIT 1"
    ).fetchone()
    return found is not None


def deleting(ledger: sqlite3.Connection) -> list[int]:
    """Sessions whose deletion was begun and not ended."""
    rows = ledger.execute(  # their names begin with a tilde, see begin_delete
        f"{_TENANTS} SELECT inner_id FROM each CROSS JOIN session"
        " ON session.tenant = each.tenant AND live IN (0, 1) AND id >= '~' WHERE deleting = 1"
    ).fetchall()
    return [inner for (inner,) in rows]


def creation(ledger: sqlite3.Connection, tenant: str, live: bool, key: str) -> tuple[bytes, CatalogEntry | None] | None:
    """(body hash, session or None when it was deleted since) of a create's Idempotency-Key."""
    rows = ledger.execute(
        "SELECT body_hash, session FROM creation_key WHERE tenant = ? AND live = ? AND key = ?",
        (tenant, int(live), key),
    ).fetchall()
    if not rows:
        return None
    entries = ledger.execute(
        f"SELECT {_ENTRY} FROM session WHERE inner_id = ? AND deleting = 0", (rows[0][1],)
    ).fetchall()
    return rows[0][0], _entry(entries[0]) if entries else None


def keys(ledger: sqlite3.Connection) -> list[Key]:
    """All keys, revoked ones too."""
    rows = ledger.execute("SELECT id, tenant, live, digest, created_ms, revoked_ms FROM api_key ORDER BY id").fetchall()
    return [
        Key(key, tenant, bool(live), digest, created, revoked) for key, tenant, live, digest, created, revoked in rows
    ]


def taken(session_id: str) -> Conflict:
    """What is answered to a create with a taken id."""
    return Conflict(f"session id {session_id} is taken; choose another or leave it out")


def add(entry: CatalogEntry, creation_key: CreationKey | None) -> Change:
    """A new session, with the Idempotency-Key that asked for it. Committing raises Conflict for a taken id."""

    def apply(sql: sqlite3.Connection) -> None:
        try:
            sql.execute(
                f"INSERT INTO session ({_ENTRY}) VALUES ({','.join('?' * len(CatalogEntry.__struct_fields__))})",
                msgspec.structs.astuple(entry),
            )
        except sqlite3.IntegrityError as error:
            raise taken(entry.id) from error
        if creation_key is not None:
            sql.execute(
                "INSERT INTO creation_key VALUES (?, ?, ?, ?, ?, ?)",
                (entry.tenant, entry.live, creation_key.key, creation_key.body_hash, entry.inner_id, entry.created_ms),
            )

    return Change(entry.inner_id, apply)


def begin_delete(inner_id: int, rowids: Sequence[int]) -> Change:
    """Marks a session as deleting and takes its journal rows, alarm, webhooks and deliveries; the file goes next."""

    def apply(sql: sqlite3.Connection) -> None:
        # The name is free at once: no valid session id begins with a tilde.
        sql.execute("UPDATE session SET deleting = 1, id = '~' || inner_id WHERE inner_id = ?", (inner_id,))
        sql.executemany("DELETE FROM journal WHERE rowid = ?", [(rowid,) for rowid in rowids])
        for table in ("alarm", "webhook", "delivery"):
            sql.execute(f"DELETE FROM {table} WHERE session = ?", (inner_id,))

    return Change(inner_id, apply)


def end_delete(inner_id: int) -> Change:
    """Drops the catalog's row. Call it when the file is gone durably."""
    return Change(inner_id, lambda sql: _run(sql, "DELETE FROM session WHERE inner_id = ?", inner_id))


def mark_restored(sql: sqlite3.Connection) -> None:
    """Into the ledger of a backup: a server that starts on it goes on with a history of its own."""
    sql.execute("INSERT OR REPLACE INTO node VALUES ('restored', 1)")


def is_restored(ledger: sqlite3.Connection) -> bool:
    """Whether no server has started on this folder since it was made as a backup."""
    return bool(ledger.execute("SELECT 1 FROM node WHERE name = 'restored'").fetchall())


def renew_epochs() -> Change:
    """Gives every session a new epoch and ends `is_restored`: who knows the old history must not resume in this one."""

    def apply(sql: sqlite3.Connection) -> None:
        sql.create_function("new_epoch", 0, ids.new_epoch)
        sql.execute("UPDATE session SET epoch = new_epoch()")
        sql.execute("DELETE FROM node WHERE name = 'restored'")

    return Change(0, apply)


def mark_folded(inner_id: int, seq: int, last_active_ms: int) -> Change:
    """Says that rows up to `seq` are in the session's file."""
    return Change(
        inner_id,
        lambda sql: _run(
            sql,
            "UPDATE session SET folded_seq = ?, last_active_ms = max(last_active_ms, ?) WHERE inner_id = ?",
            seq,
            last_active_ms,
            inner_id,
        ),
    )


def forget_creation_keys(before_ms: int) -> Change:
    """Drops Idempotency-Keys of creates older than this moment."""
    return Change(0, lambda sql: _run(sql, "DELETE FROM creation_key WHERE created_ms < ?", before_ms))


def add_key(key: Key) -> Change:
    """A new API key."""
    return Change(
        0,
        lambda sql: _run(sql, "INSERT INTO api_key VALUES (?, ?, ?, ?, ?, ?)", *msgspec.structs.astuple(key)),
    )


def revoke_key(key_id: int, wall_ms: int) -> Change:
    """Ends an API key; idempotent."""
    return Change(
        0, lambda sql: _run(sql, "UPDATE api_key SET revoked_ms = ifnull(revoked_ms, ?) WHERE id = ?", wall_ms, key_id)
    )


def set_alarm(session: int, due_ms: int | None, set_seq: int) -> Change:
    """The session's one wake-up, replaced or (None) taken away; goes into the commit of the row that moved it."""
    if due_ms is None:
        return Change(session, lambda sql: _run(sql, "DELETE FROM alarm WHERE session = ?", session))
    return Change(
        session, lambda sql: _run(sql, "INSERT OR REPLACE INTO alarm VALUES (?, ?, ?, 0)", session, due_ms, set_seq)
    )


def move_alarm(session: int, set_seq: int, due_ms: int | None, attempt: int = 0) -> Change:
    """Another moment for the alarm that this seq set, or none; nothing when another seq has set it since."""
    if due_ms is None:
        return Change(
            session, lambda sql: _run(sql, "DELETE FROM alarm WHERE session = ? AND set_seq = ?", session, set_seq)
        )
    return Change(
        session,
        lambda sql: _run(
            sql,
            "UPDATE alarm SET due_ms = ?, attempt = ? WHERE session = ? AND set_seq = ?",
            due_ms,
            attempt,
            session,
            set_seq,
        ),
    )


class Alarm(msgspec.Struct, frozen=True):
    """A session's wake-up as the ledger has it, with what a slot is made of."""

    due_ms: int
    set_seq: int
    attempt: int
    entry: CatalogEntry


def alarms(
    ledger: sqlite3.Connection,
    after_ms: int,
    limit: int,
    until_ms: int = _FAR_MS,
    besides: Collection[int] = (),
) -> list[Alarm]:
    """Alarms that are due after one moment of the wall and until another, the earliest first, but for these sessions'.

    Only of those that it returns it reads the session: a row of the alarm's index is small, a session's is not.
    """
    rows = ledger.execute(
        "SELECT session, due_ms, set_seq, attempt FROM alarm WHERE due_ms > ? AND due_ms <= ? ORDER BY due_ms LIMIT ?",
        (after_ms, until_ms, limit + len(besides)),
    ).fetchall()
    found = []
    for session, due_ms, set_seq, attempt in [row for row in rows if row[0] not in besides][:limit]:
        entries = ledger.execute(f"SELECT {_ENTRY} FROM session WHERE inner_id = ? AND deleting = 0", (session,))
        found += [Alarm(due_ms, set_seq, attempt, _entry(entry)) for entry in entries.fetchall()]
    return found


class Agenda(msgspec.Struct, frozen=True):
    """What the ledger has to be done: alarms that are due, one of those that are overdue, when the next will be due."""

    due: list[Alarm]
    overdue: list[Alarm]
    next_ms: int | None


def agenda(ledger: sqlite3.Connection, overdue_ms: int, now_ms: int, limit: int, besides: Collection[int]) -> Agenda:
    """At most `limit` alarms due after `overdue_ms` and by now, but for these sessions'; all of it by index."""
    (next_ms,) = ledger.execute("SELECT min(due_ms) FROM alarm WHERE due_ms > ?", (now_ms,)).fetchone()
    return Agenda(
        alarms(ledger, overdue_ms, limit, now_ms, besides), alarms(ledger, 0, 1, overdue_ms, besides), next_ms
    )


def failing_alarms(ledger: sqlite3.Connection, attempts: int, limit: int) -> list[tuple[str, str, bool, int, int]]:
    """(session id, tenant, live, attempts, due_ms) of alarms that failed so often, for doctor."""
    return ledger.execute(
        "SELECT id, tenant, live, attempt, due_ms FROM alarm JOIN session ON inner_id = alarm.session"
        " WHERE attempt >= ? ORDER BY attempt DESC LIMIT ?",
        (attempts, limit),
    ).fetchall()


def _run(sql: sqlite3.Connection, statement: str, *values: object) -> None:
    sql.execute(statement, values)
