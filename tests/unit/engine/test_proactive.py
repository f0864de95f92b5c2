"""Urges: when they hold, in which order, when time alone will bring them, and one deficit, one action."""

import pytest
from msgspec.structs import replace

from molroo_actor.engine import (
    Appraisal,
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
    spend,
    step,
    unrecovered,
    urges,
)
from molroo_actor.engine.dynamics import intensity, missed
from molroo_actor.engine.overflow import HYSTERESIS, OVERFLOW, STRESS_OVERFLOW
from molroo_actor.engine.proactive import ABSENCE_MS, EVERY, NEED_LOW, attachment_threshold, hint

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NEEDS = {
    "belonging_need_unmet": "relatedness",
    "competence_need_unmet": "competence",
    "autonomy_need_unmet": "autonomy",
}
OVERFLOWING = frozenset[Trigger](("emotional_overflow",))
SEEKING = frozenset[Trigger](("attachment_seeking",))

BLOW = Stimulus(Reading(Appraisal(1.0, -1.0, 0.0, 0.1, -1.0, -1.0)))
KINDNESS = Stimulus(Reading(Appraisal(0.9, 0.6, 0.5, 0.6, -0.6, 0.5)))
JOY = Stimulus(Reading(Appraisal(1.0, 1.0, 0.0, 0.8, -1.0, 1.0)))


def strength(params: Params, s: State) -> float:
    return intensity(params, s.v, s.a, s.d, missed(s.relatedness, s.used))


def holds(params: Params, state: State) -> list[str]:
    return [urge.reason for urge in urges(params, state)]


def paced(turn_scale: float) -> Params:
    return derive(
        Persona(Identity("Mia"), Personality(0.5, 0.5, 0.5, 0.5, 0.5), calibration=Calibration(turnScale=turn_scale))
    )


@pytest.fixture
def afire() -> tuple[Params, State]:
    """A volatile character whose joy overflows."""
    params = derive(
        Persona(Identity("Mia"), Personality(0.5, 0.5, 0.9, 0.5, 0.9), emotion_config=EmotionConfig(None, 3.0))
    )
    state = initial_state(params, 0)
    for _ in range(6):
        state = step(params, state, JOY, state.at_ms + MINUTE_MS).state
    assert holds(params, state) == ["emotion_overflow"]
    return params, state


@pytest.fixture
def shaken() -> tuple[Params, State]:
    """One that was hurt thirty times over: its mood is as dark as it gets."""
    params = derive(
        Persona(Identity("Mia"), Personality(0.5, 0.5, 0.5, 0.5, 0.5), emotion_config=EmotionConfig(None, 3.0))
    )
    state = initial_state(params, 0)
    for _ in range(30):
        state = step(params, state, BLOW, state.at_ms + MINUTE_MS).state
    assert state.mv < -0.9
    return params, state


# -- what holds --------------------------------------------------------------------------------------------------------


def test_a_character_at_rest_wants_nothing(params: Params, fresh: State) -> None:
    assert urges(params, fresh) == []


@pytest.mark.parametrize(("reason", "need"), NEEDS.items())
def test_a_need_is_in_want_below_three_tenths_and_not_at_them(
    params: Params, fresh: State, reason: str, need: str
) -> None:
    assert reason not in holds(params, replace(fresh, **{need: NEED_LOW}))
    (urge,) = urges(params, replace(fresh, **{need: 0.15}))
    assert (urge.reason, urge.value, urge.threshold, urge.depth) == (reason, 0.15, NEED_LOW, pytest.approx(0.5))


def test_the_anxious_miss_the_user_sooner_and_the_avoidant_later(fresh: State) -> None:
    assert attachment_threshold(replace(fresh, anxiety=1.0, avoidance=0.0)) == pytest.approx(0.6)
    assert attachment_threshold(replace(fresh, anxiety=0.0, avoidance=1.0)) == pytest.approx(0.2)


