"""POST /v1/persona: flat or wrapped, preset and fields merged, defaults written out. Bytes in, a CreateCommand out."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from molroo_actor import ids
from molroo_actor.engine import Calibration, Persona, presets
from molroo_actor.engine.persona import Baseline, baseline_of
from molroo_actor.protocol.commands import SessionId, decode_object
from molroo_actor.protocol.shape import Shape, refuse

_TEXTS: Final = ("character_backstory", "behavior_rules", "user_profile", "scene_context")


class CreateCommand(Struct, frozen=True):
    """A session to make."""

    session_id: str | None
    persona: Persona
    body_hash: bytes


class Config(Struct, frozen=True):
    """What tunes a character and is no part of who it is."""

    calibration: Calibration = Calibration()


class Outside(Struct, frozen=True):
    """What stands beside a persona."""

    preset: str | None = None
    sessionId: SessionId | None = None  # noqa: N815
    config: Config = Config()


_OUTSIDE: Final = Shape(Outside)
_PERSONA: Final = Shape(Persona)


def create(raw: bytes) -> CreateCommand:
    """The body: flat, or with a wrapper `persona` beside preset, sessionId, config and the texts."""
    body = decode_object(raw)
    outside = _OUTSIDE.read(body)
    inner = body.get("persona")
    if inner is None:
        given = _PERSONA.tidy(body, "$")
    else:
        given = _unwrap(body, inner)
        inside = _OUTSIDE.tidy(inner, "$.persona")
        twice = sorted(set(inside) & set(_OUTSIDE.tidy(body, "$")))
        if twice:
            raise refuse(f"{twice[0]} stands beside persona and in it: send one of them", f"$.{twice[0]}")
        outside = _OUTSIDE.read({**body, **inside})
    if outside.preset is not None:
        given = _over_preset(outside.preset, given)
    for name in ("identity", "personality"):
        if name not in given:
            raise refuse(f"{name} is required unless a preset is given", f"$.{name}")
    if isinstance(given.get("goals"), list):
        given["goals"] = [{"content": goal} if isinstance(goal, str) else goal for goal in given["goals"]]
    persona = _PERSONA.read({**given, "calibration": msgspec.to_builtins(outside.config.calibration)})
    return CreateCommand(outside.sessionId, _with_baseline(persona), ids.body_digest(raw))


def _unwrap(body: dict[str, Any], inner: object) -> dict[str, Any]:
    if not isinstance(inner, dict):
        raise refuse("persona must be an object", "$.persona")
    given = _PERSONA.tidy(inner, "$.persona")
    beside = {name: value for name, value in _PERSONA.tidy(body, "$").items() if name in _TEXTS}
    for name in beside:
        if name in given:
            raise refuse(f"{name} stands beside persona and in it: send one of them", f"$.{name}")
    return {**given, **beside}


def _over_preset(name: str, given: dict[str, Any]) -> dict[str, Any]:
    preset = presets().get(name)
    if preset is None:
        raise refuse(f"preset must be one of {', '.join(presets())}, got {name[:40]!r}", "$.preset")
    base = msgspec.to_builtins(preset)
    merged = {key: base[key] for key in ("identity", "personality", "goals", "emotion_config")}
    return _merge(merged, given)


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` wins, key by key; lists are one value."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _with_baseline(persona: Persona) -> Persona:
    """The same persona with its baseline written out, so that what is answered is what will be used."""
    if persona.emotion_config.baseline is not None:
        return persona
    valence, arousal, dominance = baseline_of(persona.personality)
    baseline = Baseline(valence, (arousal + 1) / 2, dominance)
    return msgspec.structs.replace(
        persona, emotion_config=msgspec.structs.replace(persona.emotion_config, baseline=baseline)
    )
