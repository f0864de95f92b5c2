"""Stories: what a character goes through over minutes and days, with the feelings that a reader would expect.

All of them in appraisal vectors: how a text is read is tested elsewhere.
"""

from itertools import pairwise

import pytest

from molroo_actor.engine import Params, State, flow, initial_state, observe
from molroo_actor.engine.dynamics import intensity
from tests.unit.engine.moments import (
    ABUSE,
    ALL_CLEAR,
    APOLOGY,
    BALLOON,
    BETRAYAL,
    DANGER,
    DAY_MS,
    DEATH,
    GREETING,
    HOUR_MS,
    INSULT,
    KIND,
    MINUTE_MS,
    NOTHING,
    PRAISE,
    PROVOCATION,
    SMALL_TALK,
    SUCCESS,
    character,
    labels_of,
    live,
)


def names_over(params: Params, state: State, span_ms: int, every_ms: int) -> list[str]:
    """The names that the feeling goes by when it is only watched, each once per stay."""
    seen = [observe(params, state, state.at_ms + ms).discrete_emotion.primary for ms in range(0, span_ms + 1, every_ms)]
    return [seen[0], *(after for before, after in pairwise(seen) if after != before)]


def test_all_clear_after_fear_is_relief(params: Params) -> None:
    assert labels_of(live(params, DANGER, ALL_CLEAR, source="system")) == ["fear", "relief"]
    assert labels_of(live(params, ALL_CLEAR, source="system")) == ["joy"]


@pytest.mark.parametrize(
    ("neuroticism", "names"),
    [(0.1, ["anger", "calm", "neutral"]), (0.5, ["anger", "neutral"]), (0.9, ["anger", "annoyance", "neutral"])],
)
def test_anger_fades_by_its_name(neuroticism: float, names: list[str]) -> None:
    params = character(N=neuroticism)
    [angry] = live(params, PROVOCATION)
    assert names_over(params, angry.state, DAY_MS, 10 * MINUTE_MS) == names
    hour_later = observe(params, angry.state, angry.state.at_ms + HOUR_MS)
    assert hour_later.discrete_emotion.primary == "anger"
    assert hour_later.emotion_intensity < angry.result.emotion_intensity


