"""One client's socket as a connection of the runtime. Frames are written to the transport at once: nothing waits for
a peer.

aiohttp's own send and close may wait for a peer that does not read (its drain), so nothing here uses them.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Final, Protocol

from molroo_actor import ids
from molroo_actor.errors import Internal, NotFound, WireError
from molroo_actor.protocol import messages
from molroo_actor.runtime.connection import Attachment, Parting
from molroo_actor.runtime.mailbox import Answer
from molroo_actor.transport.limits import Bucket

_PING: Final = b"\x89\x00"
_CLOSE_CODES: Final = {
    "UNAUTHORIZED": 4401,
    "NOT_FOUND": 4404,
    "RATE_LIMIT": 4429,
    "OVERLOADED": 1013,
    "INTERNAL": 1011,
}
_CLOSE_OTHERWISE: Final = 1008


class Duties(Protocol):
    """What a socket needs of whoever keeps all of them."""

    unsent_bytes_max: int
    refused_messages_max: int

    def refused(self, code: str) -> None:
        """An error was sent."""

    def closing(self, socket: Socket) -> None:
        """A close frame was sent; cut the line when the peer does not answer in time."""


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole unmasked frame (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65_536:
        return struct.pack("!BBH", 0x80 | opcode, 126, size) + payload
    return struct.pack("!BBQ", 0x80 | opcode, 127, size) + payload


class Socket:
    """One client's socket, with its duties: pings, limits, its close."""

    __slots__ = (
        "_duties", "awaiting_pong", "bucket", "busy", "closing", "key_id", "refusals", "room", "transport",
        "with_prompt",
    )  # fmt: skip

    def __init__(self, transport: asyncio.Transport, duties: Duties, bucket: Bucket) -> None:
        self.transport = transport
        self.with_prompt = True
        self._duties = duties
        self.key_id = 0
        self.busy = True
        """Not reading: catching up or waiting for answers; it cannot see pongs then."""
        self.awaiting_pong = False
        self.closing = False
        self.refusals = 0
        """In a row."""
        self.bucket = bucket
        self.room: asyncio.Future[None] | None = None
        """Set while reading waits for answers to the turns that were read."""

    def send(self, message: bytes) -> None:
        if self.closing:
            return
        self._write(0x1, message)
        if self.transport.get_write_buffer_size() > self._duties.unsent_bytes_max:
            self.close(1013, "OVERLOADED")

    def send_unlimited(self, message: bytes) -> None:
        """For a replay, which goes at the pace that the socket takes and looks at the buffer itself."""
        if not self.closing:
            self._write(0x1, message)

    def _write(self, opcode: int, payload: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(frame(opcode, payload))

    def ping(self) -> None:
        if not self.closing and not self.transport.is_closing():
            self.transport.write(_PING)

    def pong(self, payload: bytes) -> None:
        if not self.closing and self.transport.get_write_buffer_size() <= self._duties.unsent_bytes_max:
            self._write(0xA, payload)

    def part(self, why: Parting) -> None:
        match why:
            case Parting.SESSION_GONE:
                self.fail(NotFound("this session was deleted"))
            case Parting.SHUTDOWN:
                self.close(1012, "server is restarting")
            case Parting.TOO_SLOW:
                self.close(1013, "OVERLOADED")

    def refuse(self, error: WireError, reply_to: str | None) -> None:
        """An error that answers one message. A bug closes the connection, and so do too many refusals for haste."""
        if isinstance(error, Internal):
            self.fail(error, reply_to=reply_to)
            return
        self._duties.refused(error.code)
        self.send(messages.error(error, ids.new_request_id(), reply_to))
        if error.code == "RATE_LIMIT":
            self.refusals += 1
            if self.refusals >= self._duties.refused_messages_max:
                self.close(4429, "RATE_LIMIT")

    def fail(self, error: WireError, *, reply_to: str | None = None, code: int | None = None) -> None:
        """An error that ends the connection, with the close code of its kind unless another is given."""
        if not self.closing:
            self._duties.refused(error.code)
            self._write(0x1, messages.error(error, ids.new_request_id(), reply_to))
            self.close(code or _CLOSE_CODES.get(error.code, _CLOSE_OTHERWISE), error.code)

    def close(self, code: int, reason: str) -> None:
        """Says goodbye; the sweep cuts the line when the peer does not. Idempotent."""
        if self.closing:
            return
        self._write(0x8, struct.pack("!H", code) + reason.encode())
        self.closing = True
        self._duties.closing(self)
        if self.room is not None and not self.room.done():
            self.room.set_result(None)


class SocketAsker:
    """The asker of one turn that came by a socket."""

    __slots__ = ("_reply_to", "_socket", "attachment")

    def __init__(self, attachment: Attachment, socket: Socket, reply_to: str | None) -> None:
        self.attachment: Attachment | None = attachment
        self._socket = socket
        self._reply_to = reply_to
        attachment.unanswered += 1

    def answered(self, answer: Answer, *, duplicate: bool) -> None:
        _over(self.attachment, self._socket)
        if not self._socket.closing:
            data = answer.socket_data(with_prompt=self._socket.with_prompt)
            self._socket.send(
                messages.turn_result(answer.seq, data, reply_to=self._reply_to, own=not duplicate, duplicate=duplicate)
            )

    def refused(self, error: WireError) -> None:
        _over(self.attachment, self._socket)
        self._socket.refuse(error, self._reply_to)


class PreferencesAsker:
    """The asker of new preferences that came by a socket."""

    __slots__ = ("_reply_to", "_socket", "attachment")

    def __init__(self, attachment: Attachment, socket: Socket, reply_to: str | None) -> None:
        self.attachment: Attachment | None = attachment
        self._socket = socket
        self._reply_to = reply_to
        attachment.unanswered += 1

    def answered(self, answer: Answer, *, duplicate: bool) -> None:  # noqa: ARG002 - they have no id to repeat by
        _over(self.attachment, self._socket)
        self._socket.send(messages.preferences(answer.record.preferences, answer.seq, self._reply_to))

    def refused(self, error: WireError) -> None:
        _over(self.attachment, self._socket)
        self._socket.refuse(error, self._reply_to)


class AcknowledgementAsker:
    """The asker of an acknowledgement that came by a socket."""

    __slots__ = ("_action_id", "_reply_to", "_socket", "attachment")

    def __init__(self, attachment: Attachment, socket: Socket, action_id: str, reply_to: str | None) -> None:
        self.attachment: Attachment | None = attachment
        self._socket = socket
        self._action_id = action_id
        self._reply_to = reply_to
        attachment.unanswered += 1

    def answered(self, answer: Answer, *, duplicate: bool) -> None:  # noqa: ARG002 - again is the same
        _over(self.attachment, self._socket)
        self._socket.send(messages.acknowledged(self._action_id, answer.seq, self._reply_to))

    def refused(self, error: WireError) -> None:
        _over(self.attachment, self._socket)
        self._socket.refuse(error, self._reply_to)


def _over(attachment: Attachment | None, socket: Socket) -> None:
    if attachment is not None:
        attachment.unanswered -= 1
    if socket.room is not None and not socket.room.done():
        socket.room.set_result(None)
