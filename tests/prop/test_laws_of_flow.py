"""What time alone does to a character, whoever it is and whatever it has lived through."""

from math import isclose

import msgspec
import pytest
from msgspec.structs import asdict

from molroo_actor.engine import (
    appraise,
    flow,
    next_crossing,
    observe,
    relationship_report,
    render_prompt,
    system_prompt,
    urges,
)
from molroo_actor.engine.dynamics import RELATED_REST, SELF_REST, STRESS_REST, half_life
from tests.prop.law import law
from tests.prop.strategies import TEN_YEARS_MS, Case, emotion, finite, numbers

_LN2 = 0.6931471805599453


@law
def test_flowing_twice_is_flowing_once(case: Case) -> None:
    params, state = case.character()
    a, b = case.span_ms(), case.span_ms()
    once = flow(params, state, state.at_ms + a + b)
    twice = flow(params, flow(params, state, state.at_ms + a), state.at_ms + a + b)
    for name, x in asdict(once).items():
        y = getattr(twice, name)
        assert abs(x - y) <= 1e-12 if isinstance(x, float) else x == y, name


@law
def test_many_small_flows_are_one_large_flow(case: Case) -> None:
    params, state = case.character()
    k, span = case.whole(2, 30), case.span_ms(TEN_YEARS_MS // 30)
    once = flow(params, state, state.at_ms + k * span)
    for _ in range(k):
        state = flow(params, state, state.at_ms + span)
    assert all(isclose(x, y, abs_tol=1e-12) for x, y in zip(numbers(once), numbers(state), strict=True))


@law
def test_no_time_and_time_running_back_change_nothing(case: Case) -> None:
    params, state = case.character()
    assert flow(params, state, state.at_ms) is state
    assert flow(params, state, state.at_ms - case.span_ms()) is state


@law
def test_in_the_end_the_emotion_rests_at_the_baseline(case: Case) -> None:
    params, state = case.character()
    if params.pace < 0.1:
        case.none_here()  # ten years are not the end for a character that lives in slow motion
    rest = (params.bv, params.ba, params.bd)
    end = flow(params, state, state.at_ms + TEN_YEARS_MS)
    assert emotion(end) == pytest.approx(rest, abs=1e-9)
    assert (end.mv, end.ma, end.md) == pytest.approx(rest, abs=1e-9)


@law
def test_the_flow_stays_between_emotion_mood_and_baseline(case: Case) -> None:
    params, state = case.character()
    later = flow(params, state, state.at_ms + case.span_ms())
    rest = (params.bv, params.ba, params.bd)
    for e, m, b, x in zip(emotion(state), (state.mv, state.ma, state.md), rest, emotion(later), strict=True):
        assert min(e, m, b) - 1e-12 <= x <= max(e, m, b) + 1e-12


@law
def test_idle_time_never_lowers_energy(case: Case) -> None:
    params, state = case.character()
    assert flow(params, state, state.at_ms + case.span_ms()).energy >= state.energy - 1e-15


@law
def test_stress_needs_and_closeness_go_to_their_rest_and_not_past_it(case: Case) -> None:
    params, state = case.character()
    later = flow(params, state, state.at_ms + case.span_ms())
    for before, after, rest in (
        (state.stress, later.stress, STRESS_REST),
        (state.autonomy, later.autonomy, SELF_REST),
        (state.competence, later.competence, SELF_REST),
        (state.relatedness, later.relatedness, RELATED_REST),
    ):
        assert min(before, rest) - 1e-15 <= after <= max(before, rest) + 1e-15


@law
def test_the_emotion_is_always_faster_than_the_mood(case: Case) -> None:
    params, state = case.character()
    mood_h = _LN2 / params.rate_m
    assert 0.0 < state.half_h < mood_h
    gr, gc, loss, ur, own = case.unit(), case.signed(), case.unit(), case.unit(), case.signed()
    assert 0.0 < half_life(params, gr, gc, loss, ur, own) < mood_h


@law
def test_looking_changes_nothing_and_says_the_same_twice(case: Case) -> None:
    params, state = case.character()
    now, text = state.at_ms + case.span_ms(), case.sentence()
    before = msgspec.msgpack.encode(state), msgspec.msgpack.encode(system_prompt(params))

    def looked() -> tuple[object, ...]:
        return (
            observe(params, state, now),
            relationship_report(params, state, now),
            render_prompt(params, state, text),
            appraise(text, "user", params, state),
            next_crossing(params, state),
        )

    first, second = looked(), looked()
    assert first == second
    assert finite(first)
    assert (msgspec.msgpack.encode(state), msgspec.msgpack.encode(system_prompt(params))) == before


@law
def test_the_next_crossing_is_the_first_moment_at_which_its_reason_holds(case: Case) -> None:
    params, state = case.character()
    state = flow(params, state, state.at_ms + case.span_ms())
    crossing = next_crossing(params, state)
    if crossing is None:
        case.none_here()
    assert crossing.at_ms >= state.at_ms
    assert crossing.reason in {urge.reason for urge in urges(params, flow(params, state, crossing.at_ms))}
    if crossing.at_ms > state.at_ms:
        before = flow(params, state, crossing.at_ms - 1)
        assert crossing.reason not in {urge.reason for urge in urges(params, before)}
