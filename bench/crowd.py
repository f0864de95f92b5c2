"""Data folders in which very many sessions sleep, made quickly: a few by the server itself, the others as copies of the
first one's catalog row and file, written into the stopped server's folder. Here and in `alarms.py` the bench
knows tables.

A copy differs from its original by its id, which is as long, in the row and in the file's bytes.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from bench import rest
from bench.child import start_server
from molroo_actor.storage.layout import DataFolder

NAP = {"MOLROO_HIBERNATE_AFTER_S": "0.5", "MOLROO_FOLD_AGE_S": "0.5"}
FOLDED_WITHIN_S = 300.0


def name(number: int) -> str:
    """The id of a copy; as long as `rest.name`, whose place it takes in the file."""
    return f"crowd-{number:06d}"


def make(data: Path, asleep: int, others: int) -> None:
    """`asleep` sessions with one turn each in their files, and `others` of the server's own making, named by `rest`."""
    with start_server("filling", data, **NAP) as child:
        made_s = rest.create(child, others + 1)
        used_s = rest.turn(child, [rest.name(number) for number in range(others + 1)])
        folded(data, others + 1)
    began = time.perf_counter()
    copied = copy_rows(data, asleep, "crowd-%06d")
    copy_files(data, copied)
    print(
        f"{others + 1:,} sessions made at {(others + 1) / made_s:,.0f}/s and used at {(others + 1) / used_s:,.0f}/s"
        f" (REST), {asleep:,} copied in {time.perf_counter() - began:.0f} s (SQL, files)",
        flush=True,
    )


def folded(data: Path, sessions: int) -> None:
    """Return when so many sessions have their files; nothing of them is left in the journal's memory then."""
    deadline = time.monotonic() + FOLDED_WITHIN_S
    while (files := sum(1 for _ in (data / "sessions").rglob("*.db"))) < sessions:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{files:,} of {sessions:,} sessions folded within {FOLDED_WITHIN_S:.0f} s")
        time.sleep(0.5)


def copy_rows(data: Path, copies: int, pattern: str, *, origin: bytes | None = None) -> list[tuple[int, int, str]]:
    """Catalog rows of the first session's making, `pattern` % number their ids; with `origin` they begin there and have
    no file. Returns (original, inner id, id) of each that wants one.
    """
    with contextlib.closing(sqlite3.connect(data / "node.db", isolation_level=None)) as sql:
        ((original,),) = sql.execute("SELECT inner_id FROM session WHERE id = ?", (rest.name(0),)).fetchall()
        sql.execute("PRAGMA synchronous = OFF")
        sql.execute("BEGIN")
        sql.execute(
            "WITH RECURSIVE copy (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM copy WHERE number + 1 < ?)"
            " INSERT INTO session (tenant, live, id, epoch, name, created_ms, last_active_ms, time_scale, folded_seq,"
            " deleting, persona, origin) SELECT tenant, live, printf(?, number), epoch, name, created_ms,"
            " last_active_ms, time_scale, iif(? IS NULL, folded_seq, NULL), 0, persona, ifnull(?, origin)"
            " FROM copy JOIN session ON inner_id = ?",
            (copies, pattern, origin, origin, original),
        )
        sql.execute("COMMIT")
        sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if origin is not None:
            return []
        glob = pattern.partition("%")[0] + "*"
        return sql.execute("SELECT ?, inner_id, id FROM session WHERE id GLOB ?", (original, glob)).fetchall()


def copy_files(data: Path, copied: list[tuple[int, int, str]]) -> None:
    """The files of those rows, on disk for good when this returns: nothing of it is written while others measure."""
    folder = DataFolder(data)
    model, mark = folder.session_file(copied[0][0]).read_bytes(), rest.name(0).encode()
    assert mark in model
    for _, inner_id, session_id in copied:
        folder.session_file(inner_id).write_bytes(model.replace(mark, session_id.encode()))
    os.sync()
