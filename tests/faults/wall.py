"""The wall clock jumps, by seconds or by a year, forward and back, under load and over restarts."""

from __future__ import annotations

import contextlib
from typing import Final

from tests.crash import recheck
from tests.crash.life import Cut, Refused
from tests.faults.shim import Shim
from tests.faults.trial import Trial, living, recovery, under_load

DAY_S: Final = 86_400.0
AHEAD_S: Final = (0.0, -DAY_S, -3_600.0, -1.5, 2.0, 3_600.0, DAY_S, 30 * DAY_S, 365 * DAY_S)
"""Where the wall may stand, against the machine's: a jump is from any to any."""
BETWEEN_S: Final = (0.1, 0.8)
JUMPS_A_LIFE: Final = 10


async def run(trial: Trial, times: int) -> None:
    """Jumps under load; a life begins where the wall stands, too, and the last one at the machine's own time."""
    goal, ahead_s = trial.count + times, 0.0
    while trial.count < goal:
        with Shim(trial.data) as shim:
            if ahead_s != (ahead_s := trial.rng.choice(AHEAD_S)):
                trial.injected["over a restart"] += 1
            shim.wall(ahead_s)
            async with living(trial, shim.env) as life:
                with contextlib.suppress(Cut, Refused):
                    await recheck.run(life, trial.rng)
                async with under_load(trial, life):
                    for _ in range(min(JUMPS_A_LIFE, goal - trial.count)):
                        await life.pause(trial.rng.uniform(*BETWEEN_S))
                        ahead_s = trial.rng.choice(AHEAD_S)
                        shim.wall(ahead_s)
                        trial.injected["under load"] += 1
                        await recovery(trial, life)
                if (code := life.server.process.poll()) is not None:
                    trial.outcomes[f"ended with {code}"] += 1
