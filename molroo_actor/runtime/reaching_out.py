"""When an awake session acts by itself: what its preferences allow, what fires now, and when to look again.

Plain functions over values; the actor makes rows of what they say and alarms.py brings the session back in time. The
engine goes by the session's clock; cooldown, expiry, daily maximum and quiet hours go by the wall.
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from molroo_actor import ids
from molroo_actor.engine import (
    Params,
    State,
    Trigger,
    Urge,
    compose,
    flow,
    next_crossing,
    pressing,
    spend,
    unrecovered,
    urges,
)
from molroo_actor.engine.labels import name
from molroo_actor.engine.proactive import EVERY
from molroo_actor.engine.report import emotion_of
from molroo_actor.protocol.commands import TEN_YEARS_S, Preferences, QuietHours
from molroo_actor.protocol.outreach import PENDING_MAX, Action, Outreach, Priority

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS
_DAY_MINUTES: Final = 1_440
_FAR_MS: Final = TEN_YEARS_S * 1000
"""By the wall; a session's clock goes on for no longer without a turn."""
_SHIFTS_MAX: Final = 8
"""How often a plan is shifted before it is looked at again when it is due."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
    origin: State,
    span: Span,
    seq: int,
    epoch: str,
    expire_h: float,
    message: str | None = None,
) -> Verdict:
    """Looks at how it is at `span`'s beginning. Nothing has happened since `origin`, in which what `outreach` has as
    spent had just been so. An action that fires belongs to row `seq`.

    message: what the character says when it does; composed when None. Only for sessions with preferences enabled.
    """
    wall_ms = span.wall_ms
    state = flow(params, origin, span.session_ms)
    fired_ms = _looked_at(preferences, outreach.fired_ms, wall_ms)
    urge = None
    if free_from(preferences, fired_ms, wall_ms) == wall_ms:
        urge = _urge(params, preferences, outreach, origin, state)
    if urge is None:
        after = _tidied(params, preferences, outreach, origin, wall_ms)
        return Verdict(after, None, plan(params, preferences, after, origin, span))
    fired = _action(params, state, urge, wall_ms, seq, epoch, expire_h, message)
    after = Outreach(
        (*outreach.pending_at(wall_ms)[-(PENDING_MAX - 1) :], fired),
        outreach.closed,
        _looked_at(preferences, (*fired_ms, wall_ms), wall_ms),
        spend(params, state, urge.reason, outreach.spent),
    )
    return Verdict(after, fired, plan(params, preferences, after, state, span))


def replan(params: Params, preferences: Preferences, outreach: Outreach, origin: State, span: Span) -> Verdict:
    """What new preferences or an acknowledgement make of the plan; nothing fires in their rows."""
    after = _tidied(params, preferences, outreach, origin, span.wall_ms)
    return Verdict(after, None, plan(params, preferences, after, origin, span))


def allowed_triggers(preferences: Preferences) -> frozenset[Trigger]:
    """The triggers that may fire."""
    given = preferences.triggers
    return frozenset(trigger for trigger in EVERY if getattr(given, trigger))


def wanted(
    params: Params, preferences: Preferences, outreach: Outreach, origin: State, state: State, wall_ms: int
) -> Urge | None:
    """What would make an action fire at this moment, in which `origin` has become `state`; None when nothing would."""
    fired_ms = _looked_at(preferences, outreach.fired_ms, wall_ms)
    if not preferences.enabled or free_from(preferences, fired_ms, wall_ms) != wall_ms:
        return None
    return _urge(params, preferences, outreach, origin, state)


def plan(params: Params, preferences: Preferences, outreach: Outreach, origin: State, span: Span) -> int | None:
    """When something will fire if nothing happens until then, by the wall; None when nothing will within ten years."""
    if not preferences.enabled:
        return None
    allowed = allowed_triggers(preferences)
    at_ms = free_from(preferences, outreach.fired_ms, span.wall_ms)
    far_ms = span.session_at(span.wall_ms + _FAR_MS)
    for _ in range(_SHIFTS_MAX):
        if at_ms is None:
            return None
        crossing = next_crossing(params, origin, allowed, outreach.spent, span.session_at(at_ms))
        if crossing is None or crossing.at_ms > far_ms:
            return None
        due_ms = max(at_ms, span.wall_at(crossing.at_ms))
        at_ms = free_from(preferences, outreach.fired_ms, due_ms)
        if at_ms == due_ms:
            return due_ms
    return at_ms


def _urge(params: Params, preferences: Preferences, outreach: Outreach, origin: State, state: State) -> Urge | None:
    """What presses in `state`. A feeling that has come down since `origin` and overflows again counts as well."""
    allowed = allowed_triggers(preferences)
    urge = pressing(params, state, allowed, unrecovered(params, state, outreach.spent))
    if urge is not None or not outreach.spent or origin is state:
        return urge
    crossing = next_crossing(params, origin, allowed, outreach.spent, state.at_ms)
    if crossing is None or crossing.at_ms > state.at_ms:
        return None
    return next((each for each in urges(params, state) if each.reason == crossing.reason), None)


def _tidied(params: Params, preferences: Preferences, outreach: Outreach, origin: State, wall_ms: int) -> Outreach:
    """Without what has expired, what had recovered by `origin`, and moments that hold nothing back any more."""
    fired_ms = _looked_at(preferences, outreach.fired_ms, wall_ms)
    spent = unrecovered(params, origin, outreach.spent)
    return Outreach(outreach.pending_at(wall_ms), outreach.closed, fired_ms, spent)


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
    """Those moments that may still hold something back, also under other preferences. A wall that was set back moves
    them to now: a mistake of the clock must not silence a character for longer than the preferences do.
    """
    kept = [min(moment, wall_ms) for moment in fired_ms[-max(PENDING_MAX, preferences.max_daily or 0) :]]
    return tuple(moment for moment in kept[:-1] if moment > wall_ms - _DAY_MS) + tuple(kept[-1:])


def end_of_quiet(quiet: QuietHours, wall_ms: int) -> int:
    """The first moment, not before this one, at which clocks of the zone show no quiet hour. Start and end alike: no
    quiet hours.
    """
    start, end = _minutes(quiet.start), _minutes(quiet.end)
    if start == end:
        return wall_ms
    zone = zoneinfo.ZoneInfo(quiet.timezone)
    at_ms = wall_ms
    while True:
        local = _local(at_ms, zone)
        minute = local.hour * 60 + local.minute
        if (minute - start) % _DAY_MINUTES >= (end - start) % _DAY_MINUTES:
            return at_ms
        over_ms = at_ms - local.second * 1000 - local.microsecond // 1000 + (end - minute) % _DAY_MINUTES * _MINUTE_MS
        # Clocks that are changed on the way show another time then: it is looked at again where that happens.
        at_ms = over_ms if _local(over_ms, zone).utcoffset() == local.utcoffset() else _change(zone, at_ms, over_ms)


def _change(zone: zoneinfo.ZoneInfo, low_ms: int, high_ms: int) -> int:
    """The first ms after `low_ms` at which clocks are set otherwise; they are at `high_ms`."""
    before = _local(low_ms, zone).utcoffset()
    while high_ms - low_ms > 1:
        middle_ms = (low_ms + high_ms) // 2
        if _local(middle_ms, zone).utcoffset() == before:
            low_ms = middle_ms
        else:
            high_ms = middle_ms
    return high_ms


def _local(wall_ms: int, zone: zoneinfo.ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(milliseconds=wall_ms)).astimezone(zone)


def _minutes(time_of_day: str) -> int:
    hours, _, minutes = time_of_day.partition(":")
    return int(hours) * 60 + int(minutes)


# -- what fires --------------------------------------------------------------------------------------------------------


def _action(
    params: Params, state: State, urge: Urge, wall_ms: int, seq: int, epoch: str, expire_h: float, message: str | None
) -> Action:
    emotion = emotion_of(state)
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
        emotion.V,
        emotion.A,
        emotion.D,
        name(params, state)[0],
    )


def _priority(urge: Urge) -> Priority:
    """How urgent it is: what overflows cannot wait long, what is missed grows slowly."""
    if urge.trigger == "emotional_overflow":
        return "high" if urge.depth >= 0.5 else "medium"
    if urge.depth < 0.2:
        return "low"
    return "medium" if urge.depth < 0.5 else "high"
