"""Alarms among everything else that goes on: sleep, sockets, full houses, damage, deletion, the end of the server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from molroo_actor.errors import NotFound, Unavailable
from molroo_actor.protocol.commands import AckProactive, Preferences, SetPreferences
from molroo_actor.runtime.lifecycle import Life
from molroo_actor.storage import catalog
from tests.kit.alone import HOUR_A_SECOND, ON, alarm, alone, kinds, pending, until
from tests.kit.doubles import SlowAppraiser
from tests.kit.node import Node, glad_turn, node, said
from tests.kit.virtual_loop import quiet, running, virtual


async def _just_before(it: Node, wall_ms: int) -> None:
    """Time goes on to 5 ms before this moment, past every fold; then the disk waits for the test."""
    await asyncio.sleep((wall_ms - it.clock.wall_ms() - 5) / 1000)
    await quiet()
    it.disk.open = False


def _timers() -> int:
    return sum(not timer.cancelled() for timer in running()._scheduled)  # type: ignore[attr-defined]


@virtual
async def test_a_sleeping_session_with_a_socket_wakes_acts_and_sleeps_again(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        _, due_ms = await alone(it)
        slot = await it.slot()
        first, second = await it.join(slot), await it.join(slot)
        await it.sleep_all()
        assert slot.life is Life.ASLEEP
        await until(it, due_ms)
        assert [message["type"] for message in first.messages] == ["proactive"]
        assert first.messages == second.messages
        await it.sleep_all()
        assert (slot.life, slot.mailbox, len(slot.attachments)) == (Life.ASLEEP, None, 2)


@virtual
async def test_many_that_sleep_have_one_timer_and_no_slot(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        await alone(it, session_id="first")
        await it.sleep_all()
        it.start()
        await quiet()
        one = _timers()
        for number in range(90):
            await alone(it, session_id=f"s-{number}")
        await it.fold()
        await it.sleep_all()
        assert it.host.registry.by_inner == {}
        assert _timers() == one


@virtual
async def test_new_preferences_take_effect_at_once(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        entry, due_ms = await alone(it)
        await it.ask(SetPreferences(Preferences(enabled=False)))
        await until(it, due_ms + 100_000)
        assert (await pending(it), await kinds(it)) == ((), ["turn", "prefs", "prefs"])
        connection = await it.join(await it.slot())
        await it.ask(SetPreferences(ON))
        now_ms = it.clock.wall_ms()
        await quiet()
        assert [message["type"] for message in connection.messages] == ["proactive"]
        assert [action.at_ms for action in await pending(it)] == [now_ms]
        assert await it.ledger.read(catalog.alarms, 0, 9) == []
        assert entry.id == "alice"


@virtual
async def test_what_is_planned_while_the_scheduler_reads_is_not_missed(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        await it.create()
        await it.ask(glad_turn())
        await asyncio.sleep(200)
        read = it.ledger.read

        async def slow(function, *args):  # type: ignore[no-untyped-def]
            found = await read(function, *args)
            if function is catalog.agenda:
                await asyncio.sleep(0.050)
            return found

        it.ledger.read = slow  # type: ignore[method-assign]
        it._tasks = [asyncio.create_task(it.host.alarms.run())]  # without the sweep it stays awake
        await asyncio.sleep(0.030)  # it has read, and does not know it yet
        await it.ask(SetPreferences(ON))
        due_ms = it.clock.wall_ms()
        await asyncio.sleep(1)
        assert await kinds(it) == ["turn", "prefs", "proactive"]
        (action,) = await pending(it)
        assert action.at_ms - due_ms <= 500


@pytest.mark.parametrize("error", [Unavailable("no handles"), KeyError("a mistake of ours")], ids=repr)
@virtual
async def test_a_ledger_that_cannot_be_read_for_a_while_stops_no_alarm_for_good(
    tmp_path: Path, error: Exception
) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        _, due_ms = await alone(it)

        async def unreadable(*_: object) -> object:
            raise error

        read, it.ledger.readers.run = it.ledger.readers.run, unreadable  # type: ignore[assignment, method-assign]
        it.start()
        await quiet()
        it.ledger.readers.run = read  # type: ignore[method-assign]
        await until(it, due_ms)
        assert len(await pending(it)) == 1


@virtual
async def test_an_acknowledgement_while_the_row_waits_for_its_commit_comes_after_it(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND, gated=True) as it:
        it.disk.open = True
        it.start()
        _, due_ms = await alone(it)
        await _just_before(it, due_ms)
        await until(it, due_ms)
        slot = await it.slot()
        guessed = AckProactive(f"act_3_{slot.epoch[:8]}")
        early = [it.deliver(slot, guessed) for _ in range(2)]
        await quiet()
        assert ([each.verdict for each in early], await pending(it)) == (["nothing", "nothing"], ())
        it.disk.open = True
        for append in it.disk.waiting:
            append.commit()
        await quiet()
        assert ([each.verdict for each in early], await pending(it)) == (["4", "4 again"], ())
        assert await kinds(it) == ["turn", "prefs", "proactive", "ack"]


@virtual
async def test_an_acknowledgement_of_what_could_not_be_written_is_refused(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND, gated=True) as it:
        it.disk.open = True
        it.start()
        _, due_ms = await alone(it)
        slot = await it.slot()
        connection = await it.join(slot)
        await _just_before(it, due_ms)
        await until(it, due_ms)
        early = it.deliver(slot, AckProactive(f"act_3_{slot.epoch[:8]}"))
        await quiet()
        it.disk.open = True
        for append in it.disk.waiting:
            append.fail()
        await quiet()
        assert (early.verdict, connection.messages) == ("OVERLOADED", [])
        await asyncio.sleep(5)
        assert [message["type"] for message in connection.messages] == ["proactive"]
        assert await kinds(it) == ["turn", "prefs", "proactive"]


@virtual
async def test_the_33rd_of_those_that_pend_drives_out_the_first(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(SetPreferences(ON))
        fired: list[str] = []
        for _ in range(400):
            blow = glad_turn(goal_relevance=1.0, goal_congruence=1.0, expectedness=0.0, elapsed_seconds=1)
            answer = await it.ask(blow)
            if answer.fired is not None:
                fired.append(answer.fired.id)
                await it.ask(glad_turn(goal_relevance=0.0, elapsed_seconds=6 * 3_600))
            if len(fired) == 35:
                break
        assert [action.id for action in await pending(it)] == fired[-32:]
        with pytest.raises(NotFound):
            await it.ask(AckProactive(fired[0]))


@virtual
async def test_many_in_the_same_ms_are_woken_a_few_at_a_time_and_all_act(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND, alarms_at_once=4) as it:
        names = [f"s-{number}" for number in range(20)]
        alarms = [(await alone(it, session_id=name))[0].inner_id for name in names]
        await it.sleep_all()
        await asyncio.sleep(200)  # by now there is a reason to act for each of them
        due_ms = it.clock.wall_ms() + 1_000
        await it.ledger.commit([catalog.move_alarm(session, 2, due_ms) for session in alarms])
        running().delay_s = lambda: 0.001
        it.start()
        most = 0
        while it.clock.wall_ms() < due_ms + 500:
            await asyncio.sleep(0.0005)
            most = max(most, len(it.host.alarms._under_way))
        assert most == 4
        running().delay_s = lambda: 0.0
        assert [len(await pending(it, name)) for name in names] == [1] * 20
        assert [await kinds(it, name) for name in names] == [["turn", "prefs", "proactive"]] * 20


@virtual
async def test_when_all_that_are_awake_are_busy_it_comes_a_little_later(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser, time_scale=HOUR_A_SECOND, resident_max=1) as it:
        it.start()
        entry, due_ms = await alone(it)
        await it.create("busy")
        await it.sleep_all()
        await asyncio.sleep((due_ms - it.clock.wall_ms()) / 1000 - 1)
        thinking = it.deliver(await it.slot("busy"), said("hm"))
        await until(it, due_ms)
        assert (it.observer.failed_alarms, (await alarm(it, entry))[1:]) == (1, (2, 1))
        appraiser.answer("hm", 0.5)
        await asyncio.sleep(3)
        assert (thinking.verdict, await kinds(it)) == ("1", ["turn", "prefs", "proactive"])


@virtual
async def test_a_full_mailbox_does_not_refuse_an_alarm(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser, time_scale=HOUR_A_SECOND, mailbox_max=1, appraiser_deadline_s=600) as it:
        it.start()
        _, due_ms = await alone(it)
        slot = await it.slot()
        await asyncio.sleep((due_ms - it.clock.wall_ms()) / 1000 - 1)
        it.deliver(slot, said("one"))
        await quiet()
        it.deliver(slot, said("two"))
        third = it.deliver(slot, said("three"))
        await until(it, due_ms)
        assert slot.depth == 2
        assert (third.verdict, it.observer.failed_alarms) == ("OVERLOADED", 0)
        appraiser.answer("one", 0.1)
        await quiet()
        appraiser.answer("two", 0.1)
        await quiet()
        assert await kinds(it) == ["turn", "prefs", "turn", "turn"]  # what they say comes before: the alarm is stale


@virtual
async def test_while_the_disk_takes_nothing_new_nobody_is_woken_and_nothing_is_forgotten(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        entry, due_ms = await alone(it)
        await it.fold()
        await it.sleep_all()
        behind = it.settings.journal_bytes_max + 1
        it.ledger.journal.size += behind
        it.start()
        await until(it, due_ms + 30_000)
        assert (it.observer.late, it.host.registry.by_inner, await alarm(it, entry)) == ([], {}, (due_ms, 2, 0))
        it.ledger.journal.size -= behind
        await asyncio.sleep(1.5)
        assert await kinds(it) == ["turn", "prefs", "proactive"]


@virtual
async def test_a_damaged_session_s_alarm_comes_less_and_less_often_and_holds_up_nobody(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        entry, due_ms = await alone(it)
        await it.fold()
        await it.sleep_all()
        it.session_file(entry).write_bytes(b"garbage " * 2000)
        it.start()
        _, other_ms = await alone(it, session_id="bob")
        await until(it, due_ms)
        waits = []
        while it.clock.wall_ms() < due_ms + 3_000_000:
            next_ms, _, attempt = await alarm(it, entry)
            waits.append(next_ms - it.clock.wall_ms())
            assert attempt == len(waits)
            await until(it, next_ms)
        assert waits == sorted(waits)
        assert 1_000 <= waits[0] <= 2_000
        assert 9 <= len(waits) <= 13
        assert [found[:4] for found in await it.ledger.read(catalog.failing_alarms, 5, 9)] == [
            ("alice", "acme", False, len(waits) + 1)
        ]
        assert [action.at_ms for action in await pending(it, "bob")] == [other_ms]


@virtual
async def test_a_failing_alarm_waits_for_at_most_an_hour(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        entry, due_ms = await alone(it)
        await it.fold()
        await it.sleep_all()
        it.session_file(entry).unlink()
        await it.ledger.commit([catalog.move_alarm(entry.inner_id, 2, due_ms, 1_000_000)])
        it.start()
        await until(it, due_ms)
        assert await alarm(it, entry) == (it.clock.wall_ms() - 1 + 3_600_000, 2, 1_000_001)


@virtual
async def test_an_alarm_in_the_mailbox_of_a_session_that_is_deleted_ends_with_it(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND, gated=True) as it:
        it.disk.open = True
        it.start()
        _, due_ms = await alone(it)
        slot = await it.slot()
        await asyncio.sleep((due_ms - it.clock.wall_ms() - 5) / 1000)
        it.disk.open = False
        turn = it.deliver(slot, glad_turn())
        await quiet()
        deletion = asyncio.create_task(it.sessions.delete(slot))
        await until(it, due_ms)  # the mailbox: the deletion waits for the turn, and the alarm behind it
        assert slot.depth == 2
        it.disk.waiting[0].commit()
        await quiet()
        assert (slot.deleting, turn.verdict, deletion.done()) == (True, "3", False)
        await asyncio.sleep(5)  # the disk is slow, and its alarm is still in the ledger: nobody spins over it
        it.disk.open = True
        for append in it.disk.waiting:
            append.commit()
        await deletion
        await quiet()
        assert (it.host.alarms._under_way, it.observer.failed_alarms) == (set(), 0)
        assert (await it.ledger.read(catalog.alarms, 0, 9), it.host.registry.by_inner) == ([], {})


@virtual
async def test_an_alarm_that_was_read_before_a_deletion_takes_no_name_from_the_session_that_follows(
    tmp_path: Path,
) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        _, due_ms = await alone(it)
        await asyncio.sleep((due_ms + 1 - it.clock.wall_ms()) / 1000)
        read, read_late = it.ledger.read, asyncio.Event()

        async def late(function, *args):  # type: ignore[no-untyped-def]
            found = await read(function, *args)
            if function is catalog.agenda and found.due:  # what it found comes to the loop late
                await it.sessions.delete(await it.slot())
                await it.create()
                await it.slot()
                read_late.set()
            return found

        it.ledger.read = late  # type: ignore[method-assign]
        it._tasks = [asyncio.create_task(it.host.alarms.run())]
        await read_late.wait()
        assert len(it.observer.late) == 1
        assert (await it.ask(glad_turn())).seq == 1
        await asyncio.sleep(2)
        assert (it.host.alarms._under_way, await kinds(it)) == (set(), ["turn"])


@virtual
async def test_an_alarm_that_goes_off_during_a_deletion_waits_without_spinning(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND, gated=True) as it:
        it.disk.open = True
        it.start()
        _, due_ms = await alone(it)
        await asyncio.sleep((due_ms - it.clock.wall_ms() - 5) / 1000)
        it.disk.open = False
        deletion = asyncio.create_task(it.sessions.delete(await it.slot()))
        looks = 0
        read = it.ledger.read

        async def counted(function, *args):  # type: ignore[no-untyped-def]
            nonlocal looks
            looks += function is catalog.agenda
            assert looks < 100, "it spins"
            return await read(function, *args)

        it.ledger.read = counted  # type: ignore[method-assign]
        await until(it, due_ms + 5_000)
        it.disk.open = True
        for append in it.disk.waiting:
            append.commit()
        await deletion
        await asyncio.sleep(2)
        assert (it.host.alarms._under_way, it.observer.failed_alarms) == (set(), 0)


@virtual
async def test_the_end_of_the_server_takes_no_alarm_with_it(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND, gated=True) as it:
        it.disk.open = True
        it.start()
        _, due_ms = await alone(it, session_id="writing")
        await asyncio.sleep(3)
        _, other_ms = await alone(it, session_id="waking")
        await it.sleep_all()
        await _just_before(it, due_ms)
        await until(it, other_ms - 2)
        assert (len(it.disk.waiting), len(it.host.alarms._under_way)) == (1, 1)
        running().delay_s = lambda: 0.010
        await asyncio.sleep(0.012)
        assert len(it.host.alarms._under_way) == 2
        running().delay_s = lambda: 0.0
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.clock.jump_wall_ms(max(due_ms, other_ms) + 1_000 - it.clock.wall_ms())
        it.start()
        await asyncio.sleep(0.5)
        for name in ("writing", "waking"):
            assert await kinds(it, name) == ["turn", "prefs", "proactive"]
