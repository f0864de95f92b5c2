"""The next crossing against brute force: the flow stepped through until something presses, over characters that came
to their states through turns.

Single stories of urges and hysteresis are in tests/unit/engine/test_proactive.py.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from molroo_actor.engine import (
    Appraisal,
    Baseline,
    Calibration,
    EmotionConfig,
    Identity,
    Params,
    Persona,
    Personality,
    Reading,
    State,
    Stimulus,
    Trigger,
    derive,
    flow,
    initial_state,
    next_crossing,
    pressing,
    step,
    unrecovered,
)
from molroo_actor.engine.overflow import Overflow, _between, displayed, holds, is_quiet, may_hold
from molroo_actor.engine.proactive import EVERY, TRIGGER_OF, hint

S_MS = 1_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
TEN_YEARS_MS = 3_650 * DAY_MS

law = settings(max_examples=120, deadline=None)

unit = st.floats(0.0, 1.0)
signed = st.floats(-1.0, 1.0)
personalities = st.builds(Personality, O=unit, C=unit, E=unit, A=unit, N=unit, H=unit)
appraisals = st.builds(
    Appraisal,
    goal_relevance=unit,
    goal_congruence=signed,
    expectedness=unit,
    controllability=unit,
    agency=signed,
    norm_compatibility=signed,
    internal_standards=signed | st.none(),
    adjustment_potential=unit | st.none(),
    urgency=unit | st.none(),
)
stimuli = st.builds(
    Stimulus, reading=st.builds(Reading, appraisal=appraisals, loss=unit), source=st.sampled_from(("user", "system"))
)


class Case(NamedTuple):
    """What `next_crossing` is asked."""

    params: Params
    state: State
    allowed: frozenset[Trigger]
    spent: tuple[str, ...]
    from_ms: int | None


def _event(gr: float, gc: float, ex: float, ct: float, ag: float, nc: float, loss: float = 0.0) -> Stimulus:
    return Stimulus(Reading(Appraisal(gr, gc, ex, ct, ag, nc), loss=loss))


BLOWS = (
    _event(1.0, -1.0, 0.0, 0.1, -1.0, -1.0),
    _event(1.0, -1.0, 0.2, 0.0, -0.2, 0.0, loss=1.0),
    _event(1.0, -0.8, 0.1, 0.8, -1.0, -1.0),
)
JOYS = (_event(1.0, 1.0, 0.0, 0.8, -1.0, 1.0), _event(0.9, 0.6, 0.5, 0.6, -0.6, 0.5))

personas = st.builds(
    Persona,
    identity=st.just(Identity("Mia")),
    personality=personalities,
    emotion_config=st.builds(
        EmotionConfig,
        baseline=st.none() | st.builds(Baseline, V=signed, A=unit, D=signed),
        reactivity=st.floats(0.1, 3.0) | st.just(3.0),
        persistence=st.floats(0.1, 5.0) | st.sampled_from((0.1, 5.0)),
    ),
    calibration=st.builds(
        Calibration,
        turnScale=st.none() | st.sampled_from((0.0, 1e-300, 1e-6, 0.01, 60.0, 1000.0)) | st.floats(0.1, 9.0),
    ),
)
turns = st.sampled_from(BLOWS + JOYS) | stimuli
minutes = st.integers(0, 600 * S_MS)
gaps = minutes | st.integers(0, 30 * HOUR_MS) | st.integers(0, 90 * DAY_MS)
storms = st.tuples(
    st.tuples(st.sampled_from(BLOWS), st.integers(5, 30), minutes),
    st.tuples(st.sampled_from(JOYS), st.integers(0, 4), minutes),
).map(list)
lives = st.lists(st.tuples(turns, st.integers(1, 12), gaps), max_size=5) | storms
triggers = st.just(EVERY) | st.frozensets(st.sampled_from(sorted(EVERY)))
reasons = st.just(()) | st.sets(st.sampled_from(sorted(TRIGGER_OF))).map(lambda found: tuple(sorted(found)))
delays = st.none() | st.just(0) | gaps | st.integers(0, TEN_YEARS_MS)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    params = derive(draw(personas))
    state = initial_state(params, 0)
    for stimulus, times, gap_ms in draw(lives):
        for _ in range(times):
            state = step(params, state, stimulus, state.at_ms + gap_ms).state
    if draw(st.booleans()):
        state = flow(params, state, state.at_ms + draw(gaps))
    delay_ms = draw(delays)
    return Case(params, state, draw(triggers), draw(reasons), None if delay_ms is None else state.at_ms + delay_ms)


def moments(case: Case, until_ms: int) -> Iterator[int]:
    """Session times to look at: a fiftieth of the emotion's half-life apart, then hours, then days of its life."""
    pace = case.params.pace or 1.0
    at_ms = float(case.state.at_ms)
    for width, times in (
        (case.state.half_h * HOUR_MS / 50, 600),
        (HOUR_MS, 24 * 30),
        (DAY_MS, 365),
        (90 * DAY_MS, 40),
    ):
        for _ in range(times):
            at_ms += max(1.0, width / pace)
            if at_ms >= until_ms:
                return
            yield int(at_ms)


