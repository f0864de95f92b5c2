"""Reading one session: the journal first, the file second, joined without a hole; and what counts as damage."""

from __future__ import annotations

import array
import contextlib
import resource
import sqlite3
from pathlib import Path

import pytest

from molroo_actor.errors import Damaged, NewerFormat, NotFound, Unavailable
from molroo_actor.ids import id_digest
from molroo_actor.storage import schema, session_file
from molroo_actor.storage.node_db import connect
from molroo_actor.storage.rows import History, Row
from tests.kit.rows import Store, a_row, rows_of, store


async def _history(it: Store, kept: int = 100) -> History:
    return await it.ledger.read(session_file.read_history, it.path(1), 1, it.journal.rowids(1), kept)


async def _rows(it: Store, after_seq: int, limit: int) -> list[Row]:
    return await it.ledger.read(session_file.read_rows, it.path(1), 1, it.journal.rowids(1), after_seq, limit)


async def _folded(it: Store, folded: int, last: int) -> None:
    """A session with rows up to `folded` in its file and up to `last` in the journal."""
    await it.add(1)
    if folded:
        await it.append(rows_of(1, 1, folded))
        await it.fold()
        await it.folding._trim(now=True)
    if last > folded:
        await it.append(rows_of(1, folded + 1, last))


@pytest.mark.parametrize("folded", [0, 1, 3, 4, 5])
async def test_a_history_is_the_same_wherever_its_rows_lie(tmp_path: Path, folded: int) -> None:
    async with store(tmp_path) as it:
        await _folded(it, folded, 5)
        history = await _history(it, kept=3)
        assert (history.last_seq, history.last) == (5, a_row(1, 5, msg_id="m5"))
        assert history.recent_ids == [(id_digest(f"m{seq}"), seq) for seq in (3, 4, 5)]
        assert list(array.array("q", history.older_ids)) == sorted([id_digest("m1"), id_digest("m2")])
        for after_seq in range(6):
            for limit in range(1, 6):
                expected = rows_of(1, after_seq + 1, min(5, after_seq + limit))
                assert await _rows(it, after_seq, limit) == expected


