"""Who words what a character says by itself: whatever a writer does, the action comes once, with words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

from molroo_actor.engine import Params, State, Urge
from molroo_actor.protocol.commands import Preferences, SetPreferences
from tests.kit.alone import HOUR_A_SECOND, alarm, alone, kinds, pending, until
from tests.kit.node import Node, glad_turn, node
from tests.kit.virtual_loop import quiet, virtual


class SlowWriter:
    """The Writer port: each message waits for the test. `busy` says that the engine's own should be taken."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.waiting: list[asyncio.Future[str]] = []
        self.busy = False
        self.broken = False

    def write(self, params: Params, state: State, urge: Urge) -> Awaitable[str] | None:
        if self.broken:
            raise RuntimeError("the writer is broken")
        if self.busy:
            return None
        self.asked.append(urge.reason)
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        return future


async def _asked(it: Node, writer: SlowWriter) -> int:
    """alice's alarm has gone off; returns when."""
    it.host.alarms._writer = writer
    it.start()
    _, due_ms = await alone(it)
    await it.sleep_all()
    await until(it, due_ms)
    return due_ms


async def _messages(it: Node) -> list[str]:
    return [action.message for action in await pending(it)]


@virtual
async def test_its_words_are_taken(tmp_path: Path) -> None:
    writer = SlowWriter()
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        connection = None
        due_ms = await _asked(it, writer)
        connection = await it.join(await it.slot())
        assert (writer.asked, await _messages(it), connection.messages) == (["absence"], [], [])
        await asyncio.sleep(2)
        writer.waiting[0].set_result("Are you there?")
        await quiet()
        assert await _messages(it) == ["Are you there?"]
        (heard,) = connection.messages
        assert heard["data"]["message"] == "Are you there?"
        assert [action.at_ms for action in await pending(it)] == [due_ms + 1 + 2_000]
        assert (len(writer.asked), await kinds(it)) == (1, ["turn", "prefs", "proactive"])


@virtual
async def test_when_it_fails_or_has_no_words_the_engine_s_own_are_taken(tmp_path: Path) -> None:
    for number, words in enumerate(("", None)):
        writer = SlowWriter()
        async with node(tmp_path / str(number), time_scale=HOUR_A_SECOND) as it:
            await _asked(it, writer)
            if words is None:
                writer.waiting[0].set_exception(ConnectionError("no route"))
            else:
                writer.waiting[0].set_result(words)
            await quiet()
            (message,) = await _messages(it)
            assert len(message) > 3
            assert (len(writer.asked), it.observer.failed_alarms) == (1, 0)


@virtual
async def test_when_it_is_busy_or_broken_the_engine_s_own_are_there_at_once(tmp_path: Path) -> None:
    for name in ("busy", "broken"):
        writer = SlowWriter()
        setattr(writer, name, True)
        async with node(tmp_path / name, time_scale=HOUR_A_SECOND) as it:
            due_ms = await _asked(it, writer)
            assert [action.at_ms for action in await pending(it)] == [due_ms]
            assert (writer.asked, it.observer.failed_alarms) == ([], 0)


@virtual
async def test_at_the_deadline_the_engine_s_own_words_are_taken(tmp_path: Path) -> None:
    writer = SlowWriter()
    async with node(tmp_path, time_scale=HOUR_A_SECOND, appraiser_deadline_s=4) as it:
        due_ms = await _asked(it, writer)
        await asyncio.sleep(3.9)
        assert await _messages(it) == []
        await asyncio.sleep(0.2)
        assert [action.at_ms for action in await pending(it)] == [due_ms + 4_000]
        assert writer.waiting[0].cancelled()


@virtual
async def test_a_session_that_sleeps_by_then_is_woken_again(tmp_path: Path) -> None:
    writer = SlowWriter()
    async with node(tmp_path, time_scale=HOUR_A_SECOND, appraiser_deadline_s=60) as it:
        await _asked(it, writer)
        await it.sleep_all()
        assert it.host.registry.by_inner == {}
        writer.waiting[0].set_result("Are you there?")
        await quiet()
        assert await _messages(it) == ["Are you there?"]


@virtual
async def test_a_session_that_slept_and_woke_meanwhile_takes_its_words_too(tmp_path: Path) -> None:
    writer = SlowWriter()
    async with node(tmp_path, time_scale=HOUR_A_SECOND, appraiser_deadline_s=60) as it:
        await _asked(it, writer)
        old = await it.slot()
        await it.sleep_all()
        connection = await it.join(await it.slot())
        assert it.host.registry.by_inner[old.inner_id] is not old
        writer.waiting[0].set_result("Are you there?")
        await quiet()
        assert [message["data"]["message"] for message in connection.messages] == ["Are you there?"]
        assert it.observer.failed_alarms == 0


@virtual
async def test_a_turn_in_between_makes_the_words_void(tmp_path: Path) -> None:
    writer = SlowWriter()
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        due_ms = await _asked(it, writer)
        entry = await it.sessions.entry("acme", False, "alice")
        await it.ask(glad_turn())
        writer.waiting[0].set_result("Are you there?")
        await quiet()
        assert (await _messages(it), await kinds(it)) == ([], ["turn", "prefs", "turn"])
        assert ((await alarm(it, entry))[0] > due_ms, it.host.alarms._under_way) == (True, set())


@virtual
async def test_preferences_that_forbid_it_in_between_make_the_words_void(tmp_path: Path) -> None:
    writer = SlowWriter()
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        await _asked(it, writer)
        await it.ask(SetPreferences(Preferences(enabled=False)))
        writer.waiting[0].set_result("Are you there?")
        await quiet()
        assert await kinds(it) == ["turn", "prefs", "prefs"]


@virtual
async def test_a_session_that_is_deleted_by_then_hears_nothing(tmp_path: Path) -> None:
    writer = SlowWriter()
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        await _asked(it, writer)
        await it.sessions.delete(await it.slot())
        writer.waiting[0].set_result("Are you there?")
        await quiet()
        assert (it.host.registry.by_inner, it.host.alarms._under_way, it.observer.failed_alarms) == ({}, set(), 0)


@virtual
async def test_the_end_of_the_server_does_not_wait_for_words(tmp_path: Path) -> None:
    writer = SlowWriter()
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        due_ms = await _asked(it, writer)
    assert writer.waiting[0].cancelled()
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.clock.jump_wall_ms(due_ms + 5_000 - it.clock.wall_ms())
        it.start()
        await quiet()
        assert await kinds(it) == ["turn", "prefs", "proactive"]
