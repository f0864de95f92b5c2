"""What a session's blobs hold, format by format: msgpack maps that begin with `v`.

A past format keeps its decoder here and a golden file in the tests; encoding is always the newest. Format 2 of a
record stores the state as a list of its fields' values in their order, format 3 the result too, and leaves out what
stands at its default: a row has to be written three times (journal, checkpoint, session file), so its bytes count.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from msgspec import Struct, structs

from molroo_actor.engine import VAD, Appraisal, Persona, State, TurnResult
from molroo_actor.engine.state import Regulated
from molroo_actor.errors import Damaged, NewerFormat
from molroo_actor.protocol.commands import Preferences, TurnInput
from molroo_actor.protocol.outreach import Action, Outreach
from molroo_actor.protocol.stored_result import StoredResult, restored, stored

FORMAT: Final = 3  # of records; every other blob is still in its first
_FIRST: Final = 1
_NO_PREFERENCES: Final = Preferences()
_NO_OUTREACH: Final = Outreach()


class Record(Struct, frozen=True, gc=False):
    """Everything of a session after one row. The session's clock is state.at_ms; it only grows.

    wall_ms is the wall's reading at that moment and may go back. result is what the newest turn answered, None before
    it.
    """

    wall_ms: int
    state: State
    result: TurnResult | None = None
    preferences: Preferences = _NO_PREFERENCES
    outreach: Outreach = _NO_OUTREACH

    def without_answer(self) -> Record:
        """The same without the result: all that the next turn needs."""
        return Record(self.wall_ms, self.state, None, self.preferences, self.outreach)


class _Record3(Struct, frozen=True, omit_defaults=True, gc=False):
    v: Literal[3]
    wall_ms: int
    state: State
    result: StoredResult | None = None
    preferences: Preferences = _NO_PREFERENCES
    outreach: Outreach = _NO_OUTREACH


class _Live3(Struct, frozen=True, gc=False):
    """As _Record3 for whoever does not ask for the result, which is passed over."""

    v: Literal[3]
    wall_ms: int
    state: State
    preferences: Preferences = _NO_PREFERENCES
    outreach: Outreach = _NO_OUTREACH


class _Record2(Struct, frozen=True):
    v: Literal[2]
    wall_ms: int
    state: State
    result: TurnResult | None = None
    preferences: Preferences = _NO_PREFERENCES
    outreach: Outreach = _NO_OUTREACH


class _Regulated1(Struct, frozen=True):
    strategy: str
    begun_ms: int
    relief: float


_KNOWN_1: Final = structs.fields(State)[: State.__struct_fields__.index("label")]
_State1: Final = msgspec.defstruct(
    "_State1",
    [(each.name, tuple[_Regulated1, ...] if each.name == "reg_log" else each.type) for each in _KNOWN_1],
)
"""A state of format 1: a map, and without what the state has learnt to keep since."""


class _Record1(Struct, frozen=True):
    v: Literal[1]
    wall_ms: int
    state: _State1  # type: ignore[valid-type]
    result: TurnResult | None = None
    preferences: Preferences = Preferences()


class _StoredPersona(Struct, frozen=True):
    v: Literal[1]
    persona: Persona


class _StoredAppraisal(Struct, frozen=True):
    v: Literal[1]
    appraisal: Appraisal


class _StoredEmotion(Struct, frozen=True):
    v: Literal[1]
    V: float
    A: float
    D: float


class PreferencesInput(Struct, frozen=True):
    """The input of a row of kind prefs."""

    v: Literal[1]
    preferences: Preferences


class AcknowledgementInput(Struct, frozen=True):
    """The input of a row of kind ack."""

    v: Literal[1]
    action_id: str


class ActionInput(Struct, frozen=True):
    """The input of a row of kind proactive: the action that fired."""

    v: Literal[1]
    action: Action


_encoder: Final = msgspec.msgpack.Encoder()
_record_3: Final = msgspec.msgpack.Decoder(_Record3)
_live_3: Final = msgspec.msgpack.Decoder(_Live3)
_record_2: Final = msgspec.msgpack.Decoder(_Record2)
_record_1: Final = msgspec.msgpack.Decoder(_Record1)
_persona: Final = msgspec.msgpack.Decoder(_StoredPersona)
_appraisal: Final = msgspec.msgpack.Decoder(_StoredAppraisal)
_emotion: Final = msgspec.msgpack.Decoder(_StoredEmotion)
_input: Final = msgspec.msgpack.Decoder(TurnInput)
_any: Final[msgspec.msgpack.Decoder[dict[str, object]]] = msgspec.msgpack.Decoder(dict[str, object])


def encode_record(record: Record) -> bytes:
    """A state_after or origin blob."""
    result = record.result
    return _encoder.encode(
        _Record3(
            FORMAT,
            record.wall_ms,
            record.state,
            None if result is None else stored(result),
            record.preferences,
            record.outreach,
        )
    )


def encode_persona(persona: Persona) -> bytes:
    """The catalog's persona blob."""
    return _encoder.encode(_StoredPersona(_FIRST, persona))


