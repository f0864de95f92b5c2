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
    strength = dynamics.intensity(params, s.v, s.a, s.d, s.relatedness)
    act, strain = stages.measures(params, s.v, s.a, s.d, strength, s.energy, s.stress)
    stage, _since = stages.stand(params, s, strength)
    primary, secondary = labels.name(params, s)
    mask = cusp.mask_of(params, s.a, s.energy, s.stress)
    active = regulation.active(params, s)
    strength = regulation.shown(strength, None if active is None else active.strategy, mask)
    dominance, affiliation = relationship.interpersonal_stance(s.v, s.d, s.trust, s.rapport)
    return StateReport(
        emotion=VAD(dynamics.felt(s.v, s.energy, s.relatedness), 0.5 + 0.5 * s.a, s.d),
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
        catastrophe=cusp.catastrophe(params, s.a, s.d, s.energy, s.stress),
        mood=VAD(s.mv, 0.5 + 0.5 * s.ma, s.md),
    )


def affect_dynamics(state: State) -> AffectDynamics:
    """Variability, instability and inertia of valence over the last turns.

    SD and RMSSD are measured, successive differences over more than an hour counting less (Jahng et al. 2008);
    inertia is the autocorrelation that follows from both: MSSD = 2 SD^2 (1 - phi) (Kuppens et al. 2010).
    """
    variance, msd = state.af_var, state.af_msd
    inertia = 1.0 - msd / (2.0 * variance) if variance > 1e-9 else 1.0
    return AffectDynamics(sqrt(variance), sqrt(msd), 0.0 if inertia < 0.0 else min(inertia, 1.0))
