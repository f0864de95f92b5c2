"""What clients ask for, as typed values: bytes in, commands out. Raises ValidationFailed for anything that is not one.

Both transports meet here, so a turn means the same over REST and WebSocket and shares one canonical body hash.
"""

from __future__ import annotations

import zoneinfo
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from molroo_actor import ids
from molroo_actor.engine import Appraisal, Source
from molroo_actor.errors import ValidationFailed
from molroo_actor.protocol.shape import Shape, refuse

TEXT_BYTES_MAX: Final = 16_384
TEN_YEARS_S: Final = 315_576_000

T = TypeVar("T", bound=Struct)
MessageId = Annotated[str, Meta(min_length=1, max_length=64, description="have 1 to 64 characters")]
SessionId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="be 1 to 64 of A-Z a-z 0-9 _ -")]
Elapsed = Annotated[float, Meta(ge=0, le=TEN_YEARS_S)]
HourMinute = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description='be a time of day such as "22:30"')]


class Event(Struct, frozen=True, omit_defaults=True):
    """Something that happened, told in words."""

    description: str
    source: Source


class TurnInput(Struct, frozen=True, omit_defaults=True, gc=False):
    """What one turn was asked with: exactly one of message, event, appraisal. As stored, a map that begins with `v`."""

    v: Literal[1]
    message: str | None = None
    event: Event | None = None
    appraisal: Appraisal | None = None
    context: str | None = None
    event_context: str | None = None
    elapsed_seconds: float | None = None

    @property
    def shown_context(self) -> str | None:
        """What prompts show as context.event_context."""
        return self.context if self.event_context is None else self.event_context


class TurnCommand(Struct, frozen=True, gc=False):
    """One turn to take. `body_hash` is over the canonical input, so spelling and transport do not matter."""

    input: TurnInput
    input_blob: bytes
    msg_id: str | None
    id_digest: int | None
    body_hash: bytes | None


class Triggers(Struct, frozen=True):
    """Which reasons to reach out are allowed."""

    attachment_seeking: bool = True
    need_deficit: bool = True
    emotional_overflow: bool = True


class QuietHours(Struct, frozen=True):
    """From start to end, local to the time zone, over midnight when end is earlier."""

    start: HourMinute
    end: HourMinute
    timezone: str


class Preferences(Struct, frozen=True):
    """When a character may reach out by itself. Whole: what a client leaves out takes its default."""

    enabled: bool = False
    triggers: Triggers = Triggers()
    cooldown_hours: Annotated[float, Meta(ge=0, le=87_660)] = 4.0
    max_daily: Annotated[int, Meta(ge=0, le=1_000)] | None = None
    quiet_hours: QuietHours | None = None


class GetState(Struct, frozen=True):
    """Read the state now."""


class Ping(Struct, frozen=True):
    """Is anybody there?"""


class SetPreferences(Struct, frozen=True):
    """Replace the proactive preferences."""

    preferences: Preferences


class AckProactive(Struct, frozen=True):
    """Acknowledge a proactive action."""

    action_id: str


Command = TurnCommand | GetState | Ping | SetPreferences | AckProactive


class TurnBody(Struct, frozen=True):
    """Exactly one of message and event."""

    message: str | None = None
    event: Event | None = None
    event_context: str | None = None
    elapsed_seconds: Elapsed | None = None


class AppraisalTurnBody(Struct, frozen=True):
    """A turn from an appraisal vector, which is taken as it is."""

    appraisal: Appraisal
    context: str | None = None
    elapsed_seconds: Elapsed | None = None


class SessionBody(Struct, frozen=True):
    """Which session a REST turn is for."""

    sessionId: SessionId  # noqa: N815 - the wire's name


class PreferencesBody(Struct, frozen=True):
    """Replaces all preferences: what is left out takes its default."""

    enabled: bool
    triggers: Triggers = Triggers()
    cooldown_hours: Annotated[float, Meta(ge=0, le=87_660)] = 4.0
    max_daily: Annotated[int, Meta(ge=0, le=1_000)] | None = None
    quiet_hours: QuietHours | None = None


class PreferencesFrame(Struct, frozen=True):
    """Preferences over the WebSocket."""

    preferences: PreferencesBody


_TURN: Final = Shape(TurnBody)
_APPRAISAL_TURN: Final = Shape(AppraisalTurnBody)
_SESSION: Final = Shape(SessionBody)
_PREFERENCES: Final = Shape(PreferencesBody)
_PREFERENCES_FRAME: Final = Shape(PreferencesFrame)
_ACK: Final = Shape(AckProactive)
_json: Final = msgspec.json.Decoder()
_pack: Final = msgspec.msgpack.Encoder()


def decode_json(body: bytes) -> object:
    """JSON to plain values. Raises ValidationFailed; never anything else, however odd or deep the input."""
    try:
        return _json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        detail = "it is not valid UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        detail = detail if body.strip() else "it is empty"
        raise ValidationFailed(f"the body must be JSON: {detail}") from None
    except RecursionError:
        raise ValidationFailed("the body is nested too deeply") from None