def test_nobody_is_missed_before_six_hours_have_passed(params: Params, fresh: State) -> None:
    lonely = replace(fresh, relatedness=0.31)
    assert holds(params, replace(lonely, at_ms=ABSENCE_MS - 1)) == []
    assert holds(params, replace(lonely, at_ms=ABSENCE_MS)) == ["absence"]
    assert next_crossing(params, lonely) == next_crossing(params, lonely, SEEKING)
    crossing = next_crossing(params, lonely, SEEKING)
    assert crossing is not None
    assert (crossing.at_ms, crossing.reason) == (ABSENCE_MS, "absence")


def test_stress_overflows_only_while_nothing_regulates(params: Params, fresh: State) -> None:
    tense = replace(fresh, stress=0.91)
    (urge,) = urges(params, tense)
    assert (urge.reason, urge.depth) == ("stress_overflow", pytest.approx(0.4))
    assert holds(params, replace(tense, reg="cognitive_reappraisal", v=-0.6)) == []
    assert holds(params, replace(tense, reg="cognitive_reappraisal")) == ["stress_overflow"]  # nothing left to regulate


def test_what_overflows_presses_before_what_is_missed(params: Params, fresh: State) -> None:
    state = replace(fresh, v=0.99, a=0.9, stress=0.9, relatedness=0.1, competence=0.1, autonomy=0.1, at_ms=DAY_MS)
    assert holds(params, state) == ["emotion_overflow", "stress_overflow", "absence", *NEEDS]
    first = pressing(params, state, EVERY, ())
    assert first is not None
    assert first.reason == "emotion_overflow"
    assert (
        pressing(params, state, frozenset[Trigger](("need_deficit",)), ("belonging_need_unmet",))
        == urges(params, state)[4]
    )
    assert pressing(params, state, frozenset(), ()) is None


# -- one deficit, one action -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reason", "need"), NEEDS.items())
def test_a_want_that_was_acted_for_is_armed_again_once_it_is_a_twentieth_beyond_its_threshold(
    params: Params, fresh: State, reason: str, need: str
) -> None:
    close = max(attachment_threshold(fresh), NEED_LOW) if need == "relatedness" else NEED_LOW
    assert unrecovered(params, replace(fresh, **{need: close + HYSTERESIS - 0.001}), (reason,)) == (reason,)
    assert unrecovered(params, replace(fresh, **{need: close + HYSTERESIS + 0.001}), (reason,)) == ()


def test_a_want_that_was_acted_for_presses_no_more_while_it_lasts(params: Params, fresh: State) -> None:
    weak = replace(fresh, competence=0.2)
    spent = spend(params, weak, "competence_need_unmet", ())
    assert spent == ("competence_need_unmet",)
    assert pressing(params, weak, EVERY, spent) is None
    crossing = next_crossing(params, weak, frozenset[Trigger](("need_deficit",)), spent)
    assert crossing is not None
    assert crossing.reason == "belonging_need_unmet"


def test_what_had_recovered_before_it_sank_again_is_acted_for_again(params: Params, fresh: State) -> None:
    crossing = next_crossing(params, fresh)
    assert crossing is not None
    spent = ("absence", "belonging_need_unmet")
    assert unrecovered(params, fresh, spent) == ()
    assert next_crossing(params, fresh, EVERY, spent) == crossing
    later = next_crossing(params, fresh, EVERY, spent, crossing.at_ms + DAY_MS)
    assert later is not None
    assert (later.at_ms, later.reason) == (crossing.at_ms + DAY_MS, "absence")


def test_want_of_closeness_is_one_deficit_however_deep_it_becomes(params: Params, fresh: State) -> None:
    first = next_crossing(params, fresh)
    assert first is not None
    assert first.reason == "absence"
    at_first = flow(params, fresh, first.at_ms)
    spent = spend(params, at_first, first.reason, ())
    assert spent == ("absence", "belonging_need_unmet")
    assert next_crossing(params, at_first, EVERY, spent) is None
    assert unrecovered(params, flow(params, fresh, first.at_ms + 30 * DAY_MS), spent) == spent
    assert unrecovered(params, replace(at_first, relatedness=first_armed(at_first)), spent) == ()


