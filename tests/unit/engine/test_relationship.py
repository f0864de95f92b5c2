"""The bond to the user: trust and what is remembered of it, attachment, contact and its bad patterns, the report."""

from itertools import pairwise

import msgspec
import pytest
from msgspec.structs import replace

from molroo_actor.engine import Appraisal, Params, State, initial_state, relationship_report
from molroo_actor.engine.contact import Pattern, UnhealthyPatterns, rift, unhealthy_patterns
from molroo_actor.engine.relationship import REASONS, attachment_style, bond, drift
from molroo_actor.engine.relationship_report import proximity_need, relationship_stage
from tests.unit.engine.moments import (
    ABUSE,
    BETRAYAL,
    DAY_MS,
    HOUR_MS,
    INSULT,
    KIND,
    MINUTE_MS,
    PRAISE,
    SMALL_TALK,
    character,
    live,
)


def test_trust_is_lost_at_least_twice_as_fast_as_it_is_won() -> None:
    for size in (0.2, 0.5, 1.0):
        won = bond(0.5, 0.2, 0.1, 0.8, size, -0.5, 0.5)[0] - 0.5
        lost = 0.5 - bond(0.5, 0.2, 0.1, 0.8, -size, -0.5, -0.5)[0]
        assert lost >= 2 * won > 0.0


def test_trust_ends_at_nothing() -> None:
    assert bond(0.01, 0.2, 0.1, 1.0, -1.0, -1.0, -1.0)[0] == 0.0


@pytest.mark.parametrize("trust", [0.5, 0.7, 0.9])
def test_a_betrayal_costs_at_least_a_fifth_whoever_trusted(trust: float) -> None:
    milder = bond(trust, 0.5, 0.5, 0.85, -0.8, -0.7, -0.8)[0]
    assert trust - milder >= 0.2


def test_the_four_attachment_styles() -> None:
    found = [attachment_style(a, b) for a in (0.2, 0.8) for b in (0.2, 0.8)]
    assert found == ["secure", "avoidant", "anxious", "disorganized"]


def test_hurt_makes_attachment_insecure_and_trusted_kindness_heals_it() -> None:
    assert drift(0.5, 0.5, 0.5, 1.0, -1.0, -1.0) == (pytest.approx(0.51), pytest.approx(0.506))
    anxiety, avoidance = drift(0.5, 0.5, 0.8, 1.0, 1.0, -1.0)
    assert anxiety == avoidance < 0.5


def test_attachment_drifts_slowly_with_experience(params: Params) -> None:
    def style(state: State) -> str:
        return relationship_report(params, state, state.at_ms).relationship.attachment_style

    state, turns = initial_state(params, 0), 0
    while style(state) == "secure":
        state, turns = live(params, ABUSE, after=state, every_ms=HOUR_MS)[0].state, turns + 1
    assert 5 < turns < 20
    healed = 0
    while style(state) != "secure":
        state, healed = live(params, KIND, after=state, every_ms=HOUR_MS)[0].state, healed + 1
    assert healed > turns


def history(params: Params, state: State) -> list[tuple[str, float]]:
    return [(entry.reason, entry.delta) for entry in relationship_report(params, state, state.at_ms).trust_history]


def test_the_history_of_trust_tells_what_changed_it(params: Params) -> None:
    state = live(params, *[KIND] * 5, BETRAYAL, *[KIND] * 3)[-1].state
    told = history(params, state)
    assert [reason for reason, _ in told] == ["kindness", "betrayal", "repair"]
    assert sum(delta for _, delta in told) == pytest.approx(state.trust - 0.5, abs=0.002)
    last = relationship_report(params, state, state.at_ms).trust_history[-1]
    assert (last.at_ms, last.trust) == (9 * MINUTE_MS, pytest.approx(state.trust, abs=0.0005))


def test_an_offence_and_a_letdown_are_told_apart_and_small_talk_is_not_told(params: Params) -> None:
    rude = Appraisal(0.5, -0.5, 0.4, 0.5, -0.6, -0.5)
    careless = Appraisal(0.6, -0.6, 0.4, 0.5, -0.6, 0.1)
    state = live(params, rude, careless, SMALL_TALK)[-1].state
    assert [reason for reason, _ in history(params, state)] == ["offence", "letdown"]


