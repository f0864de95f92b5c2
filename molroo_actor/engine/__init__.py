"""The character: pure functions over immutable values. Public names only."""

from molroo_actor.engine.appraisal import appraise
from molroo_actor.engine.dynamics import flow
from molroo_actor.engine.params import Params, derive
from molroo_actor.engine.persona import (
    Baseline,
    Calibration,
    EmotionConfig,
    Goal,
    Identity,
    Persona,
    Personality,
    Preset,
    presets,
)
from molroo_actor.engine.proactive import Crossing, next_crossing
from molroo_actor.engine.prompt import render_prompt, system_prompt
from molroo_actor.engine.relationship_report import RelationshipReport, relationship_report
from molroo_actor.engine.report import observe
from molroo_actor.engine.state import State
from molroo_actor.engine.step import initial_state, step
from molroo_actor.engine.values import (
    VAD,
    AffectDynamics,
    Appraisal,
    BlendRatio,
    Catastrophe,
    DiscreteEmotion,
    Interpersonal,
    NeedState,
    Outcome,
    PredictionError,
    ProactiveHint,
    PromptData,
    Reading,
    Regulation,
    RegulationPast,
    RegulationReport,
    SoulStage,
    Source,
    StateReport,
    Stimulus,
    SystemPrompt,
    TurnResult,
)

__all__ = [
    "VAD",
    "AffectDynamics",
    "Appraisal",
    "Baseline",
    "BlendRatio",
    "Calibration",
    "Catastrophe",
    "Crossing",
    "DiscreteEmotion",
    "EmotionConfig",
    "Goal",
    "Identity",
    "Interpersonal",
    "NeedState",
    "Outcome",
    "Params",
    "Persona",
    "Personality",
    "PredictionError",
    "Preset",
    "ProactiveHint",
    "PromptData",
    "Reading",
    "Regulation",
    "RegulationPast",
    "RegulationReport",
    "RelationshipReport",
    "SoulStage",
    "Source",
    "State",
    "StateReport",
    "Stimulus",
    "SystemPrompt",
    "TurnResult",
    "appraise",
    "derive",
    "flow",
    "initial_state",
    "next_crossing",
    "observe",
    "presets",
    "relationship_report",
    "render_prompt",
    "step",
    "system_prompt",
]