def decode_object(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises ValidationFailed."""
    value = decode_json(body)
    if not isinstance(value, dict):
        raise refuse("the body must be a JSON object", "$")
    return value


def _check_text(text: str | None, path: str) -> None:
    # Every character takes at least one byte and at most four: most texts need no encoding to be measured.
    if text is not None and len(text) * 4 > TEXT_BYTES_MAX and len(text.encode()) > TEXT_BYTES_MAX:
        raise refuse(
            f"{path.rpartition('.')[2]} must have at most 16 KiB of UTF-8, got {len(text.encode()):,} bytes", path
        )


def _command(turn_input: TurnInput, msg_id: str | None) -> TurnCommand:
    blob = _pack.encode(turn_input)
    if msg_id is None:
        return TurnCommand(turn_input, blob, None, None, None)
    return TurnCommand(turn_input, blob, msg_id, ids.id_digest(msg_id), ids.body_digest(blob))


def turn(body: dict[str, Any], msg_id: str | None) -> TurnCommand:
    """A turn from a message or an event."""
    given = _TURN.read(body)
    if (given.message is None) == (given.event is None):
        raise refuse("send either message or event{description, source}, not both and not neither", "$.message")
    _check_text(given.message, "$.message")
    _check_text(given.event.description if given.event else None, "$.event.description")
    _check_text(given.event_context, "$.event_context")
    return _command(
        TurnInput(
            1,
            message=given.message,
            event=given.event,
            event_context=given.event_context,
            elapsed_seconds=given.elapsed_seconds,
        ),
        msg_id,
    )


def appraisal_turn(body: dict[str, Any], msg_id: str | None) -> TurnCommand:
    """A turn from an appraisal vector."""
    given = _APPRAISAL_TURN.read(body)
    _check_text(given.context, "$.context")
    return _command(
        TurnInput(1, appraisal=given.appraisal, context=given.context, elapsed_seconds=given.elapsed_seconds), msg_id
    )


def session_id(body: dict[str, Any]) -> str:
    """The sessionId that a REST turn names."""
    return _SESSION.read(body).sessionId


def message_id(value: object) -> str | None:
    """The `id` of a frame."""
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= 64:
        raise refuse("id must be a string of 1 to 64 characters", "$.id")
    return value


def idempotency_key(header: str | None) -> str | None:
    """The Idempotency-Key header, checked."""
    if header is None:
        return None
    # Bytes that are no UTF-8 come as lone surrogates.
    if not 1 <= len(header) <= 64 or any("\ud800" <= letter <= "\udfff" for letter in header):
        raise ValidationFailed(
            f"Idempotency-Key must have 1 to 64 characters of UTF-8, got {len(header)}",
            details={"path": "header.Idempotency-Key"},
        )
    return header


class _ExactFrame(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    type: Literal["turn", "turn_appraisal", "appraisal"]
    id: MessageId | None = None
    message: str | None = None
    appraisal: Appraisal | None = None
    context: str | None = None
    event_context: str | None = None
    elapsed_seconds: Elapsed | None = None


_exact_frame: Final = msgspec.json.Decoder(_ExactFrame)


def exact_frame(data: bytes) -> TurnCommand | None:
    """The turn in a frame that is spelt as the reference has it, read in one go; None for every other frame.

    It refuses nothing: what it does not know (another type, an unknown key, the other spelling of one, a wrong value)
    is
    read again by `frame`, which says what is wrong.
    """
    try:
        given = _exact_frame.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if given.type == "turn":
        if given.message is None or given.appraisal is not None or given.context is not None:
            return None
    elif given.appraisal is None or given.message is not None or given.event_context is not None:
        return None
    for text in (given.message, given.context, given.event_context):
        if text is not None and len(text) * 4 > TEXT_BYTES_MAX:
            return None
    return _command(
        TurnInput(
            1,
            message=given.message,
            appraisal=given.appraisal,
            context=given.context,
            event_context=given.event_context,
            elapsed_seconds=given.elapsed_seconds,
        ),
        given.id,
    )


def frame(body: dict[str, Any], msg_id: str | None) -> Command:
    """The command in a WebSocket frame."""
    match body.get("type"):
        case "turn":
            return turn(body, msg_id)
        case "turn_appraisal" | "appraisal":
            return appraisal_turn(body, msg_id)
        case "get_state":
            return GetState()
        case "ping":
            return Ping()
        case "set_proactive_prefs":
            return SetPreferences(_whole(_PREFERENCES_FRAME.read(body).preferences, "$.preferences"))
        case "ack_proactive":
            return _ACK.read(body)
        case None:
            raise refuse("type is required", "$.type")
        case other:
            known = "turn, turn_appraisal, appraisal, get_state, set_proactive_prefs, ack_proactive, ping"
            raise refuse(f"type must be one of {known}, got {str(other)[:40]!r}", "$.type")


def preferences(body: dict[str, Any]) -> Preferences:
    """The body of PUT preferences."""
    return _whole(_PREFERENCES.read(body), "$")


def _whole(given: PreferencesBody, path: str) -> Preferences:
    if given.quiet_hours is not None:
        try:
            zoneinfo.ZoneInfo(given.quiet_hours.timezone)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            raise refuse(
                f'timezone must be an IANA name such as "Asia/Seoul", got {given.quiet_hours.timezone[:40]!r}',
                f"{path}.quiet_hours.timezone",
            ) from None
    return Preferences(given.enabled, given.triggers, given.cooldown_hours, given.max_daily, given.quiet_hours)
