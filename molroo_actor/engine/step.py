"""One turn, start to end: flow to now, event, regulation, relationship, stage, label, hint.

Here: the entrances of the engine over a state. Not here: any formula of psychology but the order in which
they apply, and the running means that span them (expectation, affect dynamics).
"""

from math import sqrt

from msgspec.structs import force_setattr

from molroo_actor.engine import contact, cusp, dynamics, labels, needs, proactive, regulation, relationship, stages
from molroo_actor.engine.params import Params
from molroo_actor.engine.state import State
from molroo_actor.engine.values import (
    VAD,
    DiscreteEmotion,
    Outcome,
    PredictionError,
    Regulation,
    SoulStage,
    Stimulus,
    TurnResult,
)

_KEPT = 4  # labels of evidence
_LEARNING = 0.1  # of the expectation


def initial_state(params: Params, now_ms: int) -> State:
    """The character before anything has happened: at rest, rested, needs half met, trust as its personality has it."""
    bv, ba, bd = params.bv, params.ba, params.bd
    return State(
        at_ms=now_ms,
        born_ms=now_ms,
        met_ms=now_ms,
        v=bv,
        a=ba,
        d=bd,
        mv=bv,
        ma=ba,
        md=bd,
        half_h=params.half_up,
        energy=1.0,
        stress=dynamics.STRESS_REST,
        autonomy=0.5,
        competence=0.5,
        relatedness=0.5,
        trust=params.trust,
        rapport=0.2,
        familiarity=0.0,
        anxiety=params.anxiety,
        avoidance=params.avoidance,
        x_gr=0.3,
        x_gc=0.1,
        x_ex=0.6,
        x_ct=0.5,
        x_ag=-0.2,
        x_nc=0.2,
        vel_v=0.0,
        vel_a=0.0,
        vel_d=0.0,
        turns=0,
        good=0,
        bad=0,
        af_mean=bv,
        af_var=0.0,
        af_msd=0.0,
        c_ms=now_ms,
        c_i=0.0,
        c_gr=0.0,
        c_gc=0.0,
        c_ex=0.5,
        c_ct=0.5,
        c_ag=0.0,
        c_nc=0.0,
        c_is=0.0,
        c_ap=0.5,
        c_ur=0.5,
        c_loss=0.0,
        c_v=bv,
        c_ev={},
        reg=None,
        reg_p=0.0,
        reg_ms=now_ms,
        reg_v=bv,
        reg_log=(),
        stage=1,
        stage_ms=now_ms,
        recovered=0,
    )


