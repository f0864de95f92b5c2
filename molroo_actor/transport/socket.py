"""One client's socket: asyncio's protocol on one side, a connection of the runtime on the other.

Frames are written to the transport at once: nothing waits for a peer. What a message means is the duties' affair, and
so is everything that comes round by time.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Final, Protocol

from molroo_actor import ids
from molroo_actor.errors import Internal, NotFound, ValidationFailed, WireError
from molroo_actor.protocol import messages
from molroo_actor.runtime.connection import Attachment, Parting
from molroo_actor.runtime.slot import Slot
from molroo_actor.transport import frames
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
_FRAMES_A_PASS: Final = 32
"""What one read brought is handled in such portions, pieces of messages too: others wait for the loop as well."""


class Duties(Protocol):
    """What a socket needs of whoever keeps all of them."""

    message_bytes_max: int
    unsent_bytes_max: int
    refused_messages_max: int
    received: memoryview
    """What a read brings, until the socket that reads has taken it: one buffer for all of them."""

    def message(self, socket: Socket, data: bytes) -> None:
        """A text message came."""

    def room(self, socket: Socket) -> None:
        """Fewer turns are unanswered than `room_below` said."""

    def refused(self, code: str) -> None:
        """An error was sent."""

    def closing(self, socket: Socket) -> None:
        """A close frame was sent; cut the line when the peer does not answer in time."""

    def gone(self, socket: Socket) -> None:
        """The line has ended; nothing comes from it any more."""


class Socket(asyncio.BufferedProtocol):
    """One client's socket. It is held (does not read) until `release`, once it has caught up."""

    __slots__ = (
        "_deaf", "_decoder", "_drained", "_duties", "_write_paused", "asked_state", "attachment", "awaiting_pong",
        "bucket", "busy", "closing", "gone", "key_id", "refusals", "room_below", "slot", "transport", "with_prompt",
    )  # fmt: skip

    transport: asyncio.Transport
    """Set by `begin`."""

    def __init__(self, duties: Duties, bucket: Bucket) -> None:
        self.with_prompt = True
        self._duties = duties
        self._decoder = frames.Decoder(duties.message_bytes_max)
        self._deaf = False
        """After a frame that breaks the protocol what comes means nothing."""
        self._write_paused = False
        self._drained: asyncio.Future[None] | None = None
        self.key_id = 0
        self.slot: Slot | None = None
        self.attachment: Attachment | None = None
        """Its place in the session's stream, once it has one."""
        self.busy = True
        """Not reading: catching up or waiting for answers; it cannot see pongs then."""
        self.room_below = 0
        """Not 0: it reads again when fewer turns than this are unanswered."""
        self.asked_state: tuple[str | None] | None = None
        """The reply_to of a get_state that waits for this socket's own turns."""
        self.awaiting_pong = False
        self.closing = False
        self.gone = False
        self.refusals = 0
        """In a row."""
        self.bucket = bucket

    # -- reading -------------------------------------------------------------------------------------------------------

    def begin(self, transport: asyncio.Transport, behind: bytes) -> None:
        """The line is this socket's from now on. behind: what came after the upgrade already."""
        self.transport = transport
        transport.pause_reading()
        if behind:
            self._decoder.feed(behind)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - one buffer for all, and it is emptied at once
        return self._duties.received

    def buffer_updated(self, nbytes: int) -> None:
        if self._deaf:
            return
        data = bytes(self._duties.received[:nbytes])
        if self._decoder.empty and not self.busy and not self.closing and len(data) <= self._duties.message_bytes_max:
            text = frames.only_text(data)
            if text is not None:
                self._duties.message(self, text)
                return
        self._decoder.feed(data)
        self._go_on()

    def hold(self, room_below: int = 0) -> None:
        """Stops reading: until `release`, or with room_below until the duties are told that there is room."""
        self.busy = True
        self.room_below = room_below
        if not self.closing:
            self.transport.pause_reading()

    def release(self) -> None:
        """Reads on, first what was read already."""
        self.busy = self.awaiting_pong = False
        self._go_on()

    def _go_on(self) -> None:
        if self.gone or self._deaf:
            return
        try:
            for _ in range(_FRAMES_A_PASS):
                if self.busy and not self.closing:
                    return
                message = self._decoder.take()
                if message is None:
                    self.transport.resume_reading()
                    return
                self._take(*message)
        except frames.Broken as error:
            self._deaf = True
            self.fail(ValidationFailed(str(error)), code=error.code)
            self.transport.resume_reading()  # to see the line end
            return
        self.transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._go_on)

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == frames.CLOSE:
            self.close(frames.answering_code(payload), "")
            self.transport.close()
        elif self.closing:
            return
        elif opcode == frames.TEXT:
            self._duties.message(self, payload)
        elif opcode == frames.PING:
            self._pong(payload)
        elif opcode == frames.PONG:
            self.awaiting_pong = False
        elif opcode == frames.BINARY:
            self.fail(ValidationFailed("messages are JSON in text frames, not binary ones"), code=1003)

    def answered_one(self, attachment: Attachment) -> None:
        """A turn of this socket has its answer, which is sent right after this."""
        attachment.unanswered -= 1
        if self.room_below and attachment.unanswered < self.room_below:
            self.room_below = 0
            asyncio.get_running_loop().call_soon(self._duties.room, self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why does not matter any more
        self.closing = self.gone = True
        self.resume_writing()
        self._duties.gone(self)

    # -- writing -------------------------------------------------------------------------------------------------------

    def send(self, message: bytes) -> None:
        if self.closing:
            return
        self._write(frames.TEXT, message)
        if self.transport.get_write_buffer_size() > self._duties.unsent_bytes_max:
            self.close(1013, "OVERLOADED")

    def send_unlimited(self, message: bytes) -> None:
        """For a replay, which goes at the pace that the socket takes and looks at the buffer itself."""
        if not self.closing:
            self._write(frames.TEXT, message)

    def _write(self, opcode: int, payload: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(frames.encode(opcode, payload))

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    async def drained(self) -> None:
        """Returns when the peer has read most of what was sent, or is gone."""
        while self._write_paused:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained

    def ping(self) -> None:
        if not self.closing and not self.transport.is_closing():
            self.transport.write(_PING)

    def _pong(self, payload: bytes) -> None:
        if self.transport.get_write_buffer_size() <= self._duties.unsent_bytes_max:
            self._write(frames.PONG, payload)

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
            self._write(frames.TEXT, messages.error(error, ids.new_request_id(), reply_to))
            self.close(code or _CLOSE_CODES.get(error.code, _CLOSE_OTHERWISE), error.code)

    def close(self, code: int, reason: str) -> None:
        """Says goodbye; when the peer does not, the sweep cuts the line, or the end of a shutdown. Idempotent."""
        if self.closing:
            return
        self._write(frames.CLOSE, struct.pack("!H", code) + reason.encode())
        self.closing = True
        self._duties.closing(self)
        asyncio.get_running_loop().call_soon(self._go_on)  # the peer's goodbye is to be seen, it may be here already
