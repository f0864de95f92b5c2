"""A hibernated session has no task, no timer, no handle and no state; with an open socket it keeps one small slot."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from molroo_actor.errors import Overloaded
from molroo_actor.runtime.lifecycle import Life
from tests.kit.doubles import SlowAppraiser
from tests.kit.node import Node, glad_turn, node, said
from tests.kit.virtual_loop import quiet, running, virtual


def _handles(it: Node) -> list[str]:
    """Open files of sessions."""
    found = []
    for name in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(name.readlink()))
    return [name for name in found if str(it.ledger.folder.sessions) in name]


def _timers() -> int:
    return sum(not timer.cancelled() for timer in running()._scheduled)  # type: ignore[attr-defined]


@virtual
async def test_an_idle_actor_leaves_nothing_behind(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        entry = await it.create()
        await it.ask(glad_turn("a"))
        await it.fold()
        slot = await it.slot()
        assert it.host.registry.by_inner == {entry.inner_id: slot}
        await it.sleep_all()

        assert (it.host.registry.by_inner, it.host.registry.by_name, it.host.registry.unproven) == ({}, {}, set())
        assert it.host.residency.residents == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert (_timers(), _handles(it)) == (0, [])
        assert it.ledger.journal._last_seq == {}

        await it.ask(glad_turn("b"))  # this time it wakes from its file
        await it.sleep_all()
        assert (_timers(), _handles(it), it.observer.wakes) == (0, [], 2)


@virtual
async def test_with_a_socket_it_keeps_its_slot_and_nothing_else(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        connection = await it.join(slot)
        await it.ask(glad_turn("a"))
        await it.sleep_all()
        assert (slot.life, slot.actor, slot.mailbox, slot.readers) == (Life.ASLEEP, None, None, None)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert (_timers(), _handles(it)) == (0, [])

        await it.ask(glad_turn("b"))
        assert connection.seqs == [1, 2]
        (attachment,) = slot.attachments
        await it.sleep_all()
        it.host.detach(slot, attachment)
        assert it.host.registry.by_inner == {}


@virtual
async def test_an_actor_sleeps_only_after_it_was_idle_for_long_enough(tmp_path: Path) -> None:
    async with node(tmp_path, hibernate_after_s=10) as it:
        await it.create()
        await it.ask(glad_turn())
        it.clock.advance(9.999)
        it.sweep()
        assert it.host.residency.residents == 1
        it.clock.advance(0.001)
        it.sweep()
        assert it.host.residency.residents == 0


@virtual
async def test_reading_keeps_a_session_awake_as_a_turn_does(tmp_path: Path) -> None:
    async with node(tmp_path, hibernate_after_s=10) as it:
        await it.create()
        await it.ask(glad_turn())
        it.clock.advance(9)
        await it.host.snapshot(await it.slot())
        it.clock.advance(9)
        it.sweep()
        assert it.host.residency.residents == 1


@virtual
async def test_an_actor_with_an_open_commit_or_a_waiting_turn_does_not_sleep(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser) as it:
        for name in ("alice", "bob"):
            await it.create(name)
            await it.ask(glad_turn(), name)
        alice, bob = await it.slot("alice"), await it.slot("bob")
        it.disk.open = False
        committing = it.deliver(alice, glad_turn())
        thinking = it.deliver(bob, said("well?"))
        append = await it.disk.next()
        it.sweep(idle=True)
        assert (alice.life, bob.life, it.host.residency.active) == (Life.AWAKE, Life.AWAKE, 2)
        append.commit()
        it.disk.open = True
        appraiser.answer("well?", 0.5)
        await quiet()
        assert (committing.verdict, thinking.verdict) == ("2", "2")
        it.sweep(idle=True)
        assert it.host.residency.residents == 0


@virtual
async def test_a_sleeping_session_wakes_with_everything_that_it_was(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        for name in "ab":
            await it.ask(glad_turn(name))
        before = (await it.host.snapshot(await it.slot())).record
        for folded in (False, True):
            if folded:
                await it.fold()
            await it.sleep_all()
            assert it.host.residency.residents == 0
            assert (await it.host.snapshot(await it.slot())).record == before
            again = it.deliver(await it.slot(), glad_turn("a"))
            await quiet()
            assert again.verdict == "1 again"


@virtual
async def test_above_the_limit_the_least_recently_used_actor_sleeps(tmp_path: Path) -> None:
    async with node(tmp_path, resident_max=2) as it:
        for name in ("alice", "bob", "carol"):
            await it.create(name)
        await it.ask(glad_turn(), "alice")
        await it.ask(glad_turn(), "bob")
        await it.ask(glad_turn(), "alice")
        await it.ask(glad_turn(), "carol")
        awake = sorted(slot.id for slot in it.host.registry.by_inner.values() if slot.life is Life.AWAKE)
        assert (awake, it.host.residency.residents) == (["alice", "carol"], 2)
        assert (await it.ask(glad_turn(), "bob")).seq == 2


@virtual
async def test_when_all_actors_are_busy_a_wake_is_refused_by_its_limit(tmp_path: Path) -> None:
    async with node(tmp_path, resident_max=1) as it:
        await it.create("alice")
        await it.create("bob")
        await it.ask(glad_turn(), "alice")
        it.disk.open = False
        busy = it.deliver(await it.slot("alice"), glad_turn())
        append = await it.disk.next()
        bob = await it.slot("bob")
        refused = it.deliver(bob, glad_turn())
        reading = asyncio.create_task(it.host.snapshot(bob))
        await quiet()
        assert refused.error is not None
        assert (refused.verdict, refused.error.details) == ("OVERLOADED", {"reason": "resident_max"})
        assert refused.error.message == "1 sessions are awake and busy, the limit; try again"
        assert isinstance(reading.exception(), Overloaded)
        assert (bob.life, it.host.residency.residents) == (Life.ASLEEP, 1)
        append.commit()
        it.disk.open = True
        await quiet()
        assert busy.verdict == "2"
        assert (await it.ask(glad_turn(), "bob")).seq == 1


@virtual
async def test_slots_that_nothing_held_on_to_are_forgotten(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.slot()
        assert len(it.host.registry.by_inner) == 1
        it.sweep()
        assert (it.host.registry.by_inner, it.host.registry.by_name) == ({}, {})


@virtual
async def test_the_sweep_comes_round_by_itself_and_says_how_late_it_is(tmp_path: Path) -> None:
    async with node(tmp_path, hibernate_after_s=10) as it:
        await it.create()
        await it.ask(glad_turn())
        it.start()
        await asyncio.sleep(9.5)
        assert (it.host.residency.residents, it.observer.sleeps) == (1, 0)
        await asyncio.sleep(1)
        assert (it.host.residency.residents, it.observer.sleeps) == (0, 1)
        assert it.observer.lags == [0.0] * 10
