"""The listening socket. It pauses by count before file handles run out: the disk needs some, and who waits in the
system's backlog is served later instead of being refused.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable

from aiohttp import web

from molroo_actor.transport.http import Http
from molroo_actor.transport.lines import Lines

log = logging.getLogger(__name__)

_BACKLOG = 128
"""Also how many connections one loop pass may accept, so by how much the limit may be passed."""


class Listener:
    """Accepts connections for an aiohttp server while there are fewer than `connections_max`."""

    def __init__(
        self,
        server: web.Server,
        lines: Lines,
        sockets: Callable[[], int],
        connections_max: int,
        tls: ssl.SSLContext | None,
    ) -> None:
        """sockets: how many lines have left HTTP and are open."""
        self._server = server
        self._lines = lines
        self._sockets = sockets
        self._connections_max = max(connections_max, 1)
        self._tls = tls
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Server | None = None
        self._starting: asyncio.Task[None] | None = None
        self.pauses = 0
        """How often it had to pause."""

    @property
    def connections(self) -> int:
        """Open connections, with those whose TLS handshake is under way: each has a file handle."""
        return len(self._server.connections) + self._sockets() + self._lines.handshakes

    async def start(self, host: str, port: int) -> str:
        """Binds and accepts; returns the URL. Raises OSError with the address in it."""
        try:
            infos = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            family, _, _, _, address = infos[0]
            self._socket = socket.socket(family, socket.SOCK_STREAM)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(address)
            self._socket.setblocking(False)
        except OSError as error:
            hint = "; --port takes another" if error.errno == errno.EADDRINUSE else ""
            raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}{hint}") from error
        await self._accept()
        bound = self._socket.getsockname()
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        return f"{'https' if self._tls else 'http'}://{shown}:{bound[1]}"

    async def _accept(self) -> None:
        assert self._socket is not None
        # A duplicate: closing it to pause leaves the socket itself, and its backlog, open.
        self._accepting = await asyncio.get_running_loop().create_server(
            self._protocol,
            sock=self._socket.dup(),
            ssl=self._tls,
            ssl_handshake_timeout=self._lines.head_within_s if self._tls else None,
            backlog=_BACKLOG,
        )

    def _protocol(self) -> asyncio.BaseProtocol:
        if self.connections + 1 >= self._connections_max:
            asyncio.get_running_loop().call_soon(self._pause)
        line = Http(self._server, self._lines)
        if self._tls is not None:
            self._lines.handshake_begins(line)
        return line

    def _pause(self) -> None:
        if self._accepting is not None:
            self._accepting.close()
            self._accepting = None
            self.pauses += 1
            log.warning("%d connections, the limit of file handles: accepting pauses", self.connections)

    def tick(self, now_s: float) -> None:
        """Cuts lines that are too slow, and accepts again when there is room."""
        self._lines.tick(now_s)
        room = self.connections < self._connections_max - _BACKLOG // 2 or self.connections < self._connections_max // 2
        if self._accepting is None and self._socket is not None and self._starting is None and room:
            log.warning("%d connections: accepting goes on", self.connections)
            self._starting = asyncio.get_running_loop().create_task(self._accept())
            self._starting.add_done_callback(self._started)

    def _started(self, task: asyncio.Task[None]) -> None:
        self._starting = None
        if not task.cancelled() and task.exception() is not None:
            log.error("accepting cannot go on yet: %s", task.exception())

    def stop(self) -> None:
        """Accepts nothing more; idempotent."""
        if self._accepting is not None:
            self._accepting.close()
            self._accepting = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
