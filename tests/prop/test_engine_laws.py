"""Laws of the character that hold for every persona, every state and every event: random cases, exact bounds.

Stories and single vectors are in tests/unit/engine.
"""

from math import isclose, isfinite, sqrt

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from molroo_actor.engine import (
    Appraisal,
    Calibration,
    EmotionConfig,
    Identity,
    Persona,
    Personality,
    Reading,
    Source,
    State,
    Stimulus,
    appraise,
    derive,
    flow,
    initial_state,
    observe,
    render_prompt,
    step,
)
from molroo_actor.engine.dynamics import give_way, half_life, impulse, shift
from molroo_actor.engine.labels import LABELS
from molroo_actor.engine.params import Params
from molroo_actor.engine.regulation import STRENGTH, relieve
from molroo_actor.engine.report import affect_dynamics

# No deadline: a busy machine breaks no law. Fewer cases than the default where a whole life is lived for each.
law = settings(max_examples=60, deadline=None)

TEN_YEARS_MS = 315_576_000_000
HOUR_MS = 3_600_000

unit = st.floats(0.0, 1.0)
signed = st.floats(-1.0, 1.0)
hours = st.integers(0, 20 * HOUR_MS)
spans = st.integers(0, TEN_YEARS_MS) | hours
personalities = st.builds(Personality, O=unit, C=unit, E=unit, A=unit, N=unit, H=unit)
configs = st.builds(
    EmotionConfig,
    reactivity=st.floats(0.1, 3.0),
    persistence=st.floats(0.1, 5.0),
    expressiveness=unit | st.none(),
)
calibrations = st.builds(
    Calibration,
    budgetRecoveryPerHour=st.floats(0.0, 10.0) | st.none(),
    budgetMinimum=st.floats(0.0, 0.9) | st.none(),
    turnScale=st.floats(0.01, 1000.0) | st.none(),
)
personas = st.builds(
    Persona,
    identity=st.just(Identity("Mia")),
    personality=personalities,
    emotion_config=configs,
    calibration=calibrations,
)
appraisals = st.builds(
    Appraisal,
    goal_relevance=unit,
    goal_congruence=signed,
    expectedness=unit,
    controllability=unit,
    agency=signed,
    norm_compatibility=signed,
    internal_standards=signed | st.none(),
    adjustment_potential=unit | st.none(),
    urgency=unit | st.none(),
)
evidence = st.dictionaries(st.sampled_from((*LABELS, "unheard of")), unit, max_size=8)
readings = st.builds(Reading, appraisal=appraisals, loss=unit, confidence=unit, evidence=evidence)
stimuli = st.builds(Stimulus, reading=readings, source=st.sampled_from(("user", "system", "internal")))
lives = st.lists(st.tuples(stimuli, spans), max_size=5)


def lived(params: Params, life: list[tuple[Stimulus, int]]) -> State:
    state = initial_state(params, 0)
    for stimulus, span in life:
        state = step(params, state, stimulus, state.at_ms + span).state
    return state


@st.composite
def characters(draw: st.DrawFn) -> tuple[Params, State]:
    params = derive(draw(personas))
    return params, lived(params, draw(lives))


def emotion(state: State) -> tuple[float, float, float]:
    return state.v, state.a, state.d


def numbers(value: object) -> list[float]:
    """Every number anywhere in a value."""
    built = msgspec.to_builtins(value)
    if isinstance(built, bool):
        return []
    if isinstance(built, int | float):
        return [built]
    parts = built.values() if isinstance(built, dict) else built if isinstance(built, list | tuple) else ()
    return [x for part in parts for x in numbers(part)]


UNIT_FIELDS = (
    "energy stress autonomy competence relatedness trust rapport familiarity anxiety avoidance x_gr x_ex x_ct "
    "c_i c_gr c_ex c_ct c_ap c_ur c_loss reg_p"
).split()
SIGNED_FIELDS = "v a d mv ma md x_gc x_ag x_nc c_gc c_ag c_nc c_is c_v".split()


