"""When a character wants to speak of itself: what urges it now, and when time alone will.

Every quantity relaxes in closed form, so the next crossing of a threshold is solved, not polled. Here: the urges,
their thresholds and hysteresis. Not here: cooldown, quiet hours and daily maximum (they go by the wall clock, the
runtime keeps them), nor what the character says (outreach.py).
"""

from collections.abc import Collection, Iterator
from math import log
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from molroo_actor.engine.dynamics import RELATED_REST, flow, rate_relatedness
from molroo_actor.engine.overflow import (
    FAR_MS,
    HYSTERESIS,
    MS_PER_H,
    OVERFLOW,
    STRESS_OVERFLOW,
    comes_down,
    displayed,
    next_overflow,
)
from molroo_actor.engine.params import Params
from molroo_actor.engine.regulation import active
from molroo_actor.engine.state import State
from molroo_actor.engine.values import ProactiveHint, Trigger

NEED_LOW: Final = 0.30
ABSENCE_MS: Final = 6 * 3_600_000  # closeness is missed only once the user has been away for a while
_FIRST: Final = NEED_LOW + 0.001  # a threshold above it is surely crossed before that of the need, to the millisecond
CHECK_MS: Final = 60_000  # an urge that holds is looked at again after a minute

TRIGGER_OF: Final = MappingProxyType[str, Trigger](
    {
        "absence": "attachment_seeking",
        "belonging_need_unmet": "need_deficit",
        "competence_need_unmet": "need_deficit",
        "autonomy_need_unmet": "need_deficit",
        "emotion_overflow": "emotional_overflow",
        "stress_overflow": "emotional_overflow",
    }
)
"""reason -> the trigger that it belongs to."""
_FROM_CLOSENESS: Final = frozenset(("absence", "belonging_need_unmet"))
EVERY: Final[frozenset[Trigger]] = frozenset(TRIGGER_OF.values())


def trigger_of(reason: str) -> Trigger:
    """The trigger that a reason belongs to."""
    return TRIGGER_OF[reason]


class Urge(Struct, frozen=True, gc=False):
    """A reason to reach out that holds: value is beyond threshold, both in [0, 1]; depth in [0, 1] says how far."""

    reason: str
    value: float
    threshold: float
    depth: float

    @property
    def trigger(self) -> Trigger:
        return TRIGGER_OF[self.reason]


class Crossing(Struct, frozen=True, gc=False):
    """A moment at which a reason holds: session ms, never before the state's own time."""

    at_ms: int
    reason: str


def attachment_threshold(state: State) -> float:
    """Relatedness below which this character seeks the user, [.2, .6]."""
    return 0.35 + 0.25 * state.anxiety - 0.15 * state.avoidance


def urges(params: Params, state: State) -> list[Urge]:
    """The reasons that hold in the state, the most pressing first."""
    return _urges(params, state, displayed(params, state))


def _urges(params: Params, state: State, strength: float) -> list[Urge]:
    s = state
    found: list[Urge] = []
    if (strength > OVERFLOW or s.stress > STRESS_OVERFLOW) and active(params, s) is None:
        if strength > OVERFLOW:
            found.append(Urge("emotion_overflow", strength, OVERFLOW, (strength - OVERFLOW) / (1.0 - OVERFLOW)))
        if s.stress > STRESS_OVERFLOW:
            depth = (s.stress - STRESS_OVERFLOW) / (1.0 - STRESS_OVERFLOW)
            found.append(Urge("stress_overflow", s.stress, STRESS_OVERFLOW, depth))
    seeks = attachment_threshold(s)
    if s.relatedness < seeks and s.at_ms - s.met_ms >= ABSENCE_MS:
        found.append(Urge("absence", s.relatedness, seeks, (seeks - s.relatedness) / seeks))
    for reason, value in (
        ("belonging_need_unmet", s.relatedness),
        ("competence_need_unmet", s.competence),
        ("autonomy_need_unmet", s.autonomy),
    ):
        if value < NEED_LOW:
            found.append(Urge(reason, value, NEED_LOW, (NEED_LOW - value) / NEED_LOW))
    return found


def pressing(params: Params, state: State, allowed: Collection[Trigger], spent: Collection[str]) -> Urge | None:
    """The most pressing reason of an allowed trigger that holds and is not spent."""
    for urge in urges(params, state):
        if urge.trigger in allowed and urge.reason not in spent:
            return urge
    return None


# -- one deficit, one action -------------------------------------------------------------------------------------------


def unrecovered(params: Params, state: State, spent: Collection[str]) -> tuple[str, ...]:
    """Those of the spent reasons that have not recovered by HYSTERESIS beyond their threshold.

    Absence and unmet belonging are one want of closeness: they recover together, beyond the higher threshold.
    """
    if not spent:
        return ()
    s = state
    close = max(attachment_threshold(s), NEED_LOW) + HYSTERESIS
    still = {
        "absence": s.relatedness < close,
        "belonging_need_unmet": s.relatedness < close,
        "competence_need_unmet": s.competence < NEED_LOW + HYSTERESIS,
        "autonomy_need_unmet": s.autonomy < NEED_LOW + HYSTERESIS,
        "emotion_overflow": displayed(params, s) > OVERFLOW - HYSTERESIS,
        "stress_overflow": s.stress > STRESS_OVERFLOW - HYSTERESIS,
    }
    return tuple(reason for reason in spent if still[reason])


