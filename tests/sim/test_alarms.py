"""A character that is left alone acts by itself: at its moment, once, whoever is connected and whatever breaks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from molroo_actor.errors import NotFound
from molroo_actor.protocol.commands import AckProactive, Preferences, QuietHours, SetPreferences, Triggers
from molroo_actor.storage import catalog
from tests.kit.alone import HOUR_A_SECOND, ON, alarm, alone, kinds, pending, until
from tests.kit.disk import io_error, make_faulty
from tests.kit.node import glad_turn, node
from tests.kit.virtual_loop import quiet, virtual


@virtual
async def test_a_session_left_alone_acts_at_the_moment_that_was_planned(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        _, due_ms = await alone(it)
        await it.sleep_all()
        await until(it, due_ms - 2)
        assert await pending(it) == ()
        await until(it, due_ms)
        (action,) = await pending(it)
        assert (action.at_ms, action.reason, action.id) == (due_ms, "absence", f"act_3_{(await it.slot()).epoch[:8]}")
        assert await kinds(it) == ["turn", "prefs", "proactive"]


@virtual
async def test_it_is_pushed_to_every_open_socket_in_the_form_that_it_wants(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        _, due_ms = await alone(it)
        slot = await it.slot()
        plain, prompted = await it.join(slot), await it.join(slot)
        prompted.with_prompt = True
        await until(it, due_ms)
        (heard,), (heard_with_prompt,) = plain.messages, prompted.messages
        assert (heard["type"], heard["seq"], heard["data"]["action_type"]) == ("proactive", 3, "attachment_seeking")
        assert "prompt_data" not in heard["data"]
        assert heard_with_prompt["data"].pop("prompt_data")["formatted"].keys() == {
            "system_prompt", "context_block", "instruction_block",
        }  # fmt: skip
        assert heard_with_prompt == heard


@virtual
async def test_its_prompts_are_those_of_the_moment_at_which_it_acts(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        await alone(it)
        await it.ask(glad_turn(goal_relevance=1.0, goal_congruence=1.0))
        connection = await it.join(await it.slot())
        connection.with_prompt = True
        await asyncio.sleep(300)
        (heard,) = connection.messages
        felt = heard["data"]["prompt_data"]["context"]["emotion"]
        assert felt["primary"] == heard["data"]["discrete_emotion"] == "neutral"
        assert felt["valence"] == pytest.approx(heard["data"]["emotion"]["V"])


@virtual
async def test_one_deficit_is_one_action_until_it_has_recovered(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        entry, due_ms = await alone(
            it, Preferences(enabled=True, cooldown_hours=0, triggers=Triggers(True, False, False))
        )
        await until(it, due_ms)
        assert [each.entry.id for each in await it.ledger.read(catalog.alarms, 0, 9)] == []
        await asyncio.sleep(600)
        assert len(await pending(it)) == 1
        for _ in range(8):  # kindness fills the want; then it may grow again
            await it.ask(glad_turn(goal_relevance=1.0, goal_congruence=1.0))
        again_ms, _, _ = await alarm(it, entry)
        await until(it, again_ms)
        assert [action.at_ms for action in await pending(it)] == [due_ms, again_ms]


@virtual
async def test_what_is_acknowledged_never_comes_back_and_doing_it_again_is_the_same(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        _, due_ms = await alone(it)
        await until(it, due_ms)
        (action,) = await pending(it)
        first, again = await asyncio.gather(it.ask(AckProactive(action.id)), it.ask(AckProactive(action.id)))
        assert (first.seq, again.seq, await pending(it)) == (4, 4, ())
        await it.fold()
        await it.sleep_all()
        assert ((await it.ask(AckProactive(action.id))).seq, await pending(it)) == (4, ())
        with pytest.raises(NotFound, match="no action act_9"):
            await it.ask(AckProactive("act_9"))


@virtual
async def test_an_action_that_nobody_acknowledges_expires(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND, action_expires_h=0.01) as it:
        it.start()
        _, due_ms = await alone(it)
        await until(it, due_ms)
        assert len(await pending(it)) == 1
        await asyncio.sleep(36)
        assert await pending(it) == ()


@virtual
async def test_while_it_is_disabled_nothing_fires_and_nothing_is_shown(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        _, due_ms = await alone(it)
        await until(it, due_ms)
        await it.ask(SetPreferences(Preferences(enabled=False)))
        assert (await pending(it), await it.ledger.read(catalog.alarms, 0, 9)) == ((), [])
        await it.ask(SetPreferences(ON))
        assert len(await pending(it)) == 1


@virtual
async def test_a_turn_moves_the_alarm_in_its_own_commit_and_the_old_one_does_nothing(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        entry, due_ms = await alone(it)
        await until(it, due_ms - 3_000)
        await it.ask(glad_turn())
        later_ms, set_seq, _ = await alarm(it, entry)
        assert (later_ms > due_ms, set_seq) == (True, 3)
        await until(it, due_ms)
        assert await pending(it) == ()
        await until(it, later_ms)
        assert [action.at_ms for action in await pending(it)] == [later_ms]


@virtual
async def test_an_alarm_read_before_a_turn_and_handled_after_it_is_dropped(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND, gated=True) as it:
        it.disk.open = True
        it.start()
        entry, due_ms = await alone(it)
        slot = await it.slot()
        it.disk.open = False
        await asyncio.sleep((due_ms - it.clock.wall_ms() - 1) / 1000)
        it.deliver(slot, glad_turn())
        await until(it, due_ms)  # the alarm goes off while the turn waits for its commit
        it.disk.open = True
        for append in it.disk.waiting:
            append.commit()
        await quiet()
        assert (await kinds(it), await pending(it)) == (["turn", "prefs", "turn"], ())
        assert (await alarm(it, entry))[1] == 3


@virtual
async def test_a_turn_that_upsets_it_enough_fires_in_its_own_row(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(SetPreferences(ON))
        connection = await it.join(await it.slot())
        for _ in range(6):
            answer = await it.ask(glad_turn(goal_relevance=1.0, goal_congruence=1.0, expectedness=0.0))
            if answer.fired is not None:
                break
        assert answer.fired is not None
        assert (answer.fired.reason, answer.fired.deed) == ("emotion_overflow", "express_emotion")
        assert answer.result.proactive_hint.pending == [answer.fired.id]
        assert [message["type"] for message in connection.messages[-2:]] == ["turn_result", "proactive"]
        assert connection.messages[-1]["seq"] == connection.messages[-2]["seq"] == answer.seq
        assert set(await kinds(it)) == {"prefs", "turn"}


@virtual
async def test_cooldown_daily_maximum_and_quiet_hours_shift_the_moment(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        _, free_ms = await alone(it)
        minute = free_ms // 60_000 % 1_440
        start, end = (f"{each // 60:02}:{each % 60:02}" for each in ((minute - 1) % 1_440, (minute + 2) % 1_440))
        shifted = Preferences(enabled=True, cooldown_hours=0, quiet_hours=QuietHours(start, end, "UTC"))
        await it.ask(SetPreferences(shifted))
        ((due_ms, _, _),) = [await alarm(it, await it.sessions.entry("acme", False, "alice"))]
        assert due_ms == free_ms // 60_000 * 60_000 + 120_000
        await until(it, due_ms)
        assert [action.at_ms for action in await pending(it)] == [due_ms]
        none = Preferences(enabled=True, max_daily=0)
        await it.ask(SetPreferences(none))
        assert await it.ledger.read(catalog.alarms, 0, 9) == []


@virtual
async def test_after_a_restart_the_alarm_fires_once_however_late(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        _, due_ms = await alone(it)
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.clock.jump_wall_ms(due_ms + 5_000_000 - it.clock.wall_ms())
        it.start()
        await quiet()
        (action,) = await pending(it)
        assert action.at_ms == due_ms + 5_000_000
        assert (await kinds(it), it.observer.late) == (["turn", "prefs", "proactive"], [5_000.0])


@virtual
async def test_an_effect_that_could_not_be_written_comes_again_and_happens_once(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        entry, due_ms = await alone(it)
        connection = await it.join(await it.slot())
        disk = make_faulty(it.ledger)
        broken = [True]

        def fail(statement: str) -> None:
            if broken[0] and "INSERT INTO journal" in statement:
                raise io_error()

        disk.before = fail
        await until(it, due_ms)
        assert (connection.messages, it.observer.failed_alarms) == ([], 1)
        broken[0] = False
        retry_ms, set_seq, attempt = await alarm(it, entry)
        assert (set_seq, attempt, due_ms < retry_ms <= due_ms + 3_000) == (2, 1, True)
        await until(it, retry_ms)
        assert [message["type"] for message in connection.messages] == ["proactive"]
        assert await kinds(it) == ["turn", "prefs", "proactive"]


@virtual
async def test_a_wall_that_jumps_is_noticed_within_seconds(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        it.start()
        _, due_ms = await alone(it)
        it.clock.jump_wall_ms(due_ms - it.clock.wall_ms() + 1_000)
        await asyncio.sleep(10.001)
        await quiet()
        assert len(await pending(it)) == 1


@virtual
async def test_a_wall_that_went_back_delays_nothing_for_longer_than_the_preferences_do(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        wish: dict[str, Any] = {"goal_relevance": 1.0, "goal_congruence": 1.0}
        entry, due_ms = await alone(it, Preferences(enabled=True, cooldown_hours=1.0))
        await until(it, due_ms)
        assert len(await pending(it)) == 1
        it.clock.jump_wall_ms(-86_400_000)
        for _ in range(8):
            await it.ask(glad_turn(**wish))
        again_ms, _, _ = await alarm(it, entry)
        assert again_ms <= it.clock.wall_ms() + 3_600_000


@virtual
async def test_overdue_ones_are_spread_out_and_delay_none_that_is_due_now(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND, overdue_alarms_per_s=2) as it:
        for number in range(10):
            await alone(it, session_id=f"old-{number}")
        due_ms = it.clock.wall_ms()
    async with node(tmp_path, time_scale=HOUR_A_SECOND, overdue_alarms_per_s=2) as it:
        it.clock.jump_wall_ms(due_ms + 864_000_000 - it.clock.wall_ms())
        it.start()
        _, fresh_ms = await alone(it, session_id="fresh")
        await asyncio.sleep(2.6)
        fired = [len(await pending(it, f"old-{number}")) for number in range(10)]
        assert sum(fired) == 6
        await asyncio.sleep(2)
        assert all([await pending(it, f"old-{number}") for number in range(10)])
        await until(it, fresh_ms)
        assert [action.at_ms for action in await pending(it, "fresh")] == [fresh_ms]


@virtual
async def test_a_deleted_session_s_alarm_is_gone_with_it(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=HOUR_A_SECOND) as it:
        it.start()
        _, due_ms = await alone(it)
        await it.sessions.delete(await it.slot())
        assert await it.ledger.read(catalog.alarms, 0, 9) == []
        await until(it, due_ms)
        assert it.host.registry.by_inner == {}
