"""Who the character is, in words: the part of prompt_data that is the same for every turn.

Not here: how the character is right now (prompt.py).
"""

from molroo_actor.engine.persona import Goal, Persona, Personality
from molroo_actor.engine.phrases import Phrases, phrases
from molroo_actor.engine.values import SystemFormatted, SystemPrompt

_LOW, _HIGH = 0.4, 0.6  # between them a trait is nothing to speak of
_VERY_LOW, _VERY_HIGH = 0.2, 0.8
_FACET_LOW, _FACET_HIGH = 0.35, 0.65
_COMBINATIONS, _FACETS = 3, 8  # the strongest that are told; more would blur the picture
_MOST, _ALSO = 0.75, 0.4  # priorities from which a goal comes first, below which it comes last


def language_of(persona: Persona) -> str:
    """The language the sentences are in: Korean for ko and ko-*, English for everything else."""
    return "ko" if persona.identity.language.lower().replace("_", "-").split("-")[0] == "ko" else "en"


def traits(personality: Personality, say: Phrases) -> list[str]:
    """A sentence for each of the six factors, then what two of them make together, then the facets."""
    found = [say.trait[letter][_grade(getattr(personality, letter))] for letter in "OCEANH"]
    return [*found, *_combinations(personality, say), *_facets(personality, say)]


def _grade(x: float) -> int:
    """0 very low … 4 very high."""
    if x <= _LOW:
        return 0 if x <= _VERY_LOW else 1
    if x < _HIGH:
        return 2
    return 3 if x < _VERY_HIGH else 4


def _combinations(personality: Personality, say: Phrases) -> list[str]:
    """The pairs of which both stand out, the most marked first."""
    marked = {}
    for letter in "OCEANH":
        x: float = getattr(personality, letter)
        if x <= _LOW or x >= _HIGH:
            marked[f"{letter}{'+' if x > 0.5 else '-'}"] = abs(x - 0.5)
    pairs = [
        (min(marked[first], marked[second]), line)
        for (first, second), line in ((pair.split(), line) for pair, line in say.combination.items())
        if first in marked and second in marked
    ]
    pairs.sort(key=lambda pair: -pair[0])
    return [line for _, line in pairs[:_COMBINATIONS]]


def _facets(personality: Personality, say: Phrases) -> list[str]:
    """What the client says of single facets, the most marked first; the middle of a scale says nothing."""
    told = []
    for key, x in sorted((personality.facets or {}).items(), key=lambda facet: -abs(facet[1] - 0.5))[:_FACETS]:
        if _FACET_LOW < x < _FACET_HIGH:
            continue
        high = x > 0.5
        name = key.strip().lower().replace("-", "_").replace(" ", "_")
        if name in say.facet:
            told.append(say.facet[name][high])
        else:
            told.append(say.own_facet["high" if high else "low"].format(facet=name.replace("_", " ")))
    return told


def _wishes(goals: list[Goal], say: Phrases) -> list[str]:
    """The goals in sentences, from the most to the least wanted."""
    groups: dict[str, list[str]] = {}
    for goal in goals:
        key = "want_most" if goal.priority >= _MOST else "want" if goal.priority >= _ALSO else "want_also"
        groups.setdefault(key, []).append(goal.content.rstrip(". "))
    return [say.system[key].format(goals="; ".join(group)) for key, group in groups.items()]


def _listed(items: tuple[str, ...], say: Phrases) -> str:
    return ", ".join(items[:-1]) + say.system["and"] + items[-1] if len(items) > 1 else items[0]


def system_of(persona: Persona) -> SystemPrompt:
    """Identity, traits, values, goals, story and rules as a text in the persona's language."""
    say = phrases(language_of(persona))
    me = persona.identity
    key = "opening_role" if me.role else "opening"
    opening = say.system[key].format(name=me.name, role=(me.role or "").rstrip(". "))
    nature = traits(persona.personality, say)
    goals = sorted(persona.goals, key=lambda goal: -goal.priority)
    lines = [opening]
    if me.core_values:
        lines.append(say.system["values"].format(values=_listed(me.core_values, say)))
    if me.speaking_style:
        lines.append(say.system["style"].format(text=me.speaking_style))
    lines.append(say.system["traits"].format(text=" ".join(nature)))
    lines.extend(_wishes(goals, say))
    for part, text in (
        ("backstory", persona.character_backstory),
        ("user", persona.user_profile),
        ("scene", persona.scene_context),
        ("rules", persona.behavior_rules),
    ):
        if text:
            lines.append(say.system[part].format(text=text))
    lines.append(say.system["close"])
    return SystemPrompt(opening, nature, [goal.content for goal in goals], SystemFormatted("\n".join(lines)))
