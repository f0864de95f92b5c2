"""Nothing that reveals a row leaves before its commit is durable: replies, pushes, states, histories, `connected`.

The test is the disk: it ends every append by hand.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from unittest import mock

import pytest

from molroo_actor.errors import NotFound
from molroo_actor.protocol.commands import Preferences, SetPreferences
from molroo_actor.protocol.resume import Resume
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.mailbox import Answer, Envelope
from tests.kit.doubles import RecordingAsker, RecordingConnection
from tests.kit.node import TENANT, glad_turn, node
from tests.kit.virtual_loop import quiet, virtual


@virtual
async def test_no_answer_and_no_push_leaves_before_the_commit(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        asking, other = RecordingConnection(), RecordingConnection(with_prompt=True)
        _, welcome = await it.attach(slot, asking)
        welcome.attachment.go_live()
        _, welcome_of_other = await it.attach(slot, other)
        welcome_of_other.attachment.go_live()
        it.disk.open = False

        asker = it.deliver(slot, glad_turn("a"), RecordingAsker(attachment=welcome.attachment))
        append = await it.disk.next()
        assert append.seqs == [(slot.inner_id, 1)]
        assert (asker.verdict, asking.sent, other.sent) == ("nothing", [], [])

        append.commit()
        await quiet()
        assert (asker.verdict, asking.sent, other.seqs) == ("1", [], [1])
        assert set(other.messages[0]) == {"type", "seq", "data"}
        assert "prompt_data" in other.messages[0]["data"]


@virtual
async def test_readers_see_released_turns_only(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        before = await it.host.snapshot(slot)
        it.disk.open = False
        it.deliver(slot, glad_turn())
        append = await it.disk.next()

        during = await it.host.snapshot(slot)
        assert (during.seq, during.record) == (0, before.record)
        assert await it.host.repeats.rows(slot, 0, 10) == []
        assert slot.actor is not None
        assert slot.actor.seq == 1

        append.commit()
        await quiet()
        after = await it.host.snapshot(slot)
        assert (after.seq, [row.seq for row in await it.host.repeats.rows(slot, 0, 10)]) == (1, [1])
        assert after.record.state.turns == 1


@virtual
async def test_a_connection_that_comes_during_a_commit_is_told_the_seq_before_it_and_pushed_the_turn(
    tmp_path: Path,
) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        await it.ask(glad_turn())
        it.disk.open = False
        it.deliver(slot, glad_turn())
        append = await it.disk.next()

        connection, welcome = await it.attach(slot, resume=Resume(0, slot.epoch))
        assert (welcome.seq, welcome.plan.recovered, welcome.plan.replay_after) == (1, True, 0)
        welcome.attachment.go_live()
        assert connection.sent == []

        append.commit()
        await quiet()
        assert connection.seqs == [2]


@virtual
async def test_preferences_are_answered_and_seen_after_their_commit(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        it.disk.open = False
        asker = RecordingAsker()
        it.host.deliver(slot, Envelope(SetPreferences(Preferences(enabled=True)), asker))
        append = await it.disk.next()
        assert asker.verdict == "nothing"
        assert (await it.host.snapshot(slot)).record.preferences.enabled is False

        append.commit()
        await quiet()
        assert asker.verdict == "1"
        assert (await it.host.snapshot(slot)).record.preferences.enabled is True


@virtual
async def test_a_repeat_of_a_turn_in_flight_waits_for_the_same_commit(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        it.disk.open = False
        first, again = it.deliver(slot, glad_turn("a")), it.deliver(slot, glad_turn("a"))
        append = await it.disk.next()
        assert append.seqs == [(slot.inner_id, 1)]
        assert (first.verdict, again.verdict) == ("nothing", "nothing")

        append.commit()
        await quiet()
        assert (first.verdict, again.verdict) == ("1", "1 again")


@virtual
async def test_a_session_exists_for_nobody_before_its_commit(tmp_path: Path) -> None:
    async with node(tmp_path, gated=True) as it:
        creation = asyncio.create_task(it.create())
        append = await it.disk.next()
        with pytest.raises(NotFound):
            await it.slot()
        page = await it.sessions.page(TENANT, False, None, 10)
        assert (creation.done(), it.sessions.count, page.items) == (False, 0, [])

        append.commit()
        entry = await creation
        assert (it.sessions.count, (await it.slot()).inner_id) == (1, entry.inner_id)


@virtual
async def test_the_answers_of_a_commit_leave_in_the_order_of_its_rows_and_in_one_go(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        for name in ("alice", "bob"):
            await it.create(name)
            await it.ask(glad_turn(), name)
        alice, bob = await it.slot("alice"), await it.slot("bob")
        it.disk.open = False
        it.deliver(alice, glad_turn())
        first = await it.disk.next()
        log: list[str] = []

        class Marking(RecordingAsker):
            """Whatever it lets the loop do next must come after the whole batch."""

            def _note(self) -> None:
                super()._note()
                asyncio.get_running_loop().call_soon(log.append, "loop")

        it.deliver(bob, glad_turn(), Marking(log, "bob"))
        it.deliver(alice, glad_turn(), RecordingAsker(log, "alice"))
        it.deliver(bob, glad_turn(), RecordingAsker(log, "bob"))
        first.commit()
        second = await it.disk.next()
        assert second.seqs == [(bob.inner_id, 2), (alice.inner_id, 3), (bob.inner_id, 3)]
        assert log == []

        second.commit()
        await quiet()
        assert log == ["bob 2", "alice 3", "bob 3", "loop"]


@virtual
async def test_all_sessions_that_come_while_the_disk_is_busy_share_the_next_commit(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        names = [f"s{number}" for number in range(20)]
        for name in names:
            await it.create(name)
            await it.ask(glad_turn(), name)
        it.disk.open = False
        slots = [await it.slot(name) for name in names]
        it.deliver(slots[0], glad_turn())
        first = await it.disk.next()
        for slot in slots[1:]:
            it.deliver(slot, glad_turn())
        first.commit()
        second = await it.disk.next()
        assert second.seqs == [(slot.inner_id, 2) for slot in slots[1:]]
        second.commit()
        await quiet()
        assert it.observer.commits[-2:] == [1, 19]


@virtual
async def test_an_answer_that_cannot_be_rendered_early_is_given_once_and_after_its_commit(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        await it.join(slot)
        asker = RecordingAsker(attachment=slot.attachments[0])
        it.disk.open = False
        with mock.patch.object(Answer, "keep_bytes", side_effect=RuntimeError("a bug in a prompt")):
            it.deliver(slot, glad_turn(), asker)
            append = await it.disk.next()
        assert not asker.heard
        append.commit()
        await quiet()
        assert asker.verdict == "1"


@virtual
async def test_who_asked_hears_of_a_row_even_when_it_cannot_be_pushed_to_another(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        await it.join(slot)
        with mock.patch.object(Host, "_push", side_effect=RuntimeError("a bug in a push")):
            assert (await it.ask(glad_turn())).seq == 1
