"""aiohttp's HTTP protocol, with this server's words for what is no HTTP: no trace, no echo of what was sent.

And the one way in which a line leaves HTTP: `hand_over` after an upgrade.
"""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from molroo_actor import ids
from molroo_actor.errors import Internal, ValidationFailed
from molroo_actor.protocol import rest

KEEP_ALIVE_S = 75.0
"""Above the 60 s for which proxies keep an idle line: they close it, not we."""


class Http(web.RequestHandler):
    """One client's line. A subclass, because aiohttp asks nobody else what to answer to a request it cannot read."""

    __slots__ = ()

    def __init__(self, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # what aiohttp's own runner passes
            keepalive_timeout=KEEP_ALIVE_S,
            lingering_time=2.0,
        )

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it may quote what was sent
    ) -> web.StreamResponse:
        """The answer to a request that no handler saw, or that one left with a bug."""
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
        transport.resume_reading()
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
