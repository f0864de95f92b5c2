"""The REST bodies that are not turns or states: what goes out, and the small things that come in by the query."""

from __future__ import annotations

import base64
import binascii
from typing import Final, Literal

import msgspec
from msgspec import Struct

from molroo_actor import ids
from molroo_actor.engine import VAD, Params, Persona, Preset, system_prompt
from molroo_actor.errors import ValidationFailed, WireError
from molroo_actor.protocol import record
from molroo_actor.protocol.commands import Preferences
from molroo_actor.protocol.views import SystemOnly, iso

_json: Final = msgspec.json.Encoder()
encode: Final = _json.encode
Status = Literal["active", "idle", "hibernated"]


class SessionItem(Struct, frozen=True):
    """A session in a list."""

    id: str
    personaName: str  # noqa: N815 - the wire's names
    createdAt: int  # noqa: N815
    lastActive: int  # noqa: N815
    status: Status


class SessionPage(Struct, frozen=True):
    """GET /v1/persona."""

    items: list[SessionItem]
    cursor: str | None


class HistoryItem(Struct, frozen=True):
    """One row of the journal for a client."""

    seq: int
    at: str
    kind: str
    input: dict[str, object] | None
    appraisal: object
    emotion: VAD | None
    discrete_emotion: str | None


class HistoryPage(Struct, frozen=True):
    """GET /v1/history/:sessionId."""

    items: list[HistoryItem]
    next_after_seq: int | None


def persona_parts(persona: Persona) -> dict[str, object]:
    """`persona` and `config` as clients sent and see them."""
    plain: dict[str, object] = msgspec.to_builtins(persona)
    calibration = {key: value for key, value in plain.pop("calibration", {}).items() if value is not None}  # type: ignore[attr-defined]
    return {
        "persona": {key: value for key, value in plain.items() if value is not None},
        "config": {"calibration": calibration},
    }


def created(session_id: str, params: Params, created_ms: int) -> bytes:
    """The answer of POST /v1/persona."""
    persona = params.persona
    return _json.encode(
        {
            "sessionId": session_id,
            "personaName": persona.identity.name,
            **persona_parts(persona),
            "createdAt": iso(created_ms),
            "prompt_data": SystemOnly(system_prompt(params)),
        }
    )


def session(item: SessionItem, persona: Persona) -> bytes:
    """The answer of GET /v1/persona/:sessionId."""
    return _json.encode({**msgspec.structs.asdict(item), **persona_parts(persona)})


def preset_list(presets: list[Preset]) -> bytes:
    """The answer of GET /v1/presets."""
    shown = ("id", "name", "description", "personality", "goals", "emotion_config")
    return _json.encode({"presets": [{name: getattr(preset, name) for name in shown} for preset in presets]})


def preferences(session_id: str, whole: Preferences) -> bytes:
    """The answer of PUT preferences."""
    return _json.encode({"sessionId": session_id, "preferences": whole})


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
    seen = record.decode_plain(appraisal)
    return HistoryItem(
        seq,
        iso(at_ms),
        kind,
        given,
        None if seen is None else seen["appraisal"],
        None if emotion is None else record.decode_emotion(emotion),
        label,
    )


def error(cause: WireError, status: int) -> bytes:
    """A REST error body."""
    body: dict[str, object] = {"code": cause.code, "status": status, "message": cause.message}
    if cause.details is not None:
        body["details"] = cause.details
    return _json.encode({"error": body})


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
