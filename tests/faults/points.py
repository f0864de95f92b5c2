"""Faults from inside: the server kills, stops, fails or holds itself up at a moment with a name (faultpoints.py)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from typing import Final, get_args

from molroo_actor.faultpoints import VARIABLE, Name
from tests.crash import recheck
from tests.crash.ledger import Ledger
from tests.crash.life import Cut, Life, Refused
from tests.faults.trial import Trial, living, recovery, under_load
from tests.kit.server import ServerFailed

LIFE_S: Final = 8.0
"""A life in which the moment does not come ends without its fault."""
HURT_S: Final = 3.0
NAMES: Final[tuple[Name, ...]] = get_args(Name)
PASSING: Final[dict[Name, tuple[int, int]]] = {
    "before_commit": (1, 500), "after_commit": (1, 500), "before_reply": (1, 500), "hibernate": (1, 60),
    "wake": (1, 120), "fold": (1, 60), "delete": (1, 8),
}  # fmt: skip
"""Which passing is the fatal one: what a life of a few seconds has enough of. Alarms have a story of their own."""
SAID: Final = re.compile(r"^fault point \w+: (kill|stop|raise|delay)")
UNKNOWN_EXIT: Final = 3
"""What the server ends with when nobody can tell whether a commit happened."""


async def killed(trial: Trial, name: Name, times: int) -> None:
    """SIGKILL at this moment, `times` times, under load."""
    for _ in range(times):
        nth = trial.rng.randint(*PASSING[name])
        try:
            async with living(trial, {VARIABLE: f"{name}:kill:{nth}"}) as life:
                await _until_dead(trial, life)
                trial.injected["kill"] += life.server.process.poll() == -signal.SIGKILL
        except ServerFailed as error:
            if f"fault point {name}: kill" not in str(error):
                raise
            trial.injected["kill"] += 1
            trial.outcomes["killed while it started"] += 1


async def _until_dead(trial: Trial, life: Life) -> None:
    began_s = time.monotonic()
    with contextlib.suppress(Cut, Refused):
        await recheck.run(life, trial.rng)
        await trial.deletions.quietly_check(life)
    async with under_load(trial, life):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.1, LIFE_S - (time.monotonic() - began_s))):
                await life.over.wait()


async def hurt(
    trial: Trial, times: int, what: str, names: tuple[Name, ...] = tuple(PASSING), hurt_s: float = HURT_S
) -> None:
    """`what` (stop, raise, delay=S) at each of these moments in turn, until it happened `times` times at each."""
    for name in names:
        done, lives = 0, 0
        while done < times and lives < times + 2:
            lives += 1
            every = trial.rng.randint(1, max(2, PASSING[name][1] // 25))
            try:
                done += await _hurt_life(trial, name, what, every, hurt_s)
            except ServerFailed as error:  # it was hurt before it was ready
                if f"fault point {name}" not in str(error):
                    raise
                done += 1
                trial.injected[name] += 1
                trial.outcomes["ended while it started"] += 1


async def _hurt_life(trial: Trial, name: Name, what: str, every: int, hurt_s: float) -> int:
    async with living(trial, {VARIABLE: f"{name}:{what}:{every}"}) as life:
        waker = asyncio.create_task(_wake_when_stopped(life))  # to the end: it may stop itself while clients leave
        with contextlib.suppress(Cut, Refused):
            await recheck.run(life, trial.rng)
            async with under_load(trial, life):
                await asyncio.sleep(hurt_s)
                with contextlib.suppress(Cut):
                    await recovery(trial, life)
        waker.cancel()
        done = sum(SAID.search(line) is not None for line in life.server.output.lines)
        trial.injected[name] += done
        code = life.server.process.poll()
        if code is not None:
            trial.outcomes[f"ended with {code}"] += 1
            if code != UNKNOWN_EXIT:
                Ledger.breach(trial.ledger, "refused", f"{what} at {name}: the server ended with {code}")
        return done


async def _wake_when_stopped(life: Life) -> None:
    """SIGCONT a while after each SIGSTOP that the server gave itself."""
    seen = 0
    while True:
        await asyncio.sleep(0.02)
        stops = sum("stop" in line for line in life.server.output.lines if SAID.search(line))
        if stops > seen:
            seen = stops
            await asyncio.sleep(0.4)
            with contextlib.suppress(ProcessLookupError):
                os.kill(life.server.pid, signal.SIGCONT)
