"""The end of a host: what was drained is durable and answered, what waits is told to try again, nothing is left."""

from __future__ import annotations

import asyncio
from pathlib import Path

from molroo_actor.errors import Overloaded
from tests.kit.doubles import SlowAppraiser
from tests.kit.node import glad_turn, node, said
from tests.kit.virtual_loop import quiet, running, virtual

LEAVING = {"reason": "shutting_down"}


@virtual
async def test_everybody_is_answered(tmp_path: Path) -> None:
    async with node(tmp_path, SlowAppraiser()) as it:
        for name in ("alice", "bob", "carol"):
            await it.create(name)
        for name in ("alice", "bob"):
            await it.ask(glad_turn("first"), name)
        alice, bob, carol = [await it.slot(name) for name in ("alice", "bob", "carol")]
        it.disk.open = False
        drained = it.deliver(alice, glad_turn())
        append = await it.disk.next()
        behind = it.deliver(alice, glad_turn())
        thinking, letter = it.deliver(bob, said("hm")), it.deliver(bob, glad_turn())
        await quiet()
        running().delay_s = lambda: 0.010
        waking = it.deliver(carol, glad_turn())
        reading = asyncio.create_task(it.host.snapshot(carol))
        repeated = it.deliver(alice, glad_turn("first"))
        await quiet()

        stopping = asyncio.create_task(it.host.stop())
        await quiet()
        late = it.deliver(alice, glad_turn())
        assert not stopping.done()
        it.disk.open = True
        append.commit()
        await stopping
        assert (drained.verdict, behind.verdict) == ("2", "3")
        for asker in (thinking, letter, waking, repeated, late):
            assert asker.error is not None
            assert (asker.verdict, asker.error.details, asker.error.retry_after_s) == ("OVERLOADED", LEAVING, 1)
        error = reading.exception()
        assert isinstance(error, Overloaded)
        assert error.details == LEAVING
    async with node(tmp_path) as it:
        seqs = [(await it.host.snapshot(await it.slot(name))).seq for name in ("alice", "bob", "carol")]
        assert seqs == [3, 1, 0]


@virtual
async def test_a_repeat_that_was_taken_in_the_same_moment_is_answered(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn("first"))
        repeated = it.deliver(await it.slot(), glad_turn("first"))
        it.host._pass()  # it looks for the stored answer now, in a task that has not begun
        await it.host.stop()
        assert repeated.error is not None
        assert repeated.error.details == LEAVING


@virtual
async def test_nothing_new_is_made_or_woken_while_it_stops(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        await it.host.stop()
        for attempt in (it.create("bob"), it.host.snapshot(slot), it.attach(slot)):
            results = await asyncio.gather(attempt, return_exceptions=True)
            assert isinstance(results[0], Overloaded)
            assert results[0].details == LEAVING


@virtual
async def test_stopping_a_host_whose_disk_fails_ends_all_the_same(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn())
        it.disk.open = False
        asker = it.deliver(await it.slot(), glad_turn())
        append = await it.disk.next()
        stopping = asyncio.create_task(it.host.stop())
        await quiet()
        append.lose()
        await stopping
        assert asker.error is not None
        assert asker.error.details == {"outcome": "unknown"}


@virtual
async def test_a_deletion_that_waits_is_told_so(tmp_path: Path) -> None:
    async with node(tmp_path, SlowAppraiser()) as it:
        await it.create()
        await it.ask(glad_turn())
        slot = await it.slot()
        it.deliver(slot, said("hm"))
        deletion = asyncio.create_task(it.sessions.delete(slot))
        await quiet()
        await it.host.stop()
        await quiet()
        error = deletion.exception()
        assert isinstance(error, Overloaded)
        assert error.details == LEAVING
