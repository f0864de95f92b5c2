"""The journal: what `append` says is certain, and nothing stands in it that does not follow."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from molroo_actor.errors import AppendFailed, Conflict, OutcomeUnknown, StorageError
from molroo_actor.storage import catalog, journal
from molroo_actor.storage.rows import Change, row_bytes
from tests.kit.disk import io_error, make_faulty
from tests.kit.rows import a_row, an_entry, rows_of, store


async def test_a_row_that_does_not_follow_is_refused_and_all_others_are_taken(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1, 2, 3)
        failed = await it.journal.append([a_row(1, 1), a_row(2, 2), a_row(3, 1), a_row(1, 2), a_row(3, 3)], [])
        assert sorted(failed) == [2, 3]
        assert str(failed[2]) == "row 2 of session 2 does not follow 0"
        assert str(failed[3]) == "row 3 of session 3 does not follow 1"
        assert [(session, seq) for _, session, seq in it.in_journal()] == [(1, 1), (1, 2)]


async def test_a_row_that_stands_there_already_is_refused(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        await it.append(rows_of(1, 1, 3))
        for seq in (3, 2, 1):
            failed = await it.journal.append([a_row(1, seq)], [])
            assert isinstance(failed[1], StorageError)
        assert len(it.in_journal()) == 3


async def test_rows_of_a_session_that_nobody_has_read_are_refused(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        it.journal.forget(1)
        assert sorted(await it.journal.append([a_row(1, 1)], [])) == [1]
        it.journal.watch(1, 0)
        assert await it.journal.append([a_row(1, 1)], []) == {}


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 511, 512, 513, 1023, 1500])
async def test_a_batch_of_any_size_stands_in_its_order(tmp_path: Path, count: int) -> None:
    async with store(tmp_path) as it:
        await it.add(1, 2)
        rows = [a_row(1 + number % 2, 1 + number // 2) for number in range(count)]
        await it.append(rows)
        assert it.in_journal() == [(number, row.session, row.seq) for number, row in enumerate(rows, start=1)]
        assert it.journal.size == sum(map(row_bytes, rows))


async def test_rows_and_changes_are_in_one_commit_or_in_none(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        faulty = make_faulty(it.ledger)
        alarm = catalog.set_alarm(1, 5_000, 1)
        faulty.before = _at("COMMIT", io_error())
        with pytest.raises(AppendFailed):
            await it.journal.append([a_row(1, 1)], [alarm])
        assert (it.in_journal(), it.alarms()) == ([], [])

        faulty.before = lambda _: None
        assert await it.journal.append([a_row(1, 1)], [alarm]) == {}
        assert it.alarms() == [(1, 5_000, 1, 0)]


async def test_after_a_failed_commit_a_probe_proves_that_its_rows_are_gone(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        faulty = make_faulty(it.ledger)
        faulty.before = _at("COMMIT", io_error())
        faulty.statements.clear()
        with pytest.raises(AppendFailed, match="disk I/O error"):
            await it.journal.append(rows_of(1, 1, 3), [])
        begin, *rows, commit, rollback, probe, look = faulty.statements
        assert (begin, commit, rollback) == ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
        assert [statement.split(" (")[0] for statement in rows] == ["INSERT INTO journal"] * 2
        assert (probe.split(" SET")[0], look.split(" WHERE")[0]) == ("UPDATE node", "SELECT 1 FROM journal")
        faulty.before = lambda _: None
        await it.append(rows_of(1, 1, 3))
        assert [seq for _, _, seq in it.in_journal()] == [1, 2, 3]


async def test_when_the_probe_fails_too_the_outcome_is_unknown(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        faulty = make_faulty(it.ledger)

        def broken(statement: str) -> None:
            if statement.startswith(("COMMIT", "UPDATE node")):
                raise io_error()

        faulty.before = broken
        with pytest.raises(OutcomeUnknown, match="then the probe"):
            await it.journal.append(rows_of(1, 1, 3), [])
        assert it.journal.tails == {}


async def test_a_commit_that_is_there_although_it_failed_is_not_called_absent(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        faulty = make_faulty(it.ledger)
        faulty.after = _at("COMMIT", io_error())
        with pytest.raises(OutcomeUnknown, match="yet its rows are there"):
            await it.journal.append(rows_of(1, 1, 3), [])


async def test_after_an_error_no_further_statement_of_the_batch_runs(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        faulty = make_faulty(it.ledger)

        def gone(statement: str) -> None:
            if "INSERT" in statement:
                faulty.execute("ROLLBACK")  # as SQLITE_FULL may do by itself
                raise io_error(sqlite3.SQLITE_FULL)

        faulty.before = gone
        faulty.statements.clear()
        with pytest.raises(AppendFailed):
            await it.journal.append(rows_of(1, 1, 3), [])
        assert [statement.split(" (")[0].split(" SET")[0] for statement in faulty.statements] == [
            "BEGIN IMMEDIATE", "INSERT INTO journal", "ROLLBACK", "UPDATE node",
            "SELECT 1 FROM journal WHERE rowid >= ? LIMIT 1",
        ]  # fmt: skip
        assert it.in_journal() == []


@pytest.mark.parametrize("count", [2, 3, 200])
async def test_a_disk_that_is_really_full_takes_nothing_of_the_batch_and_gives_up_the_ballast(
    tmp_path: Path, count: int
) -> None:
    async with store(tmp_path, ballast_bytes=4096) as it:
        await it.add(1)
        await it.append([a_row(1, 1)])
        assert it.ledger.folder.ballast.exists()
        sql = it.ledger.node.sql
        (pages,) = sql.execute("PRAGMA page_count").fetchone()
        sql.execute(f"PRAGMA max_page_count = {pages}")
        rows = [a_row(1, seq, state_after=b"x" * 40_000) for seq in range(2, 2 + count)]
        with pytest.raises(AppendFailed, match="full"):
            await it.journal.append(rows, [])
        assert (sql.in_transaction, it.in_journal()) == (False, [(1, 1, 1)])
        assert not it.ledger.folder.ballast.exists()

        sql.execute("PRAGMA max_page_count = 1000000")
        await it.append(rows)
        assert [seq for _, _, seq in it.in_journal()] == list(range(1, count + 2))


async def test_a_ledger_that_somebody_else_writes_to_is_not_taken_for_written(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        it.ledger.node.sql.execute("PRAGMA busy_timeout = 0")
        with contextlib.closing(sqlite3.connect(it.ledger.folder.node_db, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(AppendFailed, match="locked"):
                await it.journal.append([a_row(1, 1)], [])
        assert it.in_journal() == []
        await it.append([a_row(1, 1)])
        assert len(it.in_journal()) == 1


@pytest.mark.parametrize("others", [1, 2, 3])
async def test_a_row_that_the_ledger_cannot_hold_leaves_only_its_own_session_out(tmp_path: Path, others: int) -> None:
    async with store(tmp_path) as it:
        sessions = range(1, others + 2)
        await it.add(*sessions)
        rows = [a_row(session, 1) for session in sessions]
        rows[0] = rows[0]._replace(state_after=None)
        failed = await it.journal.append(rows, [])
        assert sorted(failed) == [1]
        assert isinstance(failed[1], sqlite3.IntegrityError)
        assert [session for _, session, _ in it.in_journal()] == list(sessions)[1:]
        await it.append([a_row(session, 2) for session in list(sessions)[1:]])


async def test_a_number_beyond_64_bits_leaves_only_its_own_session_out(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1, 2)
        failed = await it.journal.append([a_row(1, 1, at_ms=1 << 63), a_row(2, 1)], [])
        assert sorted(failed) == [1]
        assert [session for _, session, _ in it.in_journal()] == [2]


async def test_a_change_at_fault_takes_its_own_session_s_rows_along_and_no_others(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1, 2)

        def odd(sql: sqlite3.Connection) -> None:
            raise Conflict("not this one")

        failed = await it.journal.append([a_row(1, 1), a_row(2, 1)], [Change(1, odd), catalog.set_alarm(2, 7, 1)])
        assert {session: str(error) for session, error in failed.items()} == {1: "not this one"}
        assert [session for _, session, _ in it.in_journal()] == [2]
        assert it.alarms() == [(2, 7, 1, 0)]


async def test_a_taken_name_is_a_conflict_of_its_own_creation_only(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        changes = [catalog.add(an_entry(2, "session-1"), None), catalog.add(an_entry(3), None)]
        failed = await it.journal.append([a_row(1, 1)], changes)
        assert [(session, type(error)) for session, error in failed.items()] == [(2, Conflict)]
        assert [session for _, session, _ in it.in_journal()] == [1]


async def test_an_io_error_while_rows_are_tried_apart_is_everybody_s(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1, 2)
        faulty = make_faulty(it.ledger)
        faulty.before = _at("RELEASE one", io_error())
        rows = [a_row(1, 1, state_after=None), a_row(2, 1), a_row(2, 2)]
        with pytest.raises(AppendFailed):
            await it.journal.append(rows, [])
        assert (it.in_journal(), faulty.in_transaction) == ([], False)


async def test_a_restart_finds_what_is_not_folded_and_goes_on_behind_it(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1, 2)
        rows = [a_row(2, 1), *rows_of(1, 1, 3), a_row(2, 2)]
        await it.append([row._replace(state_after=b"x" * 10_000) for row in rows])
        await it.ledger.commit([catalog.mark_folded(1, 2, 0)])
    async with store(tmp_path) as it:
        assert list(it.journal.tails) == [2, 1]
        assert {session: tail.rowids for session, tail in it.journal.tails.items()} == {2: [1, 5], 1: [4]}
        assert [tail.last_seq for tail in it.journal.tails.values()] == [2, 3]
        assert round(it.journal.size, -4) == 30_000, "three rows, about"
        it.journal.watch(1, 3)
        await it.append([a_row(1, 4)])
        assert it.in_journal()[-1] == (6, 1, 4)


async def test_rows_are_trimmed_below_the_oldest_that_is_not_folded_and_no_further(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1, 2)
        await it.append([a_row(1, 1), a_row(2, 1), a_row(1, 2), a_row(2, 2)])
        await it.fold(1)
        await it.folding._trim(now=True)
        assert [(session, seq) for _, session, seq in it.in_journal()] == [(2, 1), (1, 2), (2, 2)]
        await it.fold(2)
        await it.append([a_row(1, 3)])
        await it.folding._trim(now=True)
        assert [(session, seq) for _, session, seq in it.in_journal()] == [(1, 3)]


async def test_the_size_goes_with_what_is_not_folded(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1, 2)
        await it.append([*rows_of(1, 1, 4), a_row(2, 1)])
        await it.fold(1)
        assert it.journal.size == row_bytes(a_row(2, 1))
        it.journal.dropped(2)
        assert (it.journal.size, it.journal.tails, it.journal.trimmable(())) == (0, {}, 6)


async def test_what_stays_after_a_fold_is_as_old_as_its_own_oldest_row(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        await it.append(rows_of(1, 1, 2))
        rowids = it.journal.rowids(1)
        await it.append(rows_of(1, 3, 3))
        it.journal.folded(1, rowids[-1])
        (tail,) = it.journal.tails.values()
        assert (tail.rowids, tail.since_ms) == ([3], a_row(1, 3).at_ms)


def test_errors_are_told_apart_by_whose_they_are() -> None:
    assert journal.is_of_one_session(io_error(sqlite3.SQLITE_CONSTRAINT_NOTNULL))
    assert journal.is_of_one_session(io_error(sqlite3.SQLITE_TOOBIG))
    assert journal.is_of_one_session(Conflict("a name"))
    assert not journal.is_of_one_session(io_error(sqlite3.SQLITE_FULL))
    assert not journal.is_of_one_session(io_error(sqlite3.SQLITE_IOERR_FSYNC))
    assert not journal.is_of_one_session(io_error(sqlite3.SQLITE_BUSY))
    assert journal.is_disk_full(io_error(sqlite3.SQLITE_FULL))
    assert not journal.is_disk_full(OSError(28, "no space"))


def _at(prefix: str, error: Exception) -> Callable[[str], None]:
    def fault(statement: str) -> None:
        if statement.startswith(prefix):
            raise error

    return fault
