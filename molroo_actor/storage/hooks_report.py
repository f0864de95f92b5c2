"""Webhooks and deliveries as the operator sees them. Reads take a ledger connection; no secret leaves here."""

from __future__ import annotations

import sqlite3

import msgspec


class ListedWebhook(msgspec.Struct, frozen=True):
    """A webhook and whose it is."""

    id: str
    session: str
    tenant: str
    live: bool
    url: str
    events: str
    created_ms: int


class ListedDelivery(msgspec.Struct, frozen=True):
    """A delivery and whose it is. error: what came of the last attempt."""

    id: str
    session: str
    tenant: str
    live: bool
    type: str
    url: str
    at_ms: int
    due_ms: int
    attempt: int
    error: str | None
    dead_ms: int | None


class Deaths(msgspec.Struct, frozen=True):
    """How much a webhook's receiver did not take, and why the last of it."""

    session: str
    tenant: str
    live: bool
    url: str
    count: int
    error: str
    dead_ms: int


def webhooks(ledger: sqlite3.Connection, session: str | None, limit: int) -> list[ListedWebhook]:
    """All tenants' webhooks, or those of every session of this id; oldest first."""
    rows = ledger.execute(
        "SELECT w.id, s.id, s.tenant, s.live, w.url, w.events, w.created_ms FROM webhook w"
        " JOIN session s ON s.inner_id = w.session"
        f"{'' if session is None else ' WHERE s.id = ?1'} ORDER BY w.rowid LIMIT ?2",
        (session, limit),
    ).fetchall()
    return [ListedWebhook(*row) for row in rows]


def deliveries(ledger: sqlite3.Connection, dead: bool, limit: int) -> list[ListedDelivery]:
    """What waits, or what was given up; what happened first comes first."""
    rows = ledger.execute(
        "SELECT d.id, s.id, s.tenant, s.live, d.type, w.url, d.at_ms, d.due_ms, d.attempt, d.error, d.dead_ms"
        " FROM delivery d JOIN webhook w ON w.id = d.webhook JOIN session s ON s.inner_id = d.session"
        f" WHERE d.dead_ms IS {'NOT ' if dead else ''}NULL ORDER BY d.at_ms, d.rowid LIMIT ?",
        (limit,),
    ).fetchall()
    return [ListedDelivery(*row) for row in rows]


def deaths(ledger: sqlite3.Connection, limit: int) -> list[Deaths]:
    """The webhooks with deliveries that were given up, those with most first, for doctor."""
    rows = ledger.execute(
        # A bare column beside max() is that of the newest row.
        "SELECT s.id, s.tenant, s.live, w.url, count(*), d.error, max(d.dead_ms)"
        " FROM delivery d JOIN webhook w ON w.id = d.webhook JOIN session s ON s.inner_id = d.session"
        " WHERE d.dead_ms IS NOT NULL GROUP BY d.webhook ORDER BY count(*) DESC LIMIT ?",
        (limit,),
    ).fetchall()
    return [Deaths(*row) for row in rows]