def spend(params: Params, state: State, reason: str, spent: Collection[str]) -> tuple[str, ...]:
    """What is spent once the character has acted for `reason`; with one want of closeness goes the other."""
    gone = _FROM_CLOSENESS if reason in _FROM_CLOSENESS else (reason,)
    return tuple(sorted({*unrecovered(params, state, spent), *gone}))


# -- what time alone will bring ----------------------------------------------------------------------------------------


def next_crossing(
    params: Params,
    state: State,
    allowed: Collection[Trigger] = EVERY,
    spent: Collection[str] = (),
    from_ms: int | None = None,
) -> Crossing | None:
    """The first moment, not before `from_ms`, at which an allowed reason that is not spent holds if nothing happens.

    None when there is none within ten years. What recovers on the way is armed again. Exact to a few milliseconds; an
    overflow that would last for less than a second may be passed over.
    """
    s = state if from_ms is None else flow(params, state, from_ms)
    left = unrecovered(params, s, unrecovered(params, state, spent))
    wanted = {reason for reason, trigger in TRIGGER_OF.items() if trigger in allowed and reason not in left}
    armed = s  # from here on the emotion may overflow
    if "emotion_overflow" in left and "emotional_overflow" in allowed:
        down_ms = comes_down(params, state)
        if down_ms is not None:
            armed = flow(params, state, max(s.at_ms, down_ms))
            wanted.add("emotion_overflow")
    for urge in urges(params, s):
        if urge.reason in wanted and (armed.at_ms == s.at_ms or urge.reason != "emotion_overflow"):
            return Crossing(s.at_ms, urge.reason)
    found = [each for each in _to_come(params, state, s, armed, wanted) if each.at_ms - s.at_ms <= FAR_MS]
    return min(found, key=lambda crossing: crossing.at_ms, default=None)


def _to_come(params: Params, origin: State, s: State, armed: State, wanted: Collection[str]) -> Iterator[Crossing]:
    """Where each wanted reason begins to hold after `s`, in which none does; `s` and `armed` are flows of `origin`."""
    if "emotion_overflow" in wanted:
        at_ms = next_overflow(params, origin, armed, "emotion_overflow")
        if at_ms is not None:
            yield Crossing(at_ms, "emotion_overflow")
    if "stress_overflow" in wanted:
        at_ms = next_overflow(params, origin, s, "stress_overflow")
        if at_ms is not None:
            yield Crossing(at_ms, "stress_overflow")
    if "absence" in wanted:
        threshold = attachment_threshold(s)
        yield from _sinks(
            params, origin, max(_sunk_ms(params, s, threshold), s.met_ms + ABSENCE_MS), threshold, "absence"
        )
    if "belonging_need_unmet" in wanted:
        yield from _sinks(params, origin, _sunk_ms(params, s, NEED_LOW), NEED_LOW, "belonging_need_unmet")


def _sunk_ms(params: Params, state: State, threshold: float) -> int:
    """When relatedness will be below the threshold, to rounding; beyond ten years when it never will be."""
    s = state
    if s.relatedness < threshold:
        return s.at_ms
    rate = rate_relatedness(s.anxiety) * params.pace / MS_PER_H
    if threshold > RELATED_REST and rate > 0.0:
        wait_ms = log((s.relatedness - RELATED_REST) / (threshold - RELATED_REST)) / rate
        if wait_ms < FAR_MS:
            return s.at_ms + int(wait_ms) + 1
    return s.at_ms + 2 * FAR_MS


def _sinks(params: Params, origin: State, at_ms: int, threshold: float, reason: str) -> Iterator[Crossing]:
    """The crossing at about `at_ms`, where relatedness is below the threshold by the flow itself and not only by the
    solution of it; none when it has risen above it by then.
    """
    stride = 1
    while at_ms - origin.at_ms <= 2 * FAR_MS:
        if flow(params, origin, at_ms).relatedness < threshold:
            yield Crossing(at_ms, reason)
            return
        at_ms += stride
        stride *= 2


def hint(params: Params, state: State, strength: float) -> ProactiveHint:
    """What to tell a client whoever may act: what holds now in a state whose displayed intensity is `strength`, and
    when to look again.

    Every turn asks, so it foresees what sinks by itself and leaves overflows that time alone brings to next_crossing,
    which is asked where the character may act.
    """
    s = state
    related = s.relatedness
    seeks = attachment_threshold(s)
    met_ms = s.met_ms + ABSENCE_MS
    if (  # most turns leave nothing that may urge
        strength > OVERFLOW
        or s.stress > STRESS_OVERFLOW
        or related < NEED_LOW
        or s.competence < NEED_LOW
        or s.autonomy < NEED_LOW
        or (related < seeks and s.at_ms >= met_ms)
    ):
        held = _urges(params, s, strength)
        if held:
            return ProactiveHint(CHECK_MS, list(dict.fromkeys(urge.trigger for urge in held)), [])
    at_ms = _sunk_ms(params, s, seeks)
    trigger: Trigger = "attachment_seeking"
    if at_ms <= met_ms or seeks < _FIRST:  # else closeness sinks below the lower threshold later, and too late
        at_ms = at_ms if at_ms > met_ms else met_ms
        need_ms = _sunk_ms(params, s, NEED_LOW)
        if need_ms < at_ms:
            at_ms, trigger = need_ms, "need_deficit"
    if trigger == "attachment_seeking" and related < seeks and flow(params, s, at_ms).relatedness >= seeks:
        return ProactiveHint(None, [], [])  # it rises past a low threshold before it is missed
    if at_ms - s.at_ms > FAR_MS:
        return ProactiveHint(None, [], [])
    return ProactiveHint(at_ms - s.at_ms, [trigger], [])
