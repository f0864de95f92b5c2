"""Writes, fsyncs, cuts, names and reads that fail, tear or fall short: the shim between SQLite and the system.

The server may refuse and go on, or end with the code that says that it does not know; then it is started again. Never
may it say yes to what is not there, or no to what is.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from dataclasses import dataclass
from typing import Final

from tests.crash import recheck
from tests.crash.ledger import Ledger
from tests.crash.life import Cut, Life, Refused
from tests.faults.points import UNKNOWN_EXIT
from tests.faults.shim import How, Op, Place, Shim
from tests.faults.trial import Trial, living, recovery, under_load

BEFORE_S: Final = (0.05, 0.5)
STRIKES_WITHIN_S: Final = 1.2
"""What is armed and does not come to strike, for want of such a call, is not counted."""
SKIP: Final = (0, 40)
TIMES: Final = (1, 1, 2, 5, -1)
LASTS_S: Final = (0.0, 0.6)


@dataclass(frozen=True)
class Trouble:
    """One way in which a disk refuses."""

    ops: frozenset[Op]
    places: frozenset[Place]
    error: int
    how: How = "fail"


LEDGER: Final[frozenset[Place]] = frozenset({"node.db", "node.db-wal"})
FILES: Final[frozenset[Place]] = frozenset({"session", "session-journal"})
FOLDERS: Final[frozenset[Place]] = frozenset({"folder"})
KINDS: Final[dict[str, tuple[Trouble, ...]]] = {
    "write fails": tuple(
        Trouble(frozenset({"write"}), places, error)
        for places in (LEDGER, FILES, LEDGER | FILES)
        for error in (errno.EIO, errno.ENOSPC)
    ),
    "write tears": tuple(Trouble(frozenset({"write"}), places, errno.EIO, "tear") for places in (LEDGER, FILES)),
    "write falls short": tuple(Trouble(frozenset({"write"}), places, errno.EIO, "short") for places in (LEDGER, FILES)),
    "fsync fails": tuple(
        Trouble(frozenset({"sync"}), places, errno.EIO) for places in (LEDGER, FILES, FOLDERS, LEDGER | FILES | FOLDERS)
    ),
    "truncate, unlink, open fail": (
        Trouble(frozenset({"truncate"}), LEDGER | FILES, errno.EIO),
        Trouble(frozenset({"unlink"}), FILES, errno.EIO),
        Trouble(frozenset({"open"}), FILES, errno.EIO),
        Trouble(frozenset({"open"}), FILES | FOLDERS, errno.EMFILE),
    ),
    "read fails": tuple(Trouble(frozenset({"read"}), places, errno.EIO) for places in (LEDGER, FILES)),
}


async def run(trial: Trial, times: int, troubles: tuple[Trouble, ...]) -> None:
    """Strikes under load; a server that ends is started again."""
    goal, lives = trial.count + times, 0
    while trial.count < goal and lives < 2 * times + 4:
        lives += 1
        with Shim(trial.data) as shim:
            async with living(trial, shim.env) as life:
                with contextlib.suppress(Cut, Refused):
                    await recheck.run(life, trial.rng)
                async with under_load(trial, life):
                    with contextlib.suppress(Cut):
                        await _strikes(trial, life, shim, goal, troubles)
                ended(trial, life)


async def _strikes(trial: Trial, life: Life, shim: Shim, goal: int, troubles: tuple[Trouble, ...]) -> None:
    idle = 0
    while trial.count < goal and idle < 8:
        await life.pause(trial.rng.uniform(*BEFORE_S))
        struck = shim.done
        trouble = trial.rng.choice(troubles)
        shim.arm(
            set(trouble.ops), set(trouble.places), trouble.error, how=trouble.how,
            skip=trial.rng.randint(*SKIP), times=trial.rng.choice(TIMES),
        )  # fmt: skip
        try:
            async with asyncio.timeout(STRIKES_WITHIN_S):
                while shim.done == struck:
                    await life.pause(0.01)
                await life.pause(trial.rng.uniform(*LASTS_S))
        except TimeoutError:
            pass
        finally:
            shim.disarm()
            happened = shim.done > struck
            trial.injected[", ".join(sorted(trouble.ops))] += happened
            idle += not happened
        await recovery(trial, life)


def ended(trial: Trial, life: Life) -> None:
    """A server may end of a disk only with the code that says that it does not know."""
    code = life.server.process.poll()
    if code is None:
        trial.outcomes["went on"] += 1
        return
    trial.outcomes[f"ended with {code}"] += 1
    if code != UNKNOWN_EXIT:
        Ledger.breach(trial.ledger, "refused", f"the server ended with {code}: {life.server.output.lines[-3:]}")
