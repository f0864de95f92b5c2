"""One incarnation: its two clocks, the ids it remembers, and that it shows only what was released."""

from __future__ import annotations

import array

import pytest

from molroo_actor.engine import Reading, derive, initial_state, presets
from molroo_actor.engine.persona import Persona
from molroo_actor.errors import Conflict, Overloaded
from molroo_actor.ids import id_digest
from molroo_actor.protocol import commands
from molroo_actor.protocol.commands import Preferences, TurnCommand
from molroo_actor.protocol.record import Record, decode_record, encode_record
from molroo_actor.runtime.actor import TEN_YEARS_MS, Actor, Pending, check_repeat
from molroo_actor.storage.rows import History
from tests.kit.clock import START_MS
from tests.kit.doubles import RecordingAsker
from tests.kit.node import glad_turn

HOUR_MS = 3_600_000


def _actor(
    *, time_scale: float = 1.0, kept: int = 100, row_bytes_max: int = 100_000, history: History | None = None
) -> Actor:
    preset = presets()["companion"]
    params = derive(Persona(preset.identity, preset.personality))
    record = Record(START_MS, initial_state(params, 0))
    return Actor(
        1,
        "epoch",
        params,
        time_scale,
        encode_record(record),
        history or History(0, None, [], b""),
        kept=kept,
        row_bytes_max=row_bytes_max,
        expire_h=72,
    )


def _take(actor: Actor, wall_ms: int = START_MS, command: TurnCommand | None = None) -> Pending:
    command = command or glad_turn()
    assert command.input.appraisal is not None
    return actor.take_turn(command, Reading(command.input.appraisal), "user", wall_ms, RecordingAsker())


# -- two clocks --------------------------------------------------------------------------------------------------------


def test_the_session_s_clock_goes_with_the_wall() -> None:
    actor = _actor()
    assert _take(actor, START_MS + HOUR_MS).answer.record.state.at_ms == HOUR_MS
    assert _take(actor, START_MS + 3 * HOUR_MS).answer.record.state.at_ms == 3 * HOUR_MS


def test_a_wall_that_goes_back_stops_the_session_s_clock_and_becomes_its_anchor() -> None:
    actor = _actor()
    _take(actor, START_MS + HOUR_MS)
    back = _take(actor, START_MS - 10 * HOUR_MS)
    assert (back.answer.record.state.at_ms, back.answer.record.wall_ms) == (HOUR_MS, START_MS - 10 * HOUR_MS)
    assert actor.session_ms(back.answer.record, START_MS - 11 * HOUR_MS) == HOUR_MS
    again = _take(actor, START_MS - 9 * HOUR_MS)
    assert (again.answer.record.state.at_ms, again.answer.record.wall_ms) == (2 * HOUR_MS, START_MS - 9 * HOUR_MS)


def test_no_span_counts_for_more_than_ten_years() -> None:
    assert TEN_YEARS_MS == 315_576_000_000
    actor = _actor()
    assert _take(actor, START_MS + 3 * TEN_YEARS_MS).answer.record.state.at_ms == TEN_YEARS_MS
    assert _take(actor, START_MS + 3 * TEN_YEARS_MS + 1).answer.record.state.at_ms == TEN_YEARS_MS + 1


def test_the_time_scale_stretches_what_the_wall_says() -> None:
    actor = _actor(time_scale=60.0)
    assert _take(actor, START_MS + 1_000).answer.record.state.at_ms == 60_000
    assert _take(actor, START_MS + 500).answer.record.state.at_ms == 60_000


def test_elapsed_seconds_are_the_character_s_own_and_not_stretched() -> None:
    actor = _actor(time_scale=60.0)
    taken = _take(actor, START_MS + HOUR_MS, glad_turn(elapsed_seconds=2.5))
    assert (taken.answer.record.state.at_ms, taken.answer.record.wall_ms) == (2_500, START_MS + HOUR_MS)
    assert _take(actor, START_MS + HOUR_MS, glad_turn(elapsed_seconds=0)).answer.record.state.at_ms == 2_500
    assert _take(actor, START_MS + HOUR_MS + 1_000).answer.record.state.at_ms == 62_500


# -- rows --------------------------------------------------------------------------------------------------------------


