"""A copy of a node that goes on meanwhile: whatever happens between two of its steps, its histories are whole.

A backup is an iterator, so a test does between two steps what others do while it works.
"""

from __future__ import annotations

import contextlib
import os
import random
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from molroo_actor.errors import BackupFailed
from molroo_actor.storage import backup, catalog, fold, session_file
from molroo_actor.storage.backup import Made
from molroo_actor.storage.ledger import Ledger
from molroo_actor.storage.rows import Row
from tests.kit.node import tiny
from tests.kit.rows import Store, a_row, an_entry, rows_of, store

Meanwhile = Callable[[int], Awaitable[None]]
"""What is done after each step; it is told the step's number, from 1 on."""


@pytest.fixture(autouse=True)
def _one_file_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_PAGE", 1)


@contextlib.asynccontextmanager
async def three(data: Path, **changed: Any) -> AsyncIterator[Store]:
    """Sessions 1 to 3, of three rows each that are folded and gone from the journal, and two that are not folded."""
    async with store(data, **changed) as it:
        await it.add(1, 2, 3)
        for session in (1, 2, 3):
            await it.append(rows_of(session, 1, 3))
        await it.fold()
        await it.folding._trim(now=True)
        for session in (1, 2, 3):
            await it.append(rows_of(session, 4, 5))
        yield it


def target_of(it: Store) -> Path:
    """Where `store(… / "copy")` looks for its data."""
    return it.ledger.folder.root.parent / "copy" / "data"


class Held:
    """The hold of a store's own folding."""

    def __init__(self, it: Store) -> None:
        self._folding = it.folding
        self._number = it.folding.keep_rows()

    def check(self) -> None:
        if not self._folding.keeps_rows(self._number):
            raise BackupFailed("rows went")

    def release(self) -> None:
        self._folding.let_rows_go(self._number)


async def made(it: Store, meanwhile: Meanwhile | None = None, target: Path | None = None) -> Made:
    target = target or target_of(it)
    target.parent.mkdir(exist_ok=True)
    hold = Held(it)
    with contextlib.ExitStack() as ending:
        ending.callback(hold.release)
        steps = ending.enter_context(contextlib.closing(backup.make(it.ledger.folder, it.settings, target, hold)))
        for number, step in enumerate(steps, start=1):
            if isinstance(step, Made):
                return step
            if meanwhile is not None:
                await meanwhile(number)
    raise AssertionError("it ended without a word")


async def histories(it: Store) -> dict[int, list[Row]]:
    """Every session's rows, joined as a reader joins them, and each file found well."""
    found = {}
    for entry in await it.ledger.read(catalog.after, 0, 1000):
        path, rowids = it.path(entry.inner_id), it.journal.rowids(entry.inner_id)
        found[entry.inner_id] = await it.ledger.read(session_file.read_rows, path, entry.inner_id, rowids, 0, 1000)
        newest = await it.ledger.read(session_file.read_history, path, entry.inner_id, rowids, 100)
        assert newest.last_seq == len(found[entry.inner_id])
        if entry.folded_seq is not None:
            assert session_file.check_file(path, entry.folded_seq) is None
    return found


async def copied(it: Store) -> dict[int, list[Row]]:
    """What a restart on the copy finds; twice, since the first may have changed something."""
    async with store(target_of(it).parent) as copy:
        first = await histories(copy)
        await copy.fold()
        await copy.folding._trim(now=True)
    async with store(target_of(it).parent) as copy:
        assert await histories(copy) == first
        return first


def seqs(rows: Sequence[Row]) -> list[int]:
    return [row.seq for row in rows]


async def delete(it: Store, session: int) -> None:
    await it.folding.exclude(session)
    await it.ledger.commit([catalog.begin_delete(session, it.journal.untrimmed(session))])
    it.journal.dropped(session)
    await it.ledger.finish_delete(session)
    await it.ledger.commit([catalog.end_delete(session)])
    it.folding.include(session)


async def test_a_backup_holds_what_is_folded_and_what_is_not(tmp_path: Path) -> None:
    async with three(tmp_path) as it:
        result = await made(it)
        assert (result.sessions, result.files, result.journal_rows, result.damaged) == (3, 3, 6, [])
        size = sum(path.stat().st_size for path in target_of(it).rglob("*") if path.is_file())
        assert result.bytes == size
        assert await copied(it) == await histories(it)


async def test_its_files_are_the_ledger_and_the_sessions_and_are_for_their_owner(tmp_path: Path) -> None:
    async with three(tmp_path) as it:
        await made(it)
        root = target_of(it)
        assert sorted(path.name for path in root.iterdir()) == ["node.db", "sessions"]
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
        assert [path.name for path in root.parent.iterdir()] == ["data"]
        assert len(list((root / "sessions").iterdir())) == 256


async def test_a_session_that_is_folded_after_its_file_was_copied_is_whole(tmp_path: Path) -> None:
    async def fold_the_first(step: int) -> None:
        if step == 1:
            await it.fold(1)
            await it.folding._trim(now=True)

    async with three(tmp_path) as it:
        await made(it, fold_the_first)
        assert seqs((await copied(it))[1]) == [1, 2, 3, 4, 5]


