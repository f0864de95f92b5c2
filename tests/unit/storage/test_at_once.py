"""What is done on the thread that asks: only what is small and quick, and with the same certainty as elsewhere."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from unittest import mock

import pytest

from molroo_actor.errors import AppendFailed
from molroo_actor.storage import at_once, catalog
from molroo_actor.storage.at_once import AtOnce
from molroo_actor.storage.rows import Row
from tests.kit.disk import FixedAtOnce, io_error, make_faulty
from tests.kit.rows import Store, a_row, store

LIMIT_S = 0.001


def _taking(policy: AtOnce, seconds: float, parts: int = 1) -> None:
    with mock.patch.object(at_once.time, "perf_counter", side_effect=[0.0, seconds]):
        policy.timed(parts, lambda: None)


def _elsewhere(policy: AtOnce) -> int:
    """How many calls in a row are not worth the asking thread's time; the next one is."""
    for number in range(1_000):
        if policy.quick:
            return number
    raise AssertionError("none is ever quick again")


def test_slow_calls_in_a_row_send_ever_more_of_the_next_ones_elsewhere_and_a_quick_one_ends_that() -> None:
    policy = AtOnce(LIMIT_S, 20)
    found = []
    for seconds in (0.002, 0.002, 0.002, 0.002, 0.0005, 0.002):
        _taking(policy, seconds)
        found.append(_elsewhere(policy))
    assert found == [4, 8, 16, 20, 0, 4]


def test_a_call_that_does_more_may_take_longer() -> None:
    policy = AtOnce(LIMIT_S, 20)
    _taking(policy, 0.0019, parts=17)
    assert _elsewhere(policy) == 0
    _taking(policy, 0.0019, parts=1)
    assert _elsewhere(policy) == 4


def _quick(it: Store) -> None:
    it.journal.at_once = FixedAtOnce(quick=True)  # type: ignore[assignment]


@pytest.mark.parametrize(
    "rows",
    [
        [a_row(1, seq) for seq in range(1, 66)],
        [a_row(1, 1)._replace(state_after=b"x" * 200_000), a_row(2, 1)._replace(state_after=b"x" * 70_000)],
        [a_row(1, 2)],
    ],
    ids=["many", "large", "a row that does not follow"],
)
async def test_what_is_not_small_or_not_right_is_left_to_the_writer(tmp_path: Path, rows: list[Row]) -> None:
    async with store(tmp_path) as it:
        _quick(it)
        await it.add(1, 2)
        assert it.journal.append_at_once(rows, []) is None
        assert it.in_journal() == []


async def test_rows_and_their_changes_are_durable_when_it_returns(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        _quick(it)
        await it.add(1, 2)
        assert it.journal.append_at_once([a_row(1, 1), a_row(2, 1)], [catalog.set_alarm(2, 5_000, 1)]) == {}
        assert (it.in_journal(), it.alarms()) == ([(1, 1, 1), (2, 2, 1)], [(2, 5_000, 1, 0)])
        assert it.journal.append_at_once([a_row(1, 2)], []) == {}


async def test_a_row_at_fault_is_named_and_the_others_stand(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        _quick(it)
        await it.add(1, 2)
        failed = it.journal.append_at_once([a_row(1, 1)._replace(at_ms=1 << 63), a_row(2, 1)], [])
        assert (sorted(failed or ()), it.in_journal()) == ([1], [(2, 2, 1)])
        assert it.journal.append_at_once([a_row(1, 1), a_row(2, 2)], []) == {}


async def test_what_failed_is_not_tried_again_but_told_by_the_next_append(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        _quick(it)
        await it.add(1, 2)
        faulty = make_faulty(it.ledger)

        def failing(statement: str) -> None:
            if statement.startswith("INSERT"):
                raise io_error(sqlite3.SQLITE_IOERR)

        faulty.before = failing
        assert it.journal.append_at_once([a_row(1, 1), a_row(2, 1)], []) is None
        assert it.journal.append_at_once([a_row(1, 1), a_row(2, 1)], []) is None
        faulty.statements.clear()
        with pytest.raises(AppendFailed, match="disk I/O error"):
            await it.journal.append([a_row(1, 1), a_row(2, 1)], [])
        assert not any(statement.startswith("INSERT") for statement in faulty.statements)
        faulty.before = lambda _: None
        assert it.journal.append_at_once([a_row(1, 1), a_row(2, 1)], []) == {}
