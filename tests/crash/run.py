"""The loop: start, recheck, load, SIGKILL, again; then an audit of everything, twice, with a clean stop between.

Most kills come under load; one in `EARLY_ONE_IN` comes while clients still repeat what the last kill left open.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.crash import audit, load, recheck
from tests.crash.ledger import Ledger
from tests.crash.life import ANSWER_WITHIN_S, Cut, Life
from tests.crash.meters import Meters
from tests.kit import server as kit

KILLED_AFTER_S = (0.05, 1.5)
EARLY_ONE_IN = 5
CLIENTS_END_WITHIN_S = 10.0
SESSIONS_AT_FIRST = 10
ENV = {
    "MOLROO_HIBERNATE_AFTER_S": "0.3",
    "MOLROO_FOLD_AGE_S": "0.5",
    "MOLROO_REQUESTS_PER_MINUTE": "0",
    "MOLROO_SOCKET_MESSAGES_PER_S": "0",
}


@dataclass
class Run:
    """What a run has come to. `data` is kept when something was breached, for whoever wants to look."""

    seed: int
    kills_wanted: int
    data: Path
    ledger: Ledger = field(default_factory=Ledger)
    meters: Meters = field(default_factory=Meters)
    kills: int = 0
    early_kills: int = 0
    ready_s: list[float] = field(default_factory=list)
    server_errors: list[str] = field(default_factory=list)
    clean_exit: int | None = None
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """No breach, every kill made, and a server that ends with 0 when asked."""
        return (
            not self.ledger.broken
            and not self.server_errors
            and self.kills == self.kills_wanted
            and self.clean_exit == 0
        )


async def run(kills: int, seed: int) -> Run:
    """A whole run on a fresh folder."""
    result = Run(seed, kills, Path(tempfile.mkdtemp(prefix="molroo-crash-")))
    rng = random.Random(seed)
    began = time.monotonic()
    for number in range(kills):
        await one_life(result, rng, number)
    for stop in range(2):
        await last_life(result, rng, first=stop == 0)
    result.seconds = time.monotonic() - began
    if result.sound:
        shutil.rmtree(result.data)
    return result


async def one_life(result: Run, rng: random.Random, number: int) -> None:
    """From start to SIGKILL."""
    early = number > 0 and rng.randrange(EARLY_ONE_IN) == 0
    kill_after_s = rng.uniform(*KILLED_AFTER_S)
    async with living(result) as life:
        killer = asyncio.create_task(_kill(result, life, kill_after_s)) if early else None
        with contextlib.suppress(Cut):
            await recheck.run(life, rng)
            if number == 0:
                await _first_sessions(life, result.seed)
            if killer is None:
                killer = asyncio.create_task(_kill(result, life, kill_after_s))
            await _load(life, f"{result.seed}/{number}", kill_after_s)
        if killer is None:  # the server died by itself: a breach is noted already
            killer = asyncio.create_task(_kill(result, life, 0))
        await killer
        result.early_kills += early


async def last_life(result: Run, rng: random.Random, *, first: bool) -> None:
    """Nothing is under way: repeat what is open, audit everything, stop as an operator would."""
    async with living(result) as life:
        with contextlib.suppress(Cut):
            await recheck.run(life, rng)
            _still_open(life.ledger)
            await audit.listing(life)
            for session in list(life.ledger.sessions.values()):
                await audit.history(life, session, final=first)
            await result.meters.read(life)
        life.over.set()
        result.clean_exit = await asyncio.to_thread(life.server.stop)


async def _load(life: Life, seed: str, kill_after_s: float) -> None:
    try:
        async with asyncio.timeout(kill_after_s + CLIENTS_END_WITHIN_S):
            await load.run(life, seed)
    except TimeoutError:
        life.ledger.breach("refused", "clients still wait for a server that was killed long ago")


async def _kill(result: Run, life: Life, after_s: float) -> None:
    await asyncio.sleep(after_s)
    life.over.set()
    result.kills += await asyncio.to_thread(life.server.kill) == -signal.SIGKILL


async def _first_sessions(life: Life, seed: int) -> None:
    tester = load.Tester(life.ledger, f"{seed}/first")
    for _ in range(SESSIONS_AT_FIRST):
        await life.create(tester.creation())


def _still_open(ledger: Ledger) -> None:
    for turn in ledger.open_turns.values():
        ledger.breach("refused", f"{turn.session} {turn.id} is unanswered after {turn.sends} tries")
    for creation in ledger.open_creations:
        ledger.breach("refused", f"creation {creation.key or creation.own_id} is unanswered")


@contextlib.asynccontextmanager
async def living(result: Run) -> AsyncIterator[Life]:
    """A server and its clients' connections; whatever happens, the process is gone afterwards."""
    began = time.perf_counter()
    server = await asyncio.to_thread(kit.start, result.data, env=ENV)
    result.ready_s.append(time.perf_counter() - began)
    timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as http:
            life = Life(server, http, result.ledger)
            metering = asyncio.create_task(result.meters.follow(life))
            try:
                yield life
            finally:
                metering.cancel()
    finally:
        server.kill()
        result.meters.life_ended()
        result.server_errors += [line for line in server.output.lines if "Traceback" in line or " ERROR " in line]