def first_armed(state: State) -> float:
    return max(attachment_threshold(state), NEED_LOW) + HYSTERESIS + 1e-9


def test_unmet_belonging_that_was_acted_for_is_no_absence_afterwards(params: Params, fresh: State) -> None:
    avoidant = replace(fresh, relatedness=0.29, anxiety=0.2, avoidance=0.8)  # seeks the user below .28 only
    assert holds(params, avoidant) == ["belonging_need_unmet"]
    spent = spend(params, avoidant, "belonging_need_unmet", ())
    assert next_crossing(params, avoidant, EVERY, spent) is None


def test_acting_for_one_thing_forgets_what_has_recovered_and_keeps_what_has_not(params: Params, fresh: State) -> None:
    state = replace(fresh, competence=0.2, autonomy=0.32)
    before = ("autonomy_need_unmet", "stress_overflow")
    assert spend(params, state, "competence_need_unmet", before) == ("autonomy_need_unmet", "competence_need_unmet")


def test_an_overflow_that_was_acted_for_is_armed_again_a_twentieth_below_its_threshold(
    params: Params, fresh: State, afire: tuple[Params, State]
) -> None:
    spent = ("stress_overflow",)
    assert unrecovered(params, replace(fresh, stress=STRESS_OVERFLOW - HYSTERESIS + 0.001), spent) == spent
    assert unrecovered(params, replace(fresh, stress=STRESS_OVERFLOW - HYSTERESIS), spent) == ()
    volatile, state = afire
    spent = ("emotion_overflow",)
    assert next_crossing(volatile, state, OVERFLOWING, spent) is None
    times = range(state.at_ms, state.at_ms + DAY_MS, MINUTE_MS)
    left = [(s, unrecovered(volatile, s, spent)) for s in (flow(volatile, state, at_ms) for at_ms in times)]
    assert left[0][1] == spent
    assert left[-1][1] == ()
    assert all((strength(volatile, s) > OVERFLOW - HYSTERESIS) == bool(kept) for s, kept in left)


# -- when time alone will ----------------------------------------------------------------------------------------------


def test_what_holds_already_is_now_or_at_the_moment_that_was_asked_for(params: Params, fresh: State) -> None:
    weak = replace(fresh, autonomy=0.1)
    for from_ms in (None, 0, MINUTE_MS):
        crossing = next_crossing(params, weak, EVERY, (), from_ms)
        assert crossing is not None
        assert (crossing.at_ms, crossing.reason) == (from_ms or 0, "autonomy_need_unmet")


def test_a_threshold_below_where_closeness_rests_is_never_crossed(params: Params, fresh: State) -> None:
    distant = replace(fresh, anxiety=0.0, avoidance=1.0)
    assert attachment_threshold(distant) < 0.25
    assert next_crossing(params, distant, SEEKING) is None


def test_what_rises_above_its_threshold_before_six_hours_is_never_missed() -> None:
    params = paced(50.0)
    distant = replace(initial_state(params, 0), anxiety=0.0, avoidance=0.9, relatedness=0.2)
    assert distant.relatedness < attachment_threshold(distant) < 0.25
    assert next_crossing(params, distant, SEEKING) is None


def test_where_time_stands_still_only_an_absence_that_grows_can_come() -> None:
    params = paced(0.0)
    still = initial_state(params, 0)
    assert next_crossing(params, still) is None
    assert hint(params, still, 0.0).next_check_after_ms is None
    crossing = next_crossing(params, replace(still, relatedness=0.35))
    assert crossing is not None
    assert (crossing.at_ms, crossing.reason) == (ABSENCE_MS, "absence")


