"""When a character wants to speak of itself: what urges it now, and when time alone will.

Every quantity relaxes in closed form, so the next crossing of a threshold is solved, not polled. Here: the urges,
their thresholds and hysteresis. Not here: cooldown, quiet hours and daily maximum (they go by the wall clock, the
runtime keeps them), nor what the character says (outreach.py).
"""

from collections.abc import Collection, Iterator
from itertools import product
from math import log
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from molroo_actor.engine.dynamics import RELATED_REST, flow, intensity, rate_relatedness
from molroo_actor.engine.params import Params
from molroo_actor.engine.regulation import END, active
from molroo_actor.engine.state import State
from molroo_actor.engine.values import ProactiveHint, Trigger

NEED_LOW: Final = 0.30
OVERFLOW, STRESS_OVERFLOW = 0.80, 0.85
HYSTERESIS: Final = 0.05
ABSENCE_MS: Final = 6 * 3_600_000  # closeness is missed only once the user has been away for a while
CHECK_MS: Final = 60_000  # an urge that holds is looked at again after a minute
_MS_PER_H: Final = 3_600_000.0
_FAR_MS: Final = 315_360_000_000  # ten years: beyond it nobody waits
_FINE_MS: Final = 1000  # an overflow that lasts for less is none
_GLANCES: Final = 16  # a span, for whether a feeling has come down
_OVERFLOW_SQUARED: Final = OVERFLOW * OVERFLOW

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
    return _urges(params, state, _displayed(params, state))


def _displayed(params: Params, s: State) -> float:
    """How strong the feeling shows, [0, 1], while nothing regulates it; when something does, nothing overflows."""
    return intensity(params, s.v, s.a, s.d, s.relatedness)


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
        "emotion_overflow": _displayed(params, s) > OVERFLOW - HYSTERESIS,
        "stress_overflow": s.stress > STRESS_OVERFLOW - HYSTERESIS,
    }
    return tuple(reason for reason in spent if still[reason])


def spend(params: Params, state: State, reason: str, spent: Collection[str]) -> tuple[str, ...]:
    """What is spent once the character has acted for `reason`; with one want of closeness goes the other."""
    gone = _FROM_CLOSENESS if reason in _FROM_CLOSENESS else (reason,)
    return tuple(sorted({*unrecovered(params, state, spent), *gone}))


# -- what time alone will bring ----------------------------------------------------------------------------------------
#
# Relies on what dynamics.py and regulation.py show, and on four facts: relatedness goes exponentially to RELATED_REST,
# stress falls; the emotion follows the mood (e' is m - e times a positive rate) and the mood goes straight to the
# baseline; intensity is the root of a sum of squares, of v with relatedness, of a and of d, each of them largest at an
# end of whatever intervals these are in; a regulation at work is over once v has risen to END below the baseline.


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
        down_ms = _comes_down(params, state)
        if down_ms is not None:
            armed = flow(params, state, max(s.at_ms, down_ms))
            wanted.add("emotion_overflow")
    for urge in urges(params, s):
        if urge.reason in wanted and (armed.at_ms == s.at_ms or urge.reason != "emotion_overflow"):
            return Crossing(s.at_ms, urge.reason)
    found = [each for each in _to_come(params, state, s, armed, wanted) if each.at_ms - s.at_ms <= _FAR_MS]
    return min(found, key=lambda crossing: crossing.at_ms, default=None)


def _to_come(params: Params, origin: State, s: State, armed: State, wanted: Collection[str]) -> Iterator[Crossing]:
    """Where each wanted reason begins to hold after `s`, in which none does; `s` and `armed` are flows of `origin`."""
    if "emotion_overflow" in wanted:
        yield from _swells(params, origin, armed, "emotion_overflow")
    if "stress_overflow" in wanted:
        yield from _swells(params, origin, s, "stress_overflow")
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
    rate = rate_relatedness(s.anxiety) * params.pace / _MS_PER_H
    if threshold > RELATED_REST and rate > 0.0:
        wait_ms = log((s.relatedness - RELATED_REST) / (threshold - RELATED_REST)) / rate
        if wait_ms < _FAR_MS:
            return s.at_ms + int(wait_ms) + 1
    return s.at_ms + 2 * _FAR_MS


def _sinks(params: Params, origin: State, at_ms: int, threshold: float, reason: str) -> Iterator[Crossing]:
    """The crossing at about `at_ms`, where relatedness is below the threshold by the flow itself and not only by the
    solution of it; none when it has risen above it by then.
    """
    stride = 1
    while at_ms - origin.at_ms <= 2 * _FAR_MS:
        if flow(params, origin, at_ms).relatedness < threshold:
            yield Crossing(at_ms, reason)
            return
        at_ms += stride
        stride *= 2


def _swells(params: Params, origin: State, s: State, reason: str) -> Iterator[Crossing]:
    """The first moment after `s`, in which it does not hold, at which an overflow does: the emotion sinks back into an
    extreme mood, or regulation ends while there is still too much of it.
    """
    for low, high in _spans(params, origin, s):
        if reason == "stress_overflow" and low.stress <= STRESS_OVERFLOW:
            return
        at_ms = _within(params, origin, low, high, reason)
        if at_ms is not None:
            yield Crossing(at_ms, reason)
            return


def _comes_down(params: Params, state: State) -> int | None:
    """A moment at which an emotion that overflowed has recovered, the first by a glance now and then; None when it
    will not overflow again after it.
    """
    for low, high in _spans(params, state, state):
        width = high.at_ms - low.at_ms
        for i in range(_GLANCES):
            at_ms = low.at_ms + width * i // _GLANCES
            if _displayed(params, flow(params, state, at_ms)) <= OVERFLOW - HYSTERESIS:
                return at_ms
    return None


