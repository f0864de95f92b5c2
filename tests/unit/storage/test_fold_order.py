"""When a session is folded, when it is not, and what a deletion may rely on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from molroo_actor.storage import fold
from tests.kit.rows import Store, a_row, store


async def _aged(it: Store, *sessions: int) -> None:
    """Rows of these sessions, each a second younger than the one before."""
    await it.add(*sessions)
    for age, session in enumerate(sessions):
        await it.append([a_row(session, 1, at_ms=it.clock.wall_ms() + age * 1000)])


async def test_rows_are_due_when_they_are_old_enough_the_oldest_first(tmp_path: Path) -> None:
    async with store(tmp_path, fold_age_s=5) as it:
        await _aged(it, 3, 1, 2)
        it.clock.advance(4.999)
        assert it.folding._due() == []
        it.clock.advance(0.001)
        assert it.folding._due() == [3]
        it.clock.advance(2)
        assert it.folding._due() == [3, 1, 2]


async def test_a_large_journal_is_folded_whatever_its_age(tmp_path: Path) -> None:
    async with store(tmp_path, fold_bytes=1_000) as it:
        await _aged(it, 1)
        assert it.folding._due() == []
        await it.append([a_row(1, 2, state_after=b"x" * 1_000)])
        assert it.folding._due() == [1]


async def test_a_round_takes_so_many_sessions_and_no_more(tmp_path: Path) -> None:
    async with store(tmp_path, fold_sessions_max=2) as it:
        await _aged(it, 1, 2, 3)
        it.clock.advance(60)
        assert it.folding._due() == [1, 2]


async def test_a_session_that_is_being_deleted_is_not_folded(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _aged(it, 1, 2)
        it.clock.advance(60)
        await it.folding.exclude(1)
        assert it.folding._due() == [2]
        it.folding.include(1)
        assert it.folding._due() == [1, 2]


async def test_a_wall_that_went_back_hours_makes_rows_due(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _aged(it, 1)
        it.clock.jump_wall_ms(-7_200_000)
        assert it.folding._due() == [1]


async def test_a_wall_that_went_back_folds_no_session_that_is_being_deleted(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _aged(it, 1)
        await it.folding.exclude(1)
        it.clock.jump_wall_ms(-7_200_000)
        assert it.folding._due() == []


async def test_a_wall_that_went_back_does_not_end_the_wait_after_a_failure(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _aged(it, 1)
        it.folding._failed(1, OSError(5, "Input/output error"))
        it.clock.jump_wall_ms(-7_200_000)
        assert it.folding._due() == []
        it.clock.advance(1)
        assert it.folding._due() == [1]


async def test_excluding_waits_for_a_fold_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with store(tmp_path) as it:
        await _aged(it, 1, 2)
        begun, go_on = threading.Event(), threading.Event()
        folded = fold.fold_one

        def slowly(*args: Any) -> fold.Folded:
            begun.set()
            assert go_on.wait(10)
            return folded(*args)

        monkeypatch.setattr(fold, "fold_one", slowly)
        round_ = asyncio.create_task(it.fold(1, 2))
        assert await asyncio.to_thread(begun.wait, 10)
        excluding = asyncio.create_task(it.folding.exclude(1))
        async with asyncio.timeout(10):
            await it.folding.exclude(3)  # one that is not in the round does not wait
        assert not excluding.done()
        go_on.set()
        async with asyncio.timeout(10):
            await excluding
            await round_
        assert it.folded_seq(1) == 1


async def test_stopping_ends_a_round_at_the_next_border_between_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store(tmp_path) as it:
        await _aged(it, 1, 2)
        folded = fold.fold_one

        def last(*args: Any) -> fold.Folded:
            it.folding.stop()
            return folded(*args)

        monkeypatch.setattr(fold, "fold_one", last)
        await it.fold(1, 2)
        assert (it.folded_seq(1), it.folded_seq(2)) == (1, None)


async def test_the_worker_folds_by_itself_and_trims_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store(tmp_path, fold_age_s=0.05) as it:
        await _aged(it, 1, 2)
        it.clock.advance(5)
        settle, settled = it.folding._settle, asyncio.Event()

        async def told(outcomes: Sequence[fold.Folded | tuple[int, Exception]]) -> None:
            await settle(outcomes)
            settled.set()

        monkeypatch.setattr(it.folding, "_settle", told)
        task = asyncio.create_task(it.folding.run())
        async with asyncio.timeout(10):
            await settled.wait()
        it.folding.stop()
        async with asyncio.timeout(10):
            await task
        assert (it.folding.sessions_folded, it.folding.rows_folded) == (2, 2)
        assert (it.journal.tails, it.in_journal()) == ({}, [])


async def test_a_session_that_cannot_be_folded_does_not_hold_the_rows_of_all_others(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1, 2)
        await it.append([a_row(1, 1), a_row(2, 1)])
        await it.fold(1, 2)
        it.path(1).write_bytes(b"garbage " * 500)
        for seq in (2, 3):
            await it.append([a_row(1, seq), a_row(2, seq)])
            await it.fold(1, 2)
            await it.folding._trim(now=True)
        assert [(session, seq) for _, session, seq in it.in_journal()] == [(1, 1), (1, 2), (1, 3)]


async def test_a_fold_whose_ledger_commit_held_unheard_is_no_damage(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        await it.append([a_row(1, 1), a_row(1, 2)])
        tail = it.journal.tails[1]
        await it.fold(1)
        it.journal.tails[1] = tail
        await it.fold(1)
        assert (it.folding.damaged, it.folded_seq(1), it.turns(1), it.journal.tails) == ({}, 2, [1, 2], {})