def test_time_that_runs_a_thousand_times_as_fast_brings_it_a_thousand_times_as_soon() -> None:
    moments = []
    for scale in (1.0, 1000.0):
        params = paced(scale)
        crossing = next_crossing(params, replace(initial_state(params, 0), met_ms=-ABSENCE_MS))
        assert crossing is not None
        moments.append(crossing.at_ms)
    assert moments[0] / moments[1] == pytest.approx(1000.0, rel=1e-3)


def test_what_takes_more_than_ten_years_is_never() -> None:
    params = paced(1e-4)
    assert next_crossing(params, initial_state(params, 0)) is None
    assert hint(params, initial_state(params, 0), 0.0).next_check_after_ms is None
    assert next_crossing(paced(1e-300), initial_state(params, 0)) is None


def test_a_nice_moment_gone_the_bad_mood_overflows(shaken: tuple[Params, State]) -> None:
    params, state = shaken
    state = step(params, state, KINDNESS, state.at_ms + MINUTE_MS).state
    assert state.v > 0.5
    assert "emotion_overflow" not in holds(params, state)
    crossing = next_crossing(params, state, OVERFLOWING, ("stress_overflow",))
    assert crossing is not None
    assert crossing.reason == "emotion_overflow"
    before, then = (flow(params, state, crossing.at_ms - back) for back in (1, 0))
    assert strength(params, before) <= OVERFLOW < strength(params, then)
    assert then.v < 0.0


def test_what_was_told_in_joy_is_told_again_when_it_turns_to_grief(shaken: tuple[Params, State]) -> None:
    params, state = shaken
    joyful = step(params, state, JOY, state.at_ms + MINUTE_MS).state
    assert "emotion_overflow" in holds(params, joyful)
    spent = ("emotion_overflow", "stress_overflow")
    assert pressing(params, joyful, OVERFLOWING, spent) is None
    crossing = next_crossing(params, joyful, OVERFLOWING, spent)
    assert crossing is not None
    assert crossing.at_ms > joyful.at_ms
    assert flow(params, joyful, crossing.at_ms).v < 0.0
    assert next_crossing(params, joyful, OVERFLOWING, spent, joyful.at_ms + MINUTE_MS) == crossing
    later = next_crossing(params, joyful, OVERFLOWING, spent, crossing.at_ms + HOUR_MS)
    assert later is not None
    assert later.at_ms == crossing.at_ms + HOUR_MS


def test_when_regulation_is_over_the_stress_that_is_left_overflows(params: Params, fresh: State) -> None:
    held = replace(fresh, stress=0.95, reg="cognitive_reappraisal", v=params.bv - 0.15, mv=params.bv, half_h=0.5)
    assert holds(params, held) == []
    crossing = next_crossing(params, held)
    assert crossing is not None
    assert crossing.reason == "stress_overflow"
    assert (
        params.bv - flow(params, held, crossing.at_ms - 1).v > 0.12 >= params.bv - flow(params, held, crossing.at_ms).v
    )
    assert next_crossing(params, held, OVERFLOWING, ("stress_overflow",)) is None
    assert next_crossing(params, replace(held, stress=0.86, v=params.bv - 0.3), OVERFLOWING) is None  # calm before


# -- the hint of a turn ------------------------------------------------------------------------------------------------


def test_the_hint_names_each_trigger_that_holds_once_and_asks_to_look_again_in_a_minute(
    params: Params, fresh: State
) -> None:
    found = hint(params, replace(fresh, relatedness=0.1, competence=0.1, stress=0.9), 0.9)
    assert (found.next_check_after_ms, found.potential_triggers) == (MINUTE_MS, ["emotional_overflow", "need_deficit"])


def test_the_hint_says_which_want_comes_first_when_the_user_has_just_been_there(params: Params, fresh: State) -> None:
    near = replace(fresh, relatedness=0.3001)
    found = hint(params, near, 0.0)
    assert found.potential_triggers == ["need_deficit"]
    crossing = next_crossing(params, near)
    assert crossing is not None
    assert crossing.reason == "belonging_need_unmet"
    assert found.next_check_after_ms == crossing.at_ms
    assert crossing.at_ms < ABSENCE_MS