def _spans(params: Params, origin: State, s: State) -> Iterator[tuple[State, State]]:
    """Pairs of moments from `s` on, each twice as far apart as those before, until the feeling can overflow no more."""
    if params.pace <= 0.0:
        return
    stride = max(1, int(min(s.half_h * _MS_PER_H / params.pace / 4.0, _FAR_MS)))
    low = s
    while low.at_ms - s.at_ms <= _FAR_MS and not _quiet(params, low, _displayed(params, low)):
        high = flow(params, origin, low.at_ms + stride)
        yield low, high
        low, stride = high, 2 * stride


def _within(params: Params, origin: State, low: State, high: State, reason: str) -> int | None:
    """The first moment in (low, high] at which an overflow holds: halves whatever may have one in it."""
    fine_ms = max(1, int(_FINE_MS / max(1.0, params.pace)))
    todo = [(low, high)]
    while todo:
        low, high = todo.pop()
        if not _may_hold(params, low, high, reason):
            continue
        if high.at_ms - low.at_ms > fine_ms:
            middle = flow(params, origin, (low.at_ms + high.at_ms) // 2)
            todo += ((middle, high), (low, middle))
        elif _holds(params, high, reason):
            return _bisect(params, origin, low.at_ms, high.at_ms, reason)
    return None


def _holds(params: Params, s: State, reason: str) -> bool:
    over = s.stress > STRESS_OVERFLOW if reason == "stress_overflow" else _displayed(params, s) > OVERFLOW
    return over and active(params, s) is None


def _may_hold(params: Params, low: State, high: State, reason: str) -> bool:
    """Whether an overflow may hold anywhere between two moments of one flow. Never wrong when it says no."""
    below, above = _between(low.v, high.v, low.mv, high.mv)
    if low.reg is not None and active(params, replace(low, v=above)) is not None:
        return False
    if reason == "stress_overflow":
        return low.stress > STRESS_OVERFLOW
    return any(
        intensity(params, v, a, d, related) > OVERFLOW
        for v, a, d, related in product(
            (below, above),
            _between(low.a, high.a, low.ma, high.ma),
            _between(low.d, high.d, low.md, high.md),
            (low.relatedness, high.relatedness),
        )
    )


def _between(e0: float, e1: float, m0: float, m1: float) -> tuple[float, float]:
    """(least, most) of an emotion that goes from e0 to e1 while its mood goes straight from m0 to m1: it turns at most
    once, where it meets the mood.
    """
    if (e0 < m0) == (e1 < m1):
        return (e0, e1) if e0 < e1 else (e1, e0)
    return min(e0, e1, m0, m1), max(e0, e1, m0, m1)


def _bisect(params: Params, origin: State, low: int, high: int, reason: str) -> int:
    """The first ms in (low, high] at which an overflow holds; it does at `high`."""
    while high - low > 1:
        middle = (low + high) // 2
        if _holds(params, flow(params, origin, middle), reason):
            high = middle
        else:
            low = middle
    return high


def _quiet(params: Params, state: State, strength: float) -> bool:
    """Whether no feeling to come will overflow for sure, from a state whose displayed intensity is `strength`.

    Each dimension stays between emotion, mood and baseline, so the squares of the three intensities together bound
    what any mixture of them shows. Quick, because every turn asks.
    """
    s = state
    if s.stress > STRESS_OVERFLOW:
        return False
    low = s.relatedness if s.relatedness < RELATED_REST else RELATED_REST
    v = s.v
    if s.reg is not None and v < params.bv - END:
        v = params.bv - END  # below it, it is regulated
    if v < params.bv:
        strength = intensity(params, v, s.a, s.d, low)
    mood = intensity(params, s.mv, s.ma, s.md, low if s.mv < params.bv else s.relatedness)
    rest = intensity(params, params.bv, params.ba, params.bd, low)
    return strength * strength + mood * mood + rest * rest <= _OVERFLOW_SQUARED


def hint(params: Params, state: State, strength: float) -> ProactiveHint:
    """What to tell a client whoever may act: what holds now in a state whose displayed intensity is `strength`, and
    when to look again.
    """
    s = state
    met_ms, seeks = s.met_ms + ABSENCE_MS, attachment_threshold(s)
    if (
        strength <= OVERFLOW
        and s.relatedness >= NEED_LOW
        and s.competence >= NEED_LOW
        and s.autonomy >= NEED_LOW
        and (s.relatedness >= seeks or s.at_ms < met_ms)
        and _quiet(params, s, strength)
    ):
        at_ms = _sunk_ms(params, s, seeks)
        trigger: Trigger = "attachment_seeking"
        if at_ms < met_ms or seeks < NEED_LOW:
            at_ms = max(at_ms, met_ms)
            other_ms = _sunk_ms(params, s, NEED_LOW)
            if other_ms < at_ms:
                at_ms, trigger = other_ms, "need_deficit"
        if at_ms - s.at_ms > _FAR_MS:
            return ProactiveHint(None, [], [])
        return ProactiveHint(at_ms - s.at_ms, [trigger], [])
    held = _urges(params, s, strength)
    if held:
        return ProactiveHint(CHECK_MS, list(dict.fromkeys(urge.trigger for urge in held)), [])
    crossing = next_crossing(params, s)
    if crossing is None:
        return ProactiveHint(None, [], [])
    return ProactiveHint(crossing.at_ms - s.at_ms, [TRIGGER_OF[crossing.reason]], [])
