"""Body, regulation, bond and stages: what holds however a character has lived and whoever the user is."""

import msgspec
import pytest
from msgspec.structs import replace

from molroo_actor.engine import (
    Reading,
    RelationshipReport,
    Stimulus,
    flow,
    initial_state,
    next_crossing,
    observe,
    relationship_report,
    render_prompt,
    step,
)
from molroo_actor.engine.contact import rift
from molroo_actor.engine.regulation import STRENGTH, relieve
from molroo_actor.engine.relationship import bond
from tests.prop.law import law
from tests.prop.strategies import SOURCES, Case, finite, numbers

_BOND = (
    "trust",
    "rapport",
    "familiarity",
    "anxiety",
    "avoidance",
    "talks",
    "good",
    "bad",
    "met_ms",
    "rift",
    "trust_log",
)


@law
def test_regulation_lifts_towards_the_baseline_and_never_past_it(case: Case) -> None:
    params = case.params()
    v = 0.995 * case.signed()
    for strategy in STRENGTH:
        lifted = relieve(params, strategy, v)
        assert lifted == v if v >= params.bv else v <= lifted <= params.bv, strategy


@law
def test_a_turn_in_which_nothing_matters_brings_no_distress_past_the_baseline(case: Case) -> None:
    params, state = case.character()
    state = replace(state, reg=case.one_of(sorted(STRENGTH)))
    nothing = Stimulus(Reading(replace(case.appraisal(), goal_relevance=0.0)))
    v = step(params, state, nothing, state.at_ms).state.v
    assert v == pytest.approx(state.v, abs=1e-12) if state.v >= params.bv else state.v - 1e-12 <= v <= params.bv


@law
def test_no_event_takes_the_energy_below_its_floor(case: Case) -> None:
    """Not even one in which an exhausted character holds back what it feels."""
    params, state = case.character()
    if case.byte() & 1:
        state = replace(state, energy=params.energy_min, reg="response_modulation")
    after = step(params, state, case.stimulus(params, state), state.at_ms + case.span_ms()).state
    assert after.energy >= params.energy_min


@law
def test_control_softens_stress_and_bad_news_never_lessens_it(case: Case) -> None:
    params, state = case.character()
    appraisal = case.appraisal()
    low, high = sorted((case.unit(), case.unit()))
    bad = replace(appraisal, goal_congruence=-abs(appraisal.goal_congruence))
    helpless, able = (
        step(params, state, Stimulus(Reading(replace(bad, controllability=ct))), state.at_ms).state.stress
        for ct in (low, high)
    )
    assert state.stress - 1e-15 <= able <= helpless + 1e-15


@law
def test_trust_is_lost_at_least_twice_as_fast_as_it_is_won(case: Case) -> None:
    """By what the user does, and where there is trust to lose: from .4 up."""
    trust, gr, gc, ag, nc = case.between(0.4, 1.0), case.unit(), case.unit(), -case.unit(), case.signed()
    won = bond(trust, 0.2, 0.0, gr, gc, ag, nc)[0] - trust
    lost = trust - bond(trust, 0.2, 0.0, gr, -gc, ag, -nc)[0]
    assert lost >= min(2.0 * won, trust) - 1e-12


@law
def test_what_is_kind_never_costs_trust_and_what_is_unkind_never_wins_it(case: Case) -> None:
    params, state = case.character()
    appraisal = case.appraisal()
    after = step(params, state, Stimulus(Reading(appraisal)), state.at_ms).state
    open_before = rift(state, state.at_ms)
    if appraisal.goal_congruence >= 0.0:
        assert after.trust >= state.trust - 1e-15
        assert after.rift <= open_before + 1e-15
    else:
        assert after.trust <= state.trust + 1e-15
        assert after.rift >= open_before - 1e-15


@law
def test_kindnesses_in_any_order_win_the_same_trust_and_so_do_wrongs_lose_it(case: Case) -> None:
    sign = 1.0 if case.byte() & 1 else -1.0
    start = case.unit(), case.unit(), case.unit()
    one, two = ((case.unit(), sign * case.unit(), case.signed(), case.signed()) for _ in range(2))
    first, second = bond(*bond(*start, *one), *two), bond(*bond(*start, *two), *one)
    assert first == pytest.approx(second, abs=1e-12)


@law
def test_only_the_user_moves_the_bond(case: Case) -> None:
    params, state = case.character()
    after = step(params, state, Stimulus(case.reading(), case.one_of(SOURCES[1:])), state.at_ms).state
    assert [getattr(after, field) for field in _BOND] == [getattr(state, field) for field in _BOND]


@law
def test_the_bond_is_reported_within_its_ranges(case: Case) -> None:
    params, state = case.character()
    report = relationship_report(params, state, state.at_ms + case.span_ms())
    assert msgspec.convert(msgspec.to_builtins(report), RelationshipReport) == report
    patterns = report.unhealthy_patterns
    assert 0.0 <= patterns.severity <= 1.0
    assert (patterns.recommended_action is not None) == patterns.pattern_detected
    assert all(0.0 <= x <= 1.0 for x in numbers(patterns.recommended_action))


@law
def test_after_a_lifetime_of_absence_all_can_still_be_told(case: Case) -> None:
    """The session's clock may run a hundred thousand times as fast as the wall's: thousands of years are no error."""
    params = case.params()
    state = initial_state(params, 0)
    appraisal, span = case.appraisal(), case.span_ms(86_400_000)
    for _ in range(case.byte() % 40):
        state = step(params, state, Stimulus(Reading(appraisal)), state.at_ms + span).state
    state = flow(params, state, state.at_ms + 1000 * case.span_ms())
    crossing = next_crossing(params, state)
    assert crossing is None or crossing.at_ms >= state.at_ms
    told = relationship_report(params, state, state.at_ms), observe(params, state, state.at_ms)
    assert finite((told, render_prompt(params, state, None)))
    assert finite(step(params, state, case.stimulus(params, state), state.at_ms).result)


@law
def test_recovery_follows_only_a_crisis_and_growth_only_a_completed_recovery(case: Case) -> None:
    """Long lives, hard times and good ones by turns: most that one goes through never comes to growth."""
    params = case.params()
    state = initial_state(params, 0)
    crisis = False
    for phase in range(1 + case.byte() % 6):
        stimulus, span = hard_or_good(case, phase), case.span_ms(2 * 86_400_000)
        for _ in range(1 + case.byte() % 20):
            before, state = state, step(params, state, stimulus, state.at_ms + span).state
            if 7 <= state.stage <= 9:
                crisis = True
                assert state.stage <= max(7, before.stage + 1)
            if 10 <= state.stage <= 12:
                assert crisis
            if state.stage >= 13:
                assert state.recovered
            assert before.recovered <= state.recovered <= before.recovered + 1
            if state.recovered > before.recovered:
                assert crisis
                assert not 7 <= state.stage <= 12


def hard_or_good(case: Case, phase: int) -> Stimulus:
    """Anything in one phase of three; else what is bad and then what is good, both of some weight."""
    appraisal = case.appraisal()
    if case.seldom(3):
        return Stimulus(Reading(appraisal))
    gr, much = 0.5 + 0.5 * appraisal.goal_relevance, 0.3 + 0.7 * abs(appraisal.goal_congruence)
    weighty = replace(appraisal, goal_relevance=gr, goal_congruence=much if phase % 2 else -much, agency=-0.3)
    return Stimulus(Reading(weighty))
