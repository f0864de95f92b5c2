"""A failed append: its actors break before anything else runs, everybody is told, and the disk says how it goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from molroo_actor.errors import Overloaded, StorageError, WireError
from molroo_actor.runtime.lifecycle import Life
from tests.kit.doubles import RecordingAsker, SlowAppraiser
from tests.kit.node import Node, glad_turn, node, said
from tests.kit.virtual_loop import quiet, virtual


async def _two_awake(it: Node) -> None:
    for name in ("alice", "bob"):
        await it.create(name)
        await it.ask(glad_turn(), name)
    it.disk.open = False


@virtual
async def test_a_failed_append_breaks_all_its_actors_before_anybody_hears_of_it(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await _two_awake(it)
        alice, bob = await it.slot("alice"), await it.slot("bob")
        lives: list[tuple[Life, Life]] = []

        class Looking(RecordingAsker):
            def refused(self, error: WireError) -> None:
                super().refused(error)
                lives.append((alice.life, bob.life))

        it.deliver(alice, glad_turn("first"))
        (await it.disk.next()).commit()
        await quiet()
        askers = [it.deliver(alice, glad_turn(), Looking()), it.deliver(bob, glad_turn(), Looking())]
        append = await it.disk.next()
        assert append.seqs == [(alice.inner_id, 3), (bob.inner_id, 2)]
        connection = await it.join(alice)
        append.fail()
        await quiet()

        assert lives == [(Life.BROKEN, Life.BROKEN)] * 2
        assert [asker.verdict for asker in askers] == ["OVERLOADED", "OVERLOADED"]
        assert all(asker.error is not None and asker.error.retryable for asker in askers)
        assert all(asker.error is not None and asker.error.details is None for asker in askers)
        assert connection.sent == []
        assert (alice.actor, bob.actor) == (None, None)


@virtual
async def test_everything_that_followed_a_failed_row_is_answered_with_a_retryable_error(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser) as it:
        await _two_awake(it)
        alice = await it.slot("alice")
        in_append = it.deliver(alice, glad_turn("1"))
        append = await it.disk.next()
        repeat = it.deliver(alice, glad_turn("1"))
        queued = it.deliver(alice, glad_turn("2"))
        thinking = it.deliver(alice, said("are you there?", "3"))
        letter = it.deliver(alice, glad_turn("4"))
        deletion = asyncio.create_task(it.sessions.delete(alice))
        await quiet()
        assert (it.host.gate.depth, alice.depth, alice.thinking is not None) == (1, 2, True)

        append.fail()
        await quiet()
        askers = (in_append, repeat, queued, thinking, letter)
        assert [asker.verdict for asker in askers] == ["OVERLOADED"] * 5
        assert all(asker.error is not None and asker.error.retryable for asker in askers)
        with pytest.raises(Overloaded):
            await deletion
        assert (it.host.gate.depth, alice.depth, it.disk.waiting) == (0, 0, [])

        appraiser.answer("are you there?", 0.5)  # for an incarnation that is gone
        await quiet()
        assert it.disk.waiting == []


@virtual
async def test_the_rows_of_others_stay_in_the_queue(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await _two_awake(it)
        alice, bob = await it.slot("alice"), await it.slot("bob")
        it.deliver(alice, glad_turn())
        append = await it.disk.next()
        orphan, others = it.deliver(alice, glad_turn()), it.deliver(bob, glad_turn())
        await quiet()
        append.fail()
        following = await it.disk.next()
        assert following.seqs == [(bob.inner_id, 2)]
        assert (orphan.verdict, bob.life) == ("OVERLOADED", Life.AWAKE)
        following.commit()
        await quiet()
        assert others.verdict == "2"


@virtual
async def test_after_a_failure_the_session_goes_on_from_what_is_on_disk(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await _two_awake(it)
        alice = await it.slot("alice")
        state = (await it.host.snapshot(alice)).record
        lost = it.deliver(alice, glad_turn("again", goal_congruence=-1.0))
        (await it.disk.next()).fail()
        await quiet()
        assert (lost.verdict, it.host.gate.failing) == ("OVERLOADED", "the disk said no")

        it.disk.open = True
        rebuilt = await it.host.snapshot(await it.slot("alice"))
        assert (rebuilt.seq, rebuilt.record) == (1, state)
        answer = await it.ask(glad_turn("again", goal_congruence=-1.0))
        assert (answer.seq, answer.record.state.turns) == (2, 2)
        assert [row.seq for row in await it.host.repeats.rows(await it.slot("alice"), 0, 10)] == [1, 2]
        assert it.host.gate.failing is None


@virtual
async def test_a_row_at_fault_breaks_its_own_session_only(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await _two_awake(it)
        alice, bob = await it.slot("alice"), await it.slot("bob")
        at_fault, other = it.deliver(alice, glad_turn()), it.deliver(bob, glad_turn())
        append = await it.disk.next()
        following = it.deliver(alice, glad_turn())
        await quiet()
        append.commit(absent={alice.inner_id: StorageError("too odd")})
        await quiet()
        assert [asker.verdict for asker in (at_fault, other, following)] == ["OVERLOADED", "2", "OVERLOADED"]
        assert (bob.life, it.disk.waiting) == (Life.AWAKE, [])
        it.disk.open = True
        assert (await it.ask(glad_turn(), "alice")).seq == 2


@virtual
async def test_a_creation_that_fails_on_disk_did_not_happen_and_may_be_tried_again(tmp_path: Path) -> None:
    async with node(tmp_path, gated=True) as it:
        creation = asyncio.create_task(it.create("alice", key="k"))
        (await it.disk.next()).fail()
        with pytest.raises(Overloaded, match="did not happen"):
            await creation
        assert it.sessions.count == 0
        it.disk.open = True
        entry = await it.create("alice", key="k")
        assert (entry.inner_id, it.sessions.count) == (2, 1)


@virtual
async def test_without_traffic_the_sweep_finds_out_that_the_disk_works_again(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await _two_awake(it)
        it.deliver(await it.slot("alice"), glad_turn())
        (await it.disk.next()).fail()
        await quiet()
        it.disk.open = True
        it.clock.advance(5)
        it.sweep()
        await quiet()
        assert it.host.gate.failing is None


@virtual
async def test_a_deletion_that_fails_on_disk_leaves_the_session_as_it_was(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await _two_awake(it)
        deletion = asyncio.create_task(it.sessions.delete(await it.slot("alice")))
        (await it.disk.next()).fail()
        with pytest.raises(Overloaded):
            await deletion
        it.disk.open = True
        assert (await it.ask(glad_turn(), "alice")).seq == 2
        assert it.sessions.count == 2


@virtual
async def test_who_goes_away_takes_no_commit_along(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await _two_awake(it)
        asking = asyncio.create_task(it.ask(glad_turn("mine")))
        append = await it.disk.next()
        asking.cancel()
        await quiet()
        assert (asking.cancelled(), append.verdict.done()) == (True, False)
        append.commit()
        await quiet()
        again = it.deliver(await it.slot("alice"), glad_turn("mine"))
        await quiet()
        assert (again.verdict, it.disk.waiting) == ("2 again", [])


@virtual
async def test_a_creation_whose_client_goes_away_is_found_by_its_key(tmp_path: Path) -> None:
    async with node(tmp_path, gated=True) as it:
        creation = asyncio.create_task(it.create("alice", key="k"))
        append = await it.disk.next()
        creation.cancel()
        again = asyncio.create_task(it.create("alice", key="k"))
        await quiet()
        append.commit()
        it.disk.open = True
        await quiet()
        for waiting in it.disk.waiting:
            waiting.commit()
        entry = await again
        assert (entry.inner_id, it.sessions.count) == (1, 1)


@virtual
async def test_an_append_that_fails_in_an_unforeseen_way_is_a_failed_append(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with node(tmp_path) as it:
        await _two_awake(it)
        asker = it.deliver(await it.slot("alice"), glad_turn())
        (await it.disk.next()).verdict.set_exception(RuntimeError("a bug"))
        await quiet()
        assert asker.verdict == "OVERLOADED"
        assert "in a way that it should not" in caplog.text
