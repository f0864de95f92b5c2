"""A state in words: the part of prompt_data that changes with the feeling, and the whole of it.

Whole sentences of prompts.toml in the persona's language, chosen by the state; no raw number ever reaches the
formatted blocks. Works from a stored state alone and is the same for the same state. Not here: the sentences.
"""

from typing import Literal

from molroo_actor.engine import labels, regulation, relationship, stages
from molroo_actor.engine.dynamics import intensity
from molroo_actor.engine.params import Params
from molroo_actor.engine.phrases import Phrases, phrases
from molroo_actor.engine.state import State
from molroo_actor.engine.values import (
    ContextFormatted,
    ContextPrompt,
    EmotionView,
    EnergyView,
    InstructionFormatted,
    InstructionPrompt,
    InterpersonalView,
    NeedState,
    PromptData,
    PromptFormatted,
    Regulation,
    StageView,
    SystemPrompt,
)

Level = Literal["faint", "mild", "moderate", "strong", "overwhelming"]
Energy = Literal["depleted", "low", "fair", "good", "full"]

_STRONG = 0.45  # displayed intensity from which a feeling is played as a strong one
_NEED_LOW = 0.36
_GLAD = frozenset(
    (
        "joy",
        "excitement",
        "contentment",
        "love",
        "gratitude",
        "pride",
        "amusement",
        "relief",
        "trust",
        "calm",
        "hope",
        "surprise",
    )
)


def level(strength: float) -> Level:
    """The word for a displayed intensity in [0, 1]."""
    if strength < 0.34:
        return "faint" if strength < 0.12 else "mild"
    if strength < 0.60:
        return "moderate"
    return "strong" if strength < 0.80 else "overwhelming"


def energy_level(energy: float) -> Energy:
    """The word for an energy in [0, 1]."""
    if energy < 0.35:
        return "depleted" if energy < 0.15 else "low"
    if energy < 0.60:
        return "fair"
    return "good" if energy < 0.88 else "full"


def summary(params: Params, primary: str, strength: float) -> str:
    """One sentence about the character for whoever watches it."""
    say = phrases(params.language)
    return say.summary[level(strength)].format(name=params.persona.identity.name, word=say.words[primary])


def system_prompt(params: Params) -> SystemPrompt:
    """Who the character is: the same for every turn."""
    return params.system


def render_prompt(params: Params, state: State, event_context: str | None) -> PromptData:
    """Everything a model needs to play the state as it stands at its own time."""
    s = state
    say = phrases(params.language)
    strength = intensity(params, s.v, s.a, s.d, s.relatedness)
    primary, secondary = labels.name(params, s)
    context = _context(params, s, say, strength, (primary, secondary), event_context)
    instruction = _instruction(params, s, say, strength, context.stage.name)
    system = params.system
    return PromptData(
        system,
        context,
        instruction,
        PromptFormatted(
            system.formatted.system_prompt,
            context.formatted.context_block,
            instruction.formatted.instruction_block,
        ),
    )


def _context(
    params: Params,
    s: State,
    say: Phrases,
    strength: float,
    names: tuple[str, str | None],
    event_context: str | None,
) -> ContextPrompt:
    primary, secondary = names
    word = level(strength)
    feeling = say.emotion[primary][strength >= _STRONG]
    if secondary is not None and secondary != "neutral":
        beside = "positive" if secondary in _GLAD or primary not in _GLAD else "negative"
        feeling = f"{feeling} {say.beside[beside].format(other=say.words[secondary])}"
    energy = energy_level(s.energy)
    stage = stages.NAMES[stages.stand(params, s, strength)[0]]
    tendency, description, _ = say.stage[stage]
    style = relationship.attachment_style(s.anxiety, s.avoidance)
    active = regulation.active(params, s)
    lines = [
        f"[Emotion: {primary} ({word})]",
        feeling,
        f"{say.energy[energy]} {description} {tendency}",
        f"{say.familiarity[_familiarity(s)]} {say.trust[_trust(s)]} {say.attachment[style]}",
    ]
    if active is not None:
        lines.append(say.regulation[active.strategy])
    if event_context:
        lines.append(say.system["event"].format(text=event_context))
    return ContextPrompt(
        EmotionView(primary, secondary, word, s.v, 0.5 + 0.5 * s.a, s.d, strength, feeling),
        EnergyView(energy, round(100.0 * s.energy), say.energy[energy]),
        StageView(stage, tendency, description),
        NeedState(s.autonomy, s.competence, s.relatedness),
        InterpersonalView(s.trust, style, s.rapport, s.familiarity),
        None if active is None else Regulation(active.strategy, active.phase, active.progress),
        event_context,
        ContextFormatted("\n".join(lines)),
    )


def _instruction(params: Params, s: State, say: Phrases, strength: float, stage: str) -> InstructionPrompt:
    order = say.stage[stage][2]
    expression = say.expression[_expression(params, s, strength)]
    length = say.length[_length(params, s, strength, stage)]
    need = _need(s)
    direction = None if need is None else say.need[need]
    block = f"{order} {expression}\n{length}" if direction is None else f"{order} {expression}\n{direction} {length}"
    return InstructionPrompt(order, expression, length, direction, InstructionFormatted(block))


def _expression(params: Params, s: State, strength: float) -> str:
    """How much is let out: by nature, less while it is held back, more when one is too tired to hold it back."""
    out = params.expressiveness - 0.15 * s.stress + 0.15 * (1.0 - s.energy)
    if s.reg == "response_modulation":
        out -= regulation.SUPPRESSION
    manner = "open" if out > 0.6 else "closed" if out < 0.38 else "even"
    return f"{manner}_strong" if strength >= _STRONG else f"{manner}_quiet"


def _length(params: Params, s: State, strength: float, stage: str) -> str:
    if s.energy < 0.30 or stage in {"Stressed", "Overwhelmed", "Breaking Point", "Collapse"}:
        return "short"
    if params.expressiveness < 0.4 and s.v < params.bv - 0.2:
        return "short"
    return "long" if strength > 0.4 and s.v > 0.2 and params.expressiveness > 0.55 else "normal"


def _need(s: State) -> str | None:
    """The need that presses most, if one does."""
    least = min(s.autonomy, s.competence, s.relatedness)
    if least >= _NEED_LOW:
        return None
    if least == s.relatedness:
        return "relatedness"
    return "competence" if least == s.competence else "autonomy"


def _trust(s: State) -> str:
    if s.trust < 0.40:
        return "none" if s.trust < 0.20 else "little"
    return "some" if s.trust < 0.65 else "much"


def _familiarity(s: State) -> str:
    return "new" if s.familiarity < 0.2 else "some" if s.familiarity < 0.6 else "old"
