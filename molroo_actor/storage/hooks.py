"""Webhooks and their deliveries in the ledger. Reads take a ledger connection; writes are Changes for a commit.

A delivery is queued in the commit of the row that caused it, and leaves the table only when it was taken or has been
dead for long enough.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

import msgspec

from molroo_actor.errors import NotFound, RateLimited
from molroo_actor.storage.rows import Change


class Webhook(msgspec.Struct, frozen=True):
    """Where a session's events are sent to. events: comma-separated names."""

    id: str
    session: int
    url: str
    host: str
    secret: str
    events: str
    created_ms: int


class Delivery(msgspec.Struct, frozen=True):
    """One event on its way, with what sending it needs. data is its JSON.

    at_ms: when it happened. begun_ms: since when it is tried.
    """

    id: str
    webhook: str
    session: int
    session_id: str
    type: str
    at_ms: int
    begun_ms: int
    due_ms: int
    attempt: int
    url: str
    host: str
    secret: str
    data: bytes


_DELIVERY = (
    "SELECT d.id, d.webhook, d.session, s.id, d.type, d.at_ms, d.begun_ms, d.due_ms, d.attempt, w.url, w.host,"
    " w.secret, d.data FROM delivery d JOIN webhook w ON w.id = d.webhook JOIN session s ON s.inner_id = d.session"
)


def hooked(ledger: sqlite3.Connection) -> list[int]:
    """Sessions that have a webhook, for start-up."""
    return [session for (session,) in ledger.execute("SELECT DISTINCT session FROM webhook").fetchall()]


def of_session(ledger: sqlite3.Connection, session: int) -> list[Webhook]:
    """A session's webhooks, oldest first."""
    rows = ledger.execute(
        "SELECT id, session, url, host, secret, events, created_ms FROM webhook WHERE session = ?"
        " ORDER BY created_ms, id LIMIT 100",
        (session,),
    ).fetchall()
    return [Webhook(*row) for row in rows]


def due(ledger: sqlite3.Connection, busy_hosts: Collection[str], limit: int) -> list[Delivery]:
    """The deliveries that are due first, by index, without those to hosts that have enough under way."""
    rows = ledger.execute(
        f"{_DELIVERY} WHERE d.dead_ms IS NULL AND w.host NOT IN (SELECT value FROM json_each(?))"
        " ORDER BY d.due_ms LIMIT ?",
        (json.dumps(sorted(busy_hosts)), limit),
    ).fetchall()
    return [Delivery(*row) for row in rows]


class QueuedDelivery(msgspec.Struct, frozen=True):
    """A delivery for the operator."""

    id: str
    session: str
    tenant: str
    type: str
    url: str
    at_ms: int
    due_ms: int
    attempt: int
    error: str | None
    dead_ms: int | None


def queued(ledger: sqlite3.Connection, dead: bool, limit: int) -> list[QueuedDelivery]:
    """What waits, or what was given up, oldest first."""
    rows = ledger.execute(
        "SELECT d.id, s.id, s.tenant, d.type, w.url, d.at_ms, d.due_ms, d.attempt, d.error, d.dead_ms FROM delivery d"
        " JOIN webhook w ON w.id = d.webhook JOIN session s ON s.inner_id = d.session"
        f" WHERE d.dead_ms IS {'NOT ' if dead else ''}NULL ORDER BY d.at_ms LIMIT ?",
        (limit,),
    ).fetchall()
    return [QueuedDelivery(*row) for row in rows]


def counts(ledger: sqlite3.Connection) -> tuple[int, int]:
    """(deliveries that wait, deliveries given up)."""
    (waiting, dead) = ledger.execute("SELECT count(*) - count(dead_ms), count(dead_ms) FROM delivery").fetchone()
    return waiting, dead


