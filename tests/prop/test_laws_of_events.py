"""What an event does to the emotion, its name and its words, whoever it happens to and in whatever state."""

from dataclasses import dataclass
from math import sqrt

import msgspec
import pytest
from msgspec.structs import asdict, replace

from molroo_actor.engine import (
    Identity,
    Persona,
    State,
    Stimulus,
    derive,
    flow,
    observe,
    render_prompt,
    step,
)
from molroo_actor.engine.dynamics import give_way, half_life, impulse, shift
from molroo_actor.engine.labels import LABELS, name
from molroo_actor.engine.report import affect_dynamics
from tests.prop.law import law
from tests.prop.strategies import Case, emotion, felt, finite

UNIT_FIELDS = (
    "energy stress autonomy competence relatedness trust rapport familiarity anxiety avoidance x_gr x_ex x_ct "
    "c_i c_gr c_ex c_ct c_ap c_ur c_loss c_dread reg_p rift"
).split()
SIGNED_FIELDS = "v a d mv ma md x_gc x_ag x_nc c_gc c_ag c_nc c_is c_v af_mean k_tone".split()


@law
def test_every_number_of_a_life_is_finite_and_in_its_range(case: Case) -> None:
    params, state = case.character()
    for moment in (state, flow(params, state, state.at_ms + case.span_ms())):
        fields = asdict(moment)
        assert finite(moment)
        assert all(0.0 <= fields[field] <= 1.0 for field in UNIT_FIELDS), fields
        assert all(-1.0 <= fields[field] <= 1.0 for field in SIGNED_FIELDS), fields
        assert 1 <= moment.stage <= 15
        assert len(moment.reg_log) <= 5
        assert len(moment.trust_log) <= 16
        assert len(moment.c_ev) <= 4


@law
def test_a_turn_answers_within_the_ranges_of_the_wire(case: Case) -> None:
    params, state = case.character()
    stimulus = case.stimulus(params, state)
    result = step(params, state, stimulus, state.at_ms + case.span_ms()).result
    assert finite(result)
    assert result.appraisal is stimulus.reading.appraisal
    assert -1.0 <= result.new_emotion.V <= 1.0
    assert 0.0 <= result.new_emotion.A <= 1.0
    assert -1.0 <= result.new_emotion.D <= 1.0
    for unit in (
        result.emotion_intensity,
        result.body_budget,
        result.stress,
        result.soul_stage.progress,
        result.prediction_error.magnitude,
        result.blend_ratio.rational,
        result.blend_ratio.irrational,
        result.catastrophe.beta,
        result.catastrophe.mask,
    ):
        assert 0.0 <= unit <= 1.0
    assert result.blend_ratio.rational + result.blend_ratio.irrational == pytest.approx(1.0, abs=1e-12)
    assert -1.0 <= result.catastrophe.alpha <= 1.0
    assert result.discrete_emotion.primary in LABELS
    assert result.discrete_emotion.secondary != result.discrete_emotion.primary


@law
def test_valence_rises_with_congruence_and_with_norms(case: Case) -> None:
    params, state = case.character()
    appraisal = case.appraisal()
    low, high = sorted((case.signed(), case.signed()))
    for field in ("goal_congruence", "norm_compatibility"):
        below = felt(params, state, appraisal, **{field: low})[0]
        assert below <= felt(params, state, appraisal, **{field: high})[0] + 1e-12, field


@law
def test_dominance_rises_with_control(case: Case) -> None:
    params, state = case.character()
    appraisal = case.appraisal()
    low, high = sorted((case.unit(), case.unit()))
    below = felt(params, state, appraisal, controllability=low)[2]
    assert below <= felt(params, state, appraisal, controllability=high)[2] + 1e-12


@law
def test_arousal_falls_with_expectedness(case: Case) -> None:
    params, state = case.character()
    appraisal = case.appraisal()
    low, high = sorted((case.unit(), case.unit()))
    above = felt(params, state, appraisal, expectedness=low)[1]
    assert above >= felt(params, state, appraisal, expectedness=high)[1] - 1e-12