async def test_rows_that_come_while_files_are_copied_are_there_and_those_after_the_ledger_are_not(
    tmp_path: Path,
) -> None:
    async def turn(step: int) -> None:
        await it.append([a_row(1, 5 + step)])

    async with three(tmp_path) as it:
        await made(it, turn)
        assert seqs((await copied(it))[1]) == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_a_session_whose_first_fold_comes_meanwhile_is_whole_without_a_file(tmp_path: Path) -> None:
    async def begin(step: int) -> None:
        if step == 1:
            await it.add(9)
            await it.append(rows_of(9, 1, 4))
            await it.fold(9)
            await it.folding._trim(now=True)

    async with three(tmp_path) as it:
        await it.add(4)
        await it.append(rows_of(4, 1, 2))
        before = it.path(4)

        async def both(step: int) -> None:
            await begin(step)
            if step == 4:  # its turn is over, and it had no file
                await it.fold(4)
                await it.folding._trim(now=True)

        result = await made(it, both)
        assert before.exists()
        assert (result.sessions, result.files) == (5, 4)
        found = await copied(it)
        assert (seqs(found[4]), seqs(found[9])) == ([1, 2], [1, 2, 3, 4])


@pytest.mark.parametrize("step", [1, 2, 3])
async def test_a_session_that_is_deleted_meanwhile_is_not_in_it_nor_is_its_file(tmp_path: Path, step: int) -> None:
    async def end_the_second(number: int) -> None:
        if number == step:
            await delete(it, 2)

    async with three(tmp_path) as it:
        result = await made(it, end_the_second)
        assert (result.sessions, result.files, result.damaged) == (2, 2, [])
        assert sorted(await copied(it)) == [1, 3]
        assert len(list(target_of(it).glob("sessions/??/*"))) == 2


