"""Folding: what moves into a session's file, in which order things become durable, and what it never does."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from molroo_actor.errors import AppendFailed
from molroo_actor.storage import catalog, fold, schema
from molroo_actor.storage.layout import fsync_folder
from molroo_actor.storage.node_db import connect
from tests.kit.rows import Store, a_row, holder, rows_of, store

T = TypeVar("T")


async def _with_rows(it: Store, last: int) -> None:
    await it.add(1)
    await it.append(rows_of(1, 1, last))


async def test_a_fold_moves_rows_as_they_are_and_says_so_in_the_catalog(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _with_rows(it, 3)
        await it.fold()
        assert it.query(it.path(1), f"SELECT {schema.TURN_COLUMNS} FROM turn ORDER BY seq") == [
            row[1:-1] for row in rows_of(1, 1, 3)
        ]
        assert it.query(it.path(1), "SELECT seq, state_after FROM state ORDER BY seq") == [
            (row.seq, row.state_after) for row in rows_of(1, 1, 3)
        ]
        assert dict(it.query(it.path(1), "SELECT name, value FROM meta")) == {
            "session_id": "session-1",
            "name": "Mira",
            "epoch": "epoch",
            "created_ms": 1_790_000_000_000,
            "time_scale": 1.0,
            "persona": b"persona",
            "origin": b"origin",
        }
        assert (it.folded_seq(1), it.journal.tails, it.folding.rows_folded) == (3, {}, 3)
        (active,) = it.query(it.ledger.folder.node_db, "SELECT last_active_ms FROM session")
        assert active == (a_row(1, 3).at_ms,)


async def test_a_second_fold_adds_to_the_file(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _with_rows(it, 3)
        await it.fold()
        await it.append(rows_of(1, 4, 5))
        await it.fold()
        assert (it.turns(1), it.folded_seq(1)) == ([1, 2, 3, 4, 5], 5)


async def test_only_the_newest_states_are_kept_and_all_rows_are(tmp_path: Path) -> None:
    async with store(tmp_path, history_kept=3) as it:
        await _with_rows(it, 5)
        await it.fold()
        assert (it.turns(1), it.states(1)) == ([1, 2, 3, 4, 5], [3, 4, 5])
        await it.append(rows_of(1, 6, 7))
        await it.fold()
        assert (it.turns(1), it.states(1)) == ([1, 2, 3, 4, 5, 6, 7], [5, 6, 7])


async def test_after_a_crash_between_the_two_commits_equal_rows_are_skipped(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _with_rows(it, 2)
        await _fold_without_the_ledgers_commit(it)
        assert (it.turns(1), it.folded_seq(1)) == ([1, 2], None)
        await it.append([a_row(1, 3)])
    async with store(tmp_path) as it:
        assert it.journal.rowids(1) == [1, 2, 3]
        await it.fold()
        assert (it.turns(1), it.states(1), it.folded_seq(1)) == ([1, 2, 3], [1, 2, 3], 3)
        assert it.folding.damaged == {}


@pytest.mark.parametrize("column", ["at_ms", "kind", "msg_id", "body_hash", "input", "appraisal", "emotion"])
async def test_a_row_that_stands_there_and_differs_is_damage_and_never_overwritten(tmp_path: Path, column: str) -> None:
    async with store(tmp_path) as it:
        await _with_rows(it, 2)
        await _fold_without_the_ledgers_commit(it)
        it.execute(it.path(1), f"UPDATE turn SET {column} = 99 WHERE seq = 2")
        await it.append([a_row(1, 3)])
        before = it.path(1).read_bytes()
        await it.fold()
        assert it.folding.damaged == {1: "session file: it holds other rows than the journal"}
        assert (it.path(1).read_bytes(), it.folded_seq(1), len(it.journal.rowids(1))) == (before, None, 3)


async def test_a_file_that_should_be_there_and_is_not_is_damage_and_not_made_again(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _with_rows(it, 2)
        await it.fold()
        it.path(1).unlink()
        await it.append([a_row(1, 3)])
        await it.fold()
        assert it.folding.damaged == {1: "session file: missing"}
        assert (it.path(1).exists(), it.journal.rowids(1)) == (False, [3])


async def test_a_file_shorter_than_the_ledger_says_is_damage(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _with_rows(it, 3)
        await it.fold()
        it.execute(it.path(1), "DELETE FROM turn WHERE seq = 3")
        await it.append([a_row(1, 4)])
        await it.fold()
        assert it.folding.damaged == {1: "session file ends at 2, the ledger says 3"}
        assert (it.turns(1), it.folded_seq(1)) == ([1, 2], 3)


async def test_a_hole_in_the_history_is_damage(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _with_rows(it, 3)
        it.ledger.node.sql.execute("DELETE FROM journal WHERE seq = 2")
        await it.fold()
        assert it.folding.damaged == {1: "history: 2 rows from 0 to 3"}
        assert (it.folded_seq(1), it.path(1).stat().st_size) == (
            None,
            0,
        )  # tables come with the first rows or not at all


@pytest.mark.parametrize("content", [b"not a database, " * 300, b""], ids=["garbage", "empty"])
async def test_a_damaged_file_is_that_session_s_affair(tmp_path: Path, content: bytes) -> None:
    async with store(tmp_path) as it:
        await it.add(1, 2)
        await it.append([a_row(1, 1), a_row(2, 1)])
        await it.fold()
        it.path(1).write_bytes(content)
        await it.append([a_row(1, 2), a_row(2, 2)])
        await it.fold(1, 2)
        assert list(it.folding.damaged) == [1]
        assert (it.turns(2), it.folded_seq(2), it.journal.rowids(1)) == ([1, 2], 2, [3])
        assert it.path(1).read_bytes() == content


async def test_a_file_that_somebody_holds_is_folded_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with store(tmp_path) as it:
        _impatient(it, monkeypatch)
        await _with_rows(it, 1)
        await it.fold()
        await it.append([a_row(1, 2)])
        with contextlib.closing(holder(it.path(1))):
            for tries, wait_s in enumerate([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300], start=1):
                await it.fold()
                assert (it.folding.failures, it.folding.damaged, it.folded_seq(1)) == (tries, {}, 1)
                it.clock.advance(wait_s - 0.001)
                assert it.folding._due() == []
                it.clock.advance(0.001)
                it.clock.jump_wall_ms(60_000)
                assert it.folding._due() == [1]
        await it.fold()
        assert (it.turns(1), it.folded_seq(1), it.folding._retry) == ([1, 2], 2, {})


async def test_only_the_first_fold_may_make_the_file(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _with_rows(it, 1)
        with contextlib.closing(it.folding._connection()) as sql:
            for mode in ("ro", "rw"):
                assert not it.path(1).exists()
                with pytest.raises(Exception, match="unable to open"), contextlib.closing(connect(it.path(1), mode)):
                    pass
            fold.fold_one(sql, it.path(1), 1, it.journal.rowids(1), 100)
            assert it.path(1).exists()
            await it.ledger.commit([catalog.mark_folded(1, 1, 0)])
            it.path(1).unlink()
            with pytest.raises(Exception, match="missing"):
                fold.fold_one(sql, it.path(1), 1, it.journal.rowids(1), 100)
            assert not it.path(1).exists()
        it.folding._sql = None


async def test_the_folder_is_durable_before_the_ledger_hears_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store(tmp_path) as it:
        await _with_rows(it, 1)
        order: list[str] = []
        folded, commit = fold.fold_one, it.folding._commit

        def recorded(name: str, function: Callable[..., T]) -> Callable[..., T]:
            def call(*args: Any) -> T:
                result = function(*args)
                order.append(name)
                return result

            return call

        monkeypatch.setattr(fold, "fold_one", recorded("file", folded))
        monkeypatch.setattr(fold, "fsync_folder", recorded("folder", fsync_folder))
        it.folding._commit = recorded("ledger", commit)
        await it.fold()
        assert order[:3] == ["file", "folder", "ledger"]


async def test_when_the_folder_cannot_be_made_durable_the_rows_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store(tmp_path) as it:
        await _with_rows(it, 1)

        def refuses(folder: Path) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(fold, "fsync_folder", refuses)
        await it.fold()
        assert (it.folding.failures, it.folded_seq(1), it.journal.rowids(1)) == (1, None, [1])


async def test_a_session_whose_row_breaks_the_ledgers_commit_does_not_end_the_folding(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _with_rows(it, 1)
        commit = it.folding._commit

        async def refuses(changes: object) -> None:
            raise sqlite3.IntegrityError("a row of that session was at fault in the same commit")

        it.folding._commit = refuses
        await it.fold()
        it.folding._commit = commit
        await it.fold()
        assert it.folded_seq(1) == 1


async def _fold_without_the_ledgers_commit(it: Store) -> None:
    """What kill -9 leaves when it comes between a fold's two commits."""
    commit = it.folding._commit

    async def dies(changes: object) -> None:
        raise AppendFailed("killed here")

    it.folding._commit = dies
    await it.fold()
    it.folding._commit = commit


def _impatient(it: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold that does not wait for a held file: in life it does for some seconds."""
    connection = it.folding._connection

    def at_once() -> sqlite3.Connection:
        sql = connection()
        sql.execute("PRAGMA busy_timeout = 0")
        return sql

    monkeypatch.setattr(it.folding, "_connection", at_once)
