"""How results and states look on the wire: the REST form and the WebSocket form, as JSON bytes.

The two pages of the reference name some fields differently; that difference lives here and nowhere else.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from molroo_actor.engine import (
    VAD,
    AffectDynamics,
    Appraisal,
    BlendRatio,
    Catastrophe,
    DiscreteEmotion,
    Interpersonal,
    NeedState,
    PredictionError,
    ProactiveHint,
    PromptData,
    Regulation,
    RegulationReport,
    StateReport,
    SystemPrompt,
    TurnResult,
)
from molroo_actor.engine.values import Unit

_json: Final = msgspec.json.Encoder()
encode: Final = _json.encode
Seq = Annotated[int, Meta(ge=0)]
StageId = Annotated[int, Meta(ge=1, le=15)]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


def iso(ms: int) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class StageName(Struct, frozen=True, gc=False):
    """A soul stage in the REST form."""

    id: StageId
    name: str


class StageProgress(Struct, frozen=True, gc=False):
    """A soul stage in the WebSocket form; stage is its name again."""

    id: StageId
    name: str
    stage: str
    progress: Unit


class Budget(Struct, frozen=True, gc=False):
    """The body budget in the WebSocket form, both in [0, 1]."""

    energy: Unit
    stress: Unit


class Belonging(Struct, frozen=True, gc=False):
    """The needs in the WebSocket form; belonging is relatedness."""

    belonging: Unit
    competence: Unit
    autonomy: Unit
    relatedness: Unit


class SystemOnly(Struct, frozen=True):
    """The prompt_data of a new session."""

    system: SystemPrompt


class RestTurn(Struct, frozen=True):
    """What a turn did to the character. emotion_delta and velocity are signed; seq is the session's of this turn."""

    appraisal: Appraisal
    new_emotion: VAD
    emotion_delta: VAD
    emotion_intensity: Unit
    discrete_emotion: DiscreteEmotion
    stage_transition: bool
    body_budget: Unit
    soul_stage: StageName
    proactive_hint: ProactiveHint
    velocity: VAD
    blend_ratio: BlendRatio
    regulation: Regulation | None
    prediction_error: PredictionError
    catastrophe: Catastrophe
    seq: Seq
    prompt_data: PromptData | UnsetType = UNSET


class SocketTurn(Struct, frozen=True, gc=False):
    """What a turn did, in the WebSocket form: the REST form with another shape of four fields."""

    appraisal: Appraisal
    new_emotion: VAD
    emotion_delta: VAD
    emotion_intensity: Unit
    discrete_emotion: str
    discrete: DiscreteEmotion
    stage_transition: bool
    body_budget: Budget
    soul_stage: StageProgress
    proactive_hint: ProactiveHint
    velocity: VAD
    blend_ratio: BlendRatio
    regulation: Regulation | None
    prediction_error: PredictionError
    catastrophe: Catastrophe
    prompt_data: PromptData | UnsetType = UNSET


class RestState(Struct, frozen=True):
    """The whole emotional state, decayed to as_of; seq is the last durable change that it includes."""

    emotion: VAD
    emotion_intensity: Unit
    discrete_emotion: DiscreteEmotion
    body_budget: Unit
    soul_stage: StageName
    need_state: NeedState
    regulation: RegulationReport
    affect_dynamics: AffectDynamics
    interpersonal: Interpersonal
    emotion_summary: str
    velocity: VAD
    blend_ratio: BlendRatio
    catastrophe: Catastrophe
    mood: VAD
    seq: Seq
    as_of: Moment
    prompt_data: PromptData | UnsetType = UNSET


class SocketState(Struct, frozen=True):
    """The whole emotional state in the WebSocket form."""

    emotion: VAD
    emotion_intensity: Unit
    discrete_emotion: str
    discrete: DiscreteEmotion
    body_budget: Budget
    soul_stage: StageProgress
    need_state: Belonging
    regulation: RegulationReport
    affect_dynamics: AffectDynamics
    interpersonal: Interpersonal
    emotion_summary: str
    velocity: VAD
    blend_ratio: BlendRatio
    catastrophe: Catastrophe
    mood: VAD
    seq: Seq
    as_of: Moment
    prompt_data: PromptData | UnsetType = UNSET


def rest_turn(result: TurnResult, seq: int, prompt: PromptData | None) -> bytes:
    """The body of a turn's answer; without a prompt the key is left out."""
    return _json.encode(
        RestTurn(
            result.appraisal,
            result.new_emotion,
            result.emotion_delta,
            result.emotion_intensity,
            result.discrete_emotion,
            result.stage_transition,
            result.body_budget,
            StageName(result.soul_stage.id, result.soul_stage.name),
            result.proactive_hint,
            result.velocity,
            result.blend_ratio,
            result.regulation,
            result.prediction_error,
            result.catastrophe,
            seq,
            UNSET if prompt is None else prompt,
        )
    )


def socket_turn(result: TurnResult, prompt: PromptData | None) -> bytes:
    """turn_result.data; the same bytes for every socket of a session that wants this form."""
    stage = result.soul_stage
    return _json.encode(
        SocketTurn(
            result.appraisal,
            result.new_emotion,
            result.emotion_delta,
            result.emotion_intensity,
            result.discrete_emotion.primary,
            result.discrete_emotion,
            result.stage_transition,
            Budget(result.body_budget, result.stress),
            StageProgress(stage.id, stage.name, stage.name, stage.progress),
            result.proactive_hint,
            result.velocity,
            result.blend_ratio,
            result.regulation,
            result.prediction_error,
            result.catastrophe,
            UNSET if prompt is None else prompt,
        )
    )


def rest_state(report: StateReport, seq: int, as_of_ms: int, prompt: PromptData | None) -> bytes:
    """The body of GET state."""
    return _json.encode(
        RestState(
            report.emotion,
            report.emotion_intensity,
            report.discrete_emotion,
            report.body_budget,
            StageName(report.soul_stage.id, report.soul_stage.name),
            report.need_state,
            report.regulation,
            report.affect_dynamics,
            report.interpersonal,
            report.emotion_summary,
            report.velocity,
            report.blend_ratio,
            report.catastrophe,
            report.mood,
            seq,
            iso(as_of_ms),
            UNSET if prompt is None else prompt,
        )
    )


def socket_state(report: StateReport, seq: int, as_of_ms: int, prompt: PromptData | None) -> bytes:
    """state.data."""
    stage, needs = report.soul_stage, report.need_state
    return _json.encode(
        SocketState(
            report.emotion,
            report.emotion_intensity,
            report.discrete_emotion.primary,
            report.discrete_emotion,
            Budget(report.body_budget, report.stress),
            StageProgress(stage.id, stage.name, stage.name, stage.progress),
            Belonging(needs.relatedness, needs.competence, needs.autonomy, needs.relatedness),
            report.regulation,
            report.affect_dynamics,
            report.interpersonal,
            report.emotion_summary,
            report.velocity,
            report.blend_ratio,
            report.catastrophe,
            report.mood,
            seq,
            iso(as_of_ms),
            UNSET if prompt is None else prompt,
        )
    )
