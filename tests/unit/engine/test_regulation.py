"""What a character does about distress: which family it takes, how it runs, and what it leaves behind."""

import pytest
from msgspec.structs import replace

from molroo_actor.engine import Params, State, observe
from molroo_actor.engine.regulation import STRENGTH, choose, course, phase, relieve, shown, tendencies
from tests.unit.engine.moments import (
    ABUSE,
    APOLOGY,
    BETRAYAL,
    DEATH,
    GREETING,
    HOUR_MS,
    INSULT,
    PRAISE,
    SMALL_TALK,
    character,
    live,
)


@pytest.mark.parametrize(
    ("distress", "control", "strategy"),
    [
        (0.8, 0.3, "attentional_deployment"),
        (0.4, 0.3, "cognitive_reappraisal"),
        (0.4, 0.9, "situation_modification"),
    ],
)
def test_distraction_for_strong_distress_thought_for_weak_and_change_for_what_can_be_changed(
    params: Params, fresh: State, distress: float, control: float, strategy: str
) -> None:
    shaken = replace(fresh, stress=0.3)
    assert choose(params, shaken, distress, control, "low") == strategy


def test_the_avoidant_who_trust_nobody_leave_and_the_exhausted_hold_back(params: Params, fresh: State) -> None:
    wary = replace(fresh, avoidance=0.9, trust=0.1, stress=0.5)
    assert choose(params, wary, 0.5, 0.3, "low") == "situation_selection"
    assert choose(params, replace(fresh, energy=0.1), 0.5, 0.3, "low") == "response_modulation"


def test_at_the_edge_of_an_outburst_nobody_thinks_it_over(params: Params, fresh: State) -> None:
    shaken = replace(fresh, stress=0.3)
    assert choose(params, shaken, 0.4, 0.3, "elevated") == "cognitive_reappraisal"
    assert choose(params, shaken, 0.4, 0.3, "high") == "attentional_deployment"


def test_a_regulation_runs_through_its_phases() -> None:
    assert [phase(x) for x in (0.0, 0.34, 0.67, 1.0)] == [
        "initiation",
        "consolidation",
        "stabilization",
        "stabilization",
    ]


def test_a_regulation_begins_with_distress_goes_on_with_time_and_ends_in_the_record(params: Params) -> None:
    [hurt] = live(params, INSULT)
    assert hurt.result.regulation is not None
    assert (hurt.result.regulation.phase, hurt.result.regulation.progress) == ("initiation", 0.0)
    later = observe(params, hurt.state, hurt.state.at_ms + HOUR_MS // 2).regulation.active_strategy
    assert later is not None
    assert (later.phase, later.progress) == ("consolidation", pytest.approx(0.5))
    healed = live(params, APOLOGY, PRAISE, after=hurt.state)[-1]
    assert healed.result.regulation is None
    [past] = observe(params, healed.state, healed.state.at_ms).regulation.history
    assert (past.strategy, past.begun_ms) == (hurt.result.regulation.strategy, hurt.state.at_ms)
    assert past.relief > 0.3


def test_only_the_last_five_regulations_are_kept(params: Params) -> None:
    state = live(params, *[INSULT, APOLOGY, PRAISE] * 7)[-1].state
    assert len(state.reg_log) == 5
    assert [past.begun_ms for past in state.reg_log] == sorted(past.begun_ms for past in state.reg_log)


def test_tendencies_add_up_to_one_and_follow_the_character(params: Params, fresh: State) -> None:
    assert sum(tendencies(params, fresh).values()) == pytest.approx(1.0)
    able, brooding = character(C=0.9, N=0.2), character(C=0.2, N=0.9)
    assert tendencies(able, fresh)["cognitive_reappraisal"] > tendencies(brooding, fresh)["cognitive_reappraisal"]
    assert tendencies(brooding, fresh)["attentional_deployment"] > tendencies(able, fresh)["attentional_deployment"]


def test_every_family_but_suppression_lifts_the_feeling_and_none_past_the_baseline(params: Params) -> None:
    lifts = {strategy: relieve(params, strategy, -0.5) + 0.5 for strategy in STRENGTH}
    assert lifts == {strategy: pytest.approx(0.5 * strength) for strategy, strength in STRENGTH.items()}
    assert relieve(params, "cognitive_reappraisal", 0.3) == 0.3


def test_rumination_keeps_attention_and_prolongs_the_feeling() -> None:
    brooding, steady = character(N=1.0, C=0.0), character(N=0.2)
    assert (
        relieve(brooding, "attentional_deployment", -0.5) - -0.5
        < relieve(steady, "attentional_deployment", -0.5) - -0.5
    )
    pull = 0.13 * brooding.regulation_skill * (1.0 - brooding.rumination)
    assert relieve(brooding, "attentional_deployment", brooding.bv - 0.5) == pytest.approx(
        brooding.bv - 0.5 + 0.5 * pull
    )
    assert course(brooding, "attentional_deployment") > 1.0 > course(steady, "attentional_deployment")
    assert course(steady, "response_modulation") == 1.0


def test_suppression_changes_what_shows_and_costs_energy(params: Params, fresh: State) -> None:
    assert shown(0.5, "cognitive_reappraisal", 1.0) == shown(0.5, None, 1.0) == 0.5
    assert shown(0.5, "response_modulation", 1.0) == pytest.approx(0.42)
    assert shown(0.5, "response_modulation", 0.0) == 0.5  # a worn mask hides nothing
    held, let_out = (
        live(params, SMALL_TALK, after=replace(fresh, v=-0.5, mv=-0.5, reg=strategy))[0]
        for strategy in ("response_modulation", None)
    )
    assert held.state.energy < let_out.state.energy
    assert held.result.emotion_intensity < let_out.result.emotion_intensity
    assert held.state.v == pytest.approx(let_out.state.v)


def test_all_five_families_are_met_in_ordinary_lives() -> None:
    met: dict[str, set[str]] = {}
    for who, traits in {
        "steady": {"N": 0.2},
        "shy": {"E": 0.0, "A": 0.2},
        "cold": {"A": 0.0},
        "nervous": {"N": 0.9},
    }.items():
        params = character(**traits)
        seen = met.setdefault(who, set())
        seen |= {turn.result.regulation.strategy for turn in live(params, DEATH) if turn.result.regulation}
        for controllability in (0.2, 0.9):
            hurt = live(params, replace(INSULT, controllability=controllability))[-1]
            worse = live(params, *[ABUSE] * 4, after=hurt.state)[-1]
            next_day = live(params, GREETING, after=worse.state, every_ms=24 * HOUR_MS)[-1]
            again = live(params, BETRAYAL, after=next_day.state)[-1]
            seen |= {turn.result.regulation.strategy for turn in (hurt, worse, again) if turn.result.regulation}
    assert "response_modulation" in met["shy"]
    assert "situation_selection" in met["cold"]
    assert set().union(*met.values()) == set(STRENGTH)
