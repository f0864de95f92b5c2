"""Somebody's sqlite3 holds the ledger or a session's file, or reads in it for long: SQLite says BUSY."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import Final

from tests.crash import recheck
from tests.crash.life import Cut, Refused
from tests.faults.trial import Trial, living, recovery, under_load

HELD_S: Final = (0.05, 1.2)
BEFORE_S: Final = (0.05, 0.4)
LOCKS_A_LIFE: Final = 12
SHARDS: Final = 256


async def run(trial: Trial, times: int) -> None:
    """Locks under load, some a life."""
    goal = trial.count + times
    while trial.count < goal:
        async with living(trial) as life:
            with contextlib.suppress(Cut, Refused):
                await recheck.run(life, trial.rng)
            async with under_load(trial, life):
                for _ in range(min(LOCKS_A_LIFE, goal - trial.count)):
                    await asyncio.sleep(trial.rng.uniform(*BEFORE_S))
                    await _held(trial)
                    await recovery(trial, life)
            code = life.server.process.poll()
            if code is not None:
                trial.outcomes[f"ended with {code}"] += 1


async def _held(trial: Trial) -> None:
    what = trial.rng.choice(("the ledger, writing", "the ledger, reading", "a session, writing", "a session, reading"))
    path = trial.data / "node.db" if "ledger" in what else trial.rng.choice(_files(trial.data))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=2.0)) as sql:
        try:
            sql.execute("BEGIN IMMEDIATE" if what == "the ledger, writing" else "BEGIN")
            if what == "a session, writing":
                sql.execute("PRAGMA locking_mode = EXCLUSIVE")
                sql.execute("UPDATE meta SET value = value")
            elif "reading" in what:
                sql.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        except sqlite3.OperationalError:  # deleted meanwhile, or busy itself
            return
        await asyncio.sleep(trial.rng.uniform(*HELD_S))
        with contextlib.suppress(sqlite3.OperationalError):
            sql.execute("ROLLBACK")
    trial.injected[what] += 1


def _files(data: Path) -> list[Path]:
    with contextlib.closing(sqlite3.connect(f"file:{data}/node.db?mode=ro", uri=True)) as sql:
        found = sql.execute("SELECT inner_id FROM session WHERE folded_seq NOT NULL AND NOT deleting").fetchall()
    return [data / "sessions" / f"{number % SHARDS:02x}" / f"{number:010x}.db" for (number,) in found]
