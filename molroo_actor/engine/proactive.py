"""When a character may want to speak of itself.

Every quantity relaxes in closed form, so the next crossing of a threshold is solved, not polled. Here: which
triggers hold and when the next one will. Not here: preferences, cooldown, messages and their delivery.
"""

from math import log

from msgspec import Struct

from molroo_actor.engine.dynamics import RELATED_REST, rate_relatedness
from molroo_actor.engine.params import Params
from molroo_actor.engine.state import State
from molroo_actor.engine.values import ProactiveHint, Trigger

NEED_LOW = 0.30
OVERFLOW, STRESS_OVERFLOW = 0.80, 0.85
ABSENCE_MS = 6 * 3_600_000  # closeness is missed only once the user has been away for a while
CHECK_MS = 60_000  # a trigger that holds is looked at again after a minute
_MS_PER_H = 3_600_000.0
_FAR_MS = 315_360_000_000  # ten years: beyond it nobody waits


class Crossing(Struct, frozen=True, gc=False):
    """The next moment at which a trigger begins to hold: session ms, never before the state's own time."""

    at_ms: int
    trigger: Trigger


def attachment_threshold(state: State) -> float:
    """Relatedness below which this character seeks the user, [.2, .6]."""
    return 0.35 + 0.25 * state.anxiety - 0.15 * state.avoidance


def holding(state: State, strength: float) -> list[Trigger]:
    """The triggers that hold in the state, whose displayed intensity is `strength`."""
    found: list[Trigger] = []
    if state.relatedness < attachment_threshold(state) and state.at_ms - state.met_ms >= ABSENCE_MS:
        found.append("attachment_seeking")
    if state.relatedness < NEED_LOW or state.competence < NEED_LOW or state.autonomy < NEED_LOW:
        found.append("need_deficit")
    if (strength > OVERFLOW or state.stress > STRESS_OVERFLOW) and state.reg is None:
        found.append("emotional_overflow")
    return found


def _wait_h(state: State, threshold: float) -> float | None:
    """Hours until relatedness sinks below the threshold; 0 when it is below, None when it never will be."""
    related = state.relatedness
    if related < threshold:
        return 0.0
    if threshold <= RELATED_REST:
        return None
    return log((related - RELATED_REST) / (threshold - RELATED_REST)) / rate_relatedness(state.anxiety)


def next_crossing(params: Params, state: State) -> Crossing | None:
    """The next trigger that time alone will bring and when; None when none is to come within ten years.

    Only closeness sinks by itself; competence and autonomy rise to .5, emotion and stress to their rest. A trigger
    that holds already is not to come.
    """
    pace = params.pace
    if pace <= 0.0:
        return None
    now = state.at_ms
    first = now + _FAR_MS
    trigger: Trigger | None = None
    wait = _wait_h(state, attachment_threshold(state))
    if wait is not None:
        at = max(now + int(wait * _MS_PER_H / pace), state.met_ms + ABSENCE_MS)
        if now < at < first:
            first, trigger = at, "attachment_seeking"
    wait = _wait_h(state, NEED_LOW)
    if wait:
        at = now + int(wait * _MS_PER_H / pace) + 1
        if at < first:
            first, trigger = at, "need_deficit"
    return None if trigger is None else Crossing(first, trigger)


def hint(params: Params, state: State, strength: float) -> ProactiveHint:
    """What to tell a client: what holds now, when to look again."""
    found = holding(state, strength)
    if found:
        return ProactiveHint(CHECK_MS, found, [])
    crossing = next_crossing(params, state)
    if crossing is None:
        return ProactiveHint(None, [], [])
    return ProactiveHint(crossing.at_ms - state.at_ms, [crossing.trigger], [])
