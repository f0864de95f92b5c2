"""RFC 6455 as a server speaks it: frames and messages, bytes in and bytes out. No socket, and no meaning of a message.

Our own, because a socket that sleeps is to cost little: aiohttp's reader stands on a queue, a handler, its task and the
request, which stay as long as the socket, and wakes a coroutine for every message.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from typing import Final

CONTINUATION: Final = 0x0
"""Also what `Decoder.take` says of a piece after which more must come."""
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

_FIN: Final = 0x80
_RESERVED: Final = 0x70
_MASKED: Final = 0x80
_WHOLE_TEXT: Final = _FIN | TEXT
_CONTROL_BYTES_MAX: Final = 125
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

PROTOCOL_ERROR: Final = 1002
INVALID_TEXT: Final = 1007
TOO_BIG: Final = 1009


class Broken(Exception):
    """The peer does not keep to the protocol, or its message is too big: the connection ends with this code."""

    def __init__(self, code: int, what: str) -> None:
        super().__init__(what)
        self.code = code


def accept(key: str) -> str | None:
    """The Sec-WebSocket-Accept for a Sec-WebSocket-Key; None when that is none."""
    try:
        if len(base64.b64decode(key, validate=True)) != 16:
            return None
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


def encode(opcode: int, payload: bytes) -> bytes:
    """One whole unmasked frame."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN | opcode, size)) + payload
    if size < 65_536:
        return struct.pack("!BBH", _FIN | opcode, 126, size) + payload
    return struct.pack("!BBQ", _FIN | opcode, 127, size) + payload


def unmasked(data: bytes, mask: bytes) -> bytes:
    """The payload under its mask of four bytes; in one piece, because a loop over bytes would cost a turn's time."""
    size = len(data)
    whole = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
    return (int.from_bytes(data, "little") ^ whole).to_bytes(size, "little")


def only_text(data: bytes) -> bytes | None:
    """The text when `data` is exactly one whole text message in one frame below 64 KiB: nearly always it is."""
    if len(data) < 6 or data[0] != _WHOLE_TEXT:
        return None
    size = data[1] - _MASKED
    if 0 <= size < 126:
        return unmasked(data[6:], data[2:6]) if len(data) == 6 + size else None
    if size == 126 and len(data) >= 8 and len(data) == 8 + (data[2] << 8 | data[3]):
        return unmasked(data[8:], data[4:8])
    return None


class Decoder:
    """Messages out of bytes as they come. `feed`, then `take` until it gives None; after Broken it is of no use.

    `take` reads one frame at a time, so that whoever calls it can stop between any two.
    """

    __slots__ = ("_bytes_max", "_kind", "_pieces", "_unread")

    def __init__(self, bytes_max: int) -> None:
        """bytes_max: of one message."""
        self._bytes_max = bytes_max
        self._unread: bytearray | None = None
        self._kind = 0
        """Of the message whose pieces are coming; 0 between messages."""
        self._pieces: bytearray | None = None

    @property
    def empty(self) -> bool:
        """Whether what comes next begins a message."""
        return self._unread is None and self._kind == 0

    def feed(self, data: bytes) -> None:
        """More bytes of the peer."""
        if self._unread is None:
            self._unread = bytearray(data)
        else:
            self._unread += data

    def take(self) -> tuple[int, bytes] | None:
        """The next (TEXT, BINARY, CLOSE, PING or PONG, payload), or (CONTINUATION, nothing) for a piece of a message;
        None when more bytes are needed. Raises Broken.
        """
        frame = self._frame()
        if frame is None:
            return None
        fin, opcode, payload = frame
        return (opcode, payload) if opcode >= CLOSE else self._joined(opcode, payload, fin=fin)

    def _frame(self) -> tuple[bool, int, bytes] | None:
        unread = self._unread
        if unread is None or len(unread) < 2:
            return None
        fin, opcode = bool(unread[0] & _FIN), unread[0] & 0x0F
        size, start = unread[1] & 0x7F, 2
        _check_head(unread[0], unread[1])
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(unread) < start:
                return None
            size = int.from_bytes(unread[2:start], "big")
        if opcode < CLOSE and len(self._pieces or b"") + size > self._bytes_max:
            raise Broken(TOO_BIG, f"a message may have at most {self._bytes_max:,} bytes")
        end = start + 4 + size
        if len(unread) < end:
            return None
        payload = unmasked(bytes(unread[start + 4 : end]), bytes(unread[start : start + 4]))
        if end == len(unread):
            self._unread = None
        else:
            del unread[:end]
        return fin, opcode, payload

    def _joined(self, opcode: int, payload: bytes, *, fin: bool) -> tuple[int, bytes]:
        if (opcode == CONTINUATION) != (self._kind != 0):
            raise Broken(PROTOCOL_ERROR, "a piece without a beginning, or a beginning inside a message")
        if fin and opcode:
            return opcode, payload
        if opcode:
            self._kind, self._pieces = opcode, bytearray()
        assert self._pieces is not None, "a message in pieces has begun"
        self._pieces += payload
        if not fin:
            return CONTINUATION, b""
        whole = self._kind, bytes(self._pieces)
        self._kind, self._pieces = 0, None
        return whole


def _check_head(first: int, second: int) -> None:
    opcode = first & 0x0F
    if first & _RESERVED:
        raise Broken(PROTOCOL_ERROR, "reserved bits are set, and no extension was agreed on")
    if opcode not in {CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG}:
        raise Broken(PROTOCOL_ERROR, f"opcode {opcode} is none")
    if not second & _MASKED:
        raise Broken(PROTOCOL_ERROR, "a client's frames must be masked")
    if opcode >= CLOSE and (not first & _FIN or second & 0x7F > _CONTROL_BYTES_MAX):
        raise Broken(PROTOCOL_ERROR, "a control frame must be whole and have at most 125 bytes")


def answering_code(payload: bytes) -> int:
    """The code that answers a close frame: its own, or what is wrong with it."""
    if not payload:
        return 1000
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (3000 <= code <= 4999 or (1000 <= code <= 1014 and code not in {1004, 1005, 1006})):
        return PROTOCOL_ERROR
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        return INVALID_TEXT
    return code
