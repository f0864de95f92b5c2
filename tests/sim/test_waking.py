"""One actor a session: while it wakes messages queue in order, none is lost and none is handled twice."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from molroo_actor.errors import NotFound, Overloaded
from molroo_actor.runtime.lifecycle import Life
from tests.kit.doubles import RecordingAsker
from tests.kit.node import glad_turn, node
from tests.kit.virtual_loop import quiet, running, virtual


@virtual
async def test_messages_queue_in_order_while_a_session_wakes(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        running().delay_s = lambda: 0.010
        log: list[str] = []
        it.deliver(slot, glad_turn(), RecordingAsker(log, "first"))
        await quiet()
        assert (slot.life, slot.depth) == (Life.WAKING, 1)
        for name in ("second", "third"):
            it.deliver(slot, glad_turn(), RecordingAsker(log, name))
        await quiet()
        assert (slot.depth, it.observer.wakes, log) == (3, 0, [])
        running().delay_s = lambda: 0.0
        last = await it.ask(glad_turn())
        assert (last.seq, log, it.observer.wakes) == (4, ["first 1", "second 2", "third 3"], 1)


@virtual
async def test_readers_and_letters_that_wait_share_one_waking(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        asker = it.deliver(slot, glad_turn())
        snapshot = await it.host.snapshot(slot)
        await quiet()
        assert (asker.verdict, snapshot.seq, it.observer.wakes, slot.incarnation) == ("1", 0, 1, 1)


@pytest.mark.parametrize("seed", range(8))
def test_however_long_the_disk_takes_every_turn_is_taken_once_and_in_order(tmp_path: Path, seed: int) -> None:
    @virtual
    async def story() -> None:
        chance = random.Random(seed)
        limits = {"hibernate_after_s": 0.05, "fold_age_s": 0.05, "history_kept": 5, "readers": 1}
        async with node(tmp_path, wake_at_once=seed % 2 == 1, **limits) as it:
            names = ["alice", "bob", "carol"]
            for name in names:
                await it.create(name)
            running().delay_s = lambda: chance.expovariate(100)
            it.start()
            askers: dict[str, list[RecordingAsker]] = {name: [] for name in names}
            for _ in range(60):
                name = chance.choice(names)
                slot = await it.slot(name)
                askers[name] += [it.deliver(slot, glad_turn()) for _ in range(chance.randint(1, 3))]
                await _pause(chance.choice([0.0, 0.001, 0.02, 0.2]))
            for name in names:
                last = await it.ask(glad_turn(), name)
                asked = askers[name]
                assert [asker.verdict for asker in asked] == [str(seq) for seq in range(1, len(asked) + 1)], f"{seed=}"
                assert last.seq == len(asked) + 1
                rows = await it.host.repeats.rows(await it.slot(name), 0, 1_000)
                assert [row.seq for row in rows] == list(range(1, last.seq + 1)), f"{seed=}"
            assert it.observer.sleeps > 5
            assert it.folding.sessions_folded > 5

    story()


async def _pause(span_s: float) -> None:
    loop = running()
    future = loop.create_future()
    loop.call_later(span_s, future.set_result, None)
    await future


@virtual
async def test_a_session_that_nobody_knows_takes_no_slot(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        with pytest.raises(NotFound, match="no session"):
            await it.slot("nobody")
        assert (it.host.registry.by_inner, it.host.registry.by_name) == ({}, {})


@virtual
async def test_a_wake_that_the_disk_refuses_answers_everybody_and_the_next_one_is_tried(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn())
        await it.fold()
        await it.sleep_all()
        slot = await it.slot()
        path = it.ledger.folder.session_file(slot.inner_id)
        read = it.ledger.readers.run

        async def no_handles(*args: object) -> object:
            raise OSError(24, "Too many open files")

        it.ledger.readers.run = no_handles  # type: ignore[method-assign,assignment]
        letter, other = it.deliver(slot, glad_turn("a")), it.deliver(slot, glad_turn("b"))
        await quiet()
        it.ledger.readers.run = read  # type: ignore[method-assign]
        assert [asker.verdict for asker in (letter, other)] == ["OVERLOADED", "OVERLOADED"]
        assert letter.error is not None
        assert (letter.error.retryable, letter.error.retry_after_s) == (True, 1)
        assert (it.host.registry.damaged, slot.life, path.exists()) == ({}, Life.ASLEEP, True)
        assert (await it.ask(glad_turn("a"))).seq == 2


@virtual
async def test_no_more_wakes_read_at_once_than_there_is_room_for(tmp_path: Path) -> None:
    async with node(tmp_path, readers=1) as it:
        names = [f"s{number}" for number in range(6)]
        for name in names:
            await it.create(name)
        slots = [await it.slot(name) for name in names]
        reading: list[int] = []
        read = it.ledger.readers.run
        at_once = 0

        async def counted(*args: object) -> object:
            nonlocal at_once
            at_once += 1
            reading.append(at_once)
            try:
                return await read(*args)  # type: ignore[arg-type]
            finally:
                at_once -= 1

        it.ledger.readers.run = counted  # type: ignore[method-assign,assignment]
        running().delay_s = lambda: 0.010
        askers = [it.deliver(slot, glad_turn()) for slot in slots]
        await _pause(1.0)
        assert max(reading) == 2
        assert [asker.verdict for asker in askers] == ["1"] * 6


@virtual
async def test_a_sweep_right_after_waking_puts_nobody_away_who_is_waited_for(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        it.clock.advance(3600)
        slot = await it.slot()
        residency = it.host.residency
        woken = residency._woken

        def and_swept(*arguments: Any) -> None:
            woken(*arguments)
            it.sweep()

        residency._woken = and_swept  # type: ignore[method-assign]
        connection = await it.join(slot)
        assert it.host.registry.by_inner == {slot.inner_id: slot}
        assert (await it.ask(glad_turn())).seq == 1
        assert [message["type"] for message in connection.messages] == ["turn_result"]


@virtual
async def test_a_slot_that_was_put_away_while_somebody_held_it_makes_no_second_actor(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        held = await it.slot()
        it.sweep()
        assert it.host.registry.by_inner == {}
        other = await it.slot()
        with pytest.raises(Overloaded, match="put away"):
            await it.host.snapshot(held)
        assert (await it.ask(glad_turn())).seq == 1
        assert (other.actor is not None, held.actor) == (True, None)
