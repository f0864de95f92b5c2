"""What every REST route passes: ids, errors and CORS around it; key, session and rate before it."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import HttpVersion11, hdrs, web

from molroo_actor import ids
from molroo_actor.clock import Clock
from molroo_actor.errors import Internal, NotFound, RateLimited, Unavailable, ValidationFailed, WireError
from molroo_actor.protocol import rest
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.keyring import Keyring
from molroo_actor.runtime.registry import unreadable
from molroo_actor.runtime.slot import Slot
from molroo_actor.storage.rows import Key
from molroo_actor.transport.auth import Origins, key_of
from molroo_actor.transport.limits import Bucket, Buckets
from molroo_actor.transport.metrics import Metrics
from molroo_actor.transport.unpacking import unpacked

log = logging.getLogger(__name__)

STATUS: Final = {
    "UNAUTHORIZED": 401,
    "NOT_FOUND": 404,
    "VALIDATION_ERROR": 400,
    "CONFLICT": 409,
    "RATE_LIMIT": 429,
    "OVERLOADED": 503,
    "INTERNAL": 500,
}
_METHODS: Final = "GET, POST, PUT, DELETE"
_HEADERS: Final = "Authorization, X-API-Key, Content-Type, Idempotency-Key"
_EXPOSED: Final = "Retry-After, X-Request-Id, Idempotent-Replayed"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def json_response(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A response of encoded JSON."""
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


class Entrance:
    """The border of all REST routes. `wrap` goes around every handler that is no socket."""

    def __init__(self, host: Host, keyring: Keyring, metrics: Metrics, clock: Clock, origins: Origins) -> None:
        self._host = host
        self._keyring = keyring
        self._metrics = metrics
        self._clock = clock
        self._origins = origins
        self._settings = host.settings
        self._buckets = Buckets(host.settings.requests_per_minute)

    # -- around every handler ----------------------------------------------------------------------------------

    def wrap(self, handler: Handler) -> Handler:
        """Errors become answers; every answer gets its request id and CORS headers."""

        async def wrapped(request: web.Request) -> web.StreamResponse:
            request_id = ids.new_request_id()
            try:
                response = await handler(request)
            except WireError as error:
                response = self._error(error)
            except Unavailable as error:
                log.warning("request %s: the ledger cannot be read now: %s", request_id, error)
                response = self._error(unreadable())
            except web.HTTPRequestEntityTooLarge:
                limit = self._settings.body_bytes_max
                response = self._error(ValidationFailed(f"the body must have at most {limit:,} bytes"), 413)
            except (asyncio.CancelledError, ConnectionError):
                raise
            except Exception:
                log.exception("request %s failed: %s %s", request_id, request.method, request.path)
                response = self._error(Internal())
            self.dress(request, response, request_id)
            return response

        return wrapped

    def refuse(self, request: web.Request, error: WireError, status: int | None = None) -> web.Response:
        """A refusal as every route gives it, for the one that is not wrapped."""
        response = self._error(error, status)
        self.dress(request, response, ids.new_request_id())
        return response

    def _error(self, error: WireError, status: int | None = None) -> web.Response:
        status = status or STATUS[error.code]
        self._metrics.refused(error.code)
        headers: dict[str, str] = (
            {} if error.retry_after_s is None else {str(hdrs.RETRY_AFTER): str(math.ceil(error.retry_after_s))}
        )
        return json_response(rest.error(error, status), status, headers)

    def dress(self, request: web.BaseRequest, response: web.StreamResponse, request_id: str) -> None:
        """Adds the headers that every answer has."""
        if response.prepared:
            return
        response.headers["X-Request-Id"] = request_id
        origin = self._origins.header(request.headers.get(hdrs.ORIGIN))
        if origin is not None:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED
            if origin != "*":
                response.headers[hdrs.VARY] = hdrs.ORIGIN

    async def expected(self, request: web.Request) -> web.StreamResponse | None:
        """What an Expect header asks for: to be told to go on. aiohttp's own refusal of another would quote it."""
        if request.version < HttpVersion11:
            return None  # which knows no Expect
        if request.headers.get(hdrs.EXPECT, "").lower() != "100-continue":
            return self.refuse(request, ValidationFailed("Expect must be 100-continue"), 417)
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # no answer has begun
        return None

    async def elsewhere(self, request: web.Request) -> web.StreamResponse:
        """Every path and method that no route takes."""
        allowed: set[str] = set()
        for resource in request.app.router.resources():
            if resource.canonical != "/{elsewhere}":
                allowed |= (await resource.resolve(request))[1]
        allowed.discard(hdrs.METH_ANY)
        if request.method == hdrs.METH_OPTIONS:
            return web.Response(
                status=204,
                headers={
                    hdrs.ACCESS_CONTROL_ALLOW_METHODS: _METHODS,
                    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: _HEADERS,
                    hdrs.ACCESS_CONTROL_MAX_AGE: "86400",
                },
            )
        if not allowed:
            raise NotFound(f"no such path: {request.path[:100]}; GET /docs shows them all")
        names = ", ".join(sorted(allowed))
        response = self._error(
            ValidationFailed(f"{request.method[:16]} is not a method of this path; use {names}"), 405
        )
        response.headers[hdrs.ALLOW] = names
        return response

    # -- steps that handlers share -----------------------------------------------------------------------------

    def enter(self, request: web.Request) -> tuple[Key, Bucket]:
        key = key_of(request, self._keyring)
        return key, self._buckets.of(key.id, self._clock.monotonic_s())

    def admit(self, bucket: Bucket) -> None:
        wait_s = bucket.take(self._clock.monotonic_s())
        if wait_s:
            limit = self._settings.requests_per_minute
            raise RateLimited(f"more than {limit} requests a minute with this key", retry_after_s=wait_s)

    async def find(self, key: Key, session_id: str, bucket: Bucket) -> Slot:
        """The session, then the rate: in that order of checks. A refused request counts as one too."""
        try:
            slot = await self._host.registry.find(key.tenant, key.live, session_id)
        except NotFound:
            bucket.take(self._clock.monotonic_s())
            raise
        self.admit(bucket)
        return slot

    async def body(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self._settings.body_within_s):
                body = await request.read()
        except TimeoutError:
            raise ValidationFailed(f"the body must arrive within {self._settings.body_within_s:g} s") from None
        except web.RequestPayloadError:
            raise ValidationFailed("the body is not what its Transfer-Encoding or Content-Length says") from None
        encoding = ", ".join(request.headers.getall(hdrs.CONTENT_ENCODING, ())).strip().lower()
        bytes_max = self._settings.body_bytes_max
        body = unpacked(body, encoding, bytes_max)
        if len(body) > bytes_max:
            raise web.HTTPRequestEntityTooLarge(bytes_max)
        return body

    def wants_prompt(self, request: web.Request) -> bool:
        return rest.flag(request.query.get("prompt_data"), "prompt_data", default=True)
