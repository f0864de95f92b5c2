"""The whole node over SQLite that really refuses: full, broken at the commit, broken at the probe too."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from molroo_actor.errors import Overloaded
from tests.kit.disk import FaultySql, io_error, make_faulty
from tests.kit.node import Node, glad_turn, node
from tests.kit.virtual_loop import quiet, virtual


async def _awake(it: Node) -> FaultySql:
    for name in ("alice", "bob"):
        await it.create(name)
        await it.ask(glad_turn(), name)
    return make_faulty(it.ledger)


@virtual
async def test_a_commit_that_fails_answers_nobody_and_later_turns_work(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        faulty = await _awake(it)
        faulty.before = _fails("INSERT", "COMMIT")
        alice, bob = await it.slot("alice"), await it.slot("bob")
        pushed = await it.join(alice)
        askers = [it.deliver(slot, glad_turn("x")) for slot in (alice, bob)]
        await quiet()
        assert [asker.verdict for asker in askers] == ["OVERLOADED", "OVERLOADED"]
        assert (pushed.sent, it.observer.failures, it.host.doomed.is_set()) == ([], 1, False)
        assert it.host.gate.failing == "disk I/O error"

        faulty.before = lambda _: None
        again = [it.deliver(await it.slot(name), glad_turn("x")) for name in ("alice", "bob")]
        await quiet()
        assert [asker.verdict for asker in again] == ["2", "2"]
        assert pushed.seqs == [2]
        rows = it.ledger.node.sql.execute("SELECT session, seq FROM journal ORDER BY rowid").fetchall()
        assert rows == [(1, 1), (2, 1), (1, 2), (2, 2)]


@virtual
async def test_a_commit_in_doubt_is_never_called_absent(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        faulty = await _awake(it)
        faulty.after = _fails("INSERT", "COMMIT")  # it is durable, and the error says that it is not
        asker = it.deliver(await it.slot(), glad_turn("x"))
        await quiet()
        assert asker.error is not None
        assert (asker.error.details, it.host.doomed.is_set()) == ({"outcome": "unknown"}, True)
        faulty.after = lambda _: None
    async with node(tmp_path) as it:
        again = it.deliver(await it.slot(), glad_turn("x"))
        await quiet()
        assert again.verdict == "2 again"


@virtual
async def test_a_disk_that_refuses_the_probe_too_ends_the_process(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        faulty = await _awake(it)
        faulty.before = _fails("INSERT", "COMMIT", "UPDATE node")
        asker = it.deliver(await it.slot(), glad_turn("x"))
        await quiet()
        assert asker.error is not None
        assert (asker.error.details, it.host.doomed.is_set()) == ({"outcome": "unknown"}, True)
        faulty.before = lambda _: None
        later = it.deliver(await it.slot("bob"), glad_turn("x"))
        await quiet()
        assert later.verdict == "OVERLOADED"
    async with node(tmp_path) as it:
        assert (await it.ask(glad_turn("x"))).seq == 2


@virtual
async def test_a_full_disk_gives_up_its_ballast_and_what_is_committed_stays_readable(tmp_path: Path) -> None:
    async with node(tmp_path, ballast_bytes=4096) as it:
        await it.create()
        await it.ask(glad_turn())
        sql = it.ledger.node.sql
        (pages,) = sql.execute("PRAGMA page_count").fetchone()
        sql.execute(f"PRAGMA max_page_count = {pages}")
        taken, refused = 1, None
        while refused is None:
            asker = it.deliver(await it.slot(), glad_turn())
            await quiet()
            refused = asker.error
            taken += asker.answer is not None
        assert isinstance(refused, Overloaded)
        assert (refused.retryable, refused.details) == (True, None)
        assert (it.ledger.folder.ballast.exists(), it.host.gate.failing) == (False, "database or disk is full")
        assert (await it.host.snapshot(await it.slot())).seq == taken
        sql.execute("PRAGMA max_page_count = 1000000")
        await it.fold()
        assert (await it.ask(glad_turn())).seq == taken + 1


@virtual
async def test_one_turn_that_sqlite_cannot_hold_does_not_break_the_session_beside_it(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await _awake(it)
        alice, bob = await it.slot("alice"), await it.slot("bob")
        it.disk.open = False
        first = it.deliver(bob, glad_turn())
        append = await it.disk.next()
        odd, fine = it.deliver(alice, glad_turn()), it.deliver(bob, glad_turn())
        await quiet()
        it.host.gate._rows[0].row = it.host.gate._rows[0].row._replace(kind=None)  # type: ignore[arg-type]
        it.disk.open = True
        append.commit()
        await quiet()
        assert (first.verdict, odd.verdict, fine.verdict) == ("2", "OVERLOADED", "3")


def _fails(*prefixes: str) -> Callable[[str], None]:
    def fault(statement: str) -> None:
        if statement.startswith(prefixes):
            raise io_error(sqlite3.SQLITE_IOERR_WRITE)

    return fault
