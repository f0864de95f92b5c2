"""A client's line to the server without a network: bytes that the server's own HTTP and WebSocket code takes.

What the server writes is read frame by frame at that moment (`written`), and reaches the client (`received`) when it
reads. Nothing here judges.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

HIGH_BYTES: Final = 4_096
"""Above this the server is told that the peer is slow."""
_LOW_BYTES: Final = 1_024
_TEXT: Final = 0x1
_CLOSE: Final = 0x8
_PING: Final = 0x9


class Told(Struct, frozen=True):
    """A message from the server, as far as a checker looks at it."""

    type: str
    seq: int | None = None
    reply_to: str | None = None
    own: bool = False
    duplicate: bool = False
    replayed: bool = False
    recovered: bool | None = None
    epoch: str | None = None
    code: str | None = None
    message: str | None = None
    details: dict[str, str] | None = None
    data: Raw = Raw(b"null")


_decode: Final = msgspec.json.Decoder(Told).decode


def client_frame(opcode: int, payload: bytes) -> bytes:
    """One whole frame, masked with zeros."""
    size = len(payload)
    head = bytes((0x80 | opcode, 0x80 | size)) if size < 126 else struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    return head + bytes(4) + payload


class Wire(asyncio.Transport):
    """Both ends of one line. The server has it as its transport; the client calls `tell`, `read`, `cut`."""

    def __init__(self, protocol: Any, number: int, written: Callable[[Wire, Told], None]) -> None:
        """written is called with each message in the moment in which the server lets go of it."""
        super().__init__()
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self.number = number
        self._on_written = written
        self.received: Callable[[Told], None] = lambda _: None
        self.ended: Callable[[int | None], None] = lambda _: None
        """Called once, when the client learns that the line is gone; with the close code if it was told."""
        self.reading = True
        self.dead = False
        """The process is gone: nothing is written, and nobody hears."""
        self._upgraded = False
        self._stream = bytearray()
        self._waiting: deque[tuple[int, Told | int | None]] = deque()
        self._unread = 0
        self._inbox: deque[bytes] = deque()
        self._reading_paused = False
        self._writing_paused = False
        self._closing = False
        self._over = False
        self._lost = False
        self._close_code: int | None = None
        self._said_goodbye = False
        self._delivering = False

    # -- the server's end ----------------------------------------------------------------------------------------------

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else default

    def get_protocol(self) -> Any:
        return self._protocol

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def is_closing(self) -> bool:
        return self._closing

    def get_write_buffer_size(self) -> int:
        return self._unread

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Its limits are fixed."""

    def pause_reading(self) -> None:
        self._reading_paused = True

    def resume_reading(self) -> None:
        self._reading_paused = False
        self._loop.call_soon(self._hand_over)

    def write(self, data: Any) -> None:
        if self._closing or self.dead:
            return
        self._stream += data
        self._unread += len(data)
        self._take_frames()
        if self._unread > HIGH_BYTES and not self._writing_paused:
            self._writing_paused = True
            self._protocol.pause_writing()
        self._deliver_soon()

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._deliver_soon()

    def abort(self) -> None:
        self._closing = True
        self._waiting.clear()
        self._unread = 0
        self._end()

    def _take_frames(self) -> None:
        stream = self._stream
        if not self._upgraded:
            end = stream.find(b"\r\n\r\n")
            if end < 0:
                return
            self._waiting.append((end + 4, int(stream[9:12])))
            self._upgraded = True
            del stream[: end + 4]
        while len(stream) >= 2:
            size, start = stream[1] & 0x7F, 2
            if size == 126:
                size, start = int.from_bytes(stream[2:4], "big"), 4
            elif size == 127:
                size, start = int.from_bytes(stream[2:10], "big"), 10
            if len(stream) < start + size:
                return
            self._take_frame(stream[0] & 0xF, bytes(stream[start : start + size]), start + size)
            del stream[: start + size]

    def _take_frame(self, opcode: int, payload: bytes, size: int) -> None:
        if opcode == _TEXT:
            told = _decode(payload)
            self._on_written(self, told)
            self._waiting.append((size, told))
            return
        if opcode == _CLOSE:
            self._close_code = int.from_bytes(payload[:2], "big")
        self._waiting.append((size, None if opcode != _PING else 0))

    # -- the client's end ----------------------------------------------------------------------------------------------

    def ask(self, head: bytes) -> None:
        """The request of the upgrade."""
        self._inbox.append(head)
        self._loop.call_soon(self._hand_over)

    def tell(self, message: bytes, opcode: int = _TEXT) -> None:
        """A frame to the server; lost when the line is."""
        self._inbox.append(client_frame(opcode, message))
        self._loop.call_soon(self._hand_over)

    def read_on(self) -> None:
        """The client reads again."""
        self.reading = True
        self._deliver_soon()

    def leave(self) -> None:
        """The client's end is gone: it hears nothing more, the server sees the line go."""
        self._over = True
        self._closing = True
        self._lose()

    @property
    def over(self) -> bool:
        """Whether the client's end is gone."""
        return self._over

    @property
    def all_read(self) -> bool:
        """Whether the client has read everything."""
        return not self._waiting

    def _hand_over(self) -> None:
        while self._inbox and not self._reading_paused and not self._lost and not self.dead:
            self._give(self._inbox.popleft())

    def _give(self, data: bytes) -> None:
        """As asyncio's own transports do for either kind of protocol."""
        if not isinstance(self._protocol, asyncio.BufferedProtocol):
            self._protocol.data_received(data)
            return
        while data and not self._lost:
            buffer = memoryview(self._protocol.get_buffer(len(data)))
            size = min(len(buffer), len(data))
            buffer[:size] = data[:size]
            self._protocol.buffer_updated(size)
            data = data[size:]

    def _deliver_soon(self) -> None:
        if not self._delivering and self.reading and not self._over:
            self._delivering = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._delivering = False
        while self._waiting and self.reading and not self._over and not self.dead:
            size, told = self._waiting.popleft()
            self._unread -= size
            if isinstance(told, Told):
                self.received(told)
            elif told == 0:
                self.tell(b"", 0xA)
        if self.dead or self._over:
            return
        if self._writing_paused and self._unread <= _LOW_BYTES:
            self._writing_paused = False
            self._protocol.resume_writing()
        if not self._waiting and self.reading:
            if self._close_code is not None and not self._closing and not self._said_goodbye:
                self._said_goodbye = True
                self.tell(self._close_code.to_bytes(2, "big"), _CLOSE)
            if self._closing:
                self._end()

    def _end(self) -> None:
        if not self._over and not self.dead:
            self._over = True
            self.ended(self._close_code)
        self._lose()

    def _lose(self) -> None:
        if not self._lost:
            self._lost = True
            self._loop.call_soon(self._tell_lost)

    def _tell_lost(self) -> None:
        if not self.dead:
            self._protocol.connection_lost(None)
