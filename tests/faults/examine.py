"""A data folder as the product's own code reads it, in this process: quicker than a server for hundreds of folders.

It opens the ledger as a start does, reads every session's whole history, lets the folding move all that is in the
journal, reads again, and asks doctor.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from molroo_actor.clock import SystemClock
from molroo_actor.errors import Damaged, NewerFormat
from molroo_actor.protocol import rest
from molroo_actor.protocol.answers import SessionItem
from molroo_actor.runtime import waking
from molroo_actor.runtime.admin import Admin, Request
from molroo_actor.runtime.keyring import Keyring
from molroo_actor.settings import Settings
from molroo_actor.storage import catalog
from molroo_actor.storage.fold import Folding
from molroo_actor.storage.ledger import Ledger
from molroo_actor.storage.rows import CatalogEntry, Change
from molroo_actor.storage.session_file import read_rows
from tests.crash.ledger import Json
from tests.faults.patience import until

KEPT: Final = 100
ROWS_MAX: Final = 100_000
FOLDS_WITHIN_S: Final = 20.0


@dataclass
class Folder:
    """What was found. A damaged session has no history."""

    histories: dict[str, list[Json]] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    after_folding: dict[str, list[Json]] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


async def examine(data: Path) -> Folder:
    """All of it. Raises Damaged, NewerFormat when no server would start on it."""
    found = Folder()
    async with _opened(data) as ledger:
        found.histories, found.damaged = await _read(ledger)
        await _fold(ledger)
        found.after_folding, _ = await _read(ledger)
        found.findings = await _doctor(ledger)
    return found


async def doctor(data: Path) -> list[str]:
    """What `molroo-actor doctor` finds."""
    async with _opened(data) as ledger:
        return await _doctor(ledger)


@contextlib.asynccontextmanager
async def _opened(data: Path) -> Any:
    ledger = Ledger(Settings(data=str(data), ballast_bytes=0, free_bytes_min=0, fold_age_s=0.001, history_kept=KEPT))
    await ledger.open()
    try:
        yield ledger
    finally:
        await ledger.close()


async def _read(ledger: Ledger) -> tuple[dict[str, list[Json]], dict[str, str]]:
    histories: dict[str, list[Json]] = {}
    damaged: dict[str, str] = {}
    for entry in await ledger.read(catalog.after, 0, ROWS_MAX):
        if entry.deleting:
            continue
        path, rowids = ledger.folder.session_file(entry.inner_id), ledger.journal.rowids(entry.inner_id)
        try:
            woken = await ledger.read(waking.read, path, entry.inner_id, rowids, KEPT)
            rows = await ledger.read(read_rows, path, entry.inner_id, rowids, 0, ROWS_MAX)
        except (Damaged, NewerFormat) as error:
            damaged[entry.id] = str(error)
            continue
        assert woken is not None
        assert woken.history.last_seq == len(rows), f"{entry.id} wakes at {woken.history.last_seq} of {len(rows)} rows"
        histories[entry.id] = [
            cast(
                Json,
                msgspec.to_builtins(
                    rest.history_item(row.seq, row.at_ms, row.kind, row.input, row.appraisal, row.emotion, row.label)
                ),
            )
            for row in rows
        ]
    return histories, damaged


async def _fold(ledger: Ledger) -> None:
    one_at_a_time = asyncio.Lock()

    async def commit(changes: Sequence[Change]) -> None:
        async with one_at_a_time:
            await ledger.commit(changes)

    settings = Settings(data=str(ledger.folder.root), fold_age_s=0.001, history_kept=KEPT)
    folding = Folding(ledger.folder, ledger.node, ledger.journal, settings, SystemClock(), commit)
    working = asyncio.create_task(folding.run())
    try:
        async with asyncio.timeout(FOLDS_WITHIN_S):
            await until(lambda: not set(ledger.journal.tails) - set(folding.damaged), 0.001)
    finally:
        folding.stop()
        await working
        await folding.close()


async def _doctor(ledger: Ledger) -> list[str]:
    clock = SystemClock()
    admin = Admin(ledger, Keyring(ledger.keys, clock, ledger.commit), _asleep, {}, clock, ledger.commit, None)
    answer = [line async for line in admin.run(Request("doctor"))][-1]
    return list(answer["result"]["findings"]) if "result" in answer else [str(answer)]


def _asleep(entry: CatalogEntry) -> SessionItem:
    return SessionItem(entry.id, entry.name, entry.created_ms, entry.last_active_ms, "hibernated")