@law
@given(characters(), spans)
def test_every_number_of_a_life_is_finite_and_in_its_range(character: tuple[Params, State], span: int) -> None:
    params, state = character
    later = flow(params, state, state.at_ms + span)
    for moment in (state, later):
        fields = asdict(moment)
        assert all(isfinite(x) for x in numbers(moment))
        assert all(0.0 <= fields[name] <= 1.0 for name in UNIT_FIELDS), fields
        assert all(-1.0 <= fields[name] <= 1.0 for name in SIGNED_FIELDS), fields
        assert 1 <= moment.stage <= 15
        assert len(moment.reg_log) <= 5
        assert len(moment.c_ev) <= 4


@law
@given(characters(), stimuli, spans)
def test_a_turn_answers_within_the_ranges_of_the_wire(
    character: tuple[Params, State], stimulus: Stimulus, span: int
) -> None:
    params, state = character
    result = step(params, state, stimulus, state.at_ms + span).result
    assert all(isfinite(x) for x in numbers(result))
    assert result.appraisal is stimulus.reading.appraisal
    assert -1.0 <= result.new_emotion.V <= 1.0
    assert 0.0 <= result.new_emotion.A <= 1.0
    assert -1.0 <= result.new_emotion.D <= 1.0
    assert 0.0 <= result.emotion_intensity <= 1.0
    assert 0.0 <= result.body_budget <= 1.0
    assert 0.0 <= result.stress <= 1.0
    assert 0.0 <= result.soul_stage.progress <= 1.0
    assert 0.0 <= result.prediction_error.magnitude <= 1.0
    assert 0.0 <= result.blend_ratio.rational <= 1.0
    assert result.blend_ratio.rational + result.blend_ratio.irrational == pytest.approx(1.0, abs=1e-12)
    assert -1.0 <= result.catastrophe.alpha <= 1.0
    assert 0.0 <= result.catastrophe.beta <= 1.0
    assert result.discrete_emotion.primary in LABELS
    assert result.discrete_emotion.secondary != result.discrete_emotion.primary


@law
@given(characters(), hours, hours)
def test_flowing_twice_is_flowing_once(character: tuple[Params, State], a: int, b: int) -> None:
    params, state = character
    once = flow(params, state, state.at_ms + a + b)
    twice = flow(params, flow(params, state, state.at_ms + a), state.at_ms + a + b)
    for name, x in asdict(once).items():
        y = getattr(twice, name)
        assert isclose(x, y, rel_tol=0.0, abs_tol=1e-12) if isinstance(x, float) else x == y, name


@law
@given(characters(), st.integers(1, 20), hours)
def test_many_small_flows_are_one_large_flow(character: tuple[Params, State], k: int, span: int) -> None:
    params, state = character
    once = flow(params, state, state.at_ms + k * span)
    for i in range(1, k + 1):
        state = flow(params, state, once.at_ms - (k - i) * span)
    assert all(isclose(x, y, abs_tol=1e-11) for x, y in zip(numbers(once), numbers(state), strict=True))


@law
@given(characters(), st.integers(-(10**12), 0))
def test_no_time_and_time_running_back_change_nothing(character: tuple[Params, State], span: int) -> None:
    params, state = character
    assert flow(params, state, state.at_ms + span) is state


@law
@given(characters())
def test_in_the_end_the_emotion_rests_at_the_baseline(character: tuple[Params, State]) -> None:
    params, state = character
    assume(params.pace >= 0.1)
    end = flow(params, state, state.at_ms + TEN_YEARS_MS)
    assert emotion(end) == pytest.approx((params.bv, params.ba, params.bd), abs=1e-9)
    assert (end.mv, end.ma, end.md) == pytest.approx((params.bv, params.ba, params.bd), abs=1e-9)


@law
@given(characters(), spans)
def test_the_flow_stays_between_emotion_mood_and_baseline(character: tuple[Params, State], span: int) -> None:
    params, state = character
    later = flow(params, state, state.at_ms + span)
    rest = (params.bv, params.ba, params.bd)
    for e, m, b, x in zip(emotion(state), (state.mv, state.ma, state.md), rest, emotion(later), strict=True):
        assert min(e, m, b) - 1e-12 <= x <= max(e, m, b) + 1e-12


