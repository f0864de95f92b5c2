"""Stories: what a character goes through over minutes and days, with the feelings that a reader would expect."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from molroo_actor.engine import Appraisal, Outcome, Params, Reading, State, Stimulus, flow, observe, step

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
Tell = Callable[..., Outcome]


def label(outcome: Outcome) -> str:
    return outcome.result.discrete_emotion.primary


def later(params: Params, state: State, ms: int) -> str:
    return observe(params, state, state.at_ms + ms).discrete_emotion.primary


def test_all_clear_after_fear_is_relief(tell: Tell) -> None:
    scared = tell("A wolf is closing in on you and there is no way out", source="system")
    safe = tell("The wolf turns away; you are safe now", source="system", state=scared.state)
    assert (label(scared), label(safe)) == ("fear", "relief")


def test_anger_fades_by_its_name(params: Params, tell: Tell) -> None:
    angry = tell(Reading(Appraisal(0.8, -0.7, 0.2, 0.8, 0.4, -0.5)))
    assert label(angry) == "anger"
    seen = [later(params, angry.state, minutes * 60_000) for minutes in range(0, 1440, 10)]
    assert list(dict.fromkeys(seen)) == ["anger", "neutral"]
    assert seen[6] == "anger"


def lasting_h(params: Params, state: State) -> float:
    """Hours until the feeling has sunk below a tenth."""
    hours = 0.0
    while observe(params, state, state.at_ms + round(hours * HOUR_MS)).emotion_intensity > 0.1:
        hours += 0.25
    return hours


def test_grief_outlasts_surprise_at_least_fivefold(params: Params, tell: Tell) -> None:
    grief = tell("Your mother died this morning", source="system")
    surprise = tell("Suddenly a balloon bursts, what a surprise", source="system")
    assert label(grief) == "sadness"
    assert lasting_h(params, grief.state) >= 5 * lasting_h(params, surprise.state)


def test_eight_silent_days_make_lonely(params: Params, tell: Tell) -> None:
    met = tell("hello, nice to see you")
    alone = observe(params, met.state, met.state.at_ms + 8 * DAY_MS)
    assert alone.discrete_emotion.primary == "loneliness"
    assert alone.need_state.relatedness < 0.31
    assert alone.emotion_intensity > 0.15


def test_a_betrayal_costs_a_fifth_of_trust_and_kindness_repairs_slowly(tell: Tell) -> None:
    praised = tell(*["You are wonderful"] * 5)
    betrayed = tell("I betrayed you and told everyone your secret", state=praised.state)
    assert label(betrayed) in {"hurt", "anger"}
    assert praised.state.trust - betrayed.state.trust >= 0.2
    repaired = tell(*["You are so kind, thank you"] * 5, state=betrayed.state)
    assert betrayed.state.trust < repaired.state.trust < praised.state.trust


def test_about_twenty_kind_turns_bring_trust_from_half_to_seven_tenths(tell: Tell, fresh: State) -> None:
    assert fresh.trust == 0.5
    kind = tell(*["You are so kind, thank you"] * 20)
    assert kind.state.trust == pytest.approx(0.7, abs=0.03)


def test_insult_apology_and_kindness_lead_from_hurt_over_relief_to_joy(tell: Tell) -> None:
    hurt = tell("You are stupid and useless")
    sorry = tell("I'm so sorry, I was wrong to say that", state=hurt.state)
    kind = tell("I love talking to you", state=sorry.state)
    assert label(hurt) == "hurt"
    assert label(sorry) == "relief"
    assert label(kind) in {"joy", "love", "contentment"}
    assert hurt.state.v < sorry.state.v < kind.state.v


def test_five_praises_in_a_row_do_not_saturate(tell: Tell, fresh: State) -> None:
    state, seen = fresh, [fresh.v]
    for _ in range(5):
        state = tell("You are wonderful", state=state).state
        seen.append(state.v)
    gains = [after - before for before, after in pairwise(seen)]
    assert all(gain > 0.0 for gain in gains)
    assert state.v < 0.8


def test_an_insult_is_felt_after_ten_praises(tell: Tell) -> None:
    praised = tell(*["You are wonderful"] * 10)
    assert label(tell("You are a worthless idiot and I hate you", state=praised.state)) in {"hurt", "anger"}


def test_small_talk_after_an_insult_leaves_the_insult_the_cause(tell: Tell) -> None:
    hurt = tell("You are a worthless idiot and I hate you")
    assert label(tell("what time is it in Paris", state=hurt.state)) == label(hurt)


def test_endless_abuse_leads_through_every_stage_of_crisis_and_rest_leads_out(params: Params, tell: Tell) -> None:
    state, names = tell("hello").state, []
    for _ in range(16):
        outcome = tell("You are a worthless idiot and I hate you", state=state)
        state = outcome.state
        names.append(outcome.result.soul_stage.name)
    crisis = ["Stressed", "Overwhelmed", "Breaking Point", "Collapse"]
    assert [name for name in dict.fromkeys(names) if name in crisis] == crisis
    assert state.energy < 0.4
    rested = [observe(params, state, state.at_ms + h * HOUR_MS).soul_stage.name for h in range(0, 96, 1)]
    assert [name for name in dict.fromkeys(rested) if name in {"Stabilizing", "Recovering", "Rebuilding"}] == [
        "Stabilizing",
        "Recovering",
        "Rebuilding",
    ]


def test_a_long_absence_settles_as_one_look_or_as_many(params: Params, tell: Tell) -> None:
    state = tell(*["You are a worthless idiot and I hate you"] * 8).state
    once = flow(params, state, state.at_ms + 3 * DAY_MS)
    often = state
    for _ in range(72):
        often = flow(params, often, often.at_ms + HOUR_MS)
    assert observe(params, once, once.at_ms).soul_stage.id == observe(params, often, often.at_ms).soul_stage.id


def test_what_others_do_moves_no_trust_in_the_user(tell: Tell, fresh: State) -> None:
    state = tell("A merchant cheats a blind woman out of her coins", source="system").state
    assert (state.trust, state.rapport, state.familiarity) == (fresh.trust, pytest.approx(fresh.rapport, abs=1e-6), 0.0)


def test_ten_years_later_the_character_is_itself_again(params: Params, tell: Tell) -> None:
    state = tell(*["You are a worthless idiot and I hate you"] * 8).state
    ten_years = 315_576_000_000
    outcome = step(params, state, Stimulus(Reading(Appraisal(0.0, 0.0, 0.5, 0.5, 0.0, 0.0))), state.at_ms + ten_years)
    assert outcome.state.v == pytest.approx(params.bv, abs=1e-9)
    assert outcome.state.energy == pytest.approx(1.0, abs=1e-9)