async def test_a_session_without_a_row_has_an_empty_history(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        assert await _history(it) == History(0, None, [], b"")
        assert await _rows(it, 0, 10) == []


async def test_states_beyond_the_kept_history_are_gone_and_their_rows_are_not(tmp_path: Path) -> None:
    async with store(tmp_path, history_kept=2) as it:
        await _folded(it, 4, 5)
        assert [(row.seq, row.state_after is None) for row in await _rows(it, 0, 10)] == [
            (1, True), (2, True), (3, False), (4, False), (5, False),
        ]  # fmt: skip


async def test_an_id_is_found_in_the_journal_and_in_the_file(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _folded(it, 2, 3)
        for msg_id, seq in (("m1", 1), ("m3", 3), ("m4", None)):
            rowids = it.journal.rowids(1)
            found = await it.ledger.read(session_file.find_id, it.path(1), 1, rowids, id_digest(msg_id), msg_id)
            assert found == seq


async def test_what_was_folded_and_trimmed_since_the_question_was_asked_is_read_from_the_file(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _folded(it, 0, 3)
        rowids = it.journal.rowids(1)  # as the loop knew them when it asked
        await it.fold()
        await it.folding._trim(now=True)
        assert it.in_journal() == []
        history = await it.ledger.read(session_file.read_history, it.path(1), 1, rowids, 100)
        assert (history.last_seq, history.last) == (3, a_row(1, 3, msg_id="m3"))
        assert await it.ledger.read(session_file.read_rows, it.path(1), 1, rowids, 0, 9) == rows_of(1, 1, 3)


async def test_a_fold_between_the_two_readings_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with store(tmp_path) as it:
        await _folded(it, 0, 3)
        rowids = it.journal.rowids(1)
        read = session_file._journal_rows
        sql = it.ledger.node.reader()

        def fold_first(ledger: sqlite3.Connection, session: int, wanted: list[int]) -> list[Row]:
            found = read(ledger, session, wanted)
            outcomes = it.folding._fold_all([(1, rowids)])
            assert len(outcomes) == 1
            it.ledger.node.sql.execute("UPDATE session SET folded_seq = 3")
            it.ledger.node.sql.execute("DELETE FROM journal")
            return found

        monkeypatch.setattr(session_file, "_journal_rows", fold_first)
        history = session_file.read_history(sql, it.path(1), 1, rowids, 100)
        sql.close()
        assert (history.last_seq, len(history.recent_ids)) == (3, 3)


@pytest.mark.parametrize("made", ["empty file", "tables only"])
async def test_a_first_fold_that_has_only_begun_does_not_hide_the_journal(tmp_path: Path, made: str) -> None:
    """As it is while the folding thread makes the file, and as kill -9 leaves it then."""
    async with store(tmp_path) as it:
        await _folded(it, 0, 2)
        it.path(1).touch()
        if made == "tables only":
            with contextlib.closing(connect(it.path(1), "rw")) as sql:
                schema.migrate(sql, schema.SESSION_MIGRATIONS, "the session file")
        assert (await _history(it)).last_seq == 2
        assert await _rows(it, 0, 10) == rows_of(1, 1, 2)
        rowids = it.journal.rowids(1)
        assert await it.ledger.read(session_file.find_id, it.path(1), 1, rowids, id_digest("m9"), "m9") is None


@pytest.mark.parametrize("damage", ["garbage", "empty", "truncated", "missing", "a row gone", "shorter", "no table"])
async def test_a_file_that_is_not_what_was_written_is_damage(tmp_path: Path, damage: str) -> None:
    async with store(tmp_path) as it:
        await _folded(it, 40, 40)
        path = it.path(1)
        match damage:
            case "garbage":
                path.write_bytes(b"garbage " * 1000)
            case "empty":
                path.write_bytes(b"")
            case "truncated":
                path.write_bytes(path.read_bytes()[:5000])
            case "missing":
                path.unlink()
            case "a row gone":
                it.execute(path, "DELETE FROM turn WHERE seq = 20")
            case "shorter":
                it.execute(path, "DELETE FROM turn WHERE seq = 40")
            case _:
                it.execute(path, "DROP TABLE turn")
        if damage == "a row gone":
            with pytest.raises(Damaged, match="row 20 is missing, 21 stands in its place"):
                await _rows(it, 0, 100)
        else:
            with pytest.raises(Damaged):
                await _history(it)
        assert session_file.check_file(path, 40) is not None


async def test_rows_missing_between_file_and_journal_are_damage(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _folded(it, 2, 5)
        it.ledger.node.sql.execute("DELETE FROM journal WHERE seq = 3")
        with pytest.raises(Damaged, match="row 3 is missing, 4 stands in its place"):
            await _history(it)


async def test_a_session_that_the_catalog_does_not_know_has_no_history(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        with pytest.raises(NotFound, match="the session was deleted"):
            await _history(it)


async def test_a_newer_file_is_refused_by_its_name(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _folded(it, 1, 1)
        it.execute(it.path(1), "PRAGMA user_version = 2")
        with pytest.raises(NewerFormat, match="the session file has format 2, this program knows up to 1"):
            await _history(it)


async def test_no_handles_left_is_not_damage(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _folded(it, 1, 1)
        await _history(it)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            with pytest.raises(Unavailable, match="unable to open"):
                await _history(it)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert (await _history(it)).last_seq == 1


async def test_a_file_is_checked_whole_for_doctor(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await _folded(it, 3, 3)
        assert session_file.check_file(it.path(1), 3) is None
        assert session_file.check_file(it.path(1), 4) == "3 rows up to 3, the ledger says 4"
        it.execute(it.path(1), "DELETE FROM state WHERE seq = 3")
        assert session_file.check_file(it.path(1), 3) == "the newest state is missing"
