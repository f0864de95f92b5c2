"""When an emotion overflows by itself: never for sure, or from which moment on.

Relies on what dynamics.py and regulation.py show, and on four facts: the emotion follows the mood (e' is m - e times a
positive rate) and the mood goes straight to the baseline; stress above STRESS_OVERFLOW falls, and closeness and what
one is used to of it go straight to RELATED_REST; intensity is the root of a sum of squares, of v less what is missed,
of a and of d, each of them largest at an end of whatever interval these are in; a regulation at work is over once v
has risen to END below the baseline. Not here: closeness and the other needs (proactive.py).
"""

from collections.abc import Iterator
from typing import Final, Literal

from msgspec.structs import replace

from molroo_actor.engine.dynamics import RELATED_REST, flow, intensity, largest_intensity, missed
from molroo_actor.engine.params import Params
from molroo_actor.engine.regulation import END, active
from molroo_actor.engine.state import State

Overflow = Literal["emotion_overflow", "stress_overflow"]

OVERFLOW, STRESS_OVERFLOW = 0.80, 0.85
HYSTERESIS: Final = 0.05
MS_PER_H: Final = 3_600_000.0
FAR_MS: Final = 315_360_000_000  # ten years: beyond it nobody waits
_FINE_MS: Final = 1000  # an overflow that lasts for less is none
_GLANCES: Final = 16  # a span, for whether a feeling has come down


def displayed(params: Params, s: State) -> float:
    """How strong the feeling shows, [0, 1], while nothing regulates it; when something does, nothing overflows."""
    return intensity(params, s.v, s.a, s.d, missed(s.relatedness, s.used))


def is_quiet(params: Params, state: State, strength: float) -> bool:
    """Whether no feeling to come will overflow for sure, from a state whose displayed intensity is `strength`.

    Each dimension stays between emotion, mood and baseline, and what is missed between its ends; quick, because every
    turn asks.
    """
    s = state
    if s.stress > STRESS_OVERFLOW or strength > OVERFLOW:
        return False
    related, used = s.relatedness, s.used
    near, far = (related, RELATED_REST) if related > RELATED_REST else (RELATED_REST, related)
    more, less = (used, RELATED_REST) if used > RELATED_REST else (RELATED_REST, used)
    v = s.v
    if s.reg is not None and v < params.bv - END:
        v = params.bv - END  # below it, it is regulated
    bound = largest_intensity(
        params,
        _reach(v, s.mv, params.bv),
        _reach(s.a, s.ma, params.ba),
        _reach(s.d, s.md, params.bd),
        (missed(near, less), missed(far, more)),
    )
    return bound <= OVERFLOW


def _reach(emotion: float, mood: float, rest: float) -> tuple[float, float]:
    """(least, most) of an emotion on its way through the mood to rest."""
    least, most = (emotion, mood) if emotion < mood else (mood, emotion)
    return rest if rest < least else least, rest if rest > most else most


def next_overflow(params: Params, origin: State, s: State, reason: Overflow) -> int | None:
    """The first moment after `s`, a flow of `origin` in which it does not hold, at which an overflow does; None: never.

    The emotion sinks back into an extreme mood, or regulation ends while there is still too much of it. Exact to a
    millisecond by the flow of `origin`; one that lasts for less than a second may be passed over.
    """
    if reason == "stress_overflow" and s.stress <= STRESS_OVERFLOW:
        return None
    for low, high in _spans(params, origin, s):
        at_ms = _within(params, origin, low, high, reason)
        if at_ms is not None:
            return at_ms
    return None


def comes_down(params: Params, state: State) -> int | None:
    """A moment at which an emotion that overflowed has recovered, the first by a glance now and then; None when it
    will not overflow again after it.
    """
    for low, high in _spans(params, state, state):
        width = high.at_ms - low.at_ms
        for i in range(_GLANCES):
            at_ms = low.at_ms + width * i // _GLANCES
            if displayed(params, flow(params, state, at_ms)) <= OVERFLOW - HYSTERESIS:
                return at_ms
    return None


def _spans(params: Params, origin: State, s: State) -> Iterator[tuple[State, State]]:
    """Pairs of moments from `s` on, each twice as far apart as those before, until the feeling can overflow no more."""
    if params.pace <= 0.0:
        return
    stride = max(1, int(min(s.half_h * MS_PER_H / params.pace / 4.0, FAR_MS)))
    low = s
    while low.at_ms - s.at_ms <= FAR_MS and not is_quiet(params, low, displayed(params, low)):
        high = flow(params, origin, low.at_ms + stride)
        yield low, high
        low, stride = high, 2 * stride


def _within(params: Params, origin: State, low: State, high: State, reason: Overflow) -> int | None:
    """The first moment in (low, high] at which an overflow holds: halves whatever may have one in it."""
    fine_ms = max(1, int(_FINE_MS / max(1.0, params.pace)))
    todo = [(low, high)]
    while todo:
        low, high = todo.pop()
        if not may_hold(params, low, high, reason):
            continue
        if high.at_ms - low.at_ms > fine_ms:
            middle = flow(params, origin, (low.at_ms + high.at_ms) // 2)
            todo += ((middle, high), (low, middle))
        elif holds(params, high, reason):
            return _bisect(params, origin, low.at_ms, high.at_ms, reason)
    return None


def holds(params: Params, s: State, reason: Overflow) -> bool:
    """Whether there is too much of it and nothing regulates it."""
    over = s.stress > STRESS_OVERFLOW if reason == "stress_overflow" else displayed(params, s) > OVERFLOW
    return over and active(params, s) is None


def may_hold(params: Params, low: State, high: State, reason: Overflow) -> bool:
    """Whether an overflow may hold anywhere between two moments of one flow. Never wrong when it says no."""
    below, above = _between(low.v, high.v, low.mv, high.mv)
    if low.reg is not None and active(params, replace(low, v=above)) is not None:
        return False
    if reason == "stress_overflow":
        return low.stress > STRESS_OVERFLOW
    lack = (
        missed(max(low.relatedness, high.relatedness), min(low.used, high.used)),
        missed(min(low.relatedness, high.relatedness), max(low.used, high.used)),
    )
    a, d = _between(low.a, high.a, low.ma, high.ma), _between(low.d, high.d, low.md, high.md)
    return largest_intensity(params, (below, above), a, d, lack) > OVERFLOW


def _between(e0: float, e1: float, m0: float, m1: float) -> tuple[float, float]:
    """(least, most) of an emotion that goes from e0 to e1 while its mood goes straight from m0 to m1: it turns at most
    once, where it meets the mood.
    """
    if (e0 < m0) == (e1 < m1):
        return (e0, e1) if e0 < e1 else (e1, e0)
    return min(e0, e1, m0, m1), max(e0, e1, m0, m1)


def _bisect(params: Params, origin: State, low: int, high: int, reason: Overflow) -> int:
    """The first ms in (low, high] at which an overflow holds; it does at `high`."""
    while high - low > 1:
        middle = (low + high) // 2
        if holds(params, flow(params, origin, middle), reason):
            high = middle
        else:
            low = middle
    return high