@law
@given(characters(), spans)
def test_idle_time_never_lowers_energy(character: tuple[Params, State], span: int) -> None:
    params, state = character
    assert flow(params, state, state.at_ms + span).energy >= state.energy - 1e-15


@law
@given(characters(), appraisals, unit)
def test_the_emotion_is_always_faster_than_the_mood(
    character: tuple[Params, State], appraisal: Appraisal, loss: float
) -> None:
    params, state = character
    mood_h = 0.6931471805599453 / params.rate_m
    assert 0.0 < state.half_h < mood_h
    assert half_life(params, appraisal.goal_relevance, appraisal.goal_congruence, loss) < mood_h


def felt(params: Params, state: State, appraisal: Appraisal, **changed: float) -> tuple[float, float, float]:
    reading = Reading(replace(appraisal, **changed))
    return emotion(step(params, state, Stimulus(reading), state.at_ms).state)


@law
@given(characters(), appraisals, signed, signed)
def test_valence_rises_with_congruence_and_with_norms(
    character: tuple[Params, State], appraisal: Appraisal, x: float, y: float
) -> None:
    low, high = sorted((x, y))
    for name in ("goal_congruence", "norm_compatibility"):
        below = felt(*character, appraisal, **{name: low})[0]
        above = felt(*character, appraisal, **{name: high})[0]
        assert below <= above + 1e-12, name


@law
@given(characters(), appraisals, unit, unit)
def test_dominance_rises_with_control_and_arousal_falls_with_expectedness(
    character: tuple[Params, State], appraisal: Appraisal, x: float, y: float
) -> None:
    low, high = sorted((x, y))
    assert felt(*character, appraisal, controllability=low)[2] <= (
        felt(*character, appraisal, controllability=high)[2] + 1e-12
    )
    assert felt(*character, appraisal, expectedness=low)[1] >= (
        felt(*character, appraisal, expectedness=high)[1] - 1e-12
    )


@law
@given(characters(), appraisals)
def test_an_event_of_no_relevance_leaves_the_emotion(character: tuple[Params, State], appraisal: Appraisal) -> None:
    params, state = character
    state = replace(state, reg=None)
    assert felt(params, state, appraisal, goal_relevance=0.0) == pytest.approx(emotion(state), abs=1e-12)


@law
@given(st.floats(-0.9, 0.9), st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))
def test_simultaneous_pushes_commute(x: float, p: float, q: float) -> None:
    assert shift(shift(x, p), q) == pytest.approx(shift(shift(x, q), p), abs=1e-12)


@law
@given(st.floats(-0.99, 0.99), st.floats(-3.0, 3.0), unit)
def test_what_gives_way_keeps_its_sign_and_never_grows(x: float, push: float, gr: float) -> None:
    left = give_way(x, push, gr)
    assert abs(left) <= abs(x)
    assert left * x >= 0.0


@law
@given(unit, signed, unit, unit, signed, unit, unit)
def test_the_push_on_valence_is_odd_in_congruence(
    gr: float, gc: float, ex: float, ct: float, ag: float, ur: float, loss: float
) -> None:
    assert impulse(gr, gc, ex, ct, ag, 0.0, ur, loss)[0] == -impulse(gr, -gc, ex, ct, ag, 0.0, ur, loss)[0]


@law
@given(personalities, lives, appraisals, unit, unit)
def test_the_more_neurotic_is_not_hurt_less_nor_for_a_shorter_time(
    personality: Personality, life: list[tuple[Stimulus, int]], appraisal: Appraisal, x: float, y: float
) -> None:
    low, high = sorted((x, y))
    calm, nervous = (derive(Persona(Identity("Mia"), replace(personality, N=n))) for n in (low, high))
    state = replace(lived(calm, life), reg=None)
    bad = replace(appraisal, goal_congruence=-abs(appraisal.goal_congruence), norm_compatibility=-0.1)
    assert felt(nervous, state, bad)[0] <= felt(calm, state, bad)[0] + 1e-12
    gr, gc = bad.goal_relevance, bad.goal_congruence
    assert half_life(nervous, gr, gc, 0.5) >= half_life(calm, gr, gc, 0.5) - 1e-12


