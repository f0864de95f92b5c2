"""When an awake session acts by itself: what its preferences allow, what fires now, and when to look again.

Plain functions over values; the actor makes rows of what they say and alarms.py brings the session back in time. The
engine goes by the session's clock; cooldown, expiry, daily maximum and quiet hours go by the wall.
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from molroo_actor import ids
from molroo_actor.engine import Params, State, Trigger, Urge, compose, next_crossing, pressing, spend, unrecovered
from molroo_actor.engine.labels import name
from molroo_actor.engine.proactive import EVERY
from molroo_actor.protocol.commands import Preferences, QuietHours
from molroo_actor.protocol.outreach import PENDING_MAX, Action, Outreach, Priority

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_SHIFTS_MAX: Final = 8
"""How often a plan is shifted before it is looked at again when it is due."""


class Span(NamedTuple):
    """How session time goes with the wall from `wall_ms` on, where the state's own time is `session_ms`."""

    session_ms: int
    wall_ms: int
    scale: float

    def session_at(self, wall_ms: int) -> int:
        return self.session_ms + int(max(wall_ms - self.wall_ms, 0) * self.scale)

    def wall_at(self, session_ms: int) -> int:
        """The first ms of the wall at which the session's clock is there."""
        wall_ms = self.wall_ms + int((session_ms - self.session_ms) / self.scale)
        while self.session_at(wall_ms) < session_ms:
            wall_ms += 1
        return wall_ms


class Verdict(NamedTuple):
    """What follows from looking: the outreach as it is now, what fired, when to look again (wall)."""

    outreach: Outreach
    fired: Action | None
    due_ms: int | None


def consider(
    params: Params,
    preferences: Preferences,
    outreach: Outreach,
    state: State,
    span: Span,
    seq: int,
    epoch: str,
    expire_h: float,
    message: str | None = None,
) -> Verdict:
    """Looks at a state that is as of `span`'s beginning; an action that fires belongs to row `seq`.

    message: what the character says when it does; composed when None. Only for sessions with preferences enabled.
    """
    wall_ms = span.wall_ms
    pending = outreach.pending_at(wall_ms)
    spent = unrecovered(params, state, outreach.spent)
    fired_ms = _looked_at(preferences, outreach.fired_ms, wall_ms)
    fired: Action | None = None
    allowed = allowed_triggers(preferences)
    urge = pressing(params, state, allowed, spent)
    if urge is not None and free_from(preferences, fired_ms, wall_ms) == wall_ms:
        fired = _action(params, state, urge, wall_ms, seq, epoch, expire_h, message)
        spent = spend(params, state, urge.reason, spent)
        pending = (*pending[-(PENDING_MAX - 1) :], fired)
        fired_ms = _looked_at(preferences, (*fired_ms, wall_ms), wall_ms)
    after = Outreach(pending, outreach.closed, fired_ms, spent)
    return Verdict(after, fired, plan(params, preferences, after, state, span))


def allowed_triggers(preferences: Preferences) -> frozenset[Trigger]:
    """The triggers that may fire."""
    given = preferences.triggers
    return frozenset(trigger for trigger in EVERY if getattr(given, trigger))


def wanted(params: Params, preferences: Preferences, outreach: Outreach, state: State, wall_ms: int) -> Urge | None:
    """What would make an action fire at this moment; None when nothing would."""
    if not preferences.enabled or free_from(preferences, outreach.fired_ms, wall_ms) != wall_ms:
        return None
    spent = unrecovered(params, state, outreach.spent)
    return pressing(params, state, allowed_triggers(preferences), spent)


