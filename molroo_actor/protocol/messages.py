"""WebSocket messages as bytes. What all receivers share (data) is encoded once; what differs is a short head before
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from molroo_actor.engine import PromptData
from molroo_actor.errors import WireError
from molroo_actor.protocol.answers import ErrorCode
from molroo_actor.protocol.commands import Preferences
from molroo_actor.protocol.outreach import Action, ProactiveData, socket_action
from molroo_actor.protocol.views import Seq, SocketState, SocketTurn

_json: Final = msgspec.json.Encoder()


class Connected(Struct, frozen=True, tag="connected", tag_field="type"):
    """The first message of every connection; keep seq and epoch to resume.

    recovered: true when all that was missed follows, false when a state does, null when nothing was asked for.
    """

    session_id: str
    seq: Seq
    epoch: str
    recovered: bool | None


class TurnMessage(Struct, frozen=True, tag="turn_result", tag_field="type"):
    """A turn of the session, whoever took it; own and reply_to stand in the sender's copy."""

    seq: Seq
    data: SocketTurn
    own: bool | UnsetType = UNSET
    duplicate: bool | UnsetType = UNSET
    replayed: bool | UnsetType = UNSET
    reply_to: str | UnsetType = UNSET


class StateMessage(Struct, frozen=True, tag="state", tag_field="type"):
    """The whole emotional state, decayed to now."""

    seq: Seq
    data: SocketState
    reply_to: str | UnsetType = UNSET


class PreferencesMessage(Struct, frozen=True, tag="proactive_prefs", tag_field="type"):
    """The whole preferences, as they are now."""

    seq: Seq
    data: Preferences
    reply_to: str | UnsetType = UNSET


class ProactiveMessage(Struct, frozen=True, tag="proactive", tag_field="type"):
    """The character reaches out by itself; acknowledge it with ack_proactive."""

    seq: Seq
    data: ProactiveData


class MissedProactiveMessage(Struct, frozen=True, tag="missed_proactive", tag_field="type"):
    """Actions that nobody has acknowledged yet, oldest first; every new connection hears of them."""

    data: list[ProactiveData]


class Acknowledgement(Struct, frozen=True):
    """Which action it was."""

    action_id: str


class AcknowledgementMessage(Struct, frozen=True, tag="ack", tag_field="type"):
    """The action does not pend any more."""

    seq: Seq
    data: Acknowledgement
    reply_to: str | UnsetType = UNSET


class Pong(Struct, frozen=True, tag="pong", tag_field="type"):
    """The answer to ping; it wakes nobody."""

    reply_to: str | UnsetType = UNSET


class ErrorMessage(Struct, frozen=True, kw_only=True, tag="error", tag_field="type"):
    """What was refused; a close follows when the error is fatal."""

    code: ErrorCode
    message: str
    details: dict[str, str] | UnsetType = UNSET
    reply_to: str | UnsetType = UNSET
    request_id: str
    retry_after_s: float | UnsetType = UNSET


def turn_result(
    seq: int,
    data: bytes,
    *,
    reply_to: str | None = None,
    own: bool = False,
    duplicate: bool = False,
    replayed: bool = False,
) -> bytes:
    """A turn's answer or push around its encoded `data`."""
    head = b'{"type":"turn_result","seq":%d' % seq
    if own:
        head += b',"own":true'
    if duplicate:
        head += b',"duplicate":true'
    if replayed:
        head += b',"replayed":true'
    if reply_to is not None:
        head += b',"reply_to":' + _json.encode(reply_to)
    return head + b',"data":' + data + b"}"


def state(seq: int, data: bytes, reply_to: str | None) -> bytes:
    """A state around its encoded `data`."""
    return _around("state", data, reply_to, b',"seq":%d' % seq)


def connected(session_id: str, seq: int, epoch: str, recovered: bool | None) -> bytes:
    """The first message of every connection."""
    return _json.encode(Connected(session_id, seq, epoch, recovered))


def preferences(whole: Preferences, seq: int, reply_to: str | None) -> bytes:
    """The answer to set_proactive_prefs."""
    return _around("proactive_prefs", _json.encode(whole), reply_to, b',"seq":%d' % seq)


def proactive(seq: int, action: Action, prompt: PromptData | None) -> bytes:
    """The push of an action that fires in row `seq`."""
    return _json.encode(ProactiveMessage(seq, socket_action(action, prompt)))


def missed_proactive(actions: Sequence[Action], prompt: PromptData | None) -> bytes:
    """What a new connection hears of pending actions; the prompts are those of now."""
    return _json.encode(MissedProactiveMessage([socket_action(action, prompt) for action in actions]))


def acknowledged(action_id: str, seq: int, reply_to: str | None) -> bytes:
    """The answer to ack_proactive."""
    return _json.encode(
        AcknowledgementMessage(seq, Acknowledgement(action_id), UNSET if reply_to is None else reply_to)
    )


def pong(reply_to: str | None) -> bytes:
    """The answer to ping."""
    return _json.encode(Pong(UNSET if reply_to is None else reply_to))


def error(cause: WireError, request_id: str, reply_to: str | None) -> bytes:
    """An error; the transport decides whether a close follows."""
    return _json.encode(
        ErrorMessage(
            code=cause.code,
            message=cause.message,
            details=UNSET if cause.details is None else cause.details,
            reply_to=UNSET if reply_to is None else reply_to,
            request_id=request_id,
            retry_after_s=UNSET if cause.retry_after_s is None else cause.retry_after_s,
        )
    )


def _around(kind: str, data: bytes, reply_to: str | None, beside: bytes = b"") -> bytes:
    head = b'{"type":"' + kind.encode() + b'"' + beside
    if reply_to is not None:
        head += b',"reply_to":' + _json.encode(reply_to)
    return head + b',"data":' + data + b"}"
