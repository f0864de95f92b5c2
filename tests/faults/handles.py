"""No file handles left: idle connections take all that may be had, or somebody lowers the limit under a running server.

The first is a flood that the listener must hold off; the second hits the disk itself: files cannot be opened.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from typing import Final

from tests.crash import recheck
from tests.crash.life import Cut, Life, Refused
from tests.faults.trial import Trial, living, recovery, under_load

LIMIT: Final = 400
"""Of the server: a little more than it keeps back for the disk."""
CROWD: Final = 320
LASTS_S: Final = (0.3, 1.2)
BETWEEN_S: Final = (0.1, 0.4)
A_LIFE: Final = 6


async def run(trial: Trial, times: int) -> None:
    """Crowds and lowered limits in turn, under load."""
    goal = trial.count + times
    while trial.count < goal:
        async with living(trial, under=("prlimit", f"--nofile={LIMIT}")) as life:
            with contextlib.suppress(Cut, Refused):
                await recheck.run(life, trial.rng)
            async with under_load(trial, life):
                for number in range(min(A_LIFE, goal - trial.count)):
                    await life.pause(trial.rng.uniform(*BETWEEN_S))
                    await (_lowered(trial, life) if number % 2 else _crowd(trial, life))
                    await recovery(trial, life)
            if (code := life.server.process.poll()) is not None:
                trial.outcomes[f"ended with {code}"] += 1


async def _crowd(trial: Trial, life: Life) -> None:
    """Connections that say nothing; those that were in before go on."""
    with contextlib.ExitStack() as crowd:
        for _ in range(CROWD):
            line = crowd.enter_context(contextlib.closing(socket.socket()))
            line.setblocking(False)
            line.connect_ex(("127.0.0.1", life.server.port))
        before = trial.ledger.counts["turns acknowledged"]
        await life.pause(trial.rng.uniform(*LASTS_S))
        trial.outcomes["turns taken meanwhile"] += trial.ledger.counts["turns acknowledged"] - before
    trial.injected["crowd"] += 1


async def _lowered(trial: Trial, life: Life) -> None:
    """The limit is below what is open already: nothing can be opened at all."""
    resource.prlimit(life.server.pid, resource.RLIMIT_NOFILE, (16, LIMIT))
    try:
        before = trial.ledger.counts["turns acknowledged"]
        await asyncio.sleep(trial.rng.uniform(*LASTS_S))
        trial.outcomes["turns taken meanwhile"] += trial.ledger.counts["turns acknowledged"] - before
    finally:
        resource.prlimit(life.server.pid, resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
    trial.injected["limit lowered"] += 1
