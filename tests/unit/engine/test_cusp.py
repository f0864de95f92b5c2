"""Thought against feeling: the blend, the mask and the risk of an outburst."""

from math import sqrt

import pytest

from molroo_actor.engine import Params
from molroo_actor.engine.cusp import blend, catastrophe, mask_of, risk_of
from tests.unit.engine.moments import ABUSE, GREETING, KIND, character, live


def test_the_two_shares_add_up_and_thought_gives_way_to_arousal_tiredness_and_a_worn_mask() -> None:
    rested = blend(0.0, 0.1, 1.0, 1.0)
    assert rested.rational + rested.irrational == pytest.approx(1.0)
    for heated in (
        blend(0.5, 0.1, 1.0, 1.0),
        blend(0.0, 0.6, 1.0, 1.0),
        blend(0.0, 0.1, 0.3, 1.0),
        blend(0.0, 0.1, 1.0, 0.1),
    ):
        assert heated.rational < rested.rational
    assert blend(1.0, 1.0, 0.0, 0.0).rational == 0.0


def test_a_mask_is_worn_down_by_tiredness_stress_and_arousal_and_held_by_self_control(params: Params) -> None:
    whole = mask_of(params, 0.0, 1.0, 0.05)
    assert 0.8 < whole <= 1.0
    assert mask_of(params, 0.0, 0.4, 0.05) < whole
    assert mask_of(params, 0.0, 1.0, 0.8) < whole
    assert mask_of(params, 0.8, 1.0, 0.05) < whole
    assert mask_of(params, 0.0, 0.0, 0.0) == 0.0
    assert mask_of(character(C=0.9), 0.0, 0.8, 0.3) > mask_of(character(C=0.1), 0.0, 0.8, 0.3)


@pytest.mark.parametrize("beta", [0.5, 0.7, 1.0])
def test_the_risk_follows_the_bifurcation_set(beta: float) -> None:
    """27 alpha^2 = 4 beta^3 parts one sheet from two (Zeeman 1976)."""
    fold = sqrt(4.0 * beta**3 / 27.0)
    assert risk_of(-fold - 1e-9, beta) == "low"
    assert risk_of(-fold + 1e-9, beta) == "elevated"
    assert risk_of(0.49 * fold, beta) == "elevated"
    assert risk_of(0.51 * fold, beta) == "high"
    assert risk_of(fold + 0.1, beta) == "high"


def test_a_calm_nature_loses_control_without_a_jump() -> None:
    assert risk_of(0.5, 0.3) == "elevated"
    assert risk_of(0.01, 0.0) == "elevated"
    assert risk_of(-0.1, 0.0) == "low"


def test_the_controls_are_stress_against_control_and_arousal_with_neuroticism(params: Params) -> None:
    calm = catastrophe(params, 0.0, 0.0, 0.05, 1.0)
    assert (calm.beta, calm.mask, calm.risk) == (0.5, 1.0, "low")
    assert calm.alpha == pytest.approx(0.05 - 0.5 * 0.975)
    assert catastrophe(params, 0.0, -0.5, 0.6, 1.0).alpha > calm.alpha
    assert catastrophe(character(N=0.9), 0.5, 0.0, 0.05, 1.0).beta > calm.beta


def test_a_life_goes_from_low_over_elevated_to_high_and_company_brings_it_back(params: Params) -> None:
    turns = live(params, GREETING, *[ABUSE] * 6)
    risks = [turn.result.catastrophe.risk for turn in turns]
    assert list(dict.fromkeys(risks)) == ["low", "elevated", "high"]
    masks = [turn.result.catastrophe.mask for turn in turns]
    assert masks == sorted(masks, reverse=True)
    later = live(params, *[KIND] * 10, after=turns[-1].state, every_ms=3_600_000)
    assert later[-1].result.catastrophe.risk == "low"
    assert later[-1].result.catastrophe.mask > masks[-1]
