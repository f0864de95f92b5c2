"""GET /v1/ws/:sessionId: from upgrade to goodbye, and the duties that all sockets share (pings, deadlines, limits).

An upgrade is always accepted, so that errors arrive as messages. Decisions about sessions are the host's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web

from molroo_actor.clock import Clock
from molroo_actor.errors import (
    Internal,
    NotFound,
    RateLimited,
    Unauthorized,
    Unavailable,
    ValidationFailed,
    WireError,
)
from molroo_actor.protocol import rest, resume
from molroo_actor.runtime.connection import Parting
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.keyring import Keyring
from molroo_actor.runtime.registry import shutting_down, unreadable
from molroo_actor.runtime.slot import Slot
from molroo_actor.runtime.snapshot import Welcome
from molroo_actor.storage.rows import Key
from molroo_actor.transport import frames
from molroo_actor.transport.auth import Origins, key_of
from molroo_actor.transport.catching_up import CatchingUp
from molroo_actor.transport.conversation import Conversation
from molroo_actor.transport.http import Http
from molroo_actor.transport.limits import Bucket, Buckets
from molroo_actor.transport.metrics import Metrics
from molroo_actor.transport.socket import Socket

log = logging.getLogger(__name__)

_READ_BYTES: Final = 65_536
"""Of one read: the largest message that is not in pieces."""
_SWITCHING: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n"
)


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
        conversation = Conversation(host, clock)
        self.message = conversation.message
        self.room = conversation.room
        self.message_bytes_max = settings.message_bytes_max
        self.received = memoryview(bytearray(_READ_BYTES))
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

    def gone(self, socket: Socket) -> None:
        for due in (self._ping_due, self._pong_due, self._gone_due):
            due.pop(socket, None)
        if socket.slot is not None and socket.attachment is not None:
            self._host.detach(socket.slot, socket.attachment)
        socket.slot = socket.attachment = None  # else they would hold each other until the collector looks at all
        if self._all_gone is not None and not self._ping_due:
            self._all_gone.set()

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

    # -- the way in ----------------------------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The handler of the route. It ends with the upgrade: an open socket keeps no handler, no task, no request."""
        refused = self._admit(request)
        if not isinstance(refused, Bucket):
            return refused
        try:
            accept = _handshake(request)
        except ValidationFailed as error:
            return self._refuse(request, error, None)
        now_s, rate = self._clock.monotonic_s(), self._settings.socket_messages_per_s
        socket = Socket(self, Bucket(rate, rate * 2, now_s))
        line = request.protocol.hand_over(socket) if isinstance(request.protocol, Http) else None
        if line is not None:
            transport, behind = line
            transport.write(_SWITCHING % accept.encode())
            socket.begin(transport, behind)
            self._ping_due[socket] = now_s + self._settings.ping_every_s
            self._host.registry.spawn(self._enter(request, socket, refused))
        return web.Response()  # reaches nobody: the line is the socket's

    def _admit(self, request: web.Request) -> Bucket | web.Response:
        """The address's bucket of refused upgrades, or the answer to what is not to be upgraded at all."""
        if request.headers.get(hdrs.UPGRADE, "").strip().lower() != "websocket":
            error = ValidationFailed("this path speaks WebSocket: connect with ws:// or wss://")
            response = self._refuse(request, error, 426)
            response.headers[hdrs.UPGRADE] = "websocket"
            return response
        if self._host.registry.stopping:
            return self._refuse(request, shutting_down(), None)
        now_s = self._clock.monotonic_s()
        refused = self._refused_upgrades.of(request.remote, now_s)
        refused.refill(now_s)
        if refused.empty:
            return self._refuse(request, RateLimited("too many refused connections from here", retry_after_s=60), None)
        return refused

    async def _enter(self, request: web.Request, socket: Socket, refused: Bucket) -> None:
        """From the key to the live stream; whoever is refused is told so."""
        attached = False
        try:
            slot, welcome = await self._attach(request, socket)
            attached = True
            if socket.gone:
                self._host.detach(slot, welcome.attachment)
                return
            socket.slot, socket.attachment = slot, welcome.attachment
            await self._catching_up.run(socket, slot, welcome)
        except WireError as error:
            if isinstance(error, (Unauthorized, NotFound)) and not attached:
                refused.take(self._clock.monotonic_s())
            socket.fail(error)
        except Unavailable as error:
            log.warning("a connection: the ledger cannot be read now: %s", error)
            socket.fail(unreadable())
        except Exception:
            log.exception("a connection failed")
            socket.fail(Internal())
        else:
            socket.release()

    async def _attach(self, request: web.Request, socket: Socket) -> tuple[Slot, Welcome]:
        self._origins.check(request.headers.get(hdrs.ORIGIN))
        key = key_of(request, self._keyring, request.query.get("token"))
        wanted = resume.parse(request.query.get("last_seq"), request.query.get("epoch"))
        socket.with_prompt = rest.flag(request.query.get("prompt_data"), "prompt_data", default=True)
        socket.key_id = key.id
        slot = await self._host.registry.find(key.tenant, key.live, request.match_info["session_id"])
        return slot, await self._host.attach(slot, socket, wanted)


def _handshake(request: web.Request) -> str:
    """The Sec-WebSocket-Accept of an upgrade. Raises ValidationFailed for one that is not whole."""
    if "upgrade" not in {part.strip().lower() for part in request.headers.get(hdrs.CONNECTION, "").split(",")}:
        raise ValidationFailed("the upgrade is not whole: it needs the header `Connection: Upgrade`")
    version = request.headers.get(hdrs.SEC_WEBSOCKET_VERSION, "")
    if version != "13":
        raise ValidationFailed(f"the upgrade is not whole: Sec-WebSocket-Version must be 13, got {version[:20]!r}")
    accept = frames.accept(request.headers.get(hdrs.SEC_WEBSOCKET_KEY, ""))
    if accept is None:
        raise ValidationFailed("the upgrade is not whole: Sec-WebSocket-Key must be 16 bytes in base64")
    return accept


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
