"""The server stands still (SIGSTOP), longer than its own limits for pings and pongs, and goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Final

from tests.crash import recheck
from tests.crash.life import Cut, Refused
from tests.faults.trial import Trial, living, recovery, under_load

FREEZES_A_LIFE: Final = 8
FROZEN_S: Final = (0.1, 2.0)
BETWEEN_S: Final = (0.1, 0.8)
ENV: Final = {"MOLROO_PING_EVERY_S": "0.5", "MOLROO_PONG_WITHIN_S": "0.5", "MOLROO_CLOSE_WITHIN_S": "0.3"}


async def run(trial: Trial, times: int) -> None:
    """Freezes under load, some a life."""
    goal = trial.count + times
    while trial.count < goal:
        async with living(trial, ENV) as life:
            with contextlib.suppress(Cut, Refused):
                await recheck.run(life, trial.rng)
            async with under_load(trial, life):
                for _ in range(min(FREEZES_A_LIFE, goal - trial.count)):
                    await asyncio.sleep(trial.rng.uniform(*BETWEEN_S))
                    os.kill(life.server.pid, signal.SIGSTOP)
                    try:
                        await asyncio.sleep(trial.rng.uniform(*FROZEN_S))
                    finally:
                        os.kill(life.server.pid, signal.SIGCONT)
                    trial.injected["freeze"] += 1
                    await recovery(trial, life)
