"""The flow against the equations it solves, and the pushes of events."""

import pytest
from msgspec.structs import replace

from molroo_actor.engine import Params, State, flow
from molroo_actor.engine.dynamics import give_way, shift

HOUR_MS = 3_600_000
LN2 = 0.6931471805599453


def test_the_flow_solves_the_equations_of_emotion_and_mood(params: Params, fresh: State) -> None:
    """e' = -le(e - m), m' = -lm(m - b), integrated by small steps (midpoint rule)."""
    state = replace(fresh, v=0.8, mv=-0.4, half_h=0.7)
    rate_e, rate_m, b = LN2 / 0.7, params.rate_m, params.bv
    e, m, h = 0.8, -0.4, 1 / 2000
    for _ in range(2 * 2000):
        half_e, half_m = e - 0.5 * h * rate_e * (e - m), m - 0.5 * h * rate_m * (m - b)
        e, m = e - h * rate_e * (half_e - half_m), m - h * rate_m * (half_m - b)
    solved = flow(params, state, 2 * HOUR_MS)
    assert (solved.v, solved.mv) == (pytest.approx(e, abs=1e-7), pytest.approx(m, abs=1e-7))


def test_after_one_half_life_half_of_the_emotion_is_left(params: Params, fresh: State) -> None:
    state = replace(fresh, v=0.8, stress=0.85, energy=0.0, half_h=3.0)
    later = flow(params, state, 3 * HOUR_MS)
    assert later.v == pytest.approx(0.4)
    assert later.stress == pytest.approx(0.45)
    assert flow(params, state, 6 * HOUR_MS).energy == pytest.approx(0.5)


def test_a_push_from_rest_lands_where_the_scale_says() -> None:
    assert shift(0.0, 1.0) == 0.5
    assert shift(0.5, 1.0) == pytest.approx(2 / 3)
    assert shift(0.0, -1.0) == -0.5


def test_an_emotion_at_the_very_edge_can_still_be_pushed_back() -> None:
    assert shift(1.0, -400.0) < 0.0
    assert shift(-1.0, 400.0) > 0.0


def test_what_gives_way_does_not_jump_where_a_push_changes_its_sign() -> None:
    assert give_way(-0.5, 1e-9, 1.0) == pytest.approx(give_way(-0.5, -1e-9, 1.0), abs=1e-8)
    assert give_way(0.8, -1.0, 0.0) == pytest.approx(0.8 / 2.6)
