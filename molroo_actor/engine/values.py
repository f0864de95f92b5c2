"""What goes into the engine and what comes out of it, as frozen values.

Here: appraisals and readings (in), results and reports (out), prompt parts (out). Field names are the
REST names of the wire, so that a result is encoded as it stands. Not here: what a persona is (persona.py),
what a session keeps (state.py), and any computation.

Arousal is in [0, 1] in every value of this file; inside the engine it is centred, in [-1, 1].
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from molroo_actor.engine.state import State

Unit = Annotated[float, Meta(ge=0.0, le=1.0)]
Signed = Annotated[float, Meta(ge=-1.0, le=1.0)]
Source = Literal["user", "system", "internal"]
Intensity = Literal["low", "moderate", "high"]
Trigger = Literal["attachment_seeking", "need_deficit", "emotional_overflow"]
Risk = Literal["low", "elevated", "high"]
TrustReason = Literal["kindness", "repair", "letdown", "offence", "betrayal"]
AttachmentStyle = Literal["secure", "anxious", "avoidant", "disorganized"]


class VAD(Struct, frozen=True, gc=False):
    """Valence [-1, 1], arousal [0, 1], dominance [-1, 1] (Mehrabian 1996). As a delta or a velocity: signed."""

    V: float
    A: float
    D: float


class Appraisal(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """What an event means to the character (Scherer 2001), ranges as annotated.

    agency: -1 others or fate, 1 the character itself. The last three may be absent.
    """

    goal_relevance: Unit
    goal_congruence: Signed
    expectedness: Unit
    controllability: Unit
    agency: Signed
    norm_compatibility: Signed
    internal_standards: Signed | None = None
    adjustment_potential: Unit | None = None
    urgency: Unit | None = None


class Reading(Struct, frozen=True, gc=False):
    """What an appraiser says of a text: the appraisal and what six numbers cannot carry.

    loss [0, 1]: something is gone for good. confidence [0, 1]. evidence: label -> weight in [0, 1]. aimed [0, 1]: how
    much of it is between the character and the one who speaks; another's bad luck costs no trust.
    """

    appraisal: Appraisal
    loss: Unit = 0.0
    confidence: Unit = 1.0
    evidence: dict[str, float] = field(default_factory=dict)
    aimed: Unit = 1.0


class Stimulus(Struct, frozen=True, gc=False):
    """What one turn brings to the engine. Only turns of the user move the relationship."""

    reading: Reading
    source: Source = "user"


class DiscreteEmotion(Struct, frozen=True, gc=False):
    """A feeling by its name (labels.py) and a word for how much of it shows."""

    primary: str
    secondary: str | None
    intensity: Intensity


class SoulStage(Struct, frozen=True, gc=False):
    """id 1-15, its name, and progress [0, 1] towards the next stage (stages.py)."""

    id: int
    name: str
    progress: float


class ProactiveHint(Struct, frozen=True, gc=False):
    """When the character may want to speak of itself. pending is filled in by whoever keeps the actions."""

    next_check_after_ms: int | None
    potential_triggers: list[Trigger]
    pending: list[str]


class BlendRatio(Struct, frozen=True, gc=False):
    """How much of the answer is thought and how much is feeling; the two add up to 1."""

    rational: float
    irrational: float


class Regulation(Struct, frozen=True, gc=False):
    """A regulation strategy at work; progress [0, 1] (regulation.py)."""

    strategy: str
    phase: str
    progress: float


class PredictionError(Struct, frozen=True, gc=False):
    """Appraisal minus what the character had come to expect, each in [-2, 2]; magnitude in [0, 1]."""

    relevance: float
    congruence: float
    expectedness: float
    controllability: float
    agency: float
    norm_compatibility: float
    magnitude: float


class Catastrophe(Struct, frozen=True, gc=False):
    """Cusp controls (Zeeman 1976): alpha [-1, 1] stress against control, beta [0, 1] arousal and neuroticism.

    mask [0, 1]: what is left to hold back a feeling. risk: how near a sudden loss of composure is.
    """

    alpha: float
    beta: float
    mask: Unit = 1.0
    risk: Risk = "low"


class TurnResult(Struct, frozen=True, gc=False):
    """What one turn did, without prompts and seq. emotion_delta and velocity are signed."""

    appraisal: Appraisal
    new_emotion: VAD
    emotion_delta: VAD
    emotion_intensity: float
    discrete_emotion: DiscreteEmotion
    stage_transition: bool
    body_budget: float
    stress: float
    soul_stage: SoulStage
    proactive_hint: ProactiveHint
    velocity: VAD
    blend_ratio: BlendRatio
    regulation: Regulation | None
    prediction_error: PredictionError
    catastrophe: Catastrophe


class NeedState(Struct, frozen=True, gc=False):
    """How well the three basic needs are met, each in [0, 1] (Deci & Ryan 2000)."""

    autonomy: float
    competence: float
    relatedness: float


class RegulationPast(Struct, frozen=True, gc=False):
    """A regulation that has ended: begun_ms of the session's clock, relief in valence [-2, 2]."""

    strategy: str
    begun_ms: int
    relief: float


