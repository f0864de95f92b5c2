"""aiohttp's HTTP protocol, with this server's words for what is no HTTP (no trace, no echo of what was sent), and with
limits for peers that are slow to ask or slow to read.

And the one way in which a line leaves HTTP: `hand_over` after an upgrade.
"""

from __future__ import annotations

import asyncio
from typing import cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from molroo_actor import ids
from molroo_actor.errors import Internal, ValidationFailed
from molroo_actor.protocol import rest
from molroo_actor.transport.lines import Lines

KEEP_ALIVE_S = 75.0
"""Above the 60 s for which proxies keep an idle line: they close it, not we."""


class Http(web.RequestHandler):
    """One client's line. A subclass, because aiohttp asks nobody else what to answer to a request it cannot read."""

    __slots__ = ("_greeted", "_lines")

    def __init__(self, server: web.Server, lines: Lines) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # what aiohttp's own runner passes
            keepalive_timeout=KEEP_ALIVE_S,
            lingering_time=2.0,
            auto_decompress=False,  # see unpacking.py
        )
        self._lines = lines
        self._greeted = False
        """Whether anything came that was less than a request."""

    # -- slow peers ----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # Told from the first bytes on that the system has no room for: a line that is closed with some left would
        # otherwise stay as long as its peer likes.
        cast(asyncio.Transport, transport).set_write_buffer_limits(high=1)
        self._lines.handshake_ends(self)
        self._lines.head_begins(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._lines.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        requests = self._request_count
        super().data_received(data)
        if self._request_count != requests:
            self._lines.head_ends(self)
        elif data and not self._upgraded:
            self._greeted = True
            if self._waiter is not None and not self._waiter.done():  # it waits for a request: this begins one
                self._lines.head_begins(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._lines.unread(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._lines.read(self)

    @property
    def unsent_bytes(self) -> int:
        """What was written and the peer has no room for."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def head_is_late(self, within_s: float) -> None:
        """Closes the line: with a word to whoever began to ask, without one to whoever said nothing."""
        if self.transport is None:
            return
        if self._greeted:
            error = ValidationFailed(f"the head of a request must arrive within {within_s:g} s")
            body = rest.error(error, 400)
            head = (
                "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n"
                f"X-Request-Id: {ids.new_request_id()}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.force_close()

    def cut(self) -> None:
        """Ends the line at once; what it had not read is lost."""
        if self.transport is not None:
            self.transport.abort()

    # -- what is no HTTP -----------------------------------------------------------------------------------------------

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it may quote what was sent
    ) -> web.StreamResponse:
        """The answer to a request that no handler saw, or that one left with a bug."""
        if isinstance(exc, ConnectionError):
            raise exc  # the peer is gone, there is nobody to answer; aiohttp ends the line
        unreadable = isinstance(exc, (HttpProcessingError, web.RequestPayloadError))
        if unreadable:
            self.logger.info("a request could not be read: %s", type(exc).__name__)
        else:
            self.log_exception("a request failed outside its handler", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun; there is no room for another")
        error = ValidationFailed("this is not a request that HTTP/1.1 knows") if unreadable else Internal()
        status = 400 if unreadable else 500
        response = web.Response(
            body=rest.error(error, status),
            status=status,
            content_type="application/json",
            headers={"X-Request-Id": ids.new_request_id()},
        )
        response.force_close()
        return response

    def hand_over(self, successor: asyncio.BaseProtocol) -> tuple[asyncio.Transport, bytes] | None:
        """Gives the line to another protocol for good; returns its transport and what came behind the request.

        None when the peer is gone. aiohttp is told that its connection is lost: it keeps nothing of it, and whatever
        the handler returns reaches nobody.
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            return None
        behind = _Behind()
        self.set_parser(behind)  # type: ignore[arg-type]  # gets what came after the upgrade, as its own reader would
        self.transport = None  # else it would close the line with itself
        self.connection_lost(None)
        transport.set_protocol(successor)
        transport.set_write_buffer_limits()
        return transport, bytes(behind.data)


class _Behind:
    """Keeps what a client sent behind its upgrade request without waiting for the answer."""

    def __init__(self) -> None:
        self.data = bytearray()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        """The line is somebody else's by then."""
