"""What webhooks hear of a row: in the row's own commit or not at all, once when it begins, and nothing for nobody."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from molroo_actor.engine import flow, urges
from molroo_actor.engine.stages import NAMES
from molroo_actor.protocol.commands import Preferences, SetPreferences, TurnCommand
from molroo_actor.protocol.webhooks import EventName, WebhookBody
from molroo_actor.runtime import events
from molroo_actor.storage import hooks
from tests.kit.node import Node, glad_turn, node
from tests.kit.virtual_loop import quiet, virtual

EVERY: tuple[EventName, ...] = ("proactive", "emotional_overflow", "stage_transition")
CALM: dict[str, float] = {"goal_relevance": 0.05, "goal_congruence": 0.0, "agency": 0.0, "norm_compatibility": 0.0}


async def _hooked(it: Node, *names: EventName, host: str = "example.org") -> None:
    await it.receivers.add(await it.slot(), WebhookBody(f"https://{host}/hook", names or EVERY))


def _thrill(**beside: Any) -> TurnCommand:
    """A turn that upsets enough, after some of them."""
    return glad_turn(goal_relevance=1.0, goal_congruence=1.0, expectedness=0.0, **beside)


async def _overflow(it: Node, turns: int = 8) -> int:
    """Turns until something overflows; the seq of that turn."""
    for _ in range(turns):
        answer = await it.ask(_thrill())
        if await _queued(it, "emotional_overflow"):
            return answer.seq
    raise AssertionError("nothing overflows")


async def _queued(it: Node, event: str | None = None) -> list[tuple[str, int, dict[str, Any]]]:
    """(event, at_ms, data) of everything that waits or was given up, oldest first."""

    def read(sql: Any) -> list[Any]:
        rows = sql.execute("SELECT type, at_ms, data FROM delivery ORDER BY rowid").fetchall()
        return [(name, at_ms, json.loads(data)) for name, at_ms, data in rows]

    return [found for found in await it.ledger.read(read) if event in (None, found[0])]


@virtual
async def test_an_overflow_is_told_when_it_begins_and_again_only_after_it_was_over(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await _hooked(it, "emotional_overflow")
        began = await _overflow(it)
        at_ms = it.clock.wall_ms()
        ((_, when_ms, told),) = await _queued(it)
        assert (when_ms, told["seq"], told["reason"], told["threshold"]) == (at_ms, began, "emotion_overflow", 0.8)
        assert told["value"] > told["threshold"]
        assert told["discrete_emotion"] == (await it.ask(_thrill())).result.discrete_emotion.primary
        for _ in range(3):
            await it.ask(_thrill())
        assert len(await _queued(it)) == 1  # it goes on, which is no news
        await it.ask(glad_turn(elapsed_seconds=30 * 86_400.0, **CALM))
        await it.ask(glad_turn(elapsed_seconds=30 * 86_400.0, **CALM))
        assert len(await _queued(it)) == 1
        for _ in range(8):
            answer = await it.ask(_thrill())
            if len(await _queued(it)) == 2:
                break
        assert (await _queued(it))[1][2]["seq"] == answer.seq


@virtual
async def test_an_overflow_that_time_ended_and_a_turn_begins_anew_is_told_again(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await _hooked(it, "emotional_overflow")
        began = await _overflow(it)
        slot = await it.slot()
        seen = await it.host.snapshot(slot)
        params, state = seen.actor.params, seen.record.state
        gap_s = next(
            gap_s
            for gap_s in range(10, 3_600, 10)
            if not urges(params, flow(params, state, state.at_ms + gap_s * 1000))
        )
        answer = await it.ask(_thrill(elapsed_seconds=float(gap_s)))
        assert [urge.trigger for urge in urges(params, answer.record.state)] == ["emotional_overflow"]
        assert [data["seq"] for _, _, data in await _queued(it)] == [began, answer.seq]


@virtual
async def test_a_stage_transition_names_both_stages_and_its_turn(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await _hooked(it, "stage_transition")
        told: list[Any] = []
        for _ in range(60):
            before = (await it.host.snapshot(await it.slot())).record.state.stage
            answer = await it.ask(glad_turn(goal_relevance=1.0, goal_congruence=1.0, elapsed_seconds=3 * 3_600.0))
            after = answer.record.state.stage
            found = await _queued(it)
            if answer.result.stage_transition:
                told.append(found[-1][2])
                assert told[-1] == {
                    "before": {"id": before, "name": NAMES[before]},
                    "after": {"id": after, "name": NAMES[after]},
                    "seq": answer.seq,
                }
                assert before != after
            assert len(found) == len(told)
        assert told


@virtual
async def test_an_action_is_told_as_sockets_hear_of_it_with_prompts(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await _hooked(it, "proactive")
        await it.ask(SetPreferences(Preferences(enabled=True, cooldown_hours=0)))
        connection = await it.join(await it.slot())
        connection.with_prompt = True
        for _ in range(8):
            await it.ask(_thrill())
            if await _queued(it):
                break
        ((_, _, told),) = await _queued(it)
        assert told == connection.messages[-1]["data"]
        assert told["prompt_data"]["formatted"]["context_block"]
        assert (connection.messages[-1]["type"], told["reason"]) == ("proactive", "emotion_overflow")


@virtual
async def test_an_action_of_an_alarm_is_told_in_the_commit_of_its_row(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=3_600.0) as it:
        it.start()
        it.sender.always = lambda _: 503
        await it.create()
        await _hooked(it, "proactive")
        await it.ask(glad_turn())
        await it.ask(SetPreferences(Preferences(enabled=True, cooldown_hours=0)))
        connection = await it.join(await it.slot())
        while not connection.messages:
            it.clock.advance(5)
            it.host.alarms._changed.set()
            await quiet()
        post = it.sender.asked[0]
        assert {each.id for each in it.sender.asked} == {post.id}
        assert post.json["type"] == "proactive"
        assert post.json["session_id"] == "alice"
        assert post.json["data"]["action_id"] == connection.messages[0]["data"]["action_id"]
        assert post.json["data"]["prompt_data"]["formatted"].keys() >= {"system_prompt", "context_block"}
        felt = post.json["data"]["prompt_data"]["context"]["emotion"]
        assert felt["valence"] == pytest.approx(post.json["data"]["emotion"]["V"])  # of now, not of the last turn


@virtual
async def test_every_webhook_hears_what_it_asked_for_and_no_more(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        for host, names in (("a.org", EVERY), ("b.org", EVERY[1:2]), ("c.org", EVERY[::2])):
            await _hooked(it, *names, host=host)
        await _overflow(it)
        it.start_courier()
        await quiet()
        heard = [(post.host, post.json["type"]) for post in it.sender.asked if post.json["type"] == EVERY[1]]
        assert sorted(heard) == [("a.org", "emotional_overflow"), ("b.org", "emotional_overflow")]
        assert {post.json["type"] for post in it.sender.to("c.org")} <= {"proactive", "stage_transition"}


@virtual
async def test_what_a_failed_append_would_have_told_is_never_told(tmp_path: Path) -> None:
    async with node(tmp_path, gated=True) as it:
        it.disk.open = True
        it.start_courier()
        await it.create()
        await _hooked(it)
        await quiet()
        it.disk.open = False
        slot = await it.slot()
        for _ in range(8):
            asker = it.deliver(slot, _thrill())
            append = await it.disk.next()
            told = len(append.changes) > 0
            if told:
                append.fail()
                break
            append.commit()
            await quiet()
        await quiet()
        assert (told, asker.verdict) == (True, "OVERLOADED")
        assert await _queued(it) == []
        assert it.sender.asked == []
        again = it.deliver(slot, _thrill())
        append = await it.disk.next()
        assert (len(append.rows), len(append.changes)) == (1, 1)
        await quiet()
        assert it.sender.asked == []  # nothing leaves before the commit
        append.commit()
        it.disk.open = True
        await quiet()
        assert again.verdict == str(append.rows[0].seq)
        assert [post.json["data"]["seq"] for post in it.sender.asked] == [append.rows[0].seq]


@virtual
async def test_sessions_without_a_webhook_cost_nothing(tmp_path: Path) -> None:
    async with node(tmp_path, gated=True) as it:
        it.disk.open = True
        await it.create()
        await it.create("bob")
        await it.receivers.add(await it.slot("bob"), WebhookBody("https://example.org/hook", EVERY))
        gone = await it.receivers.add(await it.slot(), WebhookBody("https://example.org/hook", EVERY))
        await it.receivers.remove(await it.slot(), gone.id)
        it.disk.open = False
        with mock.patch.object(events.Events, "_of_row") as looked_at:
            for _ in range(8):
                it.deliver(await it.slot(), _thrill())
                append = await it.disk.next()
                assert append.changes == ()
                append.commit()
                await quiet()
        assert looked_at.mock_calls == []


@virtual
async def test_after_a_restart_sessions_with_webhooks_are_known(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await _hooked(it)
    async with node(tmp_path) as it:
        await _overflow(it)


@virtual
async def test_a_turn_goes_on_when_what_hears_of_it_fails(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await _hooked(it)
        with mock.patch.object(events, "urges", side_effect=KeyError("a mistake of ours")):
            for seq in (1, 2):
                assert (await it.ask(_thrill())).seq == seq


@virtual
async def test_a_turn_that_hears_webhooks_commits_even_when_its_session_has_none_left(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await _hooked(it)
        (hook,) = (await it.receivers.of_session(await it.slot())).webhooks
        change, verdict = hooks.remove((await it.slot()).inner_id, hook.id)
        await it.host.gate.commit([change])
        verdict.check()
        for _ in range(8):
            await it.ask(_thrill())
        assert await _queued(it) == []


@pytest.mark.parametrize("order", ["added first", "removed first"])
@virtual
async def test_a_webhook_that_is_added_while_the_last_one_goes_is_heard(tmp_path: Path, order: str) -> None:
    async with node(tmp_path, gated=True) as it:
        it.disk.open = True
        await it.create()
        slot = await it.slot()
        body = WebhookBody("https://example.org/hook", ("emotional_overflow",))
        old = await it.receivers.add(slot, body)
        it.disk.open = False
        jobs = [it.receivers.add(slot, body), it.receivers.remove(slot, old.id)]
        tasks = [asyncio.ensure_future(job) for job in (jobs if order == "added first" else reversed(jobs))]
        (await it.disk.next()).commit()
        it.disk.open = True
        await asyncio.gather(*tasks)
        await _overflow(it)