class RegulationReport(Struct, frozen=True):
    """What regulates now, what this character tends to (weights add up to 1), and the last five that ended."""

    active_strategy: Regulation | None
    strategy_weights: dict[str, float]
    history: list[RegulationPast]


class AffectDynamics(Struct, frozen=True, gc=False):
    """variability SD [0, 1], instability RMSSD [0, 2], inertia [0, 1] of valence over the turns (Kuppens 2010)."""

    variability: float
    instability: float
    inertia: float


class Interpersonal(Struct, frozen=True, gc=False):
    """How the character stands to the user; dominance and affiliation in [-1, 1], the other numbers in [0, 1]."""

    rapport: float
    trust: float
    familiarity: float
    attachment_style: AttachmentStyle
    dominance: float
    affiliation: float


class StateReport(Struct, frozen=True):
    """The whole emotional state at one moment, without prompts, seq and as_of."""

    emotion: VAD
    emotion_intensity: float
    discrete_emotion: DiscreteEmotion
    body_budget: float
    stress: float
    soul_stage: SoulStage
    need_state: NeedState
    regulation: RegulationReport
    affect_dynamics: AffectDynamics
    interpersonal: Interpersonal
    emotion_summary: str
    velocity: VAD
    blend_ratio: BlendRatio
    catastrophe: Catastrophe
    mood: VAD


class SystemFormatted(Struct, frozen=True, gc=False):
    """The system part as text for a model."""

    system_prompt: str


class SystemPrompt(Struct, frozen=True):
    """Who the character is: the same for every turn of a session."""

    identity: str
    personality_traits: list[str]
    goals: list[str]
    formatted: SystemFormatted


class EmotionView(Struct, frozen=True, gc=False):
    """The feeling for whoever builds a prompt of their own; valence [-1, 1], arousal [0, 1], dominance [-1, 1]."""

    primary: str
    secondary: str | None
    intensity_level: Literal["faint", "mild", "moderate", "strong", "overwhelming"]
    valence: float
    arousal: float
    dominance: float
    intensity: float
    description: str


class EnergyView(Struct, frozen=True, gc=False):
    """budget_percentage is an integer 0-100."""

    level: Literal["depleted", "low", "fair", "good", "full"]
    budget_percentage: int
    description: str


class StageView(Struct, frozen=True, gc=False):
    """The soul stage in words."""

    name: str
    behavioral_tendency: str
    description: str


class InterpersonalView(Struct, frozen=True, gc=False):
    """Numbers in [0, 1]."""

    trust: float
    attachment_style: AttachmentStyle
    rapport: float
    familiarity: float


class ContextFormatted(Struct, frozen=True, gc=False):
    """The context part as text; opens with `[Emotion: <primary> (<intensity_level>)]`."""

    context_block: str


class ContextPrompt(Struct, frozen=True, gc=False):
    """How the character is right now."""

    emotion: EmotionView
    energy: EnergyView
    stage: StageView
    needs: NeedState
    interpersonal: InterpersonalView
    regulation: Regulation | None
    event_context: str | None
    formatted: ContextFormatted


class InstructionFormatted(Struct, frozen=True, gc=False):
    """The instruction part as text."""

    instruction_block: str


class InstructionPrompt(Struct, frozen=True, gc=False):
    """How the next answer should be played."""

    stage_instruction: str
    expression_guide: str
    response_length_hint: str
    need_direction: str | None
    formatted: InstructionFormatted


class PromptFormatted(Struct, frozen=True, gc=False):
    """The three texts, ready for any model's messages."""

    system_prompt: str
    context_block: str
    instruction_block: str


class PromptData(Struct, frozen=True):
    """Everything a model needs to play the character in its present state."""

    system: SystemPrompt
    context: ContextPrompt
    instruction: InstructionPrompt
    formatted: PromptFormatted


class Outcome(Struct, frozen=True, gc=False):
    """What a turn leaves behind (state) and what it says (result)."""

    state: State
    result: TurnResult
