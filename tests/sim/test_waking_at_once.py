"""A lone session wakes on the loop's own thread while that is quick; whatever it meets there decides nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from molroo_actor.runtime import waking
from molroo_actor.runtime.lifecycle import Life
from molroo_actor.storage import session_file
from molroo_actor.storage.at_once import AtOnce
from molroo_actor.storage.node_db import connect
from molroo_actor.storage.session_file import Effort
from tests.kit.doubles import RecordingAsker
from tests.kit.node import Node, glad_turn, node
from tests.kit.virtual_loop import quiet, running, virtual


async def _asleep(it: Node, *names: str, folded: bool = True) -> None:
    """Each with one turn."""
    for name in names:
        await it.create(name)
        await it.ask(glad_turn(), name)
    if folded:
        await it.fold()
    await it.sleep_all()


@contextlib.contextmanager
def _threads(it: Node) -> Iterator[list[object]]:
    """What the reading threads are given meanwhile."""
    given: list[object] = []
    read = it.ledger.readers.run

    async def noted(function: object, *args: Any) -> object:
        given.append(function)
        return await read(function, *args)  # type: ignore[arg-type]

    with mock.patch.object(it.ledger.readers, "run", noted):
        yield given


@pytest.mark.parametrize("folded", [False, True])
@virtual
async def test_a_lone_session_wakes_and_answers_without_a_reading_thread(tmp_path: Path, folded: bool) -> None:
    async with node(tmp_path, wake_at_once=True) as it:
        await _asleep(it, "alice", folded=folded)
        slot, incarnation, wakes = await it.slot(), (await it.slot()).incarnation, it.observer.wakes
        log: list[str] = []
        with _threads(it) as given:
            for name in ("first", "second"):
                it.deliver(slot, glad_turn(), RecordingAsker(log, name))
            await quiet()
            assert (log, given, slot.life) == (["first 2", "second 3"], [], Life.AWAKE)
            assert (slot.incarnation - incarnation, it.observer.wakes - wakes) == (1, 1)
            await it.sleep_all()
            assert ((await it.host.snapshot(await it.slot())).seq, len(given)) == (3, 1)  # finding the slot reads
        rows = await it.host.repeats.rows(await it.slot(), 0, 10)
        assert [row.seq for row in rows] == [1, 2, 3]


@virtual
async def test_a_file_that_somebody_holds_is_waited_for_in_a_thread_only(tmp_path: Path) -> None:
    async with node(tmp_path, wake_at_once=True) as it:
        await _asleep(it, "alice")
        slot = await it.slot()
        waits_s: list[float] = []

        def noted(path: Path, mode: Any, *, busy_s: float) -> object:
            waits_s.append(busy_s)
            return connect(path, mode, busy_s=busy_s)

        running().delay_s = lambda: 0.010
        with (
            contextlib.closing(connect(it.ledger.folder.session_file(slot.inner_id), "rw")) as somebody,
            mock.patch.object(session_file, "connect", noted),
            _threads(it) as given,
        ):
            somebody.execute("BEGIN EXCLUSIVE")
            asker = it.deliver(slot, glad_turn())
            await quiet()
            assert (slot.life, asker.heard, waits_s, given) == (Life.WAKING, False, [0.0], [waking.read])
            somebody.execute("COMMIT")
            last = await it.ask(glad_turn())
        assert (asker.verdict, last.seq, waits_s) == ("2", 3, [0.0, 0.2])


@virtual
async def test_one_slow_wake_sends_the_next_ones_to_the_threads(tmp_path: Path) -> None:
    async with node(tmp_path, wake_at_once=True) as it:
        names = ["alice", "bob", "carol", "dave"]
        await _asleep(it, *names)
        slots = [await it.slot(name) for name in names]
        it.host.residency.at_once = AtOnce(limit_s=-1.0, penance_max=2)  # every one was slow
        threads = []
        for slot in slots:
            with _threads(it) as given:
                await it.host.snapshot(slot)
            threads.append(len(given))
        assert threads == [0, 1, 1, 0]


@virtual
async def test_of_many_that_wake_together_only_the_first_has_the_loop_s_time(tmp_path: Path) -> None:
    async with node(tmp_path, wake_at_once=True) as it:
        names = ["alice", "bob", "carol"]
        await _asleep(it, *names)
        slots = [await it.slot(name) for name in names]
        read = it.ledger.read_at_once

        def taking_a_millisecond(*args: Any) -> object:
            it.clock.advance(0.001)
            return read(*args)

        running().delay_s = lambda: 0.010
        with mock.patch.object(it.ledger, "read_at_once", taking_a_millisecond), _threads(it) as given:
            askers = [it.deliver(slot, glad_turn()) for slot in slots]
            await quiet()
            assert [slot.life for slot in slots] == [Life.AWAKE, Life.WAKING, Life.WAKING]
            it.clock.advance(1.0)
            await it.ask(glad_turn(), "carol")
            assert ([asker.verdict for asker in askers], len(given)) == (["2", "2", "2"], 2)


@virtual
async def test_while_a_thread_reads_one_session_the_next_ones_go_the_same_way(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await _asleep(it, "alice", "bob")
        first, second = await it.slot("alice"), await it.slot("bob")
        running().delay_s = lambda: 0.010
        it.deliver(first, glad_turn())
        await quiet()
        it.host.residency.at_once = AtOnce(limit_s=60.0, penance_max=0)
        it.deliver(second, glad_turn())
        await quiet()
        assert (first.life, second.life) == (Life.WAKING, Life.WAKING)
        assert [(await it.ask(glad_turn(), name)).seq for name in ("alice", "bob")] == [3, 3]


@pytest.mark.parametrize(("folded", "most"), [(False, Effort(0.0, 2, 99)), (True, Effort(0.0, 99, 2))])
@virtual
async def test_a_long_history_is_not_read_on_the_loop_s_time(tmp_path: Path, folded: bool, most: Effort) -> None:
    async with node(tmp_path, wake_at_once=True) as it:
        await it.create()
        for _ in range(3):
            await it.ask(glad_turn())
        if folded:
            await it.fold()
        await it.sleep_all()
        slot = await it.slot()
        with mock.patch.object(waking, "AT_ONCE", most), _threads(it) as given:
            assert ((await it.host.snapshot(slot)).seq, given) == (3, [waking.read])


@virtual
async def test_what_cannot_be_made_an_actor_at_once_breaks_nothing(tmp_path: Path) -> None:
    async with node(tmp_path, wake_at_once=True) as it:
        await _asleep(it, "alice")
        slot = await it.slot()
        with mock.patch.object(it.ledger, "read_at_once", side_effect=RuntimeError("a fault of our own")):
            assert (await it.ask(glad_turn())).seq == 2
        assert (slot.life, it.host.registry.damaged) == (Life.AWAKE, {})
