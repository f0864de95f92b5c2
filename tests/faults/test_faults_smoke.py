"""A little of every kind of fault; the long runs are `make faults`."""

from __future__ import annotations

import random
from functools import partial

import pytest

from tests.faults import (
    damaged_ledger,
    damaged_session,
    disk_errors,
    freeze,
    full,
    handles,
    locks,
    points,
    power,
    table,
    wall,
)
from tests.faults.kinds import Doing
from tests.faults.shim import COMPILER, NO_COMPILER, Place
from tests.faults.trial import Trial, first_life, last_life

RECORDINGS_MAX = 8
"""One notices nearly always."""

needs_shim = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)


def a_trial(kind: str) -> Trial:
    return Trial(kind, random.SystemRandom().randrange(1 << 32))


def assert_sound(trial: Trial) -> None:
    trial.end()
    assert trial.sound, "\n".join(table.verdict(trial))


async def assert_survives(kind: str, *doings: tuple[Doing, int]) -> None:
    """One folder for several kinds: a life before, each fault, one audit."""
    trial = a_trial(kind)
    await first_life(trial, 0.3)
    trial.ledger.excused = True
    for doing, times in doings:
        before = trial.count
        await doing(trial, times)
        assert trial.count > before, f"{doing} did nothing"
    await last_life(trial, stops=1)
    assert_sound(trial)


@pytest.mark.timeout(120)
async def test_killed_failing_frozen_and_locked_out_it_loses_nothing() -> None:
    await assert_survives(
        "smoke",
        (lambda trial, times: points.killed(trial, "after_commit", times), 1),
        (partial(points.hurt, what="raise", names=("before_commit",), hurt_s=0.5), 1),
        (freeze.run, 1),
        (locks.run, 2),
        (handles.run, 2),
    )


@needs_shim
@pytest.mark.timeout(120)
async def test_over_a_disk_that_fails_and_a_clock_that_jumps_it_loses_nothing() -> None:
    troubles = disk_errors.KINDS["write fails"] + disk_errors.KINDS["fsync fails"]
    await assert_survives("smoke", (wall.run, 2), (partial(disk_errors.run, troubles=troubles), 2))


@pytest.mark.skipif(full.why_not() is not None, reason=str(full.why_not()))
@pytest.mark.timeout(120)
async def test_over_a_full_disk_it_refuses_in_words_and_goes_on() -> None:
    trial = a_trial("full")
    await full.run(trial, 1)
    assert trial.ledger.counts["reads while full"] > 0
    assert_sound(trial)


@needs_shim
@pytest.mark.timeout(120)
async def test_over_power_cuts_every_answered_turn_is_there() -> None:
    trial = a_trial("power")
    await power.run(trial, 10, recorded_s=1.0)
    assert_sound(trial)


@needs_shim
@pytest.mark.parametrize("places", [{"node.db", "node.db-wal"}, {"folder"}])
@pytest.mark.timeout(120)
async def test_the_check_notices_a_disk_that_lies(places: set[Place]) -> None:
    """As if synchronous were off, and as if nobody made names durable. What a cut takes is chance: by the disk's lie
    each recording has its own, and not every one of them meets a turn.
    """
    lost = 0
    for _ in range(RECORDINGS_MAX):
        trial = a_trial("power")
        await power.run(trial, 25, recorded_s=1.0, lie=frozenset(places))
        trial.end()
        lost += trial.ledger.broken["lost"]
        if lost:
            break
    assert lost > 0


@pytest.mark.timeout(120)
async def test_a_damaged_session_says_so_and_the_others_go_on() -> None:
    trial = a_trial("session")
    await damaged_session.run(trial, 4)
    assert_sound(trial)


@pytest.mark.timeout(120)
async def test_a_damaged_ledger_is_refused_or_right() -> None:
    trial = a_trial("node")
    await damaged_ledger.run(trial, 3)
    assert_sound(trial)
