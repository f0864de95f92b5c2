"""GET /v1/ws/:sessionId: from upgrade to goodbye, and the duties that all sockets share (pings, deadlines, limits).

An upgrade is always accepted, so that errors arrive as messages. Decisions about sessions are the host's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import urllib.parse
from collections.abc import Callable
from typing import Final, Literal

from aiohttp import WSMsgType, hdrs, web

from molroo_actor.clock import Clock
from molroo_actor.errors import (
    Internal,
    NotFound,
    RateLimited,
    Unauthorized,
    ValidationFailed,
    WireError,
)
from molroo_actor.protocol import commands, messages, rest, resume
from molroo_actor.protocol.commands import AckProactive, Command, GetState, Ping, SetPreferences, TurnCommand
from molroo_actor.runtime.connection import Attachment, Parting
from molroo_actor.runtime.host import Host, Welcome
from molroo_actor.runtime.keyring import Keyring
from molroo_actor.runtime.mailbox import Envelope
from molroo_actor.runtime.slot import Slot
from molroo_actor.storage.rows import Key
from molroo_actor.transport.auth import Origins, key_of
from molroo_actor.transport.catching_up import CatchingUp, state_message
from molroo_actor.transport.limits import Bucket, Buckets
from molroo_actor.transport.metrics import Metrics
from molroo_actor.transport.socket import AcknowledgementAsker, PreferencesAsker, Socket, SocketAsker

log = logging.getLogger(__name__)

_FRAMES_A_TURN: Final = 32
WebSocket = web.WebSocketResponse[Literal[False]]


class Sockets:
    """All open sockets of one server."""

    def __init__(
        self,
        host: Host,
        keyring: Keyring,
        metrics: Metrics,
        clock: Clock,
        origins: Origins,
        refuse: Callable[[web.Request, WireError, int | None], web.Response],
    ) -> None:
        """refuse makes the REST answer to a request that is not upgraded."""
        settings = host.settings
        self._refuse = refuse
        self._host = host
        self._settings = settings
        self._keyring = keyring
        self._metrics = metrics
        self._clock = clock
        self._origins = origins
        self._catching_up = CatchingUp(host)
        self.unsent_bytes_max = settings.unsent_bytes_max
        self.refused_messages_max = settings.refused_messages_max
        self._ping_due: dict[Socket, float] = {}
        self._pong_due: dict[Socket, float] = {}
        self._gone_due: dict[Socket, float] = {}
        self._all_gone: asyncio.Event | None = None
        self._refused_upgrades = Buckets(settings.refused_upgrades_per_minute)
        host.residency.ticks.append(self.tick)
        keyring.on_revoked.append(self._revoked)

    # -- duties --------------------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Open sockets."""
        return len(self._ping_due)

    def refused(self, code: str) -> None:
        self._metrics.refused(code)

    def closing(self, socket: Socket) -> None:
        self._gone_due[socket] = self._clock.monotonic_s() + self._settings.close_within_s

    def tick(self, now_s: float) -> None:
        """Pings, missing pongs, and lines to cut; the cost goes with what is due."""
        for socket in _due(self._gone_due, now_s):
            socket.transport.abort()
        for socket in _due(self._pong_due, now_s):
            if socket.awaiting_pong and not socket.busy:
                socket.transport.abort()
            socket.awaiting_pong = False
        for socket in _due(self._ping_due, now_s):
            self._ping_due[socket] = now_s + self._settings.ping_every_s
            if not socket.closing:
                if not socket.awaiting_pong:
                    socket.awaiting_pong = True
                    self._pong_due.pop(socket, None)
                    self._pong_due[socket] = now_s + self._settings.pong_within_s
                socket.ping()

    def _revoked(self, key: Key) -> None:
        for socket in list(self._ping_due):
            if socket.key_id == key.id:
                socket.fail(Unauthorized("this API key was revoked"))

    async def close_all(self, within_s: float) -> None:
        """1012 to everybody; returns when all are gone or the time is over."""
        for socket in list(self._ping_due):
            socket.part(Parting.SHUTDOWN)
        if self._ping_due:
            self._all_gone = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._all_gone.wait()

    def abort_all(self) -> None:
        """Cuts every line that is left."""
        for socket in list(self._ping_due):
            socket.transport.abort()

    def _forget(self, socket: Socket) -> None:
        for due in (self._ping_due, self._pong_due, self._gone_due):
            due.pop(socket, None)
        if self._all_gone is not None and not self._ping_due:
            self._all_gone.set()

    # -- the way in ----------------------------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The handler of the route.

        It waits as long as the socket lives: every coroutine below it and every variable here is memory a socket.
        """
        refused = self._admit(request)
        if not isinstance(refused, Bucket):
            return refused
        ws: WebSocket = web.WebSocketResponse(
            timeout=self._settings.close_within_s,
            autoclose=False,
            autoping=False,
            compress=False,
            max_msg_size=self._settings.message_bytes_max + 1,  # aiohttp refuses from its limit on
            decode_text=False,
        )
        try:
            await ws.prepare(request)
        except web.HTTPBadRequest as error:
            return self._refuse(request, ValidationFailed(f"the upgrade is not whole: {error.text}"), None)
        except ConnectionError:  # it left before it was let in: nobody reads this
            return web.Response()
        socket = self._socket(request)
        if socket is None:
            return ws
        slot = attachment = None
        try:
            entered = await self._enter(request, socket, refused)
            if entered is not None:
                slot, attachment = entered
                await self._read(ws, socket, slot, attachment)
        except WireError as error:
            socket.fail(error)
        except Exception as error:
            if not isinstance(error, (ConnectionError, asyncio.TimeoutError)):
                log.exception("a connection failed")
                socket.fail(Internal())
        finally:
            if slot is not None and attachment is not None:
                self._host.detach(slot, attachment)
            await self._goodbye(ws, socket)
        return ws

    def _admit(self, request: web.Request) -> Bucket | web.Response:
        """The address's bucket of refused upgrades, or the answer to what is not to be upgraded at all."""
        if request.headers.get(hdrs.UPGRADE, "").lower() != "websocket":
            error = ValidationFailed("this path speaks WebSocket: connect with ws:// or wss://")
            response = self._refuse(request, error, 426)
            response.headers[hdrs.UPGRADE] = "websocket"
            return response
        now_s = self._clock.monotonic_s()
        refused = self._refused_upgrades.of(request.remote, now_s)
        refused.refill(now_s)
        if refused.empty:
            return self._refuse(request, RateLimited("too many refused connections from here", retry_after_s=60), None)
        return refused

    def _socket(self, request: web.Request) -> Socket | None:
        transport = request.transport
        if transport is None:
            return None
        now_s, rate = self._clock.monotonic_s(), self._settings.socket_messages_per_s
        socket = Socket(transport, self, Bucket(rate, rate * 2, now_s))
        self._ping_due[socket] = now_s + self._settings.ping_every_s
        return socket

    async def _enter(self, request: web.Request, socket: Socket, refused: Bucket) -> tuple[Slot, Attachment] | None:
        """From the key to the live stream; None when the connection was refused and told so.

        What is needed on the way only must not stay in a variable of `handle`.
        """
        try:
            slot, welcome = await self._attach(request, socket)
        except WireError as error:
            if isinstance(error, (Unauthorized, NotFound)):
                refused.take(self._clock.monotonic_s())
            socket.fail(error)
            return None
        try:
            await self._catching_up.run(request, socket, slot, welcome)
        except BaseException:
            self._host.detach(slot, welcome.attachment)
            raise
        return slot, welcome.attachment

    async def _attach(self, request: web.Request, socket: Socket) -> tuple[Slot, Welcome]:
        self._origins.check(request.headers.get(hdrs.ORIGIN))
        # Not request.query: aiohttp keeps what that parses as long as the request lives, here as long as the socket.
        query = dict(urllib.parse.parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
        key = key_of(request, self._keyring, query.get("token"))
        wanted = resume.parse(query.get("last_seq"), query.get("epoch"))
        socket.with_prompt = rest.flag(query.get("prompt_data"), "prompt_data", default=True)
        socket.key_id = key.id
        slot = await self._host.registry.find(key.tenant, key.live, request.match_info["session_id"])
        return slot, await self._host.attach(slot, socket, wanted)

    # -- reading -------------------------------------------------------------------------------------------------------

    async def _read(self, ws: WebSocket, socket: Socket, slot: Slot, attachment: Attachment) -> None:
        socket.busy = socket.awaiting_pong = False
        unanswered_max = self._settings.unanswered_max
        frames = 0
        while not socket.closing:
            message = await ws.receive()
            frames += 1
            if (
                not frames % _FRAMES_A_TURN
            ):  # what is buffered is received without a pause: others wait for the loop too
                await asyncio.sleep(0)
            match message.type:
                case WSMsgType.TEXT:
                    await self._text(socket, slot, attachment, message.data)
                    if attachment.unanswered >= unanswered_max:
                        await self._room(socket, attachment, unanswered_max)
                case WSMsgType.PING:
                    socket.pong(message.data)
                case WSMsgType.PONG:
                    socket.awaiting_pong = False
                case WSMsgType.BINARY:
                    socket.fail(ValidationFailed("messages are JSON in text frames, not binary ones"), code=1003)
                case WSMsgType.CLOSE:
                    socket.close(message.data if message.data in range(1000, 5000) else 1000, "")
                    return
                case _:
                    return

    async def _room(self, socket: Socket, attachment: Attachment, below: int) -> None:
        """Stops reading until fewer turns than `below` of this socket are unanswered: fair to the session's other
        senders.
        """
        socket.busy = True
        try:
            while attachment.unanswered >= below and not socket.closing:
                socket.room = asyncio.get_running_loop().create_future()
                await socket.room
        finally:
            socket.room = None
            socket.busy = socket.awaiting_pong = False

    async def _text(self, socket: Socket, slot: Slot, attachment: Attachment, data: bytes) -> None:
        reply_to: str | None = None
        turn = commands.exact_frame(data)
        if turn is not None:
            command: Command = turn
            reply_to = turn.msg_id
        else:
            try:
                body = commands.decode_object(data)
                reply_to = commands.message_id(body.get("id"))
                command = commands.frame(body, reply_to)
            except WireError as error:
                socket.refuse(self._haste(socket) or error, reply_to)
                return
        haste = self._haste(socket)
        if haste is not None:
            socket.refuse(haste, reply_to)
            return
        socket.refusals = 0
        match command:
            case TurnCommand():
                self._host.deliver(slot, Envelope(command, SocketAsker(attachment, socket, reply_to)))
            case SetPreferences():
                self._host.deliver(slot, Envelope(command, PreferencesAsker(attachment, socket, reply_to)))
            case Ping():
                socket.send(messages.pong(reply_to))
            case AckProactive(action_id):
                asker = AcknowledgementAsker(attachment, socket, action_id, reply_to)
                self._host.deliver(slot, Envelope(command, asker))
            case GetState():
                await self._state(socket, slot, attachment, reply_to)

    def _haste(self, socket: Socket) -> RateLimited | None:
        """Takes a token of the socket; the refusal when there is none."""
        wait_s = socket.bucket.take(self._clock.monotonic_s())
        if not wait_s:
            return None
        rate = self._settings.socket_messages_per_s
        return RateLimited(f"more than {rate:g} messages a second", retry_after_s=round(wait_s, 3))

    async def _state(self, socket: Socket, slot: Slot, attachment: Attachment, reply_to: str | None) -> None:
        """After this socket's own turns, unless one waits for a slow appraiser."""
        if attachment.unanswered and slot.thinking is None:
            await self._room(socket, attachment, 1)
        try:
            socket.send(state_message(await self._host.snapshot(slot), socket, reply_to))
        except WireError as error:
            socket.refuse(error, reply_to)

    async def _goodbye(self, ws: WebSocket, socket: Socket) -> None:
        """Waits for the peer's close, after ours; the sweep cuts the line when it does not come."""
        try:
            while socket.closing and not ws.closed and not socket.transport.is_closing():
                message = await ws.receive()
                if message.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}:
                    break
        finally:
            self._forget(socket)
            socket.transport.close()


def _due(table: dict[Socket, float], now_s: float) -> list[Socket]:
    """Takes out everything whose time has come; tables are in order of time."""
    found = []
    for socket, due_s in table.items():
        if due_s > now_s:
            break
        found.append(socket)
    for socket in found:
        del table[socket]
    return found