@law
def test_an_event_of_no_relevance_leaves_the_emotion(case: Case) -> None:
    """Regulation may go on at any turn; it is no part of what the event does."""
    params, state = case.character()
    state = replace(state, reg=None)
    now = felt(params, state, case.appraisal(), goal_relevance=0.0)
    assert now == pytest.approx(emotion(state), abs=1e-12)


@dataclass
class Push:
    """A push upon one of the three, and the relevance of the event that it comes from."""

    size: float
    gr: float

    def upon(self, x: float) -> float:
        return shift(give_way(x, self.size, self.gr), self.size)


def pushes(case: Case) -> tuple[float, Push, Push]:
    """What is felt at a moment, and two pushes as events of some persona make them."""
    params, state = case.character()
    which = case.byte() % 3
    gains = (max(params.gain_up, params.gain_down), params.gain_other, params.gain_other)

    def push() -> Push:
        gr = case.unit()
        made = impulse(
            gr, case.signed(), case.unit(), case.unit(), case.signed(), case.signed(), case.unit(), case.unit()
        )
        return Push(gains[which] * made[which], gr)

    return emotion(state)[which], push(), push()


@law
def test_simultaneous_pushes_commute(case: Case) -> None:
    x, p, q = pushes(case)
    edge = 0.99  # beyond it the scale ends
    x = max(-edge, min(edge, x))
    once, other = (shift(shift(x, a.size), b.size) for a, b in ((p, q), (q, p)))
    if max(abs(shift(x, p.size)), abs(shift(x, q.size))) > edge:
        case.none_here()
    assert once == pytest.approx(other, abs=1e-12)


@law
def test_of_two_opposite_events_at_one_moment_the_last_word_counts_no_less(case: Case) -> None:
    """A feeling gives way to what is against it, so opposite events do not commute: the later one has the advantage."""
    x, p, q = pushes(case)
    if p.size * q.size >= 0.0:
        case.none_here()
    low, high = (p, q) if p.size < q.size else (q, p)
    assert low.upon(high.upon(x)) <= high.upon(low.upon(x)) + 1e-12


@law
def test_events_of_one_kind_at_one_moment_commute_within_a_seventh(case: Case) -> None:
    """What takes hold of attention takes a little of the rest, so even alike events leave some of their order."""
    x, p, q = pushes(case)
    if p.size * q.size < 0.0:
        case.none_here()
    assert p.upon(q.upon(x)) == pytest.approx(q.upon(p.upon(x)), abs=0.15)


@law
def test_an_irrelevant_event_commutes_with_any_other(case: Case) -> None:
    x, p, _ = pushes(case)
    nothing = Push(0.0, 0.0)
    assert p.upon(nothing.upon(x)) == pytest.approx(nothing.upon(p.upon(x)), abs=1e-12)


@law
def test_what_gives_way_keeps_its_sign_and_never_grows(case: Case) -> None:
    x, p, _ = pushes(case)
    left = give_way(x, p.size, p.gr)
    assert abs(left) <= abs(x)
    assert left * x >= 0.0


@law
def test_the_push_on_valence_is_odd_in_congruence(case: Case) -> None:
    gr, gc, ex, ct = case.unit(), case.signed(), case.unit(), case.unit()
    ag, ur, loss = case.signed(), case.unit(), case.unit()
    assert impulse(gr, gc, ex, ct, ag, 0.0, ur, loss)[0] == -impulse(gr, -gc, ex, ct, ag, 0.0, ur, loss)[0]


