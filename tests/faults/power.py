"""The power goes: a server's writes are recorded, and disks are built as they may look after a cut at any moment.

Each image is opened by the product's own code (some by a real server) and held against what clients had been told up to
that moment: every answered turn is there once, as it was answered; nothing that was shown is missing; doctor is well.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import aiohttp

from tests.crash import audit, load
from tests.crash.ledger import Ledger, Session, Turn
from tests.crash.life import Life
from tests.faults import examine
from tests.faults.disk_model import Disk, Survival
from tests.faults.recording import Call, Event, Hearing, Knowledge, Told, events
from tests.faults.shim import Place, Shim
from tests.faults.trial import ENV, FIRST_SESSIONS, Trial, living, under_load
from tests.kit import server as kit

RECORDED_S: Final = 4.0
IMAGES_A_RECORDING: Final = 60
TELLING: Final = frozenset((Call.SEND, Call.SYNCED, Call.UNLINK, Call.TRUNCATE, Call.RENAME))
"""Half of the moments are right behind one of these: there a promise was just made, or a file just ended."""
ENVS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"MOLROO_WAL_BYTES_MAX": "300000", "MOLROO_FOLD_AGE_S": "0.1"},
    {"MOLROO_FOLD_AGE_S": "0.02", "MOLROO_HISTORY_KEPT": "100"},
)


async def run(trial: Trial, times: int, *, recorded_s: float = RECORDED_S, lie: frozenset[Place] = frozenset()) -> None:
    """Recordings, and images of each until there are `times`. `lie`: where fsyncs say that they did what they did not,
    which no server survives: the check must notice, and ends when it has.
    """
    while trial.count < times and not (lie and trial.ledger.broken):
        log = Path(tempfile.mkdtemp(prefix="molroo-log-")) / "log"
        shutil.rmtree(trial.data)
        trial.data.mkdir()
        told = Told(log)
        trial.ledger.excused = told.excused = True
        await _record(trial, told, log, recorded_s, lie)
        wanted = min(IMAGES_A_RECORDING, times - trial.count)
        await _cut(trial, told, list(events(log)), wanted, forgiving=not lie)
        shutil.rmtree(log.parent)


async def _record(trial: Trial, told: Told, log: Path, recorded_s: float, lie: frozenset[Place]) -> None:
    """One life from an empty folder on, every write of it."""
    env = ENVS[trial.rng.randrange(len(ENVS))]
    mine, trial.ledger = trial.ledger, told
    try:
        with Shim(trial.data, log) as shim:
            if lie:
                shim.arm({"sync"}, set(lie), 0, how="lie")
            async with living(trial, {**env, **shim.env}) as life:
                tester = load.Tester(told, trial.next_seed())
                for _ in range(FIRST_SESSIONS):
                    await life.create(tester.creation())
                async with under_load(trial, life):
                    await asyncio.sleep(recorded_s)
    finally:
        trial.ledger = mine
        _owe(mine, told, "while it was recorded")


def _owe(to: Ledger, found: Ledger, where: str) -> None:
    to.broken.update(found.broken)
    to.breaches += [f"{where}: {breach}" for breach in found.breaches]
    to.counts.update(found.counts)


async def _cut(trial: Trial, told: Told, recorded: list[Event], images: int, *, forgiving: bool) -> None:
    """Images at as many moments of one recording; the first one is served, too. Ends at a breach if not forgiving."""
    disk, hearing = Disk(trial.data), Hearing()
    first = True
    moments = list(_moments(trial.rng, recorded, images))
    for number, event in enumerate(recorded):
        if event.call is Call.SEND:
            hearing.hear(event)
        else:
            disk.take(event)
        while moments and moments[0] == number:
            moments.pop(0)
            moment = Moment(hearing.known, event.at, first)
            first = False
            await _check(trial, told, disk, moment)
            if trial.ledger.broken and not forgiving:
                return


def _moments(rng: random.Random, recorded: list[Event], count: int) -> Iterator[int]:
    telling = [number for number, event in enumerate(recorded) if event.call in TELLING]
    drawn = [rng.choice(telling) if rng.random() < 0.5 else rng.randrange(len(recorded)) for _ in range(count)]
    yield from sorted(drawn)


class Moment(NamedTuple):
    """When the power goes, and who knew what by then."""

    known: Knowledge
    at: int
    served: bool
    """Whether a real server is started on it as well."""


async def _check(trial: Trial, told: Told, disk: Disk, moment: Moment) -> None:
    """One image. Its breaches go to the trial with what is needed to see it again."""
    image = Path(tempfile.mkdtemp(prefix="molroo-image-"))
    found, how = Ledger(), Survival.drawn(trial.rng)
    try:
        disk.image(image, how, trial.rng)
        if moment.served:
            await _served(trial, told, image, moment, found)
        await _compare(trial, told, image, moment, found)
    except Exception as error:  # noqa: BLE001 - whatever the product makes of an image, the run goes on and says so
        found.breach("lost", f"cannot be opened: {error!r}")
    finally:
        _owe(trial.ledger, found, f"cut at byte {moment.at}, {how}")
        trial.injected["image"] += 1
        shutil.rmtree(image)


def _owed(told: Told, session: Session, moment: Moment) -> dict[int, Turn]:
    """The turns that somebody knew to be done."""
    return {
        seq: turn
        for seq, turn in session.at_seq.items()
        if turn.id in moment.known.turns or told.turn_at.get(turn.id, moment.at + 1) <= moment.at
    }


async def _served(trial: Trial, told: Told, image: Path, moment: Moment, found: Ledger) -> None:
    """By a server, over REST, timed from its start to the first right answer."""
    began_s = time.perf_counter()
    server = await asyncio.to_thread(kit.start, image, env=ENV)
    try:
        async with aiohttp.ClientSession() as http:
            life = Life(server, http, found)
            for session in told.sessions.values():
                owed = _owed(told, session, moment)
                if owed and (items := await life.history(session)) is not None:
                    audit.compare(found, session, items, owed, moment.known.shown.get(session.id, 0))
                    if began_s:
                        trial.recovered_s.append(time.perf_counter() - began_s)
                        began_s = 0.0
        trial.outcomes["served"] += 1
    finally:
        await asyncio.to_thread(server.stop)


async def _compare(trial: Trial, told: Told, image: Path, moment: Moment, found: Ledger) -> None:
    """By the product's own code, before and after folding what is in the journal."""
    folder = await examine.examine(image)
    for name, reason in folder.damaged.items():
        found.breach("lost", f"{name} is damaged: {reason}")
    for name, created_at in told.session_at.items():
        if created_at <= moment.at and name not in folder.histories and name not in folder.damaged:
            found.breach("lost", f"session {name} is not there")
    for name, items in folder.histories.items():
        session = told.sessions.get(name)
        if session is None:
            continue  # one that was to be deleted, or whose creation was not answered
        owed = _owed(told, session, moment)
        audit.compare(found, session, items, owed, moment.known.shown.get(name, 0))
        trial.checked += len(owed)
    if folder.after_folding != folder.histories:
        odd = [name for name, items in folder.histories.items() if folder.after_folding.get(name) != items]
        found.breach("changed", f"folding what was found changed {odd}")
    for finding in folder.findings:
        found.breach("changed", f"doctor: {finding}")