async def test_a_fold_that_came_as_far_as_the_file_only_is_taken_up_again(tmp_path: Path) -> None:
    async with three(tmp_path) as it:
        fold.fold_one(it.folding._connection(), it.path(1), 1, it.journal.rowids(1), 100)
        await made(it)
        assert seqs((await copied(it))[1]) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_between_its_steps_every_history_is_a_whole_beginning(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    alive = {1: 5, 2: 5, 3: 5}
    floor = dict(alive)

    async def anything(_: int) -> None:
        for _ in range(rng.randrange(3)):
            match rng.randrange(8):
                case 0 | 1 | 2 if alive:
                    session = rng.choice(list(alive))
                    more = rng.randrange(1, 4)
                    await it.append(rows_of(session, alive[session] + 1, alive[session] + more))
                    alive[session] += more
                case 3 | 4 if alive:
                    await it.fold(rng.choice(list(it.journal.tails) or [0]))
                case 5:
                    await it.folding._trim(now=True)
                case 6:
                    session = 10 + len(alive) + rng.randrange(1_000_000)
                    await it.add(session)
                    alive[session] = 0
                case _ if rng.random() < 0.3 and alive:
                    session = rng.choice(list(alive))
                    await delete(it, session)
                    del alive[session]
                    floor.pop(session, None)

    async with three(tmp_path) as it:
        result = await made(it, anything)
        assert result.damaged == []
        there, here = await copied(it), await histories(it)
        assert floor.keys() <= there.keys(), "what was there from beginning to end is there"
        for session, rows in there.items():
            assert len(rows) >= floor.get(session, 0)
            if session in here:
                assert rows == here[session][: len(rows)]
        await it.folding._trim(now=True)
        assert it.in_journal() == [] or it.journal.tails, "and the journal is trimmed again"


async def test_the_journal_is_trimmed_again_when_the_ledger_is_copied(tmp_path: Path) -> None:
    left: list[int] = []

    async def fold_and_trim(step: int) -> None:
        await it.fold()
        await it.folding._trim(now=True)
        left.append(len(it.in_journal()))

    async with three(tmp_path) as it:
        await made(it, fold_and_trim)
        assert left[:3] == [6, 6, 6]
        assert set(left[3:]) == {0}


# -- trouble -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["garbage", "missing", "short"])
async def test_a_damaged_session_is_named_and_stays_damaged_and_the_others_are_whole(
    tmp_path: Path, trouble: str
) -> None:
    async with three(tmp_path) as it:
        path = it.path(2)
        if trouble == "garbage":
            path.write_bytes(b"\xa5" * path.stat().st_size)
        elif trouble == "missing":
            path.unlink()
        else:
            it.execute(path, "DELETE FROM turn WHERE seq = 3")
        result = await made(it)
        assert [entry.inner_id for entry, _ in result.damaged] == [2]
        async with store(target_of(it).parent) as copy:
            assert seqs(await _rows(copy, 1)) == [1, 2, 3, 4, 5]
            with pytest.raises(Exception, match="session file"):
                await _history(copy, 2)


async def _rows(it: Store, session: int) -> list[Row]:
    return await it.ledger.read(session_file.read_rows, it.path(session), session, it.journal.rowids(session), 0, 1000)


async def _history(it: Store, session: int) -> Any:
    return await it.ledger.read(session_file.read_history, it.path(session), session, it.journal.rowids(session), 100)


async def test_a_journal_that_comes_to_its_limit_ends_it_and_is_trimmed_again(tmp_path: Path) -> None:
    async def turns(step: int) -> None:
        await it.append([a_row(1, 5 + step, state_after=b"x" * 2_000)])
        await it.fold()

    async with three(tmp_path, journal_bytes_max=3_500) as it:
        with pytest.raises(BackupFailed, match="rows went"):
            await made(it, turns)
        assert list(target_of(it).parent.iterdir()) == []
        await it.folding._trim(now=True)
        assert it.in_journal() == []


async def test_a_disk_that_has_no_room_ends_it_before_the_node_feels_it(tmp_path: Path) -> None:
    async with three(tmp_path, free_bytes_min=1 << 60) as it:
        with pytest.raises(BackupFailed, match="bytes free beside"):
            await made(it)
        assert list(target_of(it).parent.iterdir()) == []


async def test_a_disk_that_fails_ends_it_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    async with three(tmp_path) as it:
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(BackupFailed, match="Input/output error"):
            await made(it)
        assert list(target_of(it).parent.iterdir()) == []


@pytest.mark.parametrize("steps", [1, 4])
async def test_whoever_gives_it_up_leaves_nothing_behind(tmp_path: Path, steps: int) -> None:
    class GivenUp(Exception):
        pass

    async def give_up(number: int) -> None:
        if number == steps:
            raise GivenUp

    async with three(tmp_path) as it:
        with pytest.raises(GivenUp):
            await made(it, give_up)
        assert list(target_of(it).parent.iterdir()) == []
        await it.fold()
        await it.folding._trim(now=True)
        assert it.in_journal() == []
        await made(it)


# -- where to ----------------------------------------------------------------------------------------------------------


async def test_an_empty_folder_will_do_and_anything_else_that_is_there_will_not(tmp_path: Path) -> None:
    async with three(tmp_path) as it:
        target_of(it).mkdir(parents=True)
        await made(it)
        with pytest.raises(BackupFailed, match="is there and not an empty folder"):
            await made(it)
        (tmp_path / "file").write_text("mine")
        with pytest.raises(BackupFailed, match="is there and not an empty folder"):
            await made(it, target=tmp_path / "file")
        with pytest.raises(BackupFailed, match="is inside the data folder"):
            await made(it, target=it.ledger.folder.root / "backups")
        with pytest.raises(BackupFailed, match="No such file or directory"):
            next(backup.make(it.ledger.folder, it.settings, tmp_path / "not" / "there", Held(it)))
        assert (tmp_path / "file").read_text() == "mine"


async def test_what_a_killed_backup_left_is_not_touched_and_named(tmp_path: Path) -> None:
    async with three(tmp_path) as it:
        half = target_of(it).with_name("data.partial")
        half.mkdir(parents=True)
        (half / "node.db").write_text("half")
        with pytest.raises(BackupFailed, match=r"data\.partial is there: another backup .* or one was cut short"):
            await made(it)
        assert (half / "node.db").read_text() == "half"


async def test_rows_are_kept_for_one_backup_at_a_time_and_for_the_one_that_asked(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        first = it.folding.keep_rows()
        with pytest.raises(BackupFailed, match="a backup is being made already"):
            it.folding.keep_rows()
        it.folding.let_rows_go(first)
        second = it.folding.keep_rows()
        it.folding.let_rows_go(first)
        assert (it.folding.keeps_rows(first), it.folding.keeps_rows(second)) == (False, True)


# -- the first start on it ---------------------------------------------------------------------------------------------


async def epochs(data: Path, *, serves: bool = True) -> list[str]:
    ledger = Ledger(tiny(data))
    await ledger.open()
    try:
        if serves:
            await ledger.begin_history()
        return [entry.epoch for entry in await ledger.read(catalog.after, 0, 100)]
    finally:
        await ledger.close()


async def test_every_first_start_on_a_copy_begins_a_history_of_its_own(tmp_path: Path) -> None:
    async with store(tmp_path) as it:
        entries = [an_entry(1), an_entry(2)]
        await it.ledger.commit([catalog.add(entry, None) for entry in entries])
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
        await made(it, target=tmp_path / "a/data")
    assert await epochs(tmp_path) == ["epoch", "epoch"], "the node itself goes on as it was"
    assert await epochs(tmp_path / "a", serves=False) == ["epoch", "epoch"], "whoever only looks changes nothing"
    async with store(tmp_path / "a") as it:
        await made(it, target=tmp_path / "b/data")
    first, second = await epochs(tmp_path / "a"), await epochs(tmp_path / "b")
    assert len({"epoch", *first, *second}) == 5
    assert await epochs(tmp_path / "a") == first, "only the first start does"