@law
def test_the_more_neurotic_is_not_hurt_less_nor_for_a_shorter_time(case: Case) -> None:
    personality = case.personality()
    low, high = sorted((case.unit(), case.unit()))
    calm, nervous = (derive(Persona(Identity("Mia"), replace(personality, N=n))) for n in (low, high))
    case.story.append((personality, low, high))
    state = replace(case.life(calm), reg=None)
    appraisal = case.appraisal()
    bad = replace(
        appraisal,
        goal_congruence=-abs(appraisal.goal_congruence),
        norm_compatibility=-abs(appraisal.norm_compatibility),
    )
    assert felt(nervous, state, bad)[0] <= felt(calm, state, bad)[0] + 1e-12
    gr, gc, loss, ur, own = bad.goal_relevance, bad.goal_congruence, case.unit(), case.unit(), case.signed()
    assert half_life(nervous, gr, gc, loss, ur, own) >= half_life(calm, gr, gc, loss, ur, own) - 1e-12


@law
def test_variability_instability_and_inertia_satisfy_their_identity(case: Case) -> None:
    _, state = case.character()
    found = affect_dynamics(state)
    if not 0.0 < found.inertia < 1.0:
        case.none_here()
    assert found.instability == pytest.approx(sqrt(2.0 * found.variability**2 * (1.0 - found.inertia)), abs=1e-12)


@law
def test_the_same_appraisal_makes_the_same_state_whatever_the_text(case: Case) -> None:
    """What a text says about labels names the feeling and moves nothing (Gratch, Cheng & Marsella 2015)."""
    params, state = case.character()
    one, now = case.reading(), state.at_ms + case.span_ms()
    other = replace(one, evidence=case.reading().evidence, confidence=case.unit())
    first, second = (asdict(step(params, state, Stimulus(reading), now).state) for reading in (one, other))
    for named in ("label", "c_ev"):
        del first[named], second[named]
    assert first == second


@law
def test_the_same_reading_makes_the_same_turn(case: Case) -> None:
    params, state = case.character()
    stimulus, now = case.stimulus(params, state), state.at_ms + case.span_ms()
    assert step(params, state, stimulus, now) == step(params, state, stimulus, now)


@law
def test_a_state_comes_back_from_msgpack_as_it_was_and_small(case: Case) -> None:
    _, state = case.character()
    blob = msgspec.msgpack.encode(state)
    assert msgspec.msgpack.decode(blob, type=State) == state
    assert len(blob) <= 1280


@law
def test_a_breath_of_air_renames_no_feeling(case: Case) -> None:
    """A millionth of the scale in emotion and body changes the name only where two names are equally near."""
    params, state = case.character()
    state = flow(params, state, state.at_ms + case.span_ms())
    moved = {
        field: getattr(state, field) + 1e-6 * case.signed()
        for field in ("v", "a", "d", "energy", "relatedness", "c_i", "rapport")
    }
    first, again = name(params, state)[0], name(params, replace(state, **moved))[0]
    if first != again:
        # Then the two were neck and neck, and the runner-up of each is the other.
        assert {first, again} <= {*name(params, state), *name(params, replace(state, **moved))}


@law
def test_a_prompt_opens_with_the_label_and_shows_no_number(case: Case) -> None:
    params, state = case.character()
    state = flow(params, state, state.at_ms + case.span_ms())
    event = case.sentence()
    found = render_prompt(params, state, event)
    view = found.context.emotion
    assert found.formatted.context_block.startswith(f"[Emotion: {view.primary} ({view.intensity_level})]")
    assert found.context.event_context == event
    assert event in found.formatted.context_block
    shown = render_prompt(params, state, None)
    text = shown.formatted.context_block + shown.formatted.instruction_block + shown.formatted.system_prompt
    assert not any(map(str.isdigit, text)), text
    assert not set("{}%") & set(text), text
    assert "  " not in shown.formatted.instruction_block
    assert view.primary == observe(params, state, state.at_ms).discrete_emotion.primary
    assert all(
        block.strip() == block and block
        for block in (shown.formatted.context_block, shown.formatted.instruction_block, shown.formatted.system_prompt)
    )
