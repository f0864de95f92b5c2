"""Webhooks and their deliveries in the ledger. Reads take a ledger connection; writes are Changes for a commit.

A delivery is queued in the commit of the row that caused it, and leaves the table only when it was taken or has been
dead for long enough. What the operator sees of them is in hooks_report.py.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection

import msgspec

from molroo_actor.errors import NotFound, RateLimited, WireError
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


class Verdict:
    """What a change found when it was applied. Look at it once its commit is durable.

    A change that raised would break what else is written for its session in the same commit.
    """

    __slots__ = ("refusal",)

    def __init__(self) -> None:
        self.refusal: WireError | None = None

    def check(self) -> None:
        """Raises what stood in the way."""
        if self.refusal is not None:
            raise self.refusal


# -- reading -----------------------------------------------------------------------------------------------------------


def hooked(ledger: sqlite3.Connection) -> list[int]:
    """Sessions that have a webhook, for start-up."""
    return [session for (session,) in ledger.execute("SELECT DISTINCT session FROM webhook").fetchall()]


def of_session(ledger: sqlite3.Connection, session: int) -> list[Webhook]:
    """A session's webhooks, oldest first."""
    rows = ledger.execute(
        "SELECT id, session, url, host, secret, events, created_ms FROM webhook WHERE session = ?"
        " ORDER BY created_ms, rowid LIMIT 1000",
        (session,),
    ).fetchall()
    return [Webhook(*row) for row in rows]


_DUE = """
WITH RECURSIVE lane (host) AS (
  SELECT min(host) FROM delivery WHERE dead_ms IS NULL
  UNION ALL
  SELECT (SELECT min(host) FROM delivery WHERE dead_ms IS NULL AND host > lane.host) FROM lane WHERE host IS NOT NULL)
SELECT d.id, d.webhook, d.session, s.id, d.type, d.at_ms, d.begun_ms, d.due_ms, d.attempt, w.url, d.host, w.secret,
  d.data
FROM (
  SELECT f.rowid AS place FROM lane CROSS JOIN delivery f
  WHERE lane.host NOT IN (SELECT value FROM json_each(?1)) AND f.rowid IN (
    SELECT rowid FROM delivery WHERE host = lane.host AND dead_ms IS NULL ORDER BY due_ms, rowid LIMIT ?2)
  ORDER BY f.due_ms, f.rowid LIMIT ?3)
CROSS JOIN delivery d ON d.rowid = place
JOIN webhook w ON w.id = d.webhook JOIN session s ON s.inner_id = d.session
ORDER BY d.due_ms, d.rowid"""


def due(ledger: sqlite3.Connection, busy_hosts: Collection[str], of_host_max: int, limit: int) -> list[Delivery]:
    """The deliveries that are due first, so many of each host, without those to busy ones.

    Cost goes with the number of hosts that something waits for, never with what waits for one of them.
    """
    rows = ledger.execute(_DUE, (json.dumps(sorted(busy_hosts)), of_host_max, limit)).fetchall()
    return [Delivery(*row) for row in rows]


def counts(ledger: sqlite3.Connection) -> tuple[int, int]:
    """(deliveries that wait, deliveries given up), by index; goes through all of them."""
    (waiting,) = ledger.execute("SELECT count(*) FROM delivery WHERE dead_ms IS NULL").fetchone()
    (dead,) = ledger.execute("SELECT count(*) FROM delivery WHERE dead_ms IS NOT NULL").fetchone()
    return waiting, dead


# -- webhooks ----------------------------------------------------------------------------------------------------------


def add(hook: Webhook, of_session_max: int) -> tuple[Change, Verdict]:
    """A new webhook. The verdict is NotFound for a session that is going, RateLimited above the limit."""

    def refusal(sql: sqlite3.Connection) -> WireError | None:
        found = sql.execute(
            "SELECT count(w.id) FROM session s LEFT JOIN webhook w ON w.session = s.inner_id"
            " WHERE s.inner_id = ? AND s.deleting = 0 GROUP BY s.inner_id",
            (hook.session,),
        ).fetchone()
        if found is None:
            return NotFound("the session was deleted")
        if found[0] >= of_session_max:
            text = f"this session has {of_session_max} webhooks, the most that it may have; delete one"
            return RateLimited(text, retry_after_s=30)
        sql.execute("INSERT INTO webhook VALUES (?, ?, ?, ?, ?, ?, ?)", msgspec.structs.astuple(hook))
        return None

    return _judged(hook.session, refusal)


def remove(session: int, hook_id: str) -> tuple[Change, Verdict]:
    """Ends a webhook with what is queued for it. The verdict is NotFound for an unknown one."""

    def refusal(sql: sqlite3.Connection) -> WireError | None:
        if not sql.execute("DELETE FROM webhook WHERE id = ? AND session = ?", (hook_id, session)).rowcount:
            return NotFound(f"no webhook {hook_id[:64]}")
        sql.execute("DELETE FROM delivery WHERE webhook = ?", (hook_id,))
        return None

    return _judged(session, refusal)


