"""What a model is asked about a text, and what its answer is worth: messages out, a reading in.

Pure; the words are in llm_appraisal.toml. The text reaches the model as a string of a JSON object, out of which no
text can write itself, and the answer can only ever be numbers within their ranges and labels of ours. Not here: HTTP.
"""

from __future__ import annotations

import math
import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from molroo_actor.engine import Appraisal, Params, Reading, Source, State
from molroo_actor.engine.labels import LABELS
from molroo_actor.transport.llm_answer import ChatFailed
from molroo_actor.transport.llm_chat import Message, Schema

_EVIDENCE_MAX = 4
_GOALS_MAX = 8
_ASIDE_CHARS_MAX = 600
"""Of each longer text of a persona: who it is matters to what a text means, its whole story rarely does."""
_CONFIDENCE = 0.9
_KNOWN_LABELS = frozenset(LABELS)
_TOLD_BY = MappingProxyType({"user": "user", "system": "narrator", "internal": "character"})


class _Evidence(msgspec.Struct):
    label: str
    weight: float


class _Answer(msgspec.Struct):
    """The model's answer; keys that are not here are ignored. Small models leave the last ones out: the six must be."""

    goal_relevance: float
    goal_congruence: float
    expectedness: float
    controllability: float
    agency: float
    norm_compatibility: float
    internal_standards: float | UnsetType = UNSET
    adjustment_potential: float | UnsetType = UNSET
    urgency: float | UnsetType = UNSET
    loss: float = 0.0
    evidence: list[_Evidence] | dict[str, float] = msgspec.field(default_factory=list)


def _schema() -> Schema:
    """The subset that strict endpoints take: everything required, nothing more, no ranges (those are clamped)."""
    number = {"type": "number"}
    weighed = {"label": {"type": "string", "enum": list(LABELS)}, "weight": number}
    keys: dict[str, Any] = {name: number for name in _Answer.__struct_fields__ if name != "evidence"}
    keys["evidence"] = {"type": "array", "items": _closed(weighed)}
    return Schema("appraisal", msgspec.Raw(msgspec.json.encode(_closed(keys))))


def _closed(keys: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": keys, "required": list(keys), "additionalProperties": False}


SCHEMA = _schema()


@cache
def _opening() -> tuple[Message, ...]:
    """What every call begins with: the rules, and worked examples as turns of a conversation."""
    said = tomllib.loads(files(__package__).joinpath("llm_appraisal.toml").read_text(encoding="utf-8"))
    messages = [{"role": "system", "content": said["system"].strip().replace("{labels}", ", ".join(LABELS))}]
    for example in said["examples"]:
        messages.append({"role": "user", "content": _json(example["asked"])})
        messages.append({"role": "assistant", "content": _json(example["answer"])})
    return tuple(messages)


def messages_of(text: str, source: Source, params: Params, state: State, chars_max: int) -> list[Message]:
    """The conversation that asks for the appraisal of `text`; of a longer one the beginning and the end."""
    asked = {
        "character": _character(params),
        "relationship": _relationship(params.persona.identity.name, state),
        "told_by": _TOLD_BY[source],
        "text": _shortened(text, chars_max),
    }
    return [*_opening(), {"role": "user", "content": _json(asked)}]


def reading_of(found: dict[str, Any]) -> Reading:
    """The reading in a model's answer, every number in its range. Raises ChatFailed: nonsense."""
    try:
        answer = msgspec.convert(found, _Answer)
        weights = answer.evidence
        if not isinstance(weights, dict):
            weights = {each.label: each.weight for each in weights}
    except msgspec.ValidationError:
        raise ChatFailed("nonsense", "its JSON object is no appraisal") from None
    numbers = [each for each in msgspec.structs.astuple(answer) if isinstance(each, float)]
    if not all(map(math.isfinite, (*numbers, *weights.values()))):
        raise ChatFailed("nonsense", "its appraisal holds a number beyond all ranges")
    return Reading(
        Appraisal(
            goal_relevance=_unit(answer.goal_relevance),
            goal_congruence=_signed(answer.goal_congruence),
            expectedness=_unit(answer.expectedness),
            controllability=_unit(answer.controllability),
            agency=_signed(answer.agency),
            norm_compatibility=_signed(answer.norm_compatibility),
            internal_standards=None if answer.internal_standards is UNSET else _signed(answer.internal_standards),
            adjustment_potential=None if answer.adjustment_potential is UNSET else _unit(answer.adjustment_potential),
            urgency=None if answer.urgency is UNSET else _unit(answer.urgency),
        ),
        _unit(answer.loss),
        _CONFIDENCE,
        _strongest(weights),
    )


def _strongest(weights: dict[str, float]) -> dict[str, float]:
    known = [(label, _unit(weight)) for label, weight in weights.items() if label in _KNOWN_LABELS and weight > 0]
    return dict(sorted(known, key=lambda item: -item[1])[:_EVIDENCE_MAX])


def _character(params: Params) -> dict[str, Any]:
    persona, me = params.persona, params.persona.identity
    wanted = sorted(persona.goals, key=lambda goal: -goal.priority)[:_GOALS_MAX]
    told = {
        "name": me.name,
        "role": me.role,
        "values": list(me.core_values[:_GOALS_MAX]),
        "goals": [goal.content for goal in wanted],
        "story": _aside(persona.character_backstory),
        "the_user": _aside(persona.user_profile),
        "scene": _aside(persona.scene_context),
    }
    return {key: value for key, value in told.items() if value}


def _relationship(name: str, state: State) -> str:
    """Words, not numbers: a little more trust must not make every remembered answer useless."""
    known, trust, rapport = state.familiarity, state.trust, state.rapport
    talked = "hardly talked yet" if known < 0.2 else "talked for a while" if known < 0.6 else "talked a lot"
    trusting = (
        "does not trust the user" if trust < 0.2
        else "hardly trusts the user" if trust < 0.4
        else "trusts the user somewhat" if trust < 0.65
        else "trusts the user"
    )  # fmt: skip
    bond = "distant" if rapport < 0.15 else "on good terms" if rapport < 0.6 else "close"
    return f"They have {talked}. {name} {trusting}. They are {bond}."


def _aside(text: str | None) -> str | None:
    return None if text is None else text[:_ASIDE_CHARS_MAX]


def _shortened(text: str, chars_max: int) -> str:
    if len(text) <= chars_max:
        return text
    tail = chars_max // 4
    return text[: chars_max - tail] + " […] " + text[len(text) - tail :]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _unit(x: float) -> float:
    return min(max(x, 0.0), 1.0)


def _signed(x: float) -> float:
    return min(max(x, -1.0), 1.0)
