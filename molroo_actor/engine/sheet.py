"""Who the character is, in words: the part of prompt_data that is the same for every turn.

Not here: how the character is right now (prompt.py).
"""

from molroo_actor.engine.persona import Persona, Personality
from molroo_actor.engine.phrases import Phrases, phrases
from molroo_actor.engine.values import SystemFormatted, SystemPrompt

_HIGH, _LOW = 0.6, 0.4  # between them a trait is nothing to speak of


def language_of(persona: Persona) -> str:
    """The language the sentences are in: Korean for ko and ko-*, English for everything else."""
    return "ko" if persona.identity.language.lower().replace("_", "-").split("-")[0] == "ko" else "en"


def traits(personality: Personality, say: Phrases) -> list[str]:
    """A sentence for each trait that stands out, at least one in all."""
    found = []
    for letter in "OCEANH":
        value: float = getattr(personality, letter)
        if value >= _HIGH:
            found.append(say.traits[f"{letter}_high"])
        elif value <= _LOW:
            found.append(say.traits[f"{letter}_low"])
    return found or [say.traits["plain"]]


def system_of(persona: Persona) -> SystemPrompt:
    """Identity, traits, values, goals, story and rules as a text in the persona's language."""
    say = phrases(language_of(persona))
    me = persona.identity
    key = "opening_role" if me.role else "opening"
    opening = say.system[key].format(name=me.name, role=me.role)
    nature = traits(persona.personality, say)
    goals = [goal.content for goal in sorted(persona.goals, key=lambda goal: -goal.priority)]
    lines = [opening]
    if me.core_values:
        lines.append(say.system["values"].format(values=", ".join(me.core_values)))
    if me.speaking_style:
        lines.append(say.system["style"].format(style=me.speaking_style))
    lines.append(say.system["traits"].format(traits=" ".join(nature)))
    if goals:
        lines.append(say.system["goals"].format(goals="; ".join(goals)))
    for part, text in (
        ("backstory", persona.character_backstory),
        ("user", persona.user_profile),
        ("scene", persona.scene_context),
        ("rules", persona.behavior_rules),
    ):
        if text:
            lines.append(say.system[part].format(text=text))
    lines.append(say.system["close"])
    return SystemPrompt(opening, nature, goals, SystemFormatted("\n".join(lines)))
