"""The REST bodies that are not turns or states: what goes out, and the small things that come in by the query."""

from __future__ import annotations

import base64
import binascii
from typing import Final, cast

import msgspec
from msgspec import UNSET

from molroo_actor import ids
from molroo_actor.engine import Params, Persona, Preset, system_prompt
from molroo_actor.errors import ValidationFailed, WireError
from molroo_actor.protocol import record
from molroo_actor.protocol.answers import (
    CalibrationView,
    ConfigView,
    CreatedSession,
    ErrorAnswer,
    ErrorPart,
    HistoryInput,
    HistoryItem,
    PersonaView,
    Presets,
    PresetView,
    Session,
    SessionItem,
    SessionPreferences,
)
from molroo_actor.protocol.commands import Preferences
from molroo_actor.protocol.outreach import Action, rest_action
from molroo_actor.protocol.views import SystemOnly, iso

_json: Final = msgspec.json.Encoder()
encode: Final = _json.encode


def persona_view(persona: Persona) -> PersonaView:
    """`persona` as clients sent and see it."""
    return PersonaView(
        persona.identity,
        persona.personality,
        persona.goals,
        persona.emotion_config,
        persona.character_backstory,
        persona.behavior_rules,
        persona.user_profile,
        persona.scene_context,
    )


def config_view(persona: Persona) -> ConfigView:
    """`config` as clients sent and see it."""
    given = persona.calibration
    return ConfigView(CalibrationView(given.budgetRecoveryPerHour, given.budgetMinimum, given.turnScale))


def created(session_id: str, params: Params, created_ms: int) -> bytes:
    """The answer of POST /v1/persona."""
    persona = params.persona
    return _json.encode(
        CreatedSession(
            session_id,
            persona.identity.name,
            persona_view(persona),
            config_view(persona),
            iso(created_ms),
            SystemOnly(system_prompt(params)),
        )
    )


def session(item: SessionItem, persona: Persona) -> bytes:
    """The answer of GET /v1/persona/:sessionId."""
    whole = Session(
        item.id,
        item.personaName,
        item.createdAt,
        item.lastActive,
        item.status,
        persona_view(persona),
        config_view(persona),
    )
    return _json.encode(whole)


def preset_list(presets: list[Preset]) -> bytes:
    """The answer of GET /v1/presets."""
    shown = [
        PresetView(each.id, each.name, each.description, each.personality, each.goals, each.emotion_config)
        for each in presets
    ]
    return _json.encode(Presets(shown))


def preferences(session_id: str, whole: Preferences) -> bytes:
    """The answer of PUT preferences."""
    return _json.encode(SessionPreferences(session_id, whole))


def history_item(
    seq: int,
    at_ms: int,
    kind: str,
    input_blob: bytes | None,
    appraisal: bytes | None,
    emotion: bytes | None,
    label: str | None,
) -> HistoryItem:
    """One stored row as a client sees it."""
    given = record.decode_plain(input_blob)
    if given is not None and "appraisal" in given:
        given.setdefault("context", None)
    if given is not None and "action" in given:
        given["action"] = rest_action(msgspec.convert(given["action"], Action))
    return HistoryItem(
        seq,
        iso(at_ms),
        kind,
        cast("HistoryInput | None", given),
        None if appraisal is None else record.decode_appraisal(appraisal),
        None if emotion is None else record.decode_emotion(emotion),
        label,
    )


def error(cause: WireError, status: int) -> bytes:
    """A REST error body."""
    details = UNSET if cause.details is None else cause.details
    return _json.encode(ErrorAnswer(ErrorPart(cause.code, status, cause.message, details)))


def number(text: str | None, name: str, default: int, low: int, high: int) -> int:
    """A whole number of the query. Raises ValidationFailed with the range."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 15 and low <= int(text) <= high):
        raise ValidationFailed(
            f"{name} must be a whole number in [{low}, {high}], got {text[:20]!r}", details={"path": f"query.{name}"}
        )
    return int(text)


def flag(text: str | None, name: str, default: bool) -> bool:
    """true or false of the query."""
    if text is None:
        return default
    if text.lower() in ("true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise ValidationFailed(f"{name} must be true or false, got {text[:20]!r}", details={"path": f"query.{name}"})


def cursor_of(created_ms: int, session_id: str) -> str:
    """Where the next page begins; opaque and URL-safe."""
    return base64.urlsafe_b64encode(f"{created_ms}.{session_id}".encode()).decode().rstrip("=")


def parse_cursor(text: str | None) -> tuple[int, str] | None:
    """What `cursor_of` made. Raises ValidationFailed for anything else."""
    if text is None:
        return None
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        created_ms, _, session_id = plain.partition(".")
        if created_ms.isdigit() and len(created_ms) <= 15 and ids.is_session_id(session_id):
            return int(created_ms), session_id
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise ValidationFailed("cursor must be one that a previous page gave", details={"path": "query.cursor"})
