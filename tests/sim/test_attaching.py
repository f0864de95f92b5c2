"""A connection misses nothing: `connected`, the replay and what lives on meet without a hole and without a double."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from molroo_actor.errors import RateLimited
from molroo_actor.protocol.commands import Preferences, SetPreferences
from molroo_actor.protocol.messages import turn_result
from molroo_actor.protocol.resume import Resume
from molroo_actor.runtime.connection import Parting
from molroo_actor.runtime.slot import Slot
from tests.kit.doubles import RecordingConnection
from tests.kit.node import Node, glad_turn, node
from tests.kit.virtual_loop import quiet, running, virtual


async def _catch_up(it: Node, slot: Slot, resume: Resume | None) -> tuple[RecordingConnection, int]:
    """A connection's way in, as a transport goes it."""
    connection, welcome = await it.attach(slot, resume=resume)
    after = welcome.plan.replay_after
    if after is not None and after < welcome.seq:
        for row in await it.host.repeats.rows(slot, after, welcome.seq - after):
            answer = it.host.repeats.answer_of(welcome.snapshot.actor, row)
            connection.send(turn_result(row.seq, answer.socket_data(with_prompt=False), replayed=True))
            await asyncio.sleep(0.0005)
    welcome.attachment.go_live()
    return connection, welcome.seq


@pytest.mark.parametrize("seed", range(6))
def test_joining_under_load_sees_every_turn_once(tmp_path: Path, seed: int) -> None:
    @virtual
    async def story() -> None:
        chance = random.Random(seed)
        async with node(tmp_path, hibernate_after_s=0.1, fold_age_s=0.02, history_kept=500) as it:
            await it.create()
            slot = await it.slot()
            first = await it.join(slot)
            running().delay_s = lambda: chance.expovariate(1000)
            it.start()

            async def talk() -> None:
                for _ in range(150):
                    await it.ask(glad_turn())
                    await asyncio.sleep(chance.choice([0, 0, 0.001, 0.01, 0.15]))

            talking = asyncio.create_task(talk())
            joined: list[tuple[RecordingConnection, int, int]] = []
            while not talking.done():
                await asyncio.sleep(chance.expovariate(20))
                seen = chance.randint(0, len(first.seqs))
                connection, told = await _catch_up(it, slot, Resume(seen, slot.epoch))
                joined.append((connection, seen, told))
                if len(joined) > 20:
                    break
            await talking
            await quiet()
            assert first.seqs == list(range(1, 151)), f"{seed=}"
            for connection, seen, told in joined:
                assert connection.seqs == list(range(seen + 1, 151)), f"{seed=}"
                replayed = [message["seq"] for message in connection.messages if message.get("replayed")]
                assert replayed == list(range(seen + 1, told + 1)), f"{seed=}"

    story()


@virtual
async def test_a_connection_without_resume_gets_what_comes_after_it_was_told(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn())
        connection, told = await _catch_up(it, await it.slot(), None)
        await it.ask(glad_turn())
        assert (told, connection.seqs) == (1, [2])


@virtual
async def test_who_sees_another_history_is_not_recovered(tmp_path: Path) -> None:
    async with node(tmp_path, history_kept=3) as it:
        await it.create()
        for _ in range(5):
            await it.ask(glad_turn())
        slot = await it.slot()
        plans = []
        for resume in (Resume(2, slot.epoch), Resume(1, slot.epoch), Resume(6, slot.epoch), Resume(5, "other"), None):
            _, welcome = await it.attach(slot, resume=resume)
            plans.append((welcome.plan.recovered, welcome.plan.replay_after, welcome.plan.send_state))
        assert plans == [(True, 2, False), *[(False, None, True)] * 3, (None, None, False)]


@virtual
async def test_a_connection_that_catches_up_too_slowly_is_parted_and_nobody_else_notices(tmp_path: Path) -> None:
    async with node(tmp_path, unsent_bytes_max=2_000) as it:
        await it.create()
        slot = await it.slot()
        slow, welcome = await it.attach(slot)
        live = await it.join(slot)
        for _ in range(5):
            await it.ask(glad_turn())
        assert (slow.sent, slow.parted) == ([], [Parting.TOO_SLOW])
        assert (live.seqs, live.parted) == ([1, 2, 3, 4, 5], [])
        it.host.detach(slot, welcome.attachment)
        it.host.detach(slot, welcome.attachment)
        assert len(slot.attachments) == 1


@virtual
async def test_a_session_has_no_more_sockets_than_its_limit(tmp_path: Path) -> None:
    async with node(tmp_path, sockets_per_session_max=2) as it:
        await it.create()
        slot = await it.slot()
        await it.join(slot)
        await it.join(slot)
        with pytest.raises(RateLimited, match="this session has 2 sockets, the most that it may have") as refusal:
            await it.join(slot)
        assert refusal.value.retry_after_s == 30


@virtual
async def test_sockets_that_come_together_to_a_sleeping_session_share_that_limit(tmp_path: Path) -> None:
    async with node(tmp_path, sockets_per_session_max=2) as it:
        await it.create()
        slot = await it.slot()
        results = await asyncio.gather(*(it.join(slot) for _ in range(5)), return_exceptions=True)
        assert [isinstance(result, RateLimited) for result in results] == [False, False, True, True, True]
        assert len(slot.attachments) == 2


@virtual
async def test_a_push_is_encoded_once_for_all_who_want_the_same_form(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        plain = [await it.join(slot) for _ in range(3)]
        _, welcome = await it.attach(slot, rich := RecordingConnection(with_prompt=True))
        welcome.attachment.go_live()
        await it.ask(glad_turn(context="a walk"))
        assert len({id(connection.sent[0]) for connection in plain}) == 1
        assert rich.messages[0]["data"]["prompt_data"]["context"]["event_context"] == "a walk"
        assert "prompt_data" not in plain[0].messages[0]["data"]


@virtual
async def test_preferences_are_no_push(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        slot = await it.slot()
        connection = await it.join(slot)
        answer, _ = await it.host.ask(slot, SetPreferences(Preferences()))
        await it.ask(glad_turn())
        assert (answer.seq, connection.seqs) == (1, [2])
