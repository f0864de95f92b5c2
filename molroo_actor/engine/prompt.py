"""A state in words for a language model: prompt_data."""

from molroo_actor.engine import dynamics, labels, relationship, stages
from molroo_actor.engine.persona import Params
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
    StageView,
    SystemFormatted,
    SystemPrompt,
)


def summary(params: Params, state: State) -> str:
    """One sentence about the feeling."""
    primary, _ = labels.name(params, state)
    return f"{params.persona.identity.name} feels {primary}."


def system_prompt(params: Params) -> SystemPrompt:
    """Who the character is."""
    name = params.persona.identity.name
    return SystemPrompt(name, [], [g.content for g in params.persona.goals], SystemFormatted(f"You are {name}."))


def render_prompt(params: Params, state: State, event_context: str | None) -> PromptData:
    """Everything a model needs to play the state."""
    s = state
    system = system_prompt(params)
    primary, secondary = labels.name(params, s)
    strength = dynamics.intensity(params, s.v, s.a, s.d)
    line = summary(params, s)
    block = f"[Emotion: {primary} (mild)]\n{line}"
    context = ContextPrompt(
        EmotionView(primary, secondary, "mild", s.v, 0.5 + 0.5 * s.a, s.d, strength, line),
        EnergyView("fair", round(100 * s.energy), "You have some strength."),
        StageView(stages.NAMES[s.stage], "", ""),
        NeedState(s.autonomy, s.competence, s.relatedness),
        InterpersonalView(s.trust, relationship.attachment_style(s.anxiety, s.avoidance), s.rapport, s.familiarity),
        None,
        event_context,
        ContextFormatted(block),
    )
    instruction = InstructionPrompt("", "", "", None, InstructionFormatted("Answer in character."))
    return PromptData(
        system,
        context,
        instruction,
        PromptFormatted(system.formatted.system_prompt, block, instruction.formatted.instruction_block),
    )