def first_by_steps(case: Case, found_ms: int | None) -> int | None:
    """The first moment that is seen to press, in coarse steps and in steps of a second around `found_ms`."""
    params, state, allowed, spent, from_ms = case
    start_ms = state.at_ms if from_ms is None else max(state.at_ms, from_ms)
    end_ms = start_ms + TEN_YEARS_MS
    times = [state.at_ms, *moments(case, end_ms)]
    if found_ms is not None:
        times = times[: bisect_left(times, found_ms)]
        near_ms = max(start_ms, found_ms - (found_ms - start_ms) % S_MS - 40 * S_MS)  # whole seconds after the start
        times += range(near_ms, near_ms + 43 * S_MS, S_MS)
    times += (start_ms, end_ms)
    if found_ms is None:
        times.append(state.met_ms + 6 * HOUR_MS)
    left = spent
    for at_ms in sorted(set(times)):
        if at_ms > end_ms or at_ms < state.at_ms:
            continue
        s = flow(params, state, at_ms)
        left = unrecovered(params, s, left)
        if at_ms >= start_ms and pressing(params, s, allowed, left) is not None:
            return at_ms
    return None


def difference_ms(case: Case) -> int | None:
    """How far the solution is from what steps find; None when both find nothing."""
    crossing = next_crossing(*case)
    stepped = first_by_steps(case, None if crossing is None else crossing.at_ms)
    if crossing is None:
        assert stepped is None, f"missed {stepped}"
        return None
    assert stepped is not None, f"{crossing} is none"
    urge = pressing(case.params, flow(case.params, case.state, stepped), case.allowed, ())
    assert urge is not None
    return stepped - crossing.at_ms


@law
@given(cases())
def test_the_next_crossing_is_the_first_moment_that_presses(case: Case) -> None:
    difference = difference_ms(case)
    assert difference is None or 0 <= difference <= S_MS


@law
@given(cases())
def test_at_the_crossing_its_reason_holds_by_the_flow_that_the_day_goes_by(case: Case) -> None:
    params, state, allowed, spent, from_ms = case
    crossing = next_crossing(*case)
    if crossing is None:
        return
    assert crossing.at_ms >= max(state.at_ms, from_ms or 0)
    urge = pressing(params, flow(params, state, crossing.at_ms), allowed, set(spent) - {crossing.reason})
    assert urge is not None
    assert TRIGGER_OF[crossing.reason] in allowed


@law
@given(cases())
def test_the_hint_of_a_turn_says_what_the_solution_says_of_closeness(case: Case) -> None:
    params, state = case.params, case.state
    told = hint(params, state, displayed(params, state))
    if pressing(params, state, EVERY, ()) is not None:
        return
    crossing = next_crossing(params, state, frozenset(("attachment_seeking", "need_deficit")))
    if crossing is None:
        assert told.next_check_after_ms is None
        return
    assert told.potential_triggers == [TRIGGER_OF[crossing.reason]]
    assert told.next_check_after_ms is not None
    assert abs(told.next_check_after_ms - (crossing.at_ms - state.at_ms)) <= S_MS


@law
@given(cases(), st.lists(st.floats(0.0, 60.0), min_size=2, max_size=40))
def test_what_cannot_hold_between_two_moments_holds_at_none_of_them(case: Case, half_lives: list[float]) -> None:
    params, state = case.params, case.state
    pace = max(params.pace, 1e-6)
    times = sorted(state.at_ms + int(each * state.half_h * HOUR_MS / pace) for each in half_lives)
    seen = [flow(params, state, at_ms) for at_ms in times]
    for reason in get_args(Overflow):
        held = any(holds(params, s, reason) for s in seen)
        assert may_hold(params, seen[0], seen[-1], reason) or not held
        assert not is_quiet(params, seen[0], displayed(params, seen[0])) or not held


@law
@given(cases(), st.lists(st.floats(0.0, 60.0), min_size=2, max_size=40))
def test_an_emotion_on_its_way_stays_between_what_its_ends_allow(case: Case, half_lives: list[float]) -> None:
    params, state = case.params, case.state
    pace = max(params.pace, 1e-6)
    seen = [flow(params, state, state.at_ms + int(each * state.half_h * HOUR_MS / pace)) for each in sorted(half_lives)]
    first, last = seen[0], seen[-1]
    for emotion, mood in (("v", "mv"), ("a", "ma"), ("d", "md")):
        low, high = _between(*(getattr(s, name) for name in (emotion, mood) for s in (first, last)))
        assert all(low - 1e-12 <= getattr(s, emotion) <= high + 1e-12 for s in seen)
