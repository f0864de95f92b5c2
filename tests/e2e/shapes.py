"""The forms of the contract, field by field, and one `fits` that says where an answer differs.

A form is a dict of names to forms, a list with one form, or a predicate. Exactly these names: a missing field and one
that the contract does not know are both said with their path.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

Form = Any  # a predicate, {name: Form}, or [Form]
Predicate = Callable[[Any], bool]


def misfits(form: Form, value: Any, path: str = "$") -> list[str]:
    """Everything that differs."""
    if isinstance(form, dict):
        if not isinstance(value, dict):
            return [f"{path} is no object: {value!r}"]
        wrong = [f"{path}.{name} is missing" for name in form.keys() - value.keys()]
        wrong += [f"{path}.{name} is not of the contract" for name in value.keys() - form.keys()]
        for name in form.keys() & value.keys():
            wrong += misfits(form[name], value[name], f"{path}.{name}")
        return wrong
    if isinstance(form, list):
        if not isinstance(value, list):
            return [f"{path} is no list: {value!r}"]
        return [line for at, item in enumerate(value) for line in misfits(form[0], item, f"{path}[{at}]")]
    return [] if form(value) else [f"{path} is {value!r}, not {form.__name__}"]


def fits(form: Form, value: Any) -> None:
    """Asserts that a value has a form."""
    wrong = misfits(form, value)
    assert not wrong, "\n".join(wrong)


def named(name: str, test: Predicate) -> Predicate:
    test.__name__ = name
    return test


def with_optional(form: dict[str, Form], optional: dict[str, Form]) -> Predicate:
    """All of `form`, and any of `optional`."""

    def test(value: Any) -> bool:
        present = {name: part for name, part in optional.items() if name in value}
        return not misfits({**form, **present}, value)

    return named("that form", test)


def number(low: float, high: float) -> Predicate:
    def test(value: Any) -> bool:
        return type(value) in (int, float) and math.isfinite(value) and low <= value <= high

    return named(f"a number in [{low}, {high}]", test)


def one_of(*words: str) -> Predicate:
    return named(f"one of {', '.join(words)}", lambda value: value in words)


def or_null(form: Form) -> Predicate:
    return named("null or that", lambda value: value is None or not misfits(form, value))


def exactly(wanted: Any) -> Predicate:
    return named(repr(wanted), lambda value: type(value) is type(wanted) and value == wanted)


def matching(pattern: str) -> Predicate:
    return named(pattern, lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None)


def moment(value: Any) -> bool:
    """ISO 8601 in UTC."""
    return isinstance(value, str) and datetime.fromisoformat(value).utcoffset() is not None


words = named("a text that is not empty", lambda value: isinstance(value, str) and value.strip() != "")
boolean = named("true or false", lambda value: isinstance(value, bool))
whole = named("a whole number from 0", lambda value: type(value) is int and value >= 0)
milliseconds = named("milliseconds", lambda value: type(value) is int and value > 1_500_000_000_000)
unit, signed, twice = number(0, 1), number(-1, 1), number(-2, 2)
moving = number(-1e6, 1e6)

VAD = {"V": signed, "A": unit, "D": signed}
DELTA = {"V": twice, "A": signed, "D": twice}
VELOCITY = {"V": moving, "A": moving, "D": moving}
SIX = {
    "goal_relevance": unit,
    "goal_congruence": signed,
    "expectedness": unit,
    "controllability": unit,
    "agency": signed,
    "norm_compatibility": signed,
}
APPRAISAL = with_optional(SIX, {"internal_standards": signed, "adjustment_potential": unit, "urgency": unit})
DISCRETE = {"primary": words, "secondary": or_null(words), "intensity": one_of("low", "moderate", "high")}
STAGE = {"id": number(1, 15), "name": words}
STRATEGY = {"strategy": words, "phase": words, "progress": unit}
TRIGGER = one_of("attachment_seeking", "need_deficit", "emotional_overflow")
HINT = {"next_check_after_ms": or_null(whole), "potential_triggers": [TRIGGER], "pending": [words]}
BLEND = {"rational": unit, "irrational": unit}
CATASTROPHE = {"alpha": signed, "beta": unit, "mask": unit, "risk": one_of("low", "elevated", "high")}
STYLE = one_of("secure", "anxious", "avoidant", "disorganized")
INTERPERSONAL = {
    "rapport": unit,
    "trust": unit,
    "familiarity": unit,
    "attachment_style": STYLE,
    "dominance": signed,
    "affiliation": signed,
}

TURN: dict[str, Form] = {
    "appraisal": APPRAISAL,
    "new_emotion": VAD,
    "emotion_delta": DELTA,
    "emotion_intensity": unit,
    "discrete_emotion": DISCRETE,
    "stage_transition": boolean,
    "body_budget": unit,
    "soul_stage": STAGE,
    "proactive_hint": HINT,
    "velocity": VELOCITY,
    "blend_ratio": BLEND,
    "regulation": or_null(STRATEGY),
    "prediction_error": {
        "relevance": twice,
        "congruence": twice,
        "expectedness": twice,
        "controllability": twice,
        "agency": twice,
        "norm_compatibility": twice,
        "magnitude": unit,
    },
    "catastrophe": CATASTROPHE,
    "seq": whole,
}
STATE: dict[str, Form] = {
    "emotion": VAD,
    "emotion_intensity": unit,
    "discrete_emotion": DISCRETE,
    "body_budget": unit,
    "soul_stage": STAGE,
    "need_state": {"autonomy": unit, "competence": unit, "relatedness": unit},
    "regulation": {
        "active_strategy": or_null(STRATEGY),
        "strategy_weights": lambda value: bool(value) and all(unit(weight) for weight in value.values()),
        "history": lambda value: isinstance(value, list),
    },
    "affect_dynamics": {"variability": number(0, 2), "instability": number(0, 4), "inertia": signed},
    "interpersonal": INTERPERSONAL,
    "emotion_summary": words,
    "velocity": VELOCITY,
    "blend_ratio": BLEND,
    "catastrophe": CATASTROPHE,
    "mood": VAD,
    "seq": whole,
    "as_of": moment,
}

SYSTEM = {"identity": words, "personality_traits": [words], "goals": [words], "formatted": {"system_prompt": words}}
LEVEL = one_of("faint", "mild", "moderate", "strong", "overwhelming")
PROMPT: dict[str, Form] = {
    "system": SYSTEM,
    "context": {
        "emotion": {
            "primary": words,
            "secondary": or_null(words),
            "intensity_level": LEVEL,
            "valence": signed,
            "arousal": unit,
            "dominance": signed,
            "intensity": unit,
            "description": words,
        },
        "energy": {
            "level": one_of("depleted", "low", "fair", "good", "full"),
            "budget_percentage": named("0 to 100", lambda value: type(value) is int and 0 <= value <= 100),
            "description": words,
        },
        "stage": {"name": words, "behavioral_tendency": words, "description": words},
        "needs": {"autonomy": unit, "competence": unit, "relatedness": unit},
        "interpersonal": {"trust": unit, "attachment_style": STYLE, "rapport": unit, "familiarity": unit},
        "regulation": or_null(STRATEGY),
        "event_context": or_null(words),
        "formatted": {"context_block": words},
    },
    "instruction": {
        "stage_instruction": words,
        "expression_guide": words,
        "response_length_hint": words,
        "need_direction": or_null(words),
        "formatted": {"instruction_block": words},
    },
    "formatted": {"system_prompt": words, "context_block": words, "instruction_block": words},
}

_BUDGET = {"energy": unit, "stress": unit}
_SOCKET_STAGE = {"id": number(1, 15), "name": words, "stage": words, "progress": unit}
_SOCKET_FORM = {"discrete_emotion": words, "discrete": DISCRETE, "body_budget": _BUDGET, "soul_stage": _SOCKET_STAGE}
SOCKET_TURN: dict[str, Form] = {name: form for name, form in TURN.items() if name != "seq"} | _SOCKET_FORM
SOCKET_STATE: dict[str, Form] = {
    **STATE,
    **_SOCKET_FORM,
    "need_state": {"belonging": unit, "competence": unit, "autonomy": unit, "relatedness": unit},
}
