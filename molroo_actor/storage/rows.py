"""What the storage floor speaks in: rows, catalog entries, keys, and changes of the ledger. No I/O here."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import msgspec


class Row(NamedTuple):
    """One durable change of a session, as the journal's columns stand. Blobs are msgpack maps that begin with `v`.

    Rows without a message id have neither digest nor hash.
    """

    session: int
    seq: int
    at_ms: int
    kind: str
    msg_id: str | None
    id_digest: int | None
    body_hash: bytes | None
    input: bytes | None
    appraisal: bytes | None
    emotion: bytes | None
    label: str | None
    state_after: bytes | None
    """None only in rows older than the kept history."""


new_row: Final = partial(tuple.__new__, Row)
"""A row from a tuple of its fields: once a turn, and the class itself takes them one by one in Python."""


def row_bytes(row: Row) -> int:
    """About what it takes in the journal, in bytes."""
    return 160 + len(row.input or b"") + len(row.appraisal or b"") + len(row.state_after or b"")


class CatalogEntry(msgspec.Struct, frozen=True):
    """A session as the catalog has it."""

    inner_id: int
    tenant: str
    live: bool
    id: str
    epoch: str
    name: str
    created_ms: int
    last_active_ms: int
    time_scale: float
    folded_seq: int | None
    deleting: bool
    persona: bytes
    origin: bytes


class Key(msgspec.Struct, frozen=True):
    """An API key as it is stored: its digest only."""

    id: int
    tenant: str
    live: bool
    digest: bytes
    created_ms: int
    revoked_ms: int | None = None


class Change(NamedTuple):
    """Something of the ledger that is not a journal row. `apply` runs in the writer's thread inside the commit's
    transaction.

    `session` tells whose it is: when one change breaks a commit, the others are tried again without that session's.
    """

    session: int
    apply: Callable[[sqlite3.Connection], None]


class History(NamedTuple):
    """What waking reads: the newest row (None before the first), and the ids that were used."""

    last_seq: int
    last: Row | None
    recent_ids: list[tuple[int, int]]
    """(digest, seq) of the kept history, ascending by seq."""
    older_ids: bytes
    """Sorted signed 64-bit digests, native order, of everything older."""
