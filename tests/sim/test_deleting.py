"""Deletion is a letter: what was asked before it is done, what comes after it is refused, and nothing is left."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from molroo_actor.errors import Conflict, NotFound
from molroo_actor.runtime.connection import Parting
from tests.kit.doubles import RecordingAsker
from tests.kit.node import TENANT, Node, glad_turn, node
from tests.kit.virtual_loop import quiet, running, virtual


async def _left(it: Node) -> list[object]:
    """What the disk still has of anything, once folded rows have left the journal."""
    await it.folding._trim(now=True)
    return _on_disk(it)


def _on_disk(it: Node) -> list[object]:
    with it.ledger.node.reader() as sql:
        left: list[object] = [
            sql.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("session", "journal", "alarm")
        ]
    sql.close()
    return [*left, *(path.name for path in it.ledger.folder.sessions.glob("*/*"))]


@virtual
async def test_a_deletion_waits_its_turn_and_leaves_nothing(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn())
        await it.fold()
        slot = await it.slot()
        connection = await it.join(slot)
        log: list[str] = []
        running().delay_s = lambda: 0.001
        for name in ("first", "second"):
            it.deliver(slot, glad_turn(), RecordingAsker(log, name))
        deletion = asyncio.create_task(it.sessions.delete(slot))
        await quiet()
        it.deliver(slot, glad_turn(), RecordingAsker(log, "late"))
        await deletion
        assert log == ["first 2", "second 3", "late NOT_FOUND"]
        assert (connection.seqs, connection.parted) == ([2, 3], [Parting.SESSION_GONE])
        with pytest.raises(NotFound):
            await it.slot()
        assert (await _left(it), it.sessions.count, it.ledger.journal.tails) == ([0, 0, 0], 0, {})
        assert (it.host.registry.by_inner, it.host.residency.residents) == ({}, 0)


@virtual
async def test_a_sleeping_session_is_deleted_without_waking(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn())
        await it.sleep_all()
        await it.sessions.delete(await it.slot())
        assert (await _left(it), it.observer.wakes) == ([0, 0, 0], 1)


@virtual
async def test_a_deletion_is_never_refused_for_a_full_mailbox(tmp_path: Path) -> None:
    async with node(tmp_path, mailbox_max=2) as it:
        await it.create()
        slot = await it.slot()
        askers = [it.deliver(slot, glad_turn()) for _ in range(3)]
        await it.sessions.delete(slot)
        assert [asker.verdict for asker in askers] == ["1", "2", "OVERLOADED"]


@virtual
async def test_two_deletions_end_a_session_once(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        first, second = (asyncio.create_task(it.sessions.delete(slot)) for _ in range(2))
        await asyncio.wait((first, second))
        assert first.exception() is None
        assert isinstance(second.exception(), NotFound)
        assert it.sessions.count == 0


@virtual
async def test_a_deletion_whose_client_goes_away_is_carried_out(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn())
        it.disk.open = False
        deletion = asyncio.create_task(it.sessions.delete(await it.slot()))
        append = await it.disk.next()
        deletion.cancel()
        await quiet()
        it.disk.open = True
        append.commit()
        await quiet()
        assert (await _left(it), it.sessions.count) == ([0, 0, 0], 0)


@virtual
async def test_a_name_may_be_taken_again_and_nothing_comes_back(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        first = await it.create()
        await it.ask(glad_turn("a"))
        with pytest.raises(Conflict, match="session id alice is taken"):
            await it.create()
        await it.sessions.delete(await it.slot())
        second = await it.create()
        assert (second.inner_id, second.epoch == first.epoch) == (2, False)
        assert (await it.host.snapshot(await it.slot())).seq == 0
        answer, duplicate = await it.host.ask(await it.slot(), glad_turn("a"))
        assert (answer.seq, duplicate) == (1, False)


@virtual
async def test_nobody_reads_or_joins_a_session_that_is_being_deleted(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn())
        slot = await it.slot()
        it.disk.open = False
        deletion = asyncio.create_task(it.sessions.delete(slot))
        append = await it.disk.next()
        with pytest.raises(NotFound):
            await it.slot()
        with pytest.raises(NotFound):
            await it.host.snapshot(slot)
        with pytest.raises(NotFound):
            await it.attach(slot)
        assert (it.deliver(slot, glad_turn()).verdict, deletion.done()) == ("NOT_FOUND", False)
        it.disk.open = True
        append.commit()
        await deletion


@virtual
async def test_a_damaged_session_can_be_deleted(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        entry = await it.create()
        await it.ask(glad_turn())
        await it.fold()
        await it.sleep_all()
        it.session_file(entry).write_bytes(b"garbage " * 1000)
        slot = await it.slot()
        letter = it.deliver(slot, glad_turn())
        await it.sessions.delete(slot)
        assert letter.error is not None
        assert letter.error.details == {"reason": "session_damaged"}
        assert (await _left(it), it.host.registry.damaged) == ([0, 0, 0], {})


@virtual
async def test_a_fold_under_way_ends_before_the_file_goes(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn())
        running().delay_s = lambda: 0.010
        fold = asyncio.create_task(it.fold())
        await quiet()
        deletion = asyncio.create_task(it.sessions.delete(await it.slot()))
        await asyncio.wait((fold, deletion))
        assert (fold.exception(), deletion.exception()) == (None, None)
        assert await _left(it) == [0, 0, 0]


@virtual
async def test_the_deletion_s_commit_takes_rows_that_were_folded_and_not_yet_trimmed_too(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn(context="a secret"))
        await it.fold()
        await it.sessions.delete(await it.slot())
        assert _on_disk(it) == [0, 0, 0]


@virtual
async def test_the_deletion_s_commit_takes_such_rows_after_a_restart_too(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn(context="a secret"))
        await it.fold()
    async with node(tmp_path) as it:
        await it.sessions.delete(await it.slot())
        assert _on_disk(it) == [0, 0, 0]


@virtual
async def test_a_file_that_cannot_be_removed_now_is_removed_at_the_next_start(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        entry = await it.create()
        await it.create("bob")
        await it.ask(glad_turn())
        await it.fold()
        path = it.session_file(entry)

        async def refuses(inner_id: int) -> None:
            raise OSError(5, "Input/output error")

        it.ledger.finish_delete = refuses  # type: ignore[method-assign]
        await it.sessions.delete(await it.slot())
        assert (path.exists(), it.sessions.count) == (True, 1)
        page = await it.sessions.page(TENANT, False, None, 10)
        assert [item.id for item in page.items] == ["bob"]
    async with node(tmp_path) as it:
        assert (path.exists(), it.ledger.sessions) == (False, 1)