@law
@given(characters(), st.sampled_from(sorted(STRENGTH)), st.floats(-0.995, 0.995))
def test_regulation_lifts_towards_the_baseline_and_never_past_it(
    character: tuple[Params, State], strategy: str, v: float
) -> None:
    params, _ = character
    lifted = relieve(params, strategy, v)
    assert lifted == v if v >= params.bv else v <= lifted <= params.bv


@law
@given(characters())
def test_variability_instability_and_inertia_satisfy_their_identity(character: tuple[Params, State]) -> None:
    _, state = character
    found = affect_dynamics(state)
    assume(0.0 < found.inertia < 1.0)
    assert found.instability == pytest.approx(sqrt(2.0 * found.variability**2 * (1.0 - found.inertia)), abs=1e-12)


@law
@given(characters(), spans)
def test_looking_at_a_state_changes_nothing_and_says_the_same_twice(character: tuple[Params, State], span: int) -> None:
    params, state = character
    before = msgspec.msgpack.encode(state)
    now = state.at_ms + span
    assert observe(params, state, now) == observe(params, state, now)
    assert all(isfinite(x) for x in numbers(observe(params, state, now)))
    assert msgspec.msgpack.encode(state) == before


@law
@given(characters(), stimuli, spans)
def test_the_same_reading_makes_the_same_turn(character: tuple[Params, State], stimulus: Stimulus, span: int) -> None:
    params, state = character
    first, second = (step(params, state, stimulus, state.at_ms + span) for _ in range(2))
    assert first == second


@law
@given(characters(), stimuli, spans)
def test_a_state_comes_back_from_msgpack_as_it_was_and_small(
    character: tuple[Params, State], stimulus: Stimulus, span: int
) -> None:
    params, state = character
    state = step(params, state, stimulus, state.at_ms + span).state
    blob = msgspec.msgpack.encode(state)
    assert msgspec.msgpack.decode(blob, type=State) == state
    assert len(blob) <= 1280


@law
@given(characters(), st.text(max_size=60) | st.none())
def test_a_prompt_opens_with_the_label_and_holds_no_number(character: tuple[Params, State], event: str | None) -> None:
    params, state = character
    found = render_prompt(params, state, event)
    block = found.formatted.context_block
    assert block.startswith(f"[Emotion: {found.context.emotion.primary} ({found.context.emotion.intensity_level})]")
    assert found.context.event_context == event
    shown = render_prompt(params, state, None).formatted
    assert not any(c.isdigit() for c in shown.context_block + shown.instruction_block + shown.system_prompt)


texts = (
    st.text(max_size=300)
    | st.lists(st.sampled_from("you i hate love my boss never not died haha ? . , 너 안 사랑 🙂".split())).map(" ".join)
    | st.text(alphabet="😀❤️👍🏽ㅋㅎ?!.", max_size=80)
)


@law
@given(texts, st.sampled_from(("user", "system", "internal")), characters())
def test_any_text_is_read_without_an_error_and_within_the_ranges(
    text: str, source: Source, character: tuple[Params, State]
) -> None:
    params, state = character
    reading = appraise(text, source, params, state)
    again = msgspec.convert(msgspec.to_builtins(reading), Reading)
    assert again == reading
    assert set(reading.evidence) <= set(LABELS)


@law
@given(st.sampled_from(["you are stupid ", "사랑해 ", "😀", "a", "\n", "i'm so sorry ", "my dog died. ", "\x00"]))
def test_a_text_of_sixteen_kilobytes_is_read_too(part: str) -> None:
    params = derive(Persona(Identity("Mia"), Personality(0.5, 0.5, 0.5, 0.5, 0.5)))
    text = part * (16_384 // len(part.encode()))
    reading = appraise(text, "user", params, initial_state(params, 0))
    assert msgspec.convert(msgspec.to_builtins(reading), Reading) == reading