def test_only_the_newest_sixteen_changes_are_kept(params: Params) -> None:
    state = live(params, *[KIND] * 20, every_ms=2 * HOUR_MS)[-1].state
    kept = relationship_report(params, state, state.at_ms).trust_history
    assert len(kept) == len(state.trust_log) == 16
    assert kept[-1].at_ms == 40 * HOUR_MS
    assert all(after.at_ms - before.at_ms == 2 * HOUR_MS for before, after in pairwise(kept))


def test_a_rift_heals_by_kindness_and_slowly_by_time(params: Params) -> None:
    broken = live(params, BETRAYAL)[-1].state
    assert broken.rift == pytest.approx(0.5 - broken.trust)
    assert rift(broken, broken.at_ms + 30 * DAY_MS) == pytest.approx(broken.rift / 2)
    assert live(params, *[KIND] * 40, after=broken)[-1].state.rift == 0.0


def stage_after(params: Params, *moments: Appraisal) -> str:
    state = live(params, *moments)[-1].state if moments else initial_state(params, 0)
    return relationship_stage(state)


def test_a_relationship_grows_from_stranger_to_confidant_and_breaks(params: Params) -> None:
    grown = [stage_after(params, *[KIND] * count) for count in (0, 6, 18, 36, 80)]
    assert grown == ["stranger", "acquaintance", "friend", "close_friend", "confidant"]
    assert stage_after(params, *[KIND] * 36, BETRAYAL) == "strained"
    assert stage_after(params, *[KIND] * 5, BETRAYAL) == "estranged"
    assert stage_after(params, *[KIND] * 36, BETRAYAL, *[KIND] * 30) == "friend"


def test_the_report_of_a_new_relationship(params: Params) -> None:
    report = relationship_report(params, initial_state(params, 0), 6 * HOUR_MS)
    bond_now = report.relationship
    assert (bond_now.duration_days, bond_now.interaction_count, bond_now.positive_ratio) == (0.25, 0, 0.5)
    assert (bond_now.trust_level, bond_now.stage, bond_now.intimacy) == (0.5, "stranger", 0.0)
    assert report.trust_history == []
    assert report.unhealthy_patterns == UnhealthyPatterns(False, 0.0)
    assert report.trust_description == "Mia trusts the user as one trusts somebody not yet well known."
    assert report.attachment_description.startswith("Mia feels safe")


def test_the_report_counts_the_user_s_turns_and_no_others(params: Params) -> None:
    state = live(params, KIND, KIND, INSULT)[-1].state
    state = live(params, ABUSE, after=state, source="system")[-1].state
    found = relationship_report(params, state, state.at_ms).relationship
    assert (found.interaction_count, found.positive_ratio) == (3, pytest.approx(2 / 3))


def test_the_words_say_what_the_numbers_say(params: Params) -> None:
    def words(state: State) -> tuple[str, str]:
        report = relationship_report(params, state, state.at_ms)
        return report.trust_description, report.attachment_description

    deep = live(params, *[KIND] * 60)[-1].state
    assert words(deep)[0] == "Mia trusts the user deeply, also with what is hard to say."
    broken = live(params, BETRAYAL, BETRAYAL, after=deep)[-1].state
    assert words(broken)[0].startswith("Mia does not trust the user. Too much was broken")
    assert words(replace(deep, anxiety=0.8))[1].startswith("Mia fears to be left")


def test_a_korean_character_is_described_in_korean() -> None:
    params = character("미아", "ko")
    report = relationship_report(params, initial_state(params, 0), 0)
    assert report.trust_description.startswith("미아")
    assert not report.attachment_description.isascii()
    assert {*REASONS} == {"kindness", "repair", "letdown", "offence", "betrayal"}


def test_the_report_has_the_keys_of_the_contract(params: Params) -> None:
    state = live(params, *[KIND, ABUSE] * 12)[-1].state
    built = msgspec.to_builtins(relationship_report(params, state, state.at_ms))
    assert set(built["relationship"]) == {
        "duration_days", "trust_level", "attachment_style", "interaction_count", "positive_ratio", "stage",
        "intimacy", "secure_base", "proximity_need",
    }  # fmt: skip
    assert set(built["unhealthy_patterns"]) == {"patternDetected", "patternType", "severity", "recommendedAction"}
    action = built["unhealthy_patterns"]["recommendedAction"]
    assert set(action) == {"boundaryFirmness", "supportIntensity", "initiativeLevel"}
    assert all(0.0 <= level <= 1.0 for level in action.values())
    assert set(built["trust_history"][0]) == {"at_ms", "trust", "delta", "reason"}


