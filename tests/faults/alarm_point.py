"""SIGKILL when an alarm has been delivered and its effect is not durable: it must come again, and its effect once.

The sessions, their clients and their audit are those of `python -m tests.crash proactive`.
"""

from __future__ import annotations

import asyncio
import signal
from typing import Final

from molroo_actor.faultpoints import VARIABLE
from tests.crash import alone
from tests.crash.life import Life
from tests.faults.trial import Trial

NTH: Final = (1, 5)
DIES_WITHIN_S: Final = 12.0


async def run(trial: Trial, times: int) -> None:
    """Lives with a few new sessions each, until one of the alarms that come due is fatal."""
    story = alone.Story(trial.seed, times, trial.data, ledger=trial.ledger)
    trial.ledger.excused = True
    for number in range(times):
        nth = trial.rng.randint(*NTH)
        async with alone.living(story, {VARIABLE: f"alarm:kill:{nth}"}) as life:
            killing = asyncio.create_task(_until_dead(life))
            await alone.attended(
                life, [*story.sessions, *(fresh := alone.drawn(trial.rng, number))], alone.beginning(story, life, fresh)
            )
            story.kills += await killing
    trial.ledger.excused = False
    await alone.last_lives(story)
    trial.injected["kill"] += story.kills
    trial.recovered_s += [late_s for late_s in story.overdue_s if late_s > 0]
    trial.checked = sum(each.acted_ms is not None for each in story.sessions)
    trial.outcomes["sessions that acted once"] += trial.checked
    trial.traces += [line for line in story.server_errors if "Traceback" in line]


async def _until_dead(life: Life) -> bool:
    """Whether the point was fatal; without alarms that come due the life ends all the same."""
    life.ledger.counts["armed"] += 1
    for _ in range(round(DIES_WITHIN_S / 0.01)):
        if (code := life.server.process.poll()) is not None:
            life.over.set()
            return code == -signal.SIGKILL
        await asyncio.sleep(0.01)
    life.over.set()
    return False