def lasting_h(params: Params, state: State) -> float:
    """Hours until what the event raised has sunk below a tenth; being alone meanwhile is another feeling."""
    quarters = 0
    while True:
        s = flow(params, state, state.at_ms + quarters * HOUR_MS // 4)
        if intensity(params, s.v, s.a, s.d, 0.0) <= 0.1:
            return quarters / 4
        quarters += 1


def test_grief_outlasts_surprise_at_least_fivefold(params: Params) -> None:
    [grief], [surprise] = live(params, DEATH), live(params, BALLOON)
    assert labels_of([grief, surprise]) == ["sadness", "surprise"]
    assert grief.result.emotion_intensity > 2 * surprise.result.emotion_intensity
    assert lasting_h(params, grief.state) >= 5 * lasting_h(params, surprise.state) > 0
    assert names_over(params, grief.state, 2 * DAY_MS, HOUR_MS) == ["sadness"]


def test_eight_silent_days_make_lonely_without_any_event(params: Params) -> None:
    [met] = live(params, GREETING)
    week = [observe(params, met.state, met.state.at_ms + day * DAY_MS) for day in range(9)]
    assert week[1].discrete_emotion.primary == "neutral"
    assert week[8].discrete_emotion.primary == "loneliness"
    assert week[8].need_state.relatedness < 0.31
    assert pytest.approx(-0.17, abs=0.01) == week[8].emotion.V
    assert week[8].emotion_intensity > 0.15
    sinking = [report.emotion.V for report in week[2:]]
    assert sinking == sorted(sinking, reverse=True)


def test_company_ends_loneliness(params: Params) -> None:
    [met] = live(params, GREETING)
    alone = flow(params, met.state, met.state.at_ms + 8 * DAY_MS)
    together = live(params, *[KIND] * 5, after=alone)
    assert labels_of(together[-1:]) == ["contentment"]
    assert together[-1].state.relatedness > 0.4


def test_a_betrayal_after_praise_costs_a_fifth_of_trust_and_kindness_repairs_slowly(params: Params) -> None:
    praised = live(params, *[PRAISE] * 5)[-1].state
    [betrayed] = live(params, BETRAYAL, after=praised)
    assert labels_of([betrayed]) == ["hurt"]
    lost = praised.trust - betrayed.state.trust
    assert lost >= 0.2
    repairing = [outcome.state.trust for outcome in live(params, *[KIND] * 30, after=betrayed.state)]
    assert repairing == sorted(repairing)
    assert repairing[4] - betrayed.state.trust < 0.4 * lost  # five kind words do not undo it
    assert repairing[-1] > 0.5


def test_about_twenty_kind_turns_bring_trust_from_half_to_seven_tenths(params: Params) -> None:
    assert initial_state(params, 0).trust == 0.5
    assert live(params, *[KIND] * 20)[-1].state.trust == pytest.approx(0.7, abs=0.03)


def test_insult_apology_and_kindness_lead_from_hurt_over_relief_to_contentment(params: Params) -> None:
    turns = live(params, INSULT, APOLOGY, KIND)
    assert labels_of(turns) == ["hurt", "relief", "contentment"]
    hurt, sorry, kind = (turn.state for turn in turns)
    assert hurt.v < sorry.v < kind.v
    assert hurt.rift > sorry.rift > kind.rift > 0.0


@pytest.mark.parametrize("extraversion", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("neuroticism", [0.0, 0.5, 1.0])
def test_five_praises_in_a_row_do_not_saturate(extraversion: float, neuroticism: float) -> None:
    params = character(E=extraversion, N=neuroticism, A=0.8)
    seen = [turn.result.new_emotion.V for turn in live(params, *[PRAISE] * 5)]
    assert all(after > before for before, after in pairwise(seen))
    assert seen[-1] < 0.9


def test_an_insult_is_felt_after_ten_praises(params: Params) -> None:
    turns = live(params, *[PRAISE] * 10, INSULT)
    assert labels_of(turns[-1:]) == ["anger"]
    assert turns[-1].result.new_emotion.V < 0.0


def test_the_same_praise_surprises_less_each_time(params: Params) -> None:
    wonder = [turn.result.prediction_error.magnitude for turn in live(params, *[PRAISE] * 10)]
    assert wonder == sorted(wonder, reverse=True)
    assert wonder[9] < 0.5 * wonder[0]


def test_what_comes_against_a_habit_surprises_again(params: Params) -> None:
    turns = live(params, *[PRAISE] * 10, INSULT)
    assert turns[-1].result.prediction_error.magnitude > 3 * turns[-2].result.prediction_error.magnitude
    assert turns[-1].result.prediction_error.congruence < live(params, INSULT)[0].result.prediction_error.congruence


def test_small_talk_after_an_insult_leaves_the_insult_the_cause(params: Params) -> None:
    assert labels_of(live(params, INSULT, SMALL_TALK)) == ["hurt", "hurt"]


def test_endless_abuse_leads_through_every_stage_of_crisis_and_days_of_rest_lead_out(params: Params) -> None:
    turns = live(params, GREETING, *[ABUSE] * 16)
    crisis = ["Stressed", "Overwhelmed", "Breaking Point", "Collapse"]
    passed = dict.fromkeys(turn.result.soul_stage.name for turn in turns)
    assert [name for name in passed if name in crisis] == crisis
    worst = turns[-1]
    assert worst.state.energy < 0.4
    assert (worst.result.catastrophe.risk, worst.result.catastrophe.mask < 0.2) == ("high", True)
    state = worst.state
    rested = [observe(params, state, state.at_ms + h * HOUR_MS).soul_stage.name for h in range(48)]
    assert list(dict.fromkeys(rested)) == ["Collapse", "Stabilizing", "Recovering", "Rebuilding", "Attentive"]


def test_good_weeks_after_a_crisis_lead_through_recovery_to_growth_and_without_one_never() -> None:
    params = character()
    day = [KIND, SUCCESS, KIND, SUCCESS]

    def weeks(state: State) -> tuple[list[str], State]:
        seen = []
        for _ in range(21):
            for turn in live(params, *day, after=flow(params, state, state.at_ms + 14 * HOUR_MS), every_ms=2 * HOUR_MS):
                seen.append(turn.result.soul_stage.name)
                state = turn.state
        return list(dict.fromkeys(seen)), state

    broken = live(params, *[ABUSE] * 16)[-1].state
    after_crisis, grown = weeks(broken)
    recovery = ["Rebuilding", "Engaged", "Reflective", "Integrated", "Transcendence"]
    assert [name for name in after_crisis if name in recovery] == recovery
    assert (grown.recovered, grown.trust > 0.8) == (1, True)
    unbroken, calm = weeks(initial_state(params, 0))
    assert set(unbroken) <= {"Calm", "Alert", "Attentive", "Engaged", "Activated"}
    assert calm.recovered == 0


def test_a_long_absence_settles_as_one_look_or_as_many(params: Params) -> None:
    state = live(params, *[ABUSE] * 8)[-1].state
    once = flow(params, state, state.at_ms + 3 * DAY_MS)
    often = state
    for _ in range(72):
        often = flow(params, often, often.at_ms + HOUR_MS)
    assert observe(params, once, once.at_ms).soul_stage.id == observe(params, often, often.at_ms).soul_stage.id


def test_what_others_do_moves_no_trust_in_the_user(params: Params) -> None:
    fresh = initial_state(params, 0)
    [turn] = live(params, BETRAYAL, source="system")
    assert (turn.state.trust, turn.state.familiarity, turn.state.talks) == (fresh.trust, 0.0, 0)
    assert turn.state.rapport == pytest.approx(fresh.rapport, abs=1e-6)
    assert turn.state.trust_log == ()


def test_ten_years_later_the_character_is_itself_again(params: Params) -> None:
    state = live(params, *[ABUSE] * 8)[-1].state
    [turn] = live(params, NOTHING, after=state, every_ms=315_576_000_000)
    assert turn.state.v == pytest.approx(params.bv, abs=1e-9)
    assert turn.state.energy == pytest.approx(1.0, abs=1e-9)
