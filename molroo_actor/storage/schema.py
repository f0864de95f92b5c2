"""The tables of the ledger and of a session file, and how an older file becomes a newer one.

A migration is one transaction that ends with its user_version. A file that is newer than this program is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from molroo_actor.errors import NewerFormat

TURN_COLUMNS: Final = "seq, at_ms, kind, msg_id, id_digest, body_hash, input, appraisal, emotion, label"
ROW_COLUMNS: Final = f"session, {TURN_COLUMNS}, state_after"

_NODE_1: Final = (
    """CREATE TABLE session (
         inner_id       INTEGER PRIMARY KEY AUTOINCREMENT,   -- names the file; never used again
         tenant         TEXT NOT NULL,
         live           INTEGER NOT NULL,      -- kind of key that made it: 1 live, 0 test
         id             TEXT NOT NULL,         -- what clients call it
         epoch          TEXT NOT NULL,         -- changes when history does
         name           TEXT NOT NULL,
         created_ms     INTEGER NOT NULL,
         last_active_ms INTEGER NOT NULL,      -- as of the last fold
         time_scale     REAL NOT NULL,
         folded_seq     INTEGER,               -- rows up to here are in the file; null: there is no file yet
         deleting       INTEGER NOT NULL DEFAULT 0,
         persona        BLOB NOT NULL,
         origin         BLOB NOT NULL,         -- the state before the first row
         UNIQUE (tenant, live, id))""",
    "CREATE INDEX session_newest ON session (tenant, live, created_ms, id)",
    """CREATE TABLE journal (
         rowid INTEGER PRIMARY KEY, session INTEGER NOT NULL, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL,
         kind TEXT NOT NULL, msg_id TEXT, id_digest INTEGER, body_hash BLOB, input BLOB, appraisal BLOB,
         emotion BLOB, label TEXT, state_after BLOB NOT NULL)""",
    """CREATE TABLE alarm (
         session INTEGER PRIMARY KEY, due_ms INTEGER NOT NULL, set_seq INTEGER NOT NULL,
         attempt INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX alarm_due ON alarm (due_ms)",
    """CREATE TABLE api_key (
         id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, live INTEGER NOT NULL, digest BLOB NOT NULL UNIQUE,
         created_ms INTEGER NOT NULL, revoked_ms INTEGER)""",
    """CREATE TABLE creation_key (
         tenant TEXT NOT NULL, live INTEGER NOT NULL, key TEXT NOT NULL, body_hash BLOB NOT NULL,
         session INTEGER NOT NULL, created_ms INTEGER NOT NULL, PRIMARY KEY (tenant, live, key)) WITHOUT ROWID""",
    "CREATE INDEX creation_key_age ON creation_key (created_ms)",
    "CREATE TABLE node (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO node VALUES ('probe', 0)",
)

_NODE_2: Final = (
    """CREATE TABLE webhook (
         id TEXT PRIMARY KEY, session INTEGER NOT NULL, url TEXT NOT NULL, host TEXT NOT NULL, secret TEXT NOT NULL,
         events TEXT NOT NULL,             -- comma-separated
         created_ms INTEGER NOT NULL)""",
    "CREATE INDEX webhook_session ON webhook (session)",
    """CREATE TABLE delivery (
         id TEXT PRIMARY KEY, webhook TEXT NOT NULL, session INTEGER NOT NULL, type TEXT NOT NULL,
         host TEXT NOT NULL,               -- its webhook's
         at_ms INTEGER NOT NULL,           -- when it happened
         due_ms INTEGER NOT NULL, attempt INTEGER NOT NULL, error TEXT,
         begun_ms INTEGER NOT NULL,        -- since when it is tried: a day later it is given up
         dead_ms INTEGER,
         data BLOB NOT NULL)               -- JSON; last, so that the others are read without it
      """,
    "CREATE INDEX delivery_due ON delivery (host, due_ms) WHERE dead_ms IS NULL",
    "CREATE INDEX delivery_dead ON delivery (dead_ms) WHERE dead_ms IS NOT NULL",
    "CREATE INDEX delivery_webhook ON delivery (webhook, dead_ms)",
    "CREATE INDEX delivery_session ON delivery (session)",
)

_SESSION_1: Final = (
    "CREATE TABLE {s}meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    """CREATE TABLE {s}turn (
         seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, msg_id TEXT, id_digest INTEGER,
         body_hash BLOB, input BLOB, appraisal BLOB, emotion BLOB, label TEXT)""",
    "CREATE INDEX {s}turn_id ON turn (id_digest) WHERE id_digest IS NOT NULL",
    "CREATE TABLE {s}state (seq INTEGER PRIMARY KEY, state_after BLOB NOT NULL)",
)

NODE_MIGRATIONS: Final[Sequence[Sequence[str]]] = (_NODE_1, _NODE_2)
SESSION_MIGRATIONS: Final[Sequence[Sequence[str]]] = (_SESSION_1,)


def version(connection: sqlite3.Connection, schema: str = "main") -> int:
    """The user_version of an open database; 0 for an empty one."""
    (found,) = connection.execute(f"PRAGMA {schema}.user_version").fetchone()
    return int(found)


def refuse_newer(found: int, known: Sequence[Sequence[str]], what: str) -> None:
    """Raises NewerFormat when the file was written by a later program."""
    if found > len(known):
        raise NewerFormat(f"{what} has format {found}, this program knows up to {len(known)}: run a newer molroo-actor")


def migrate(
    connection: sqlite3.Connection, migrations: Sequence[Sequence[str]], what: str, schema: str = "main"
) -> None:
    """Brings an open database to the newest format, one transaction a step. Raises NewerFormat, sqlite3.Error."""
    found = version(connection, schema)
    refuse_newer(found, migrations, what)
    for number, statements in enumerate(migrations[found:], start=found + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            _run(connection, statements, number, schema)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def create(connection: sqlite3.Connection, migrations: Sequence[Sequence[str]], schema: str = "main") -> None:
    """Brings an empty database to the newest format inside the caller's transaction, so that it is there with its first
    rows or not at all.
    """
    for number, statements in enumerate(migrations, start=1):
        _run(connection, statements, number, schema)


def _run(connection: sqlite3.Connection, statements: Sequence[str], number: int, schema: str) -> None:
    prefix = "" if schema == "main" else f"{schema}."
    for statement in statements:
        connection.execute(statement.replace("{s}", prefix))
    connection.execute(f"PRAGMA {schema}.user_version = {number}")