def _judged(session: int, refusal: Callable[[sqlite3.Connection], WireError | None]) -> tuple[Change, Verdict]:
    verdict = Verdict()

    def apply(sql: sqlite3.Connection) -> None:
        verdict.refusal = refusal(sql)

    return Change(session, apply), verdict


# -- deliveries --------------------------------------------------------------------------------------------------------


def queue(session: int, event: str, at_ms: int, data: bytes, of_webhook_max: int) -> Change:
    """An event for every webhook of the session that wants it; goes into the commit of the row that caused it.

    A webhook that has so many waiting takes no more: the event is kept as dead, for the operator to see.
    """

    def apply(sql: sqlite3.Connection) -> None:
        hooks = sql.execute(
            "SELECT id, host, (SELECT count(*) FROM delivery WHERE webhook = w.id AND dead_ms IS NULL) FROM webhook w"
            " WHERE session = ? AND instr(',' || events || ',', ',' || ? || ',') > 0",
            (session, event),
        ).fetchall()
        for hook, host, waiting in hooks:
            full = waiting >= of_webhook_max
            _run(
                sql,
                "INSERT INTO delivery"
                " (id, webhook, session, type, host, at_ms, data, due_ms, begun_ms, attempt, error, dead_ms)"
                " VALUES ('dlv_' || lower(hex(randomblob(12))), ?1, ?2, ?3, ?4, ?5, ?6, ?5, ?5, 0, ?7, ?8)",
                *(hook, session, event, host, at_ms, data),
                *(("the queue of this webhook was full", at_ms) if full else (None, None)),
            )
            if full:
                _keep_dead(sql, hook, of_webhook_max)

    return Change(session, apply)


def taken(delivery: Delivery) -> Change:
    """The receiver took it: it is gone."""
    return Change(0, lambda sql: _run(sql, "DELETE FROM delivery WHERE id = ?", delivery.id))


def put_off(delivery: Delivery, due_ms: int, begun_ms: int, error: str) -> Change:
    """It failed and is tried again."""
    statement = "UPDATE delivery SET due_ms = ?, begun_ms = ?, attempt = ?, error = ? WHERE id = ?"
    return Change(0, lambda sql: _run(sql, statement, due_ms, begun_ms, delivery.attempt + 1, error, delivery.id))


def given_up(delivery: Delivery, wall_ms: int, error: str, of_webhook_max: int) -> Change:
    """It is not tried any more; kept for the operator to see, of each webhook so many."""

    def apply(sql: sqlite3.Connection) -> None:
        statement = "UPDATE delivery SET dead_ms = ?, attempt = ?, error = ? WHERE id = ?"
        _run(sql, statement, wall_ms, delivery.attempt + 1, error, delivery.id)
        _keep_dead(sql, delivery.webhook, of_webhook_max)

    return Change(0, apply)


def _keep_dead(sql: sqlite3.Connection, hook_id: str, limit: int) -> None:
    """The newest of what was given up stays."""
    _run(
        sql,
        "DELETE FROM delivery WHERE rowid IN (SELECT rowid FROM delivery WHERE webhook = ? AND dead_ms IS NOT NULL"
        " ORDER BY dead_ms DESC, rowid DESC LIMIT -1 OFFSET ?)",
        hook_id,
        limit,
    )


def revive(delivery_id: str, wall_ms: int) -> tuple[Change, Verdict]:
    """A dead delivery is tried again from now on, with a day before it. The verdict is NotFound for any other."""

    def refusal(sql: sqlite3.Connection) -> WireError | None:
        found = sql.execute(
            "UPDATE delivery SET dead_ms = NULL, due_ms = ?1, begun_ms = ?1, attempt = 0"
            " WHERE id = ?2 AND dead_ms IS NOT NULL",
            (wall_ms, delivery_id),
        ).rowcount
        return None if found else NotFound(f"no delivery {delivery_id[:64]} that was given up")

    return _judged(0, refusal)


def pull_in(now_ms: int, back_ms: int, longest_ms: int) -> Change:
    """After the wall went back by `back_ms` (0: nobody knows): no wait is longer than it was meant to be.

    longest_ms: what a wait between two attempts takes at most. What was not tried yet is due at once.
    """
    return Change(
        0,
        lambda sql: _run(
            sql,
            "UPDATE delivery SET begun_ms = min(begun_ms, ?1), due_ms = CASE"
            " WHEN attempt = 0 OR due_ms - ?2 > ?1 + ?3 THEN ?1 ELSE max(?1, due_ms - ?2) END"
            " WHERE dead_ms IS NULL AND due_ms > ?1",
            now_ms,
            back_ms,
            longest_ms,
        ),
    )


def forget_dead(before_ms: int) -> Change:
    """Drops what was given up before this moment."""
    return Change(0, lambda sql: _run(sql, "DELETE FROM delivery WHERE dead_ms < ?", before_ms))


def _run(sql: sqlite3.Connection, statement: str, *values: object) -> None:
    sql.execute(statement, values)
