"""The data folder as a whole: its lock, its files, what a start-up refuses, what a restart finishes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading
from pathlib import Path
from unittest import mock

import pytest

from molroo_actor.errors import Conflict, Damaged, DataInUse, NewerFormat, Unavailable
from molroo_actor.storage import catalog
from molroo_actor.storage.layout import SHARDS, DataFolder
from molroo_actor.storage.ledger import Ledger
from molroo_actor.storage.rows import Key
from tests.kit.disk import io_error
from tests.kit.node import tiny
from tests.kit.rows import a_row, an_entry, rows_of, store


async def test_a_second_opening_refuses_in_one_clear_line(tmp_path: Path) -> None:
    async with store(tmp_path):
        with pytest.raises(DataInUse) as refusal:
            await Ledger(tiny(tmp_path)).open()
        assert str(refusal.value) == (
            f"{tmp_path}/data is in use by another process (pid {os.getpid()}); stop it or choose another --data"
        )
    async with store(tmp_path):
        pass


async def test_a_ledger_of_a_newer_program_is_refused_and_the_folder_given_back(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        it.ledger.node.sql.execute("PRAGMA user_version = 7")
    before = set(threading.enumerate())
    for _ in range(2):
        with pytest.raises(NewerFormat, match=r"node.db has format 7, this program knows up to 2: run a newer"):
            await Ledger(tiny(tmp_path)).open()
    assert await _outliving(before) == []


async def test_a_damaged_ledger_is_refused_with_its_name_and_the_way_to_repair(tmp_path: Path) -> None:
    async with store(tmp_path):
        pass
    (tmp_path / "data/node.db").write_bytes(b"garbage " * 2000)
    before = set(threading.enumerate())
    with pytest.raises(Damaged, match=r"node\.db cannot be read .* \.recover"):
        await Ledger(tiny(tmp_path)).open()
    assert await _outliving(before) == []


def test_a_refused_start_says_one_line_and_no_thread_adds_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: complaints.append(repr(args.exc_value)))
    DataFolder(tmp_path / "data").make()
    (tmp_path / "data/node.db").write_bytes(b"garbage " * 2000)
    for _ in range(20):
        before = set(threading.enumerate())
        with pytest.raises(Damaged):
            asyncio.run(Ledger(tiny(tmp_path)).open())
        for thread in set(threading.enumerate()) - before:
            thread.join(5)
    assert complaints == []


async def test_a_ledger_with_a_damaged_table_is_refused_and_leaves_no_thread(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        it.ledger.node.sql.execute("DROP TABLE session")
    before = set(threading.enumerate())
    with pytest.raises(Damaged):
        await Ledger(tiny(tmp_path)).open()
    assert await _outliving(before) == []


async def test_closing_leaves_no_handle_and_no_thread(tmp_path: Path) -> None:
    def held() -> list[str]:
        found = []
        for name in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(str(name.readlink()))
        return sorted(name for name in found if str(tmp_path) in name)

    before = set(threading.enumerate())
    async with store(tmp_path) as it:
        await it.add(1)
        await it.append(rows_of(1, 1, 3))
        await it.fold()
        assert held()
    assert (held(), await _outliving(before)) == ([], [])


async def test_a_session_file_at_rest_is_one_file(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1, SHARDS + 1)
        await it.append([a_row(1, 1), a_row(SHARDS + 1, 1)])
        await it.fold()
        names = sorted(path.relative_to(it.ledger.folder.sessions) for path in it.path(1).parent.iterdir())
        assert [str(name) for name in names] == ["01/0000000001.db", "01/0000000101.db"]


async def test_a_restart_finishes_a_deletion_that_was_begun(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1, 2)
        await it.append([a_row(1, 1), a_row(2, 1)])
        await it.fold()
        await it.append([a_row(1, 2)])
        await it.ledger.commit([catalog.set_alarm(1, 5, 2)])
        await it.ledger.commit([catalog.begin_delete(1, it.journal.rowids(1))])
        path = it.path(1)
        path.with_name(path.name + "-journal").touch()
        assert path.exists()
    async with store(tmp_path) as it:
        assert list(path.parent.iterdir()) == []
        assert [entry.inner_id for entry in await it.ledger.read(catalog.after, 0, 10)] == [2]
        assert it.alarms() == []
        assert (it.ledger.sessions, it.journal.tails, it.ledger.next_inner_id) == (1, {}, 3)


async def test_a_name_is_free_again_as_soon_as_its_deletion_is_durable(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        with pytest.raises(Conflict, match="session id session-1 is taken"):
            await it.ledger.commit([catalog.add(an_entry(2, "session-1"), None)])
        await it.ledger.commit([catalog.begin_delete(1, [])])
        assert await it.ledger.read(catalog.find, "acme", False, "session-1") is None
        await it.ledger.commit([catalog.add(an_entry(2, "session-1"), None)])
        found = await it.ledger.read(catalog.find, "acme", False, "session-1")
        assert found is not None
        assert found.inner_id == 2


async def test_an_inner_id_is_never_given_twice(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1, 2)
        await it.ledger.commit([catalog.begin_delete(2, []), catalog.end_delete(2)])
    async with store(tmp_path) as it:
        assert it.ledger.next_inner_id == 3


async def test_a_page_begins_where_the_one_before_ended(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(*range(1, 8))
        seen: list[str] = []
        before = None
        while page := await it.ledger.read(catalog.page, "acme", False, before, 3):
            seen.extend(entry.id for entry in page)
            before = (page[-1].created_ms, page[-1].id)
        assert seen == [f"session-{number}" for number in range(7, 0, -1)]
        assert await it.ledger.read(catalog.page, "others", False, None, 3) == []
        assert await it.ledger.read(catalog.page, "acme", True, None, 3) == []


async def test_keys_are_kept_and_a_revoked_one_stays_revoked(tmp_path: Path) -> None:
    key = Key(1, "acme", True, b"d" * 32, 5)
    async with store(tmp_path) as it:
        await it.ledger.commit([catalog.add_key(key)])
        await it.ledger.commit([catalog.revoke_key(1, 7)])
        await it.ledger.commit([catalog.revoke_key(1, 9)])
    async with store(tmp_path) as it:
        assert it.ledger.keys == [Key(1, "acme", True, b"d" * 32, 5, 7)]


async def test_the_log_is_emptied_while_nobody_reads_and_left_alone_otherwise(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        await it.append([a_row(1, seq, state_after=b"x" * 9_000) for seq in range(1, 60)])
        size = it.ledger.node.wal_bytes
        with contextlib.closing(sqlite3.connect(it.ledger.folder.node_db, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM journal").fetchone()
            await it.append([a_row(1, 60)])
            await it.ledger.node.checkpoint()
            await it.ledger.node.truncate_log()
            assert it.ledger.node.wal_bytes >= size
        await it.ledger.node.truncate_log()
        assert it.ledger.node.wal_bytes == 0
        await it.append([a_row(1, 61)])
        assert len(it.in_journal()) == 61


async def test_a_log_that_is_restarted_is_written_over_and_its_file_stays_as_long_as_it_is(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        await it.add(1)
        seqs = iter(range(1, 1_000))
        sizes = []
        for _ in range(5):
            await it.append([a_row(1, next(seqs), state_after=b"x" * 9_000) for _ in range(60)])
            await it.ledger.node.restart_log()
            sizes.append(it.ledger.node.wal_bytes)
        assert sizes[0] > 60 * 9_000
        assert max(sizes) < sizes[0] + 20_000
        assert len(it.in_journal()) == 300


async def test_without_work_the_log_is_emptied_once_and_its_file_stays_to_be_written_over(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        node, tend = it.ledger.node, it.folding._tend_log
        await it.add(1)
        await it.append([a_row(1, seq, state_after=b"x" * 9_000) for seq in range(1, 601)])
        size = node.wal_bytes
        assert size > 4 * 1024 * 1024
        with mock.patch.object(node, "checkpoint", wraps=node.checkpoint) as emptied:
            for _ in range(3):
                await tend(idle=True)
            assert emptied.await_count == 1
            await it.append([a_row(1, seq, state_after=b"x" * 9_000) for seq in range(601, 1_001)])
            assert node.wal_bytes == size
            await tend(idle=True)
            assert emptied.await_count == 2


async def test_a_log_that_could_not_be_emptied_is_emptied_later(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        node = it.ledger.node
        await it.add(1)
        with mock.patch.object(node, "checkpoint", side_effect=[io_error(), None]) as emptied:
            await it.folding._tend_log(idle=True)
            await it.folding._tend_log(idle=True)
            assert emptied.await_count == 2


async def test_reading_connections_cannot_write(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        with pytest.raises(Unavailable, match="readonly"):
            await it.ledger.read(lambda sql: sql.execute("DELETE FROM session"))


def test_ballast_is_kept_once_and_given_up_once(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.keep_ballast(8192)
    assert folder.ballast.stat().st_size == 8192
    folder.keep_ballast(1)
    assert folder.ballast.stat().st_size == 8192
    folder.give_up_ballast()
    folder.give_up_ballast()
    assert not folder.ballast.exists()
    folder.keep_ballast(0)
    assert not folder.ballast.exists()


def test_there_is_a_folder_for_every_shard_before_the_first_session(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.make()
    folder.make()
    assert sorted(path.name for path in folder.sessions.iterdir()) == [f"{shard:02x}" for shard in range(256)]
    assert folder.session_file(0x1FF).relative_to(folder.root) == Path("sessions/ff/00000001ff.db")


async def _outliving(before: set[threading.Thread]) -> list[str]:
    """Threads begun since `before` that do not end."""
    threads = [thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
    begun = [thread for thread in threads if thread not in before]
    for thread in begun:
        await asyncio.to_thread(thread.join, 5)
    return [thread.name for thread in begun if thread.is_alive()]