def test_rows_are_numbered_from_one_and_hold_the_state_after_them() -> None:
    actor = _actor()
    taken = [_take(actor, START_MS + number, glad_turn(f"m{number}")) for number in range(3)]
    assert [pending.row.seq for pending in taken] == [1, 2, 3]
    for number, pending in enumerate(taken):
        assert (pending.row.session, pending.row.at_ms, pending.row.kind) == (1, START_MS + number, "turn")
        assert (pending.row.msg_id, pending.row.id_digest) == (f"m{number}", id_digest(f"m{number}"))
        assert pending.row.state_after is not None
        assert decode_record(pending.row.state_after) == pending.answer.record


def test_preferences_are_a_row_of_their_own_and_touch_neither_feeling_nor_clock() -> None:
    actor = _actor()
    before = _take(actor, START_MS + HOUR_MS).answer.record
    pending = actor.take_preferences(Preferences(enabled=True), START_MS + 2 * HOUR_MS, RecordingAsker())
    assert (pending.row.seq, pending.row.kind, pending.row.msg_id) == (2, "prefs", None)
    assert (pending.answer.record.state, pending.answer.record.wall_ms) == (before.state, before.wall_ms)
    assert pending.answer.record.result is None
    assert _take(actor, START_MS + 3 * HOUR_MS).answer.record.state.at_ms == 3 * HOUR_MS


def test_a_row_above_the_limit_is_refused_and_changes_nothing() -> None:
    actor = _actor(row_bytes_max=5_000)
    record = actor.record
    with pytest.raises(Overloaded, match=r"the limit is 5,000"):
        _take(actor, START_MS, glad_turn("big", context="x" * 5_000))
    assert (actor.record, actor.seq, actor.settled, actor.used(id_digest("big"))) == (record, 0, True, None)
    assert _take(actor).row.seq == 1


def test_the_world_sees_what_was_released_in_order() -> None:
    actor = _actor()
    first, second = _take(actor), _take(actor)
    assert (actor.released_seq, actor.released.state.turns, actor.settled) == (0, 0, False)
    with pytest.raises(AssertionError, match="in order"):
        actor.release(second)
    actor.release(first)
    assert (actor.released_seq, actor.released, actor.settled) == (1, first.answer.record.without_answer(), False)
    actor.release(second)
    assert (actor.released_seq, actor.released, actor.settled) == (2, second.answer.record.without_answer(), True)


# -- repeats -----------------------------------------------------------------------------------------------------------


def test_an_id_is_in_flight_until_its_row_is_released_and_used_from_then_on() -> None:
    actor = _actor()
    digest = id_digest("a")
    assert (actor.in_flight(digest), actor.used(digest)) == (None, None)
    pending = _take(actor, START_MS, glad_turn("a"))
    assert actor.in_flight(digest) is pending
    actor.release(pending)
    assert (actor.in_flight(digest), actor.used(digest)) == (None, 1)


def test_ids_age_out_of_the_kept_history_and_are_still_known() -> None:
    actor = _actor(kept=2)
    for name in "abcd":
        actor.release(_take(actor, START_MS, glad_turn(name)))
    assert [actor.used(id_digest(name)) for name in "abcde"] == [0, 0, 3, 4, None]
    actor.release(_take(actor))  # a turn without an id makes them older all the same
    assert [actor.used(id_digest(name)) for name in "abcde"] == [0, 0, 0, 4, None]


def test_ids_read_from_disk_are_known_as_those_of_this_incarnation_are() -> None:
    older = array.array("q", sorted(id_digest(name) for name in "ab")).tobytes()
    actor = _actor(kept=2, history=History(4, None, [(id_digest("c"), 3), (id_digest("d"), 4)], older))
    assert [actor.used(id_digest(name)) for name in "abcde"] == [0, 0, 3, 4, None]
    _take(actor, START_MS, glad_turn("e"))
    assert [actor.used(id_digest(name)) for name in "abcde"] == [0, 0, 0, 4, 5]


def test_the_same_id_with_another_body_is_a_conflict_that_names_the_turn() -> None:
    first, other = glad_turn("a"), glad_turn("a", goal_congruence=-0.6)
    check_repeat(first, "a", glad_turn("a").body_hash, 7)
    with pytest.raises(Conflict, match=r"another body \(turn 7\)"):
        check_repeat(other, "a", first.body_hash, 7)


def test_a_body_is_the_same_however_it_is_spelled() -> None:
    snake = commands.turn({"message": "hi", "event_context": "x", "elapsed_seconds": 5}, "a")
    camel = commands.turn({"elapsedSeconds": 5.0, "eventContext": "x", "message": "hi", "event": None}, "a")
    assert (snake.body_hash, snake.input_blob) == (camel.body_hash, camel.input_blob)
