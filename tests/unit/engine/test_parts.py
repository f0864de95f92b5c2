"""Body, needs, velocity and proactive hints, each by itself."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from molroo_actor import engine
from molroo_actor.engine import Appraisal, Outcome, Params, Reading, State, flow, next_crossing, observe
from molroo_actor.engine.proactive import CHECK_MS, hint
from tests.unit.engine.moments import GREETING, INSULT, NOTHING, live

Tell = Callable[..., Outcome]
HOUR_MS = 3_600_000


def test_the_next_crossing_is_exact(params: Params) -> None:
    [greeted] = live(params, GREETING)
    crossing = next_crossing(params, greeted.state)
    assert crossing is not None
    assert crossing.reason == "absence"
    before = flow(params, greeted.state, crossing.at_ms - 1000)
    after = flow(params, greeted.state, crossing.at_ms + 1000)
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


def test_the_hint_names_no_pending_action(params: Params) -> None:
    assert live(params, GREETING)[0].result.proactive_hint.pending == []


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


def test_an_event_of_no_relevance_feeds_no_need(params: Params, fresh: State) -> None:
    state = live(params, NOTHING, after=fresh, every_ms=0)[0].state
    assert (state.autonomy, state.competence, state.relatedness) == (0.5, 0.5, 0.5)


def test_velocity_points_where_the_feeling_moved_and_fades(params: Params) -> None:
    [hurt] = live(params, INSULT)
    assert pytest.approx(hurt.result.emotion_delta.V, abs=0.01) == hurt.result.velocity.V
    assert hurt.result.velocity.V < 0.0
    still = observe(params, hurt.state, hurt.state.at_ms + HOUR_MS).velocity.V
    assert abs(still) < 0.001


def test_the_public_names_are_those_of_the_contract() -> None:
    assert engine.__all__ == sorted(engine.__all__, key=lambda name: (not name.isupper(), name.lower() == name, name))
    assert {"step", "observe", "flow", "appraise", "render_prompt", "system_prompt", "derive", "presets"} <= set(
        engine.__all__
    )
    assert all(hasattr(engine, name) for name in engine.__all__)