def add(hook: Webhook, of_session_max: int) -> Change:
    """A new webhook. Committing raises NotFound for a session that is going, RateLimited above the limit."""

    def apply(sql: sqlite3.Connection) -> None:
        found = sql.execute(
            "SELECT count(w.id) FROM session s LEFT JOIN webhook w ON w.session = s.inner_id"
            " WHERE s.inner_id = ? AND s.deleting = 0 GROUP BY s.inner_id",
            (hook.session,),
        ).fetchone()
        if found is None:
            raise NotFound("the session was deleted")
        if found[0] >= of_session_max:
            raise RateLimited(f"this session has {of_session_max} webhooks, the most that it may have; delete one")
        sql.execute("INSERT INTO webhook VALUES (?, ?, ?, ?, ?, ?, ?)", msgspec.structs.astuple(hook))

    return Change(hook.session, apply)


def remove(session: int, hook_id: str) -> Change:
    """Ends a webhook with what is queued for it. Committing raises NotFound for an unknown one."""

    def apply(sql: sqlite3.Connection) -> None:
        if not sql.execute("DELETE FROM webhook WHERE id = ? AND session = ?", (hook_id, session)).rowcount:
            raise NotFound(f"no webhook {hook_id[:64]}")
        sql.execute("DELETE FROM delivery WHERE webhook = ?", (hook_id,))

    return Change(session, apply)


def queue(session: int, event: str, at_ms: int, data: bytes, of_webhook_max: int) -> Change:
    """An event for every webhook of the session that wants it; goes into the commit of the row that caused it.

    A webhook that has so many waiting takes no more: the event is kept as dead, for the operator to see.
    """

    def apply(sql: sqlite3.Connection) -> None:
        sql.execute(
            "INSERT INTO delivery (id, webhook, session, type, at_ms, data, due_ms, begun_ms, attempt, error, dead_ms)"
            " SELECT 'dlv_' || lower(hex(randomblob(12))), id, session, ?1, ?2, ?3, ?2, ?2, 0,"
            " CASE WHEN n >= ?5 THEN 'the queue of this webhook was full' END, CASE WHEN n >= ?5 THEN ?2 END"
            " FROM (SELECT id, session, (SELECT count(*) FROM delivery d WHERE d.webhook = w.id AND dead_ms IS NULL) n"
            " FROM webhook w WHERE session = ?4 AND instr(',' || events || ',', ',' || ?1 || ',') > 0)",
            (event, at_ms, data, session, of_webhook_max),
        )

    return Change(session, apply)


def taken(delivery: Delivery) -> Change:
    """The receiver took it: it is gone."""
    return Change(0, lambda sql: _run(sql, "DELETE FROM delivery WHERE id = ?", delivery.id))


def put_off(delivery: Delivery, due_ms: int, error: str) -> Change:
    """It failed and is tried again."""
    return Change(
        0,
        lambda sql: _run(
            sql,
            "UPDATE delivery SET due_ms = ?, attempt = ?, error = ? WHERE id = ?",
            due_ms,
            delivery.attempt + 1,
            error,
            delivery.id,
        ),
    )


def given_up(delivery: Delivery, wall_ms: int, error: str) -> Change:
    """It is not tried any more; kept for the operator to see."""
    return Change(
        0,
        lambda sql: _run(
            sql,
            "UPDATE delivery SET dead_ms = ?, attempt = ?, error = ? WHERE id = ?",
            wall_ms,
            delivery.attempt + 1,
            error,
            delivery.id,
        ),
    )


def revive(delivery_id: str, wall_ms: int) -> Change:
    """A dead delivery is tried again from now on, with a day before it. Committing raises NotFound."""

    def apply(sql: sqlite3.Connection) -> None:
        if not sql.execute(
            "UPDATE delivery SET dead_ms = NULL, due_ms = ?1, begun_ms = ?1, attempt = 0"
            " WHERE id = ?2 AND dead_ms IS NOT NULL",
            (wall_ms, delivery_id),
        ).rowcount:
            raise NotFound(f"no dead delivery {delivery_id[:64]}")

    return Change(0, apply)


def forget_dead(before_ms: int) -> Change:
    """Drops what was given up before this moment."""
    return Change(0, lambda sql: _run(sql, "DELETE FROM delivery WHERE dead_ms < ?", before_ms))


def _run(sql: sqlite3.Connection, statement: str, *values: object) -> None:
    sql.execute(statement, values)
