"""node.db or its log goes bad between two lives: the server refuses to start in words, or answers rightly.

What SQLite cannot detect is counted apart: it has no checksums over what is in its pages, and the log's own checksums
end it at the first frame that does not fit, as after a power cut.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

from molroo_actor.errors import MolrooError
from tests.crash import audit
from tests.crash.ledger import Ledger
from tests.faults import examine
from tests.faults.harm import HARMS
from tests.faults.trial import Trial, first_life, last_life, living, under_load
from tests.kit import server as kit

BY_SERVER_ONE_IN: Final = 12
GROWN_S: Final = 1.0
FILES: Final = ("node.db", "node.db-wal")


async def run(trial: Trial, times: int) -> None:
    """Copies of one folder, as SIGKILL left it, each with one harm."""
    await first_life(trial)
    async with living(trial) as life, under_load(trial, life):
        await asyncio.sleep(GROWN_S)
        trial.ledger.excused = True
        life.over.set()
        await asyncio.to_thread(life.server.kill)
    for number in range(times):
        await _harmed(trial, by_server=number % BY_SERVER_ONE_IN == 0)
    await last_life(trial, stops=1)


async def _harmed(trial: Trial, *, by_server: bool) -> None:
    copy = Path(tempfile.mkdtemp(prefix="molroo-copy-"))
    try:
        shutil.copytree(trial.data, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("admin.sock", "*-shm"))
        name = trial.rng.choice([name for name in FILES if (copy / name).exists()])
        what = trial.rng.choice(list(HARMS))
        HARMS[what](copy / name, trial.rng)
        trial.injected[f"{name}: {what}"] += 1
        if by_server:
            await _start(trial, copy, f"{name}: {what}")
        trial.outcomes[await _outcome(trial, copy, f"{name}: {what}")] += 1
    finally:
        shutil.rmtree(copy)


async def _start(trial: Trial, copy: Path, what: str) -> None:
    """By a server: it comes up, or one line says which file and what to do."""
    began_s = time.perf_counter()
    try:
        server = await asyncio.to_thread(kit.start, copy)
    except kit.ServerFailed as error:
        text = str(error)
        if "node.db" not in text or "Traceback" in text or not ("backup" in text or "newer" in text):
            trial.ledger.breach("changed", f"{what}: no clear refusal: {text[-300:]}")
        return
    trial.recovered_s.append(time.perf_counter() - began_s)
    await asyncio.to_thread(server.stop)


async def _outcome(trial: Trial, copy: Path, what: str) -> str:
    try:
        folder = await examine.examine(copy)
    except MolrooError:
        return "refused to start"
    found = Ledger()
    for session in trial.ledger.sessions.values():
        if session.id in folder.damaged:
            continue
        items = folder.histories.get(session.id)
        if items is None:
            found.breach("lost", f"{session.id} is not there")
            continue
        audit.compare(found, session, items, session.at_seq, session.revealed)
        trial.checked += len(session.at_seq)
    if not found.broken:
        return "right" if not folder.damaged else "some refused, the others right"
    if folder.findings:
        return "wrong, and doctor says so"
    return "UNDETECTED: the log ends early" if "wal" in what else f"UNDETECTED {what}"
