"""When a character may act: cooldown, daily maximum, quiet hours, all of them together, and two clocks."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from molroo_actor.engine import (
    Identity,
    Persona,
    Personality,
    State,
    derive,
    flow,
    initial_state,
    next_crossing,
)
from molroo_actor.protocol.commands import Preferences, QuietHours, Triggers
from molroo_actor.protocol.outreach import PENDING_MAX, Outreach
from molroo_actor.runtime.reaching_out import Span, Verdict, consider, end_of_quiet, free_from, plan, replan, wanted

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
NOON_MS = 1_790_078_400_000
FREE = Preferences(enabled=True, cooldown_hours=0)
PARAMS = derive(Persona(Identity("Mia"), Personality(0.5, 0.5, 0.5, 0.5, 0.5)))
MET = initial_state(PARAMS, 0)
LONELY_MS = next_crossing(PARAMS, MET).at_ms  # type: ignore[union-attr]
LONELY = flow(PARAMS, MET, LONELY_MS)


def at(moment: str, zone: str = "UTC") -> int:
    """A local time, in ms of the wall; of two the first."""
    return round(datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def shown(wall_ms: int, zone: str) -> str:
    """What a clock on the wall shows."""
    return datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone(ZoneInfo(zone)).strftime("%H:%M")


def looked(preferences: Preferences, outreach: Outreach, wall_ms: int, state: State = LONELY) -> Verdict:
    span = Span(state.at_ms, wall_ms, 1.0)
    return consider(PARAMS, preferences, outreach, state, span, 7, "e" * 32, 72.0)


# -- cooldown and daily maximum ----------------------------------------------------------------------------------------


def test_without_limits_any_moment_is_free() -> None:
    assert free_from(FREE, (), NOON_MS) == NOON_MS
    assert free_from(FREE, (NOON_MS - 1, NOON_MS), NOON_MS) == NOON_MS


@pytest.mark.parametrize(("hours", "free_ms"), [(4, 4 * HOUR_MS), (0.5, HOUR_MS // 2), (1 / 3_600_000, 1), (0, 0)])
def test_the_cooldown_counts_from_the_last_action(hours: float, free_ms: int) -> None:
    preferences = Preferences(enabled=True, cooldown_hours=hours)
    assert free_from(preferences, (NOON_MS - DAY_MS, NOON_MS), NOON_MS) == NOON_MS + free_ms
    assert free_from(preferences, (NOON_MS,), NOON_MS + free_ms) == NOON_MS + free_ms
    assert free_from(preferences, (NOON_MS,), NOON_MS + free_ms + 5) == NOON_MS + free_ms + 5


def test_the_daily_maximum_is_over_any_24_hours() -> None:
    preferences = Preferences(enabled=True, cooldown_hours=0, max_daily=2)
    fired = (NOON_MS, NOON_MS + HOUR_MS)
    assert free_from(preferences, fired[:1], NOON_MS) == NOON_MS
    assert free_from(preferences, fired, NOON_MS + HOUR_MS) == NOON_MS + DAY_MS
    assert free_from(preferences, fired, NOON_MS + DAY_MS) == NOON_MS + DAY_MS
    assert free_from(preferences, (*fired, NOON_MS + DAY_MS), NOON_MS + DAY_MS) == NOON_MS + HOUR_MS + DAY_MS


def test_a_daily_maximum_of_zero_is_never() -> None:
    never = Preferences(enabled=True, cooldown_hours=0, max_daily=0)
    assert free_from(never, (), NOON_MS) is None
    assert plan(PARAMS, never, Outreach(), MET, Span(0, NOON_MS, 1.0)) is None
    verdict = looked(never, Outreach(), NOON_MS)
    assert (verdict.fired, verdict.due_ms) == (None, None)


def test_a_maximum_that_is_set_later_counts_what_was_done_before() -> None:
    outreach = Outreach()
    for minute in range(3):
        verdict = looked(FREE, Outreach(outreach.pending, (), outreach.fired_ms, ()), NOON_MS + minute * MINUTE_MS)
        assert verdict.fired is not None
        outreach = verdict.outreach
    assert outreach.fired_ms == tuple(NOON_MS + minute * MINUTE_MS for minute in range(3))
    twice = Preferences(enabled=True, cooldown_hours=0, max_daily=2)
    assert free_from(twice, outreach.fired_ms, NOON_MS + HOUR_MS) == NOON_MS + MINUTE_MS + DAY_MS


def test_moments_are_kept_for_a_day_and_the_last_one_for_ever() -> None:
    fired = tuple(NOON_MS + each * HOUR_MS for each in range(3))
    assert looked(FREE, Outreach(fired_ms=fired), NOON_MS + DAY_MS, MET).outreach.fired_ms == fired[1:]
    assert looked(FREE, Outreach(fired_ms=fired), NOON_MS + 99 * DAY_MS, MET).outreach.fired_ms == fired[2:]
    many = tuple(NOON_MS + each for each in range(100))
    assert looked(FREE, Outreach(fired_ms=many), NOON_MS + 100, MET).outreach.fired_ms == many[-PENDING_MAX:]
    daily = Preferences(enabled=True, cooldown_hours=0, max_daily=50)
    assert looked(daily, Outreach(fired_ms=many), NOON_MS + 100, MET).outreach.fired_ms == many[-50:]


# -- quiet hours -------------------------------------------------------------------------------------------------------

ZONES = ("UTC", "Asia/Seoul", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
NIGHTS = (("22:00", "07:00"), ("09:00", "17:30"), ("00:00", "06:00"), ("18:00", "00:00"), ("01:30", "02:30"))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("start", "end"), NIGHTS)
def test_quiet_hours_end_when_the_clocks_of_the_zone_say_so(start: str, end: str, zone: str) -> None:
    quiet = QuietHours(start, end, zone)
    inside = at(f"2026-09-22T{start}", zone)
    over = end_of_quiet(quiet, inside)
    assert (shown(over, zone), 0 < over - inside < DAY_MS) == (end, True)
    assert end_of_quiet(quiet, over - 1) == over
    assert end_of_quiet(quiet, over) == over
    assert end_of_quiet(quiet, inside - 1) == inside - 1
    assert end_of_quiet(quiet, inside + 1_234) == over


def test_a_start_that_is_the_end_is_no_quiet_hour() -> None:
    assert end_of_quiet(QuietHours("08:00", "08:00", "UTC"), NOON_MS) == NOON_MS


CHANGES = [
    ("Europe/Berlin", "2026-03-28T20:00"),  # 02:00 becomes 03:00
    ("Europe/Berlin", "2026-10-24T20:00"),  # 03:00 becomes 02:00
    ("America/New_York", "2026-03-07T20:00"),
    ("America/New_York", "2026-10-31T20:00"),
    ("Australia/Lord_Howe", "2026-04-04T20:00"),  # by half an hour
    ("Australia/Lord_Howe", "2026-10-03T20:00"),
    ("America/Santiago", "2026-09-05T20:00"),  # at midnight
    ("Africa/Casablanca", "2026-02-14T20:00"),
]
AROUND = [
    ("22:00", "07:00"), ("22:00", "02:30"), ("02:30", "04:00"), ("02:00", "03:00"), ("01:15", "02:15"),
    ("02:10", "02:40"), ("23:30", "00:30"), ("03:30", "01:30"), ("02:30", "02:00"), ("01:45", "01:44"),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "from_local"), CHANGES)
@pytest.mark.parametrize(("start", "end"), AROUND)
def test_when_clocks_are_changed_quiet_is_what_they_show(start: str, end: str, zone: str, from_local: str) -> None:
    quiet = QuietHours(start, end, zone)
    first_ms = at(from_local, zone)
    expected: int | None = None
    for minute in reversed(range(36 * 60)):  # from the end: what is free is known before what waits for it
        wall_ms = first_ms + minute * MINUTE_MS
        time = shown(wall_ms, zone)
        if not (start <= time < end if start < end else time >= start or time < end):
            expected = wall_ms
        if expected is not None:
            assert end_of_quiet(quiet, wall_ms) == expected, shown(wall_ms, zone)
            if expected > wall_ms:
                assert end_of_quiet(quiet, wall_ms + 59_999) == expected


# -- all together ------------------------------------------------------------------------------------------------------


def test_what_ends_the_cooldown_in_the_night_waits_for_the_morning() -> None:
    night = QuietHours("22:00", "07:00", "Asia/Seoul")
    preferences = Preferences(enabled=True, cooldown_hours=4, quiet_hours=night)
    fired = (at("2026-09-22T21:00", "Asia/Seoul"),)
    assert free_from(preferences, fired, fired[0]) == at("2026-09-23T07:00", "Asia/Seoul")


def test_the_daily_maximum_and_the_night_shift_one_after_the_other() -> None:
    night = QuietHours("11:00", "13:00", "UTC")
    preferences = Preferences(enabled=True, cooldown_hours=1, max_daily=1, quiet_hours=night)
    assert free_from(preferences, (NOON_MS,), NOON_MS + 1) == NOON_MS + DAY_MS + HOUR_MS


def test_a_plan_is_the_crossing_when_nothing_is_in_its_way() -> None:
    span = Span(0, NOON_MS, 1.0)
    assert plan(PARAMS, FREE, Outreach(), MET, span) == NOON_MS + LONELY_MS
    assert plan(PARAMS, Preferences(enabled=False), Outreach(), MET, span) is None
    unmet = Preferences(enabled=True, cooldown_hours=0, triggers=Triggers(False, False, True))
    assert plan(PARAMS, unmet, Outreach(), MET, span) is None


def test_a_plan_that_lies_in_the_night_is_for_the_morning() -> None:
    minute = (NOON_MS + LONELY_MS) // MINUTE_MS % 1_440
    start, end = (f"{each % 1_440 // 60:02}:{each % 60:02}" for each in (minute, minute + 90))
    quiet = Preferences(enabled=True, cooldown_hours=0, quiet_hours=QuietHours(start, end, "UTC"))
    due_ms = plan(PARAMS, quiet, Outreach(), MET, Span(0, NOON_MS, 1.0))
    assert due_ms == (NOON_MS + LONELY_MS) // MINUTE_MS * MINUTE_MS + 90 * MINUTE_MS


def test_what_fires_is_looked_at_from_its_own_moment_on() -> None:
    verdict = looked(Preferences(enabled=True), Outreach(spent=("absence", "belonging_need_unmet")), NOON_MS)
    assert verdict.fired is None
    verdict = looked(Preferences(enabled=True), Outreach(), NOON_MS)
    assert verdict.fired is not None
    assert (verdict.fired.reason, verdict.fired.at_ms, verdict.fired.seq) == ("absence", NOON_MS, 7)
    assert verdict.fired.expires_ms == NOON_MS + 72 * HOUR_MS
    assert verdict.outreach == Outreach((verdict.fired,), (), (NOON_MS,), ("absence", "belonging_need_unmet"))
    assert verdict.due_ms is None


def test_of_33_that_pend_the_oldest_goes() -> None:
    outreach = Outreach()
    for minute in range(PENDING_MAX + 1):
        verdict = looked(FREE, Outreach(outreach.pending, (), (), ()), NOON_MS + minute * MINUTE_MS)
        outreach = verdict.outreach
    assert [action.at_ms for action in outreach.pending] == [
        NOON_MS + minute * MINUTE_MS for minute in range(1, PENDING_MAX + 1)
    ]


def test_what_has_expired_does_not_count_among_those_that_pend() -> None:
    pending = looked(FREE, Outreach(), NOON_MS).outreach.pending
    assert looked(FREE, Outreach(pending), NOON_MS + 72 * HOUR_MS - 1, MET).outreach.pending == pending
    assert looked(FREE, Outreach(pending), NOON_MS + 72 * HOUR_MS, MET).outreach.pending == ()


# -- a wall that is set back -------------------------------------------------------------------------------------------


def test_a_wall_that_is_set_back_silences_for_no_longer_than_the_preferences_do() -> None:
    preferences = Preferences(enabled=True, cooldown_hours=2, max_daily=2)
    ahead = Outreach(fired_ms=(NOON_MS + 365 * DAY_MS, NOON_MS + 366 * DAY_MS))
    span = Span(LONELY_MS, NOON_MS, 1.0)
    for verdict in (looked(preferences, ahead, NOON_MS), replan(PARAMS, preferences, ahead, LONELY, span)):
        assert verdict.outreach.fired_ms == (NOON_MS, NOON_MS)
        assert verdict.due_ms == NOON_MS + DAY_MS


# -- a feeling that comes back -----------------------------------------------------------------------------------------


def test_a_feeling_that_came_down_and_overflows_again_is_acted_for_again() -> None:
    preferences = Preferences(enabled=True, cooldown_hours=0, triggers=Triggers(False, False, True))
    outreach = Outreach(spent=("emotion_overflow",))
    elated_in_a_dark_mood = replace(MET, v=0.8, mv=-0.95)
    assert wanted(PARAMS, preferences, Outreach(), MET, elated_in_a_dark_mood, NOON_MS) is not None
    due_ms = plan(PARAMS, preferences, outreach, elated_in_a_dark_mood, Span(0, NOON_MS, 1.0))
    assert due_ms is not None
    now = flow(PARAMS, elated_in_a_dark_mood, due_ms - NOON_MS)
    urge = wanted(PARAMS, preferences, outreach, elated_in_a_dark_mood, now, due_ms)
    assert urge is not None
    span = Span(now.at_ms, due_ms, 1.0)
    verdict = consider(PARAMS, preferences, outreach, elated_in_a_dark_mood, span, 7, "e" * 32, 72.0, "Hello?")
    assert verdict.fired is not None
    assert (verdict.fired.reason, verdict.fired.message) == (urge.reason, "Hello?")
    assert (verdict.fired.deed, verdict.outreach.spent) == ("seek_comfort", ("emotion_overflow",))


# -- two clocks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 3_600.0, 100_000.0, 60.0, 7.3, 0.5, 0.001])
def test_a_moment_of_the_session_is_the_first_of_the_wall_that_shows_it(scale: float) -> None:
    span = Span(1_000, NOON_MS, scale)
    for session_ms in (1_000, 1_001, 1_002, 4_600, 4_601, 3_601_000, 86_400_123):
        wall_ms = span.wall_at(session_ms)
        assert span.session_at(wall_ms) >= session_ms
        assert wall_ms == NOON_MS or span.session_at(wall_ms - 1) < session_ms
    assert span.session_at(NOON_MS - DAY_MS) == 1_000
    assert span.wall_at(1_000) == NOON_MS


@pytest.mark.parametrize("scale", [3_600.0, 100_000.0, 0.5])
def test_a_plan_goes_by_the_session_s_own_pace(scale: float) -> None:
    due_ms = plan(PARAMS, FREE, Outreach(), MET, Span(0, NOON_MS, scale))
    assert due_ms == Span(0, NOON_MS, scale).wall_at(LONELY_MS)


@pytest.mark.parametrize("scale", [0.0005, 1e-9])
def test_what_lies_beyond_ten_years_is_not_planned(scale: float) -> None:
    night = QuietHours("22:00", "07:00", "Asia/Seoul")
    for preferences in (FREE, Preferences(enabled=True, cooldown_hours=87_660, quiet_hours=night)):
        due_ms = plan(PARAMS, preferences, Outreach(fired_ms=(NOON_MS,)), MET, Span(0, NOON_MS, scale))
        assert due_ms is None
    soon = flow(PARAMS, MET, LONELY_MS - 5)
    due_ms = plan(PARAMS, FREE, Outreach(), soon, Span(LONELY_MS - 5, NOON_MS, 0.001))
    assert due_ms == NOON_MS + 5_000