def plan(params: Params, preferences: Preferences, outreach: Outreach, state: State, span: Span) -> int | None:
    """When something will fire if nothing happens until then, by the wall; None when nothing will."""
    if not preferences.enabled:
        return None
    allowed = allowed_triggers(preferences)
    at_ms = free_from(preferences, outreach.fired_ms, span.wall_ms)
    for _ in range(_SHIFTS_MAX):
        if at_ms is None:
            return None
        crossing = next_crossing(params, state, allowed, outreach.spent, span.session_at(at_ms))
        if crossing is None:
            return None
        due_ms = max(at_ms, span.wall_at(crossing.at_ms))
        at_ms = free_from(preferences, outreach.fired_ms, due_ms)
        if at_ms == due_ms:
            return due_ms
    return at_ms


# -- what the preferences allow ----------------------------------------------------------------------------------------


def free_from(preferences: Preferences, fired_ms: tuple[int, ...], wall_ms: int) -> int | None:
    """The first moment of the wall, not before `wall_ms`, at which an action may fire; None when never.

    The daily maximum is over any 24 hours, so that no calendar day has more either.
    """
    at_ms = wall_ms
    if fired_ms:
        at_ms = max(at_ms, fired_ms[-1] + round(preferences.cooldown_hours * _HOUR_MS))
    if preferences.max_daily is not None:
        if preferences.max_daily == 0:
            return None
        if len(fired_ms) >= preferences.max_daily:
            at_ms = max(at_ms, fired_ms[-preferences.max_daily] + _DAY_MS)
    if preferences.quiet_hours is not None:
        at_ms = end_of_quiet(preferences.quiet_hours, at_ms)
    return at_ms


def _looked_at(preferences: Preferences, fired_ms: tuple[int, ...], wall_ms: int) -> tuple[int, ...]:
    """Those moments that may still hold something back. A wall that was set back moves them to now: a mistake of the
    clock must not silence a character for longer than the preferences do.
    """
    kept = [min(moment, wall_ms) for moment in fired_ms[-max(1, preferences.max_daily or 1) :]]
    if preferences.max_daily is None:
        return tuple(kept[-1:])
    return tuple(moment for moment in kept[:-1] if moment > wall_ms - _DAY_MS) + tuple(kept[-1:])


def end_of_quiet(quiet: QuietHours, wall_ms: int) -> int:
    """The moment itself, or when the quiet hours that it lies in are over. Start and end alike: no quiet hours."""
    start, end = _minutes(quiet.start), _minutes(quiet.end)
    if start == end:
        return wall_ms
    zone = zoneinfo.ZoneInfo(quiet.timezone)
    local = datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone(zone)
    minute = local.hour * 60 + local.minute
    if start < end:
        if not start <= minute < end:
            return wall_ms
        day = local.date()
    else:
        if end <= minute < start:
            return wall_ms
        day = local.date() if minute < end else local.date() + timedelta(days=1)
    return max(wall_ms, _moment(day, end, zone))


def _minutes(time_of_day: str) -> int:
    hours, _, minutes = time_of_day.partition(":")
    return int(hours) * 60 + int(minutes)


def _moment(day: date, minute: int, zone: zoneinfo.ZoneInfo) -> int:
    local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
    return round(local.timestamp() * 1000)


# -- what fires --------------------------------------------------------------------------------------------------------


def _action(
    params: Params, state: State, urge: Urge, wall_ms: int, seq: int, epoch: str, expire_h: float, message: str | None
) -> Action:
    return Action(
        ids.action_id(seq, epoch),
        seq,
        wall_ms,
        wall_ms + round(expire_h * _HOUR_MS),
        urge.reason,
        urge.value,
        urge.threshold,
        message or compose(params, state, urge),
        _priority(urge),
        state.v,
        0.5 + 0.5 * state.a,
        state.d,
        name(params, state)[0],
    )


def _priority(urge: Urge) -> Priority:
    """How urgent it is: what overflows cannot wait long, what is missed grows slowly."""
    if urge.trigger == "emotional_overflow":
        return "high" if urge.depth >= 0.5 else "medium"
    if urge.depth < 0.2:
        return "low"
    return "medium" if urge.depth < 0.5 else "high"
