"""Every kind of fault: its name, how often it is done unless told otherwise, what it needs, and who does it."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, NamedTuple

from molroo_actor.faultpoints import Name
from tests.crash import run as crash
from tests.faults import (
    alarm_point,
    damaged_ledger,
    damaged_session,
    disk_errors,
    freeze,
    full,
    handles,
    locks,
    points,
    power,
    wall,
)
from tests.faults.shim import COMPILER, NO_COMPILER
from tests.faults.trial import Trial, whole

Doing = Callable[[Trial, int], Awaitable[None]]


def _always() -> str | None:
    return None


def _no_shim() -> str | None:
    return None if COMPILER else NO_COMPILER


def _no_prlimit() -> str | None:
    return None if shutil.which("prlimit") else "prlimit is missing: nothing lowers the limit of a child"


class Row(NamedTuple):
    """One line of the table."""

    name: str
    times: int
    doing: Doing
    why_not: Callable[[], str | None] = _always
    """Why it cannot be done on this machine, or None."""


async def _killed(trial: Trial, times: int) -> None:
    """`make crash`, as one row: SIGKILL at random."""
    ended = await crash.run(times, trial.seed)
    trial.injected["kill"] += ended.kills
    trial.checked = ended.ledger.counts["turns acknowledged"]
    trial.recovered_s += ended.ready_s[1:]
    trial.ledger.broken.update(ended.ledger.broken)
    trial.ledger.breaches += ended.ledger.breaches
    trial.ledger.breaches += ended.server_errors


def _around(hurting: Doing) -> Doing:
    return lambda trial, times: whole(trial, hurting, times)


def _at(name: Name) -> Doing:
    return _around(lambda trial, times: points.killed(trial, name, times))


KINDS: Final[dict[str, tuple[Row, ...]]] = {
    "kill": (Row("kill at random", 50, _killed),),
    "points": (
        *(Row(f"kill at {name}", 15, _at(name)) for name in points.PASSING),
        Row("kill at alarm", 12, alarm_point.run),
        Row("error at a point", 4, _around(partial(points.hurt, what="raise"))),
        Row("stop at a point", 2, _around(partial(points.hurt, what="stop"))),
        Row("delay at a point", 2, _around(partial(points.hurt, what="delay=0.2"))),
    ),
    "freeze": (Row("freeze", 40, _around(freeze.run)),),
    "full": (Row("disk full", 40, full.run, full.why_not),),
    "io": tuple(
        Row(name, 40, _around(partial(disk_errors.run, troubles=troubles)), _no_shim)
        for name, troubles in disk_errors.KINDS.items()
    ),
    "busy": (Row("locked by others", 60, _around(locks.run)),),
    "power": (Row("power cut", 300, power.run, _no_shim),),
    "clock": (Row("wall clock jumps", 60, _around(wall.run), _no_shim),),
    "handles": (Row("no file handles", 40, _around(handles.run), _no_prlimit),),
    "session": (Row("session file damaged", 200, damaged_session.run),),
    "node": (Row("node.db damaged", 200, damaged_ledger.run),),
}
