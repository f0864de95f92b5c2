"""The client's side of WebSocket framing, as cheap as it gets: requests built before the clock runs, answers
counted and not parsed.

No sockets here: bytes in, bytes out. A real client would decode the JSON; the bench does not, so that what it
measures is the server.
"""

from __future__ import annotations

import base64
import os
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
ID_CHARS = 16
ID_OPENING = b'{"id":"'
HEAD_END = b"\r\n\r\n"


def upgrade(path: str) -> bytes:
    """The request that opens a WebSocket, without any extension: both sides send plain frames."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
    ]
    return "\r\n".join(lines).encode() + HEAD_END


def masked(payload: bytes, mask: bytes, opcode: int = TEXT) -> bytes:
    """One whole client frame."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
    return head + mask + xored(payload, mask)


def xored(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    pad = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")


@dataclass(frozen=True)
class Stencil:
    """A masked frame whose message id is filled in when it is sent: the id's place and the mask that lies over it
    are known."""

    before: bytes
    id_mask: int
    after: bytes

    def filled(self, message_id: bytes) -> bytes:
        hidden = int.from_bytes(message_id, "big") ^ self.id_mask
        return self.before + hidden.to_bytes(ID_CHARS, "big") + self.after


def stencil(payload: bytes, mask: bytes) -> Stencil:
    """`payload` opens with an id of ID_CHARS characters."""
    assert payload.startswith(ID_OPENING)
    frame = masked(payload, mask)
    at = len(frame) - len(payload) + len(ID_OPENING)
    over = (mask * 8)[len(ID_OPENING) % 4 :][:ID_CHARS]
    return Stencil(frame[:at], int.from_bytes(over, "big"), frame[at + ID_CHARS :])


def random_mask(rng: random.Random) -> bytes:
    return rng.getrandbits(32).to_bytes(4, "big")


def one_text(chunk: bytes) -> int:
    """Where the payload starts if `chunk` is exactly one whole text frame of less than 64 KiB, else 0."""
    size = len(chunk)
    if size < 4 or chunk[0] != 0x80 | TEXT:
        return 0
    length = chunk[1]
    if length == 126:
        return 4 if (chunk[2] << 8 | chunk[3]) == size - 4 else 0
    return 2 if length == size - 2 else 0


def server_frames(chunk: bytes) -> Iterator[tuple[int, int, int]]:
    """(opcode, start, end) of each whole payload in `chunk`; the last `end` is where the unfinished rest begins."""
    at, size = 0, len(chunk)
    while size - at >= 2:
        length = chunk[at + 1]
        start = at + 2
        if length == 126:
            start = at + 4
            if size < start:
                return
            length = (chunk[at + 2] << 8) | chunk[at + 3]
        elif length == 127:
            start = at + 10
            if size < start:
                return
            length = int.from_bytes(chunk[at + 2 : start], "big")
        end = start + length
        if end > size:
            return
        yield chunk[at] & 0x0F, start, end
        at = end
