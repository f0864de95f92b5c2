"""Stages, regulation, relationship and proactive hints, each by itself."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from molroo_actor import engine
from molroo_actor.engine import Appraisal, Outcome, Params, Reading, State, flow, next_crossing, observe
from molroo_actor.engine.proactive import CHECK_MS, hint
from molroo_actor.engine.regulation import choose, phase, tendencies
from molroo_actor.engine.relationship import attachment_style, bond, drift
from molroo_actor.engine.stages import NAMES, TABLE, advance, settle

Tell = Callable[..., Outcome]
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def test_every_stage_has_a_way_out_and_only_to_stages_that_exist() -> None:
    assert set(TABLE) == set(range(1, 16))
    assert all(rows for rows in TABLE.values())
    assert {row[-1] for rows in TABLE.values() for row in rows} <= set(range(1, 16))


def test_recovery_is_reached_from_crisis_alone_and_growth_from_recovery_alone() -> None:
    into = {stage: {s for s, rows in TABLE.items() for row in rows if row[-1] == stage} for stage in TABLE}
    assert into[10] <= {7, 8, 9}
    assert into[11] == {10}
    assert into[12] == {11}
    assert into[13] <= {12, 14}


def test_a_threshold_down_lies_below_the_one_that_led_up() -> None:
    """Hysteresis: no value of the measure both enters a stage and leaves it downwards again."""
    for stage, rows in TABLE.items():
        for measure, rises, threshold, _stay, after in rows:
            back = [row for row in TABLE[after] if row[0] == measure and not row[1] and row[-1] == stage]
            assert not rises or all(row[2] < threshold for row in back)


def test_a_shock_carries_up_at_once_and_calm_takes_its_least_stay() -> None:
    assert advance(1, 0, 0, (0.5, 0.1, 0.5)) == (4, 0)
    assert advance(4, 0, 299_999, (0.0, 0.0, 0.5)) == (4, 0)
    assert advance(4, 0, 300_000, (0.15, 0.0, 0.5)) == (3, 300_000)


def test_a_crisis_takes_one_stage_a_turn() -> None:
    assert advance(1, 0, 0, (0.9, 1.0, 0.5)) == (6, 0)
    assert advance(6, 0, 0, (0.9, 1.0, 0.5)) == (7, 0)


def test_a_quiet_span_passes_stages_right_after_their_least_stay() -> None:
    stage, since = settle(9, 0, 6 * HOUR_MS, (0.0, 0.0, 0.3))
    assert (NAMES[stage], since) == ("Rebuilding", 6 * HOUR_MS)
    assert settle(9, 0, HOUR_MS - 1, (0.0, 0.0, 0.3)) == (9, 0)


def test_a_shock_waits_for_an_event_however_long_the_silence() -> None:
    assert settle(1, 0, DAY_MS, (0.9, 0.9, 0.5)) == (1, 0)


@pytest.mark.parametrize(
    ("distress", "control", "energy", "trust", "strategy"),
    [
        (0.8, 0.3, 0.9, 0.5, "attentional_deployment"),
        (0.4, 0.3, 0.9, 0.5, "cognitive_reappraisal"),
        (0.4, 0.8, 0.9, 0.5, "situation_modification"),
        (0.4, 0.3, 0.9, 0.1, "situation_selection"),
        (0.8, 0.8, 0.1, 0.5, "response_modulation"),
    ],
)
def test_a_strategy_fits_intensity_control_and_energy(
    distress: float, control: float, energy: float, trust: float, strategy: str
) -> None:
    assert choose(distress, control, energy, trust) == strategy


def test_a_regulation_runs_through_its_phases() -> None:
    assert [phase(x) for x in (0.0, 0.34, 0.67, 1.0)] == [
        "initiation",
        "consolidation",
        "stabilization",
        "stabilization",
    ]


def test_a_regulation_begins_with_distress_and_ends_in_the_record(params: Params, tell: Tell) -> None:
    hurt = tell("You are a worthless idiot and I hate you")
    assert hurt.result.regulation is not None
    assert hurt.result.regulation.phase == "initiation"
    healed = tell("I'm so sorry, I love you, you are wonderful", state=hurt.state)
    assert healed.result.regulation is None
    [past] = observe(params, healed.state, healed.state.at_ms).regulation.history
    assert (past.strategy, past.begun_ms) == (hurt.result.regulation.strategy, hurt.state.at_ms)
    assert past.relief > 0.3


def test_only_the_last_five_regulations_are_kept(tell: Tell) -> None:
    state = tell("hello").state
    for _ in range(7):
        state = tell("I hate you, you worthless idiot", "you are wonderful, I love you so much", state=state).state
    assert len(state.reg_log) == 5
    assert [past.begun_ms for past in state.reg_log] == sorted(past.begun_ms for past in state.reg_log)


def test_tendencies_add_up_to_one(params: Params, fresh: State) -> None:
    assert sum(tendencies(params, fresh).values()) == pytest.approx(1.0)


def test_trust_is_lost_at_least_twice_as_fast_as_it_is_won() -> None:
    for size in (0.2, 0.5, 1.0):
        won = bond(0.5, 0.2, 0.1, 0.8, size, -0.5, 0.5)[0] - 0.5
        lost = 0.5 - bond(0.5, 0.2, 0.1, 0.8, -size, -0.5, -0.5)[0]
        assert lost >= 2 * won > 0.0


def test_trust_ends_at_nothing() -> None:
    assert bond(0.01, 0.2, 0.1, 1.0, -1.0, -1.0, -1.0)[0] == 0.0


def test_the_four_attachment_styles() -> None:
    found = [attachment_style(a, b) for a in (0.2, 0.8) for b in (0.2, 0.8)]
    assert found == ["secure", "avoidant", "anxious", "disorganized"]


def test_hurt_makes_attachment_insecure_and_trusted_kindness_heals_it() -> None:
    assert drift(0.5, 0.5, 0.5, 1.0, -1.0, -1.0) == (pytest.approx(0.51), pytest.approx(0.506))
    anxiety, avoidance = drift(0.5, 0.5, 0.8, 1.0, 1.0, -1.0)
    assert anxiety == avoidance < 0.5


def test_the_next_crossing_is_exact(params: Params, tell: Tell) -> None:
    state = tell("hello, nice to see you").state
    crossing = next_crossing(params, state)
    assert crossing is not None
    assert crossing.reason == "absence"
    before = flow(params, state, crossing.at_ms - 1000)
    after = flow(params, state, crossing.at_ms + 1000)
    assert hint(params, before, 0.0).next_check_after_ms == pytest.approx(1000, abs=1)
    assert hint(params, after, 0.0).potential_triggers == ["attachment_seeking"]
    assert hint(params, after, 0.0).next_check_after_ms == CHECK_MS


def test_an_absence_is_needed_before_closeness_is_sought(params: Params, fresh: State) -> None:
    lonely = replace(fresh, relatedness=0.31)
    assert hint(params, lonely, 0.0).potential_triggers == ["attachment_seeking"]
    assert hint(params, lonely, 0.0).next_check_after_ms == 6 * HOUR_MS


def test_a_need_under_three_tenths_is_a_deficit(params: Params, fresh: State) -> None:
    assert hint(params, replace(fresh, competence=0.29), 0.0).potential_triggers == ["need_deficit"]
    assert "need_deficit" not in hint(params, replace(fresh, competence=0.31), 0.0).potential_triggers


def test_overflow_holds_only_while_nothing_regulates(params: Params, fresh: State) -> None:
    assert hint(params, fresh, 0.81).potential_triggers == ["emotional_overflow"]
    assert hint(params, replace(fresh, stress=0.9), 0.0).potential_triggers == ["emotional_overflow"]
    held = replace(fresh, reg="cognitive_reappraisal", v=fresh.v - 0.5)
    assert "emotional_overflow" not in hint(params, held, 0.81).potential_triggers


def test_the_hint_names_no_pending_action(tell: Tell) -> None:
    assert tell("hello").result.proactive_hint.pending == []


def test_an_event_spends_energy_and_control_softens_the_stress(tell: Tell) -> None:
    helpless, able = (tell(Reading(Appraisal(0.9, -0.9, 0.2, ct, -0.5, -0.2))).state for ct in (0.1, 0.9))
    assert helpless.energy < 1.0
    assert 0.05 < able.stress < helpless.stress


def test_needs_are_fed_by_what_one_does_and_what_others_do(tell: Tell, fresh: State) -> None:
    own = tell(Reading(Appraisal(0.9, 0.9, 0.5, 0.8, 1.0, 0.5))).state
    others = tell(Reading(Appraisal(0.9, 0.9, 0.5, 0.8, -1.0, 0.5))).state
    assert own.competence > others.competence
    assert others.relatedness > own.relatedness > fresh.relatedness
    assert own.autonomy > fresh.autonomy


def test_velocity_points_where_the_feeling_moved_and_fades(params: Params, tell: Tell) -> None:
    outcome = tell("You are a worthless idiot and I hate you")
    assert outcome.result.velocity.V == outcome.result.emotion_delta.V < 0.0
    still = observe(params, outcome.state, outcome.state.at_ms + HOUR_MS).velocity.V
    assert abs(still) < 0.001


def test_the_public_names_are_those_of_the_contract() -> None:
    assert engine.__all__ == sorted(engine.__all__, key=lambda name: (not name.isupper(), name.lower() == name, name))
    assert {"step", "observe", "flow", "appraise", "render_prompt", "system_prompt", "derive", "presets"} <= set(
        engine.__all__
    )
    assert all(hasattr(engine, name) for name in engine.__all__)
