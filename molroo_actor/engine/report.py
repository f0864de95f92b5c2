"""The whole state as it stands at a moment, for whoever looks without touching.

Here: `observe` and what only a report shows. Not here: anything that changes a state.
"""

from math import sqrt

from molroo_actor.engine import cusp, dynamics, labels, regulation, relationship, stages
from molroo_actor.engine.params import Params
from molroo_actor.engine.prompt import summary
from molroo_actor.engine.state import State
from molroo_actor.engine.values import (
    VAD,
    AffectDynamics,
    DiscreteEmotion,
    Interpersonal,
    NeedState,
    RegulationPast,
    RegulationReport,
    SoulStage,
    StateReport,
)


def observe(params: Params, state: State, now_ms: int) -> StateReport:
    """Everything about the state, decayed to now. Changes nothing: two looks at one moment are equal."""
    s = dynamics.flow(params, state, now_ms)
    missed = dynamics.missed(s.relatedness, s.used)
    strength = dynamics.intensity(params, s.v, s.a, s.d, missed)
    act, strain = stages.measures(params, s.v, s.a, s.d, strength, s.energy, s.stress)
    stage, _since = stages.stand(params, s, strength)
    primary, secondary = labels.name(params, s)
    mask = cusp.mask_of(params, s.a, s.energy, s.stress)
    active = regulation.active(params, s)
    strength = regulation.shown(strength, None if active is None else active.strategy, mask)
    dominance, affiliation = relationship.interpersonal_stance(s.v, s.d, s.trust, s.rapport)
    return StateReport(
        emotion=emotion_of(s),
        emotion_intensity=strength,
        discrete_emotion=DiscreteEmotion(primary, secondary, labels.level(strength)),
        body_budget=s.energy,
        stress=s.stress,
        soul_stage=SoulStage(stage, stages.NAMES[stage], stages.progress(stage, (act, strain, stages.growth(s)))),
        need_state=NeedState(s.autonomy, s.competence, s.relatedness),
        regulation=RegulationReport(
            active,
            regulation.tendencies(params, s),
            [RegulationPast(past.strategy, past.begun_ms, past.relief) for past in s.reg_log],
        ),
        affect_dynamics=affect_dynamics(s),
        interpersonal=Interpersonal(
            s.rapport,
            s.trust,
            s.familiarity,
            relationship.attachment_style(s.anxiety, s.avoidance),
            dominance,
            affiliation,
        ),
        emotion_summary=summary(params, primary, strength),
        velocity=VAD(s.vel_v, 0.5 * s.vel_a, s.vel_d),
        blend_ratio=cusp.blend(s.a, strength, s.energy, mask),
        catastrophe=cusp.catastrophe(params, s.a, s.d, s.stress, mask),
        mood=VAD(s.mv, 0.5 + 0.5 * s.ma, s.md),
    )


def emotion_of(state: State) -> VAD:
    """The emotion as it is felt and shown at the state's own time."""
    s = state
    return VAD(dynamics.felt(s.v, s.energy, dynamics.missed(s.relatedness, s.used)), 0.5 + 0.5 * s.a, s.d)


def affect_dynamics(state: State) -> AffectDynamics:
    """Variability, instability and inertia of valence over the last turns.

    SD and RMSSD are measured, successive differences adjusted to the typical gap (Jahng et al. 2008);
    inertia is the autocorrelation that follows from both: MSSD = 2 SD^2 (1 - phi) (Kuppens et al. 2010).
    """
    deviation, msd = sqrt(state.af_var), state.af_msd
    inertia = 1.0 - msd / (2.0 * state.af_var) if state.af_var > 1e-9 else 1.0
    if 0.0 < inertia < 1.0:  # by way of the identity, which then holds to the last digit however inert the life
        return AffectDynamics(deviation, sqrt(2.0 * deviation**2 * (1.0 - inertia)), inertia)
    return AffectDynamics(deviation, sqrt(msd), 0.0 if inertia < 0.0 else 1.0)
