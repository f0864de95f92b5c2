"""Every queue has a limit, a refusal names it, and whoever is refused is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from molroo_actor.errors import Overloaded
from molroo_actor.runtime.actor import Actor
from molroo_actor.runtime.mailbox import Envelope
from molroo_actor.runtime.slot import Slot
from tests.kit.doubles import RecordingAsker, SlowAppraiser
from tests.kit.node import glad_turn, node, said
from tests.kit.virtual_loop import quiet, running, virtual


def _told(asker: RecordingAsker) -> tuple[str, str, dict[str, str] | None, float | None]:
    assert asker.error is not None
    return asker.error.code, asker.error.message, asker.error.details, asker.error.retry_after_s


@virtual
async def test_a_full_mailbox_refuses_by_its_limit_and_others_go_on(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser, mailbox_max=3) as it:
        for name in ("alice", "bob"):
            await it.create(name)
            await it.ask(glad_turn(), name)
        alice = await it.slot("alice")
        thinking = it.deliver(alice, said("hm"))
        await quiet()
        waiting = [it.deliver(alice, glad_turn()) for _ in range(3)]
        refused = it.deliver(alice, glad_turn())
        assert _told(refused) == (
            "OVERLOADED", "3 turns wait in this session, the limit is 3", {"reason": "mailbox_full"}, 1,
        )  # fmt: skip
        assert (await it.ask(glad_turn(), "bob")).seq == 2
        appraiser.answer("hm", 0.5)
        await quiet()
        assert [asker.verdict for asker in (thinking, *waiting)] == ["2", "3", "4", "5"]


@virtual
async def test_a_disk_that_is_behind_refuses_turns_before_they_are_taken(tmp_path: Path) -> None:
    async with node(tmp_path, gate_rows_max=2) as it:
        await it.create()
        await it.ask(glad_turn())
        slot = await it.slot()
        it.disk.open = False
        taken = [it.deliver(slot, glad_turn())]
        append = await it.disk.next()
        taken += [it.deliver(slot, glad_turn()) for _ in range(2)]
        await quiet()
        assert it.host.gate.full
        refused = it.deliver(slot, glad_turn())
        assert _told(refused) == ("OVERLOADED", "the disk is behind; try again", {"reason": "journal_behind"}, 1)
        it.disk.open = True
        append.commit()
        await quiet()
        assert [asker.verdict for asker in taken] == ["2", "3", "4"]


@virtual
async def test_a_journal_above_its_limit_refuses_turns_until_it_is_folded(tmp_path: Path) -> None:
    async with node(tmp_path, journal_bytes_max=1_000) as it:
        await it.create()
        await it.ask(glad_turn())
        slot = await it.slot()
        refused = it.deliver(slot, glad_turn())
        assert _told(refused)[2] == {"reason": "journal_behind"}
        assert (await it.host.snapshot(slot)).seq == 1
        await it.fold()
        assert (await it.ask(glad_turn())).seq == 2


@virtual
async def test_a_commit_takes_no_more_rows_than_its_limit(tmp_path: Path) -> None:
    async with node(tmp_path, commit_rows_max=4) as it:
        await it.create()
        await it.ask(glad_turn())
        slot = await it.slot()
        it.disk.open = False
        it.deliver(slot, glad_turn())
        (await it.disk.next()).commit()
        askers = [it.deliver(slot, glad_turn()) for _ in range(10)]
        sizes = []
        while not all(asker.heard for asker in askers):
            append = await it.disk.next()
            sizes.append(len(append.rows))
            append.commit()
            await quiet()
        assert sizes == [4, 4, 2]


@virtual
async def test_no_more_may_wait_for_a_waking_than_the_limit(tmp_path: Path) -> None:
    async with node(tmp_path, mailbox_max=2) as it:
        await it.create()
        slot = await it.slot()
        running().delay_s = lambda: 0.010
        reading = [asyncio.create_task(it.host.snapshot(slot)) for _ in range(10)]
        await quiet()
        with pytest.raises(Overloaded, match="too many wait for this session to wake"):
            await reading[8]
        with pytest.raises(Overloaded):
            await reading[9]
        assert [(await task).seq for task in reading[:8]] == [0] * 8


@virtual
async def test_a_turn_that_takes_too_much_room_is_refused_and_those_around_it_are_not(tmp_path: Path) -> None:
    async with node(tmp_path, row_bytes_max=8_000) as it:
        await it.create()
        slot = await it.slot()
        askers = [it.deliver(slot, glad_turn(context=context)) for context in ("small", "x" * 8_000, "small")]
        await quiet()
        assert [asker.verdict for asker in askers] == ["1", "OVERLOADED", "2"]
        assert "the limit is 8,000" in _told(askers[1])[1]


@virtual
async def test_a_loop_pass_runs_turns_for_a_bounded_time_while_a_commit_is_under_way(tmp_path: Path) -> None:
    async with node(tmp_path, pass_ms=4) as it:
        names = [f"s{number}" for number in range(6)]
        for name in names:
            await it.create(name)
            await it.ask(glad_turn(), name)
        slots = [await it.slot(name) for name in names]
        it.disk.open = False
        it.deliver(slots[0], glad_turn())
        append = await it.disk.next()
        pass_number = 0
        taken_in: list[int] = []
        take, one_pass = it.host._take, it.host._pass

        def slow_turn(slot: Slot, actor: Actor, envelope: Envelope) -> None:
            it.clock.advance(0.003)
            taken_in.append(pass_number)
            take(slot, actor, envelope)

        def counted() -> None:
            nonlocal pass_number
            pass_number += 1
            one_pass()

        it.host._take = slow_turn  # type: ignore[method-assign]
        it.host._pass = counted  # type: ignore[method-assign]
        for slot in slots[1:]:
            it.deliver(slot, glad_turn())
        assert taken_in == [0, 0], "what comes is taken at once as long as there is time"
        await quiet()
        assert taken_in == [0, 0, 1, 1, 2]
        it.disk.open = True
        append.commit()
        await quiet()
