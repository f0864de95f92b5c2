"""WebSocket messages as bytes. What all receivers share (data) is encoded once; what differs is a short head before
it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from molroo_actor.errors import WireError
from molroo_actor.protocol.commands import Preferences

_json: Final = msgspec.json.Encoder()


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
    return _json.encode(
        {"type": "connected", "session_id": session_id, "seq": seq, "epoch": epoch, "recovered": recovered}
    )


def preferences(whole: Preferences, seq: int, reply_to: str | None) -> bytes:
    """The answer to set_proactive_prefs."""
    return _around("proactive_prefs", _json.encode(whole), reply_to, b',"seq":%d' % seq)


def pong(reply_to: str | None) -> bytes:
    """The answer to ping."""
    return b'{"type":"pong"}' if reply_to is None else b'{"type":"pong","reply_to":' + _json.encode(reply_to) + b"}"


def error(cause: WireError, request_id: str, reply_to: str | None) -> bytes:
    """An error; the transport decides whether a close follows."""
    body: dict[str, object] = {"type": "error", "code": cause.code, "message": cause.message}
    if cause.details is not None:
        body["details"] = cause.details
    if reply_to is not None:
        body["reply_to"] = reply_to
    body["request_id"] = request_id
    if cause.retry_after_s is not None:
        body["retry_after_s"] = cause.retry_after_s
    return _json.encode(body)


def _around(kind: str, data: bytes, reply_to: str | None, beside: bytes = b"") -> bytes:
    head = b'{"type":"' + kind.encode() + b'"' + beside
    if reply_to is not None:
        head += b',"reply_to":' + _json.encode(reply_to)
    return head + b',"data":' + data + b"}"