def step(params: Params, state: State, stimulus: Stimulus, now_ms: int) -> Outcome:  # noqa: PLR0915 - the hot path: calls and objects are its cost
    """One turn. Pure; `now_ms` before the state's own time counts as that time.

    The reading's appraisal is echoed as it is; a missing urgency or adjustment potential counts as .5, missing
    internal standards follow from own agency and norms.
    """
    s = dynamics.flow(params, state, now_ms)
    now = s.at_ms
    reading = stimulus.reading
    ap = reading.appraisal
    gr, gc, ex = ap.goal_relevance, ap.goal_congruence, ap.expectedness
    ct, ag, nc = ap.controllability, ap.agency, ap.norm_compatibility
    urgency = 0.5 if ap.urgency is None else ap.urgency
    coping = 0.5 if ap.adjustment_potential is None else ap.adjustment_potential
    own = ap.internal_standards
    if own is None:
        own = ag * nc if ag > 0.0 else 0.0
    loss, aimed = reading.loss, reading.aimed
    size = gc if gc >= 0.0 else -gc
    user = stimulus.source == "user"

    # What was not expected surprises, and so counts as less expected.
    e_gr, e_gc, e_ex = gr - s.x_gr, gc - s.x_gc, ex - s.x_ex
    e_ct, e_ag, e_nc = ct - s.x_ct, ag - s.x_ag, nc - s.x_nc
    # The weighted squares sum to at most 1: relevance and the like differ by 1 at most, the signed ones by 2.
    wonder = sqrt((e_gr * e_gr + e_ex * e_ex + e_ct * e_ct + 0.25 * (e_gc * e_gc + e_ag * e_ag + e_nc * e_nc)) / 6.0)
    felt_ex = ex * (1.0 - params.novelty * 0.5 * (e_gc if e_gc >= 0.0 else -e_gc))

    v0, a0, d0 = s.v, s.a, s.d
    push_v, push_a, push_d = dynamics.impulse(gr, gc, felt_ex, ct, ag, nc, urgency, loss)
    energy = s.energy
    tired = 1.0 - energy  # an empty body reacts more, most of all to what is bad (McEwen 1998)
    gain = params.gain_up if push_v >= 0.0 else params.gain_down * (1.0 + 0.7 * tired)
    other = params.gain_other * (1.0 + 0.2 * tired)
    push_v *= gain
    push_a *= other
    push_d *= other
    shift, give_way = dynamics.shift, dynamics.give_way
    v = shift(give_way(v0, push_v, gr), push_v)
    a = shift(give_way(a0, push_a, gr), push_a)
    d = shift(give_way(d0, push_d, gr), push_d)
    share = 0.10 + 0.30 * loss  # of the impulse that reaches the mood
    mv, ma, md = shift(s.mv, share * push_v), shift(s.ma, share * push_a), shift(s.md, share * push_d)

    # The half-life of the emotion is that of what moved it most.
    old, new = abs(v0 - s.mv), abs(push_v)
    half_h = s.half_h
    if gr > 0.0:
        part = ag if ag > 0.0 else own if own < 0.0 else 0.0
        half_h += (dynamics.half_life(params, gr, gc, loss, urgency, part) - half_h) * (new + 0.01) / (old + new + 0.01)

    rise = a - a0
    energy, stress = needs.spend(params, energy, s.stress, gr, gc, ct, rise if rise > 0.0 else 0.0, wonder)
    autonomy, competence, relatedness = needs.satisfy(
        s.autonomy, s.competence, s.relatedness, gr, gc, ct, ag, nc, aimed
    )
    trust, rapport, familiarity = s.trust, s.rapport, s.familiarity
    anxiety, avoidance = s.anxiety, s.avoidance
    rift, trust_log, used = s.rift, s.trust_log, s.used
    if user:
        trust, rapport, familiarity = relationship.bond(trust, rapport, familiarity, gr, gc, ag, nc, aimed)
        anxiety, avoidance = relationship.drift(anxiety, avoidance, trust, gr, gc, ag, aimed)
        fast, slow, pause, tone, pole, swing = contact.meet(s, now, gr, gc)
        rift = contact.rift(s, now)
        change = trust - s.trust
        if change > relationship.NOTABLE or change < -relationship.NOTABLE:
            trust_log = relationship.remember(s, now, trust, rift, nc)
        rift = contact.mend(rift, change)
        met_ms = now
        used = needs.accustom(used, relatedness, gr)
    else:
        fast, slow, pause, tone, pole, swing = s.k_fast, s.k_slow, s.k_pause, s.k_tone, s.k_pole, s.k_swing
        met_ms = s.met_ms

    # The feeling stays about what moved it most, until that has faded below what is new.
    weight = gr * (0.10 + 0.70 * size + 0.15 * size * (nc if nc >= 0.0 else -nc) + 0.15 * (1.0 - felt_ex))
    weight = weight if weight < 1.0 else 1.0
    left = labels.fade(s)
    fresh = weight >= 0.3 * s.c_i * left
    if fresh:
        c_ms, c_i, c_gr, c_gc, c_ex, c_ct, c_ag, c_nc = now, weight, gr, gc, felt_ex, ct, ag, nc
        c_is, c_ap, c_ur, c_loss, c_v, c_ev = own, coping, urgency, loss, v0, _strongest(reading.evidence)
        dread = -s.c_gc * s.c_ur * s.c_gr * left if s.c_gc < 0.0 else 0.0
    else:
        c_ms, c_i, c_gr, c_gc, c_ex, c_ct, c_ag, c_nc = s.c_ms, s.c_i, s.c_gr, s.c_gc, s.c_ex, s.c_ct, s.c_ag, s.c_nc
        c_is, c_ap, c_ur, c_loss, c_v, c_ev, dread = s.c_is, s.c_ap, s.c_ur, s.c_loss, s.c_v, s.c_ev, s.c_dread

    reg, reg_p, reg_ms, reg_v, reg_log = s.reg, s.reg_p, s.reg_ms, s.reg_v, s.reg_log
    distress = params.bv - v
    if reg is not None:
        reg_p += (1.0 - reg_p) * 0.12
        v = regulation.relieve(params, reg, v)
        if reg == "response_modulation":
            energy = max(energy - regulation.SUPPRESSION_COST, params.energy_min)
        if params.bv - v < regulation.END:
            reg_log = regulation.ended(s, v)
            reg, reg_p = None, 0.0
    elif distress > regulation.BEGIN:
        reg = regulation.choose(params, s, distress, ct, cusp.catastrophe(params, a, d, stress, 1.0).risk)
        reg_p, reg_ms, reg_v = 0.0, now, v
        half_h = min(half_h * regulation.course(params, reg), params.half_max)

    turns = s.turns + 1
    rate = 1.0 / (turns + 1) if turns < 20 else 0.05  # rest counts as the first sample
    off = v - s.af_mean
    jump = v - state.v
    gap_h = (now - state.at_ms) / 3_600_000.0
    af_mean = s.af_mean + rate * off
    af_var = (1.0 - rate) * (s.af_var + rate * off * off)
    af_gap = s.af_gap + rate * (gap_h - s.af_gap)
    af_msd = s.af_msd + rate * (dynamics.adjusted_square(jump, gap_h, af_gap) - s.af_msd)

    mask = cusp.mask_of(params, a, energy, stress)
    missed = used - relatedness if used > relatedness else 0.0  # as dynamics.missed, without the call
    missed0 = s.used - s.relatedness if s.used > s.relatedness else 0.0
    strength = dynamics.intensity(params, v, a, d, missed)
    act, strain = stages.measures(params, v, a, d, strength, energy, stress)
    values = (act, strain, stages.growth(s))
    stage, stage_ms = s.stage, s.stage_ms
    if now - stage_ms >= stages.SETTLES_MS[stage]:
        stage, stage_ms = stages.stand(params, s, dynamics.intensity(params, s.v, s.a, s.d, missed0))
    stage, stage_ms = stages.advance(stage, stage_ms, now, values)
    strength = regulation.shown(strength, reg, mask)

    d_v, d_a, d_d = v - v0, a - a0, d - d0
    felt = dynamics.felt(v, energy, missed)
    felt0 = dynamics.felt(v0, s.energy, missed0)
    x = _LEARNING
    after = State(
        now,
        s.born_ms,
        met_ms,
        v,
        a,
        d,
        mv,
        ma,
        md,
        half_h,
        energy,
        stress,
        autonomy,
        competence,
        relatedness,
        trust,
        rapport,
        familiarity,
        anxiety,
        avoidance,
        s.x_gr + x * e_gr,
        s.x_gc + x * e_gc,
        s.x_ex + x * e_ex,
        s.x_ct + x * e_ct,
        s.x_ag + x * e_ag,
        s.x_nc + x * e_nc,
        0.5 * s.vel_v + d_v,
        0.5 * s.vel_a + d_a,
        0.5 * s.vel_d + d_d,
        turns,
        s.good + 1 if gc > 0.1 and user else s.good,
        s.bad + 1 if gc < -0.1 and user else s.bad,
        af_mean,
        af_var,
        af_msd,
        c_ms,
        c_i,
        c_gr,
        c_gc,
        c_ex,
        c_ct,
        c_ag,
        c_nc,
        c_is,
        c_ap,
        c_ur,
        c_loss,
        c_v,
        c_ev,
        reg,
        reg_p,
        reg_ms,
        reg_v,
        reg_log,
        stage,
        stage_ms,
        s.recovered + 1 if stage != s.stage and stages.completes(s.stage, stage) else s.recovered,
        s.label,
        s.talks + 1 if user else s.talks,
        af_gap,
        fast,
        slow,
        pause,
        tone,
        pole,
        swing,
        rift,
        trust_log,
        dread,
        used,
    )
    primary, secondary = labels.called(params, after, felt, missed)
    force_setattr(after, "label", labels.INDEX[primary])  # nobody has seen it yet; a copy would cost 2 us
    return Outcome(
        after,
        TurnResult(
            ap,
            VAD(felt, 0.5 + 0.5 * a, d),
            VAD(felt - felt0, 0.5 * d_a, d_d),
            strength,
            DiscreteEmotion(primary, secondary, labels.level(strength)),
            stage != state.stage,
            energy,
            stress,
            SoulStage(stage, stages.NAMES[stage], stages.progress(stage, values)),
            proactive.hint(params, after, strength),
            VAD(after.vel_v, 0.5 * after.vel_a, after.vel_d),
            cusp.blend(a, strength, energy, mask),
            None if reg is None else Regulation(reg, regulation.phase(reg_p), reg_p),
            PredictionError(e_gr, e_gc, e_ex, e_ct, e_ag, e_nc, wonder),
            cusp.catastrophe(params, a, d, stress, mask),
        ),
    )


def _strongest(evidence: dict[str, float]) -> dict[str, float]:
    """At most four labels: a state is stored with every turn, whoever the appraiser was."""
    if len(evidence) <= _KEPT:
        return evidence
    return dict(sorted(evidence.items(), key=lambda item: -item[1])[:_KEPT])