def pattern_of(state: State) -> tuple[Pattern | None, float]:
    found = unhealthy_patterns(state)
    assert found.pattern_detected == (found.pattern_type is not None) == (found.recommended_action is not None)
    return found.pattern_type, found.severity


def test_who_talks_all_day_and_night_depends_too_much() -> None:
    clinging, calm = character(N=0.9, E=0.4), character(N=0.2)
    day_and_night = [KIND] * (4 * 72)
    pattern, severity = pattern_of(live(clinging, *day_and_night, every_ms=20 * MINUTE_MS)[-1].state)
    assert (pattern, severity > 0.4) == ("excessive_dependency", True)
    assert pattern_of(live(calm, *day_and_night, every_ms=20 * MINUTE_MS)[-1].state)[1] < severity
    action = unhealthy_patterns(live(clinging, *day_and_night, every_ms=20 * MINUTE_MS)[-1].state).recommended_action
    assert action is not None
    assert action.boundary_firmness > 0.6 > action.support_intensity > action.initiative_level


def test_much_talk_by_day_with_nights_between_is_no_dependency(params: Params) -> None:
    state = initial_state(params, 0)
    for _ in range(5):
        state = live(params, *[KIND] * 60, after=state, every_ms=15 * MINUTE_MS)[-1].state
        state = live(params, KIND, after=state, every_ms=9 * HOUR_MS)[-1].state
    assert pattern_of(state) == (None, 0.0)


def test_contact_that_cools_and_ends_is_withdrawal_and_a_warm_one_is_only_missed(params: Params) -> None:
    cool = Appraisal(0.3, -0.2, 0.6, 0.5, -0.3, 0.0)
    cooled = live(params, *[cool] * 40, every_ms=6 * HOUR_MS)[-1].state
    gone = replace(cooled, at_ms=cooled.at_ms + 8 * DAY_MS)
    assert pattern_of(cooled)[0] is None
    pattern, severity = pattern_of(gone)
    assert (pattern, 0.25 < severity < 0.9) == ("avoidant_withdrawal", True)
    assert pattern_of(replace(cooled, at_ms=cooled.at_ms + 20_000 * DAY_MS))[0] == "avoidant_withdrawal"
    warm = live(params, *[KIND] * 40, every_ms=6 * HOUR_MS)[-1].state
    assert pattern_of(replace(warm, at_ms=warm.at_ms + 8 * DAY_MS)) == (None, 0.0)


def test_warm_and_cold_by_turns_is_an_oscillation_and_one_quarrel_is_none(params: Params) -> None:
    swinging = live(params, *[KIND, KIND, ABUSE] * 6, every_ms=5 * HOUR_MS)[-1].state
    assert pattern_of(swinging)[0] == "anxious_avoidant_oscillation"
    quarrel = live(params, *[KIND] * 6, INSULT, INSULT, *[PRAISE] * 6, every_ms=5 * HOUR_MS)[-1].state
    assert pattern_of(quarrel) == (None, 0.0)
    months_later = replace(swinging, at_ms=swinging.at_ms + 60 * DAY_MS)
    assert pattern_of(months_later)[0] != "anxious_avoidant_oscillation"


def test_a_long_absence_after_warmth_counts_as_one_move_away(params: Params) -> None:
    warm = live(params, *[KIND] * 3)[-1].state
    back = live(params, KIND, after=warm, every_ms=3 * DAY_MS)[-1].state
    assert (warm.k_swing, warm.k_pole) == (0.0, 1)
    assert (back.k_swing > 1.5, back.k_pole) == (True, 1)


def test_the_lonely_and_anxious_want_the_user_near(fresh: State) -> None:
    near = proximity_need(fresh)
    assert proximity_need(replace(fresh, relatedness=0.2)) > near
    assert proximity_need(replace(fresh, anxiety=0.9)) > near > proximity_need(replace(fresh, avoidance=0.9))
