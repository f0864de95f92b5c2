"""What a turn answered as it is stored: one flat list, because the names would outweigh the numbers twofold.

Flat and in this order for good: a new field goes to the end and has a default, none is ever removed or moved.
"""

from __future__ import annotations

from msgspec import Struct

from molroo_actor.engine import (
    VAD,
    Appraisal,
    BlendRatio,
    Catastrophe,
    DiscreteEmotion,
    PredictionError,
    ProactiveHint,
    Regulation,
    SoulStage,
    Trigger,
    TurnResult,
)
from molroo_actor.engine.values import Intensity, Risk


class StoredResult(Struct, frozen=True, array_like=True, gc=False):
    """The fields of a TurnResult and of its parts, in their order."""

    goal_relevance: float
    goal_congruence: float
    expectedness: float
    controllability: float
    agency: float
    norm_compatibility: float
    internal_standards: float | None
    adjustment_potential: float | None
    urgency: float | None
    emotion_v: float
    emotion_a: float
    emotion_d: float
    delta_v: float
    delta_a: float
    delta_d: float
    intensity: float
    primary: str
    secondary: str | None
    level: Intensity
    stage_transition: bool
    body_budget: float
    stress: float
    stage: int
    stage_name: str
    stage_progress: float
    next_check_after_ms: int | None
    triggers: list[Trigger]
    pending: list[str]
    velocity_v: float
    velocity_a: float
    velocity_d: float
    rational: float
    irrational: float
    regulation: str | None
    regulation_phase: str
    regulation_progress: float
    error_relevance: float
    error_congruence: float
    error_expectedness: float
    error_controllability: float
    error_agency: float
    error_norms: float
    error_magnitude: float
    alpha: float
    beta: float
    mask: float
    risk: Risk


def stored(result: TurnResult) -> StoredResult:
    """As it goes to disk; `restored` gives the same result back."""
    read, emotion, delta, name = result.appraisal, result.new_emotion, result.emotion_delta, result.discrete_emotion
    stage, hint, velocity, regulation = (
        result.soul_stage, result.proactive_hint, result.velocity, result.regulation,
    )  # fmt: skip
    blend, error, cusp = result.blend_ratio, result.prediction_error, result.catastrophe
    return StoredResult(
        read.goal_relevance,
        read.goal_congruence,
        read.expectedness,
        read.controllability,
        read.agency,
        read.norm_compatibility,
        read.internal_standards,
        read.adjustment_potential,
        read.urgency,
        emotion.V,
        emotion.A,
        emotion.D,
        delta.V,
        delta.A,
        delta.D,
        result.emotion_intensity,
        name.primary,
        name.secondary,
        name.intensity,
        result.stage_transition,
        result.body_budget,
        result.stress,
        stage.id,
        stage.name,
        stage.progress,
        hint.next_check_after_ms,
        hint.potential_triggers,
        hint.pending,
        velocity.V,
        velocity.A,
        velocity.D,
        blend.rational,
        blend.irrational,
        None if regulation is None else regulation.strategy,
        "" if regulation is None else regulation.phase,
        0.0 if regulation is None else regulation.progress,
        error.relevance,
        error.congruence,
        error.expectedness,
        error.controllability,
        error.agency,
        error.norm_compatibility,
        error.magnitude,
        cusp.alpha,
        cusp.beta,
        cusp.mask,
        cusp.risk,
    )


def restored(kept: StoredResult) -> TurnResult:
    """The result that was stored."""
    return TurnResult(
        Appraisal(
            kept.goal_relevance,
            kept.goal_congruence,
            kept.expectedness,
            kept.controllability,
            kept.agency,
            kept.norm_compatibility,
            kept.internal_standards,
            kept.adjustment_potential,
            kept.urgency,
        ),
        VAD(kept.emotion_v, kept.emotion_a, kept.emotion_d),
        VAD(kept.delta_v, kept.delta_a, kept.delta_d),
        kept.intensity,
        DiscreteEmotion(kept.primary, kept.secondary, kept.level),
        kept.stage_transition,
        kept.body_budget,
        kept.stress,
        SoulStage(kept.stage, kept.stage_name, kept.stage_progress),
        ProactiveHint(kept.next_check_after_ms, kept.triggers, kept.pending),
        VAD(kept.velocity_v, kept.velocity_a, kept.velocity_d),
        BlendRatio(kept.rational, kept.irrational),
        None
        if kept.regulation is None
        else Regulation(kept.regulation, kept.regulation_phase, kept.regulation_progress),
        PredictionError(
            kept.error_relevance,
            kept.error_congruence,
            kept.error_expectedness,
            kept.error_controllability,
            kept.error_agency,
            kept.error_norms,
            kept.error_magnitude,
        ),
        Catastrophe(kept.alpha, kept.beta, kept.mask, kept.risk),
    )
