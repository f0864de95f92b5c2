"""The flow against the equations it solves, the pushes of events, and what weighs on a feeling."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from molroo_actor.engine import Params, State, flow, observe
from molroo_actor.engine.dynamics import adjusted_square, felt, give_way, half_life, impulse, intensity, shift
from molroo_actor.engine.needs import accustom
from molroo_actor.engine.report import affect_dynamics
from tests.unit.engine.moments import INSULT, KIND, PRAISE, character, live

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


def test_a_rested_body_in_company_shows_what_it_feels() -> None:
    assert [felt(v, 1.0, 0.0) for v in (-0.9, 0.0, 0.7)] == [pytest.approx(v) for v in (-0.9, 0.0, 0.7)]


def test_tiredness_and_loneliness_lower_valence_the_more_the_deeper_and_never_past_the_scale() -> None:
    tired = [felt(0.1, energy, 0.0) for energy in (1.0, 0.8, 0.5, 0.2, 0.0)]
    lonely = [felt(0.1, 1.0, lack) for lack in (0.0, 0.05, 0.1, 0.2, 0.45)]
    for sinking in (tired, lonely):
        assert all(after < before for before, after in pairwise(sinking))
    assert tired[1] > 0.08  # the first fatigue is hardly felt
    assert felt(0.0, 0.0, 0.0) == pytest.approx(-0.24 / 1.24)
    assert felt(-1.0 + 1e-9, 0.0, 0.45) > -1.0


def test_a_tired_character_rests_lower_and_reacts_more(params: Params, fresh: State) -> None:
    spent = replace(fresh, energy=0.3)
    assert observe(params, spent, 0).emotion.V < -0.08 < observe(params, fresh, 0).emotion.V
    assert observe(params, spent, 0).emotion_intensity == 0.0  # tiredness alone is no feeling
    [rested_hurt], [spent_hurt] = live(params, INSULT, after=fresh), live(params, INSULT, after=spent)
    assert spent_hurt.state.v < 1.2 * rested_hurt.state.v < 0.0
    assert spent_hurt.state.a > rested_hurt.state.a


def test_rest_brings_the_weight_off_exactly_whatever_the_steps(params: Params, fresh: State) -> None:
    state = replace(fresh, energy=0.1, v=-0.4, relatedness=0.45)
    once = observe(params, state, 12 * HOUR_MS).emotion.V
    often = state
    for hour in range(1, 13):
        often = flow(params, often, hour * HOUR_MS)
    assert pytest.approx(once, abs=1e-12) == observe(params, often, often.at_ms).emotion.V


def test_how_strong_a_feeling_is_does_not_depend_on_where_one_rests() -> None:
    """The same push is as intense to the cheerful as to the gloomy (Larsen & Diener 1987)."""
    cheerful, gloomy = character(A=0.9, H=0.9), character(A=0.1, H=0.1)
    assert cheerful.bv > 0.1 > -0.1 > gloomy.bv
    strengths = [
        intensity(params, shift(params.bv, push), params.ba, params.bd, 0.0)
        for params in (cheerful, gloomy)
        for push in (0.7, -0.7)
    ]
    assert strengths == [pytest.approx(strengths[0])] * 4


def test_neuroticism_amplifies_what_is_bad_most() -> None:
    calm, nervous = character(N=0.1), character(N=0.9)
    bad = [live(params, INSULT)[0].result.emotion_intensity for params in (calm, nervous)]
    good = [live(params, PRAISE)[0].result.emotion_intensity for params in (calm, nervous)]
    assert bad[1] / bad[0] > good[1] / good[0] > 1.0


def test_loss_weighs_on_valence_and_quiets() -> None:
    gone, bad = (impulse(0.9, -0.8, 0.4, 0.2, -0.5, 0.0, 0.4, loss) for loss in (0.9, 0.0))
    assert gone[0] == pytest.approx(1.36 * bad[0])
    assert gone[1] < bad[1]


def test_a_half_life_grows_with_relevance_loss_and_own_part_and_shrinks_with_urgency(params: Params) -> None:
    plain = half_life(params, 0.5, -0.5, 0.0)
    assert half_life(params, 1.0, -0.5, 0.0) > plain
    assert half_life(params, 0.5, -0.5, 0.8) > 2 * plain
    assert half_life(params, 0.5, -0.5, 0.0, 0.5, 0.8) == half_life(params, 0.5, -0.5, 0.0, 0.5, -0.8) > plain
    assert half_life(params, 0.5, -0.5, 0.0, 1.0) < plain < half_life(params, 0.5, -0.5, 0.0, 0.0)
    assert half_life(params, 1.0, -1.0, 1.0, 0.0, 1.0) == params.half_max


def test_a_difference_is_reckoned_to_the_typical_gap() -> None:
    assert adjusted_square(0.5, 2.0, 2.0) == 0.25
    assert adjusted_square(0.5, 8.0, 2.0) == 0.125
    assert adjusted_square(0.5, 0.0, 2.0) == 0.5
    assert adjusted_square(2.0, 0.0, 2.0) == 4.0
    assert adjusted_square(0.5, 0.0, 0.0) == 0.25


def test_ups_and_downs_are_unstable_and_a_steady_life_is_inert(params: Params) -> None:
    moody = affect_dynamics(live(params, *[PRAISE, INSULT] * 12, every_ms=HOUR_MS)[-1].state)
    steady = affect_dynamics(live(params, *[KIND] * 12, *[INSULT] * 12, every_ms=HOUR_MS)[-1].state)
    assert moody.instability > steady.instability
    assert moody.inertia < steady.inertia
    assert moody.variability > 0.1


def test_loneliness_grows_over_days_and_gives_way_to_detachment_over_months(params: Params, fresh: State) -> None:
    days = {day: observe(params, fresh, day * 24 * HOUR_MS).emotion.V for day in (1, 4, 8, 14, 30, 120, 3650)}
    assert days[1] == 0.0
    assert days[14] < days[8] < days[4] < -0.05
    assert days[14] < days[30] < days[120] < -0.01
    assert days[3650] == pytest.approx(0.0, abs=1e-9)


def test_company_is_got_used_to_slowly_and_no_further_than_it_goes() -> None:
    assert accustom(0.30, 0.6, 1.0) == pytest.approx(0.3075)
    assert accustom(0.30, 0.6, 0.0) == 0.30
    assert accustom(0.44, 0.3, 1.0) == 0.44
    used = 0.25
    for _ in range(200):
        used = accustom(used, 0.9, 1.0)
    assert used == pytest.approx(0.45, abs=1e-4)