def encode_appraisal(appraisal: Appraisal) -> bytes:
    """A row's appraisal blob."""
    return _encoder.encode(_StoredAppraisal(_FIRST, appraisal))


def encode_emotion(emotion: VAD) -> bytes:
    """A row's emotion blob."""
    return _encoder.encode(_StoredEmotion(_FIRST, emotion.V, emotion.A, emotion.D))


def encode_preferences_input(preferences: Preferences) -> bytes:
    """The input blob of a row of kind prefs."""
    return _encoder.encode(PreferencesInput(_FIRST, preferences))


def encode_acknowledgement_input(action_id: str) -> bytes:
    """The input blob of a row of kind ack."""
    return _encoder.encode(AcknowledgementInput(_FIRST, action_id))


def encode_action_input(action: Action) -> bytes:
    """The input blob of a row of kind proactive."""
    return _encoder.encode(ActionInput(_FIRST, action))


def _unreadable(blob: bytes, error: Exception, newest: int = _FIRST) -> Exception:
    """Tells a format above the `newest` known of that blob from damage."""
    try:
        found = _any.decode(blob).get("v")
    except msgspec.DecodeError:
        found = None
    if isinstance(found, int) and found > newest:
        return NewerFormat(f"a blob has format {found}, this program knows up to {newest}: run a newer molroo-actor")
    return Damaged(f"a blob cannot be read: {error}")


def decode_record(blob: bytes) -> Record:
    """A state_after or origin blob of any format. Raises Damaged, NewerFormat."""
    try:
        found = _record_3.decode(blob)
    except msgspec.DecodeError as error:
        return _past_record(blob, error)
    result = None if found.result is None else restored(found.result)
    return Record(found.wall_ms, found.state, result, found.preferences, found.outreach)


def decode_live(blob: bytes) -> Record:
    """As decode_record, without the result: all that the next turn needs, and once a turn."""
    try:
        found = _live_3.decode(blob)
    except msgspec.DecodeError as error:
        return _past_record(blob, error).without_answer()
    return Record(found.wall_ms, found.state, None, found.preferences, found.outreach)


def _past_record(blob: bytes, error: msgspec.DecodeError) -> Record:
    try:
        second = _record_2.decode(blob)
    except msgspec.DecodeError:
        first = _record_of_first(blob)
        if first is None:
            raise _unreadable(blob, error, FORMAT) from error
        return first
    return Record(second.wall_ms, second.state, second.result, second.preferences, second.outreach)


def _record_of_first(blob: bytes) -> Record | None:
    """A record of format 1, upgraded; None when it is none.

    Its state knew nothing of the contact with the user and its results had no mask and no risk: both take their
    defaults, and every turn counts as one of the user's.
    """
    try:
        old = _record_1.decode(blob)
    except msgspec.DecodeError:
        return None
    kept = structs.asdict(old.state)
    kept["reg_log"] = tuple(Regulated(past.strategy, past.begun_ms, past.relief) for past in kept["reg_log"])
    state = State(**kept, talks=kept["turns"])
    return Record(old.wall_ms, state, old.result, old.preferences)


def decode_persona(blob: bytes) -> Persona:
    """A persona blob. Raises Damaged, NewerFormat."""
    try:
        return _persona.decode(blob).persona
    except msgspec.DecodeError as error:
        raise _unreadable(blob, error) from error


def decode_input(blob: bytes) -> TurnInput:
    """The input of a row of kind turn. Raises Damaged, NewerFormat."""
    try:
        return _input.decode(blob)
    except msgspec.DecodeError as error:
        raise _unreadable(blob, error) from error


def decode_plain(blob: bytes | None) -> dict[str, object] | None:
    """Any blob as a plain map without `v`, for showing; None stays None. Raises Damaged."""
    if blob is None:
        return None
    try:
        plain = _any.decode(blob)
    except msgspec.DecodeError as error:
        raise _unreadable(blob, error) from error
    plain.pop("v", None)
    return plain


def decode_appraisal(blob: bytes) -> Appraisal:
    """A row's appraisal. Raises Damaged, NewerFormat."""
    try:
        return _appraisal.decode(blob).appraisal
    except msgspec.DecodeError as error:
        raise _unreadable(blob, error) from error


def decode_emotion(blob: bytes) -> VAD:
    """A row's emotion. Raises Damaged, NewerFormat."""
    try:
        stored = _emotion.decode(blob)
    except msgspec.DecodeError as error:
        raise _unreadable(blob, error) from error
    return VAD(stored.V, stored.A, stored.D)
