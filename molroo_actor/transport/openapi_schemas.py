"""The schemas of the contract: those of the message types, and the few objects that the wire puts together from them.

A turn's body names its session, a frame its type, and a persona comes flat, wrapped or over a preset.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from molroo_actor.engine import Persona
from molroo_actor.protocol import commands, personas, webhooks

Schema = dict[str, Any]

_PARTS: Final[tuple[type, ...]] = (
    Persona,
    personas.Outside,
    commands.TurnBody,
    commands.AppraisalTurnBody,
    commands.SessionBody,
    commands.PreferencesFrame,
    commands.AckProactive,
)
"""Types of which the wire's objects are put together; they are not on the wire themselves."""
_MUST: Final = re.compile(r"^(?=(?:be|have) )")
"""Texts of constraints go on after "must" in an error."""
_OF_PYTHON: Final = ((re.compile(r" \(\w+\.py\)"), ""), (re.compile(r"\bNone\b"), "null"))


class Schemas:
    """All schemas of the document by name, and the reference to each type."""

    def __init__(self, types: list[Any]) -> None:
        types = [*types, commands.PreferencesBody, webhooks.WebhookBody, *_PARTS]
        found, made = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
        self._refs = dict(zip(map(str, types), found, strict=True))
        made = {name: _readable(schema) for name, schema in made.items()}
        parts = {each.__name__ for each in _PARTS}
        put_together = {**_persona_schemas(made), **_turn_schemas(made), **_frame_schemas(made)}
        made = {name: schema for name, schema in made.items() if name not in parts}
        self.components: dict[str, Schema] = dict(sorted({**made, **put_together}.items()))

    def of(self, kind: Any) -> Schema:
        """The schema of a type: mostly a reference."""
        return self._refs[str(kind)]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _readable(schema: Any) -> Any:
    """The same schema for a reader: whole sentences, and no claim that unknown keys are refused, for they are not."""
    if isinstance(schema, list):
        return [_readable(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _readable(each) for name, each in schema.items() if (name, each) != ("additionalProperties", False)}
    about = plain.get("description")
    if isinstance(about, str):
        about = _MUST.sub("must ", " ".join(about.split()))
        for pattern, other in _OF_PYTHON:
            about = pattern.sub(other, about)
        plain["description"] = about
    return plain


def _object(title: str, about: str, properties: Schema, required: list[str]) -> Schema:
    return {
        "title": title,
        "description": about,
        "type": "object",
        "properties": properties,
        "required": required,
    }


def _given(schema: Schema) -> Schema:
    """An optional key's schema without null, which is the same as leaving it out."""
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return {**kinds[0]} if len(kinds) == 1 else {name: each for name, each in schema.items() if name != "default"}


def _persona_schemas(made: dict[str, Schema]) -> dict[str, Schema]:
    fields = {name: _given(each) for name, each in made["Persona"]["properties"].items() if name != "calibration"}
    fields["goals"] = {"type": "array", "maxItems": 32, "items": {"anyOf": [{"type": "string"}, ref("Goal")]}}
    outside = {name: _given(each) for name, each in made["Outside"]["properties"].items()}
    partly = {**fields, "identity": ref("IdentityChanges"), "personality": ref("PersonalityChanges")}
    own = {name: each for name, each in outside.items() if name != "preset"}
    texts = {name: each for name, each in fields.items() if each.get("type") == "string"}
    whole = ["identity", "personality"]
    return {
        "CreateRequest": {
            "title": "CreateRequest",
            "description": "One of three forms.",
            "anyOf": [ref("CreateFromPreset"), ref("CreateFromPersona"), ref("CreateWrapped")],
        },
        "CreateFromPreset": _object(
            "CreateFromPreset",
            "A built-in persona; fields that are given win over it, key by key.",
            {**outside, **partly},
            ["preset"],
        ),
        "CreateFromPersona": _object(
            "CreateFromPersona", "A persona of your own, flat in the body.", {**own, **fields}, whole
        ),
        "CreateWrapped": _object(
            "CreateWrapped",
            "The persona in a wrapper; whole, or changes to a preset. One key in both places is refused.",
            {**outside, "persona": {"anyOf": [ref("NewPersona"), ref("PersonaChanges")]}, **texts},
            ["persona"],
        ),
        "NewPersona": _object("NewPersona", "Who the character is.", fields, whole),
        "PersonaChanges": _object("PersonaChanges", "What is different from the preset.", partly, []),
        "IdentityChanges": _changes(made["Identity"], "IdentityChanges"),
        "PersonalityChanges": _changes(made["Personality"], "PersonalityChanges"),
    }


def _changes(schema: Schema, title: str) -> Schema:
    """The same fields, none of them required and none with a default: what is left out is the preset's."""
    fields = {name: {**each} for name, each in schema["properties"].items()}
    for each in fields.values():
        each.pop("default", None)
    return _object(title, schema["description"], fields, [])


def _turn_fields(made: dict[str, Schema], name: str) -> Schema:
    fields = {key: _given(each) for key, each in made[name]["properties"].items()}
    for text in fields.keys() & {"message", "context", "event_context"}:
        fields[text]["maxLength"] = commands.TEXT_BYTES_MAX
    about = "How long ago the last turn was, in place of the server's clock; up to ten years."
    fields["elapsed_seconds"]["description"] = about
    return fields


_EITHER: Final = [{"required": ["message"]}, {"required": ["event"]}]


def _turn_schemas(made: dict[str, Schema]) -> dict[str, Schema]:
    found = {}
    for name, body in (("TurnRequest", "TurnBody"), ("AppraisalTurnRequest", "AppraisalTurnBody")):
        fields = _turn_fields(made, body)
        fields["elapsedSeconds"] = fields.pop("elapsed_seconds")  # REST spells it so
        required = ["sessionId", *made[body]["required"]]
        found[name] = _object(
            name, made[body]["description"], {**made["SessionBody"]["properties"], **fields}, required
        )
    found["TurnRequest"]["oneOf"] = _EITHER
    return found


def _frame_schemas(made: dict[str, Schema]) -> dict[str, Schema]:
    frames = {
        "TurnFrame": (["turn"], _turn_fields(made, "TurnBody"), []),
        "AppraisalTurnFrame": (["turn_appraisal", "appraisal"], _turn_fields(made, "AppraisalTurnBody"), ["appraisal"]),
        "GetStateFrame": (["get_state"], {}, []),
        "SetPreferencesFrame": (["set_proactive_prefs"], made["PreferencesFrame"]["properties"], ["preferences"]),
        "AckFrame": (["ack_proactive"], made["AckProactive"]["properties"], ["action_id"]),
        "PingFrame": (["ping"], {}, []),
    }
    about = "Comes back as `reply_to`. For turns it is the exactly-once key, unique in the session: take a random one."
    message_id = {"type": "string", "minLength": 1, "maxLength": 64, "description": about}
    found = {}
    for name, (types, fields, required) in frames.items():
        properties = {"type": {"type": "string", "enum": types}, "id": message_id, **fields}
        found[name] = _object(name, f"A message of type `{types[0]}`.", properties, ["type", *required])
    found["TurnFrame"]["oneOf"] = _EITHER
    return found
