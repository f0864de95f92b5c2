"""The REST routes: from a request to the host and back. One wrapper gives all of them ids, errors and CORS."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web

from molroo_actor import __version__, ids
from molroo_actor.clock import Clock
from molroo_actor.engine import observe, presets, render_prompt
from molroo_actor.errors import Internal, NotFound, RateLimited, StorageError, ValidationFailed, WireError
from molroo_actor.protocol import answers, commands, personas, rest, views
from molroo_actor.protocol.commands import AckProactive, SetPreferences, TurnCommand
from molroo_actor.protocol.outreach import rest_action
from molroo_actor.protocol.record import decode_persona
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.keyring import Keyring
from molroo_actor.runtime.sessions import Sessions
from molroo_actor.runtime.slot import Slot
from molroo_actor.runtime.waking import params_of
from molroo_actor.storage.rows import Key, Row
from molroo_actor.transport.auth import Origins, key_of
from molroo_actor.transport.limits import Bucket, Buckets
from molroo_actor.transport.metrics import Metrics

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
_BODY_WITHIN_S: Final = 30.0
_METHODS: Final = "GET, POST, PUT, DELETE"
_HEADERS: Final = "Authorization, X-API-Key, Content-Type, Idempotency-Key"
_EXPOSED: Final = "Retry-After, X-Request-Id, Idempotent-Replayed"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def json_response(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A response of encoded JSON."""
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


class Rest:
    """The routes. `wrap` goes around every handler that is no socket."""

    def __init__(
        self, host: Host, sessions: Sessions, keyring: Keyring, metrics: Metrics, clock: Clock, origins: Origins
    ) -> None:
        self._host = host
        self._sessions = sessions
        self._keyring = keyring
        self._metrics = metrics
        self._clock = clock
        self._origins = origins
        self._settings = host.settings
        self._buckets = Buckets(host.settings.requests_per_minute)

    def add_routes(self, app: web.Application, socket: Handler) -> None:
        """Everything under /v1."""
        routes: list[tuple[str, str, Handler]] = [
            (hdrs.METH_GET, "/v1/health", self._health),
            (hdrs.METH_GET, "/v1/presets", self._presets),
            (hdrs.METH_POST, "/v1/persona", self._create),
            (hdrs.METH_GET, "/v1/persona", self._list),
            (hdrs.METH_GET, "/v1/persona/{session_id}", self._show),
            (hdrs.METH_DELETE, "/v1/persona/{session_id}", self._delete),
            (hdrs.METH_POST, "/v1/turn", self._turn),
            (hdrs.METH_POST, "/v1/turn/appraisal", self._turn_appraisal),
            (hdrs.METH_GET, "/v1/state/{session_id}", self._state),
            (hdrs.METH_GET, "/v1/history/{session_id}", self._history),
            (hdrs.METH_GET, "/v1/proactive/{session_id}", self._proactive),
            (hdrs.METH_PUT, "/v1/proactive/{session_id}/preferences", self._preferences),
            (hdrs.METH_POST, "/v1/proactive/{session_id}/{action_id}/ack", self._acknowledge),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, self.wrap(handler))
        app.router.add_route(hdrs.METH_GET, "/v1/ws/{session_id}", socket)

    # -- around every handler ----------------------------------------------------------------------------------

    def wrap(self, handler: Handler) -> Handler:
        """Errors become answers; every answer gets its request id and CORS headers."""

        async def wrapped(request: web.Request) -> web.StreamResponse:
            request_id = ids.new_request_id()
            try:
                response = await handler(request)
            except WireError as error:
                response = self._error(error)
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
            raise NotFound(f"no such path: {request.path[:100]}")
        names = ", ".join(sorted(allowed))
        response = self._error(
            ValidationFailed(f"{request.method[:16]} is not a method of this path; use {names}"), 405
        )
        response.headers[hdrs.ALLOW] = names
        return response

    # -- steps that handlers share -----------------------------------------------------------------------------

    def _enter(self, request: web.Request) -> tuple[Key, Bucket]:
        key = key_of(request, self._keyring)
        return key, self._buckets.of(key.id, self._clock.monotonic_s())

    def _admit(self, bucket: Bucket) -> None:
        wait_s = bucket.take(self._clock.monotonic_s())
        if wait_s:
            limit = self._settings.requests_per_minute
            raise RateLimited(f"more than {limit} requests a minute with this key", retry_after_s=wait_s)

    async def _find(self, key: Key, session_id: str, bucket: Bucket) -> Slot:
        """The session, then the rate: in that order of checks. A refused request counts as one too."""
        try:
            slot = await self._host.registry.find(key.tenant, key.live, session_id)
        except NotFound:
            bucket.take(self._clock.monotonic_s())
            raise
        self._admit(bucket)
        return slot

    async def _body(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(_BODY_WITHIN_S):
                return await request.read()
        except TimeoutError:
            raise ValidationFailed(f"the body must arrive within {_BODY_WITHIN_S:g} s") from None
        except web.RequestPayloadError:
            raise ValidationFailed("the body is not what its Content-Encoding or Content-Length says") from None

    def _wants_prompt(self, request: web.Request) -> bool:
        return rest.flag(request.query.get("prompt_data"), "prompt_data", default=True)

    # -- sessions ----------------------------------------------------------------------------------------------

    async def _health(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return json_response(rest.encode(answers.Health("ok", __version__, "sqlite", self._sessions.count)))

    async def _presets(self, request: web.Request) -> web.Response:
        _, bucket = self._enter(request)
        self._admit(bucket)
        return json_response(rest.preset_list(list(presets().values())))

    async def _create(self, request: web.Request) -> web.Response:
        key, bucket = self._enter(request)
        command = personas.create(await self._body(request))
        idempotency_key = commands.idempotency_key(request.headers.get("Idempotency-Key"))
        self._admit(bucket)
        entry, replayed = await self._sessions.create(key.tenant, key.live, command, idempotency_key)
        body = rest.created(entry.id, params_of(entry.persona), entry.created_ms)
        return json_response(body, 201, {"Idempotent-Replayed": "true"} if replayed else None)

    async def _list(self, request: web.Request) -> web.Response:
        key, bucket = self._enter(request)
        limit = rest.number(request.query.get("limit"), "limit", 50, 1, 200)
        before = rest.parse_cursor(request.query.get("cursor"))
        self._admit(bucket)
        return json_response(rest.encode(await self._sessions.page(key.tenant, key.live, before, limit)))

    async def _show(self, request: web.Request) -> web.Response:
        key, bucket = self._enter(request)
        entry = await self._sessions.entry(key.tenant, key.live, request.match_info["session_id"])
        self._admit(bucket)
        return json_response(rest.session(self._sessions.item(entry), decode_persona(entry.persona)))

    async def _delete(self, request: web.Request) -> web.Response:
        key, bucket = self._enter(request)
        await self._sessions.delete(await self._find(key, request.match_info["session_id"], bucket))
        return json_response(b'{"deleted":true}')

    # -- turns -------------------------------------------------------------------------------------------------

    async def _turn(self, request: web.Request) -> web.Response:
        return await self._take_turn(request, commands.turn)

    async def _turn_appraisal(self, request: web.Request) -> web.Response:
        return await self._take_turn(request, commands.appraisal_turn)

    async def _take_turn(
        self, request: web.Request, read: Callable[[dict[str, object], str | None], TurnCommand]
    ) -> web.Response:
        key, bucket = self._enter(request)
        body = commands.decode_object(await self._body(request))
        command = read(body, commands.idempotency_key(request.headers.get("Idempotency-Key")))
        with_prompt = self._wants_prompt(request)
        slot = await self._find(key, commands.session_id(body), bucket)
        answer, duplicate = await self._host.ask(slot, command)
        shown = views.rest_turn(answer.result, answer.seq, answer.prompt if with_prompt else None)
        return json_response(shown, headers={"Idempotent-Replayed": "true"} if duplicate else None)

    # -- reading -----------------------------------------------------------------------------------------------

    async def _state(self, request: web.Request) -> web.Response:
        key, bucket = self._enter(request)
        with_prompt = self._wants_prompt(request)
        at_seq = request.query.get("at_seq")
        number = None if at_seq is None else rest.number(at_seq, "at_seq", 0, 0, 10**15 - 1)
        slot = await self._find(key, request.match_info["session_id"], bucket)
        snapshot = await self._host.snapshot(slot)
        if number is not None:
            return await self._state_at(slot, number, with_prompt=with_prompt)
        prompt = snapshot.prompt() if with_prompt else None
        return json_response(views.rest_state(snapshot.report(), snapshot.seq, snapshot.wall_ms, prompt))

    async def _state_at(self, slot: Slot, seq: int, *, with_prompt: bool) -> web.Response:
        snapshot = await self._host.snapshot(slot)
        first = max(1, snapshot.seq - self._settings.history_kept + 1)
        if not first <= seq <= snapshot.seq:
            kept = f"kept are {first} to {snapshot.seq}" if snapshot.seq else "there is none yet"
            raise NotFound(f"no state after turn {seq}: {kept}")
        row = (await self._rows(slot, seq - 1, 1))[0]
        if row.state_after is None:  # it went while this was read
            raise NotFound(f"no state after turn {seq}: kept are the newest {self._settings.history_kept}")
        try:
            answer = self._host.repeats.answer_of(snapshot.actor, row)
        except StorageError as error:
            raise self._host.registry.translate(slot, error) from error
        state = answer.record.state
        report = observe(answer.params, state, state.at_ms)
        prompt = render_prompt(answer.params, state, answer.event_context) if with_prompt else None
        return json_response(views.rest_state(report, row.seq, row.at_ms, prompt))

    async def _rows(self, slot: Slot, after_seq: int, limit: int) -> list[Row]:
        try:
            return await self._host.repeats.rows(slot, after_seq, limit)
        except StorageError as error:
            raise self._host.registry.translate(slot, error) from error

    async def _history(self, request: web.Request) -> web.Response:
        key, bucket = self._enter(request)
        after_seq = rest.number(request.query.get("after_seq"), "after_seq", 0, 0, 10**15 - 1)
        limit = rest.number(request.query.get("limit"), "limit", 50, 1, 200)
        slot = await self._find(key, request.match_info["session_id"], bucket)
        released = slot.actor.released_seq if slot.actor is not None else None
        rows = await self._rows(slot, after_seq, limit + 1)
        if released is not None:
            rows = [row for row in rows if row.seq <= released]
        items = [
            rest.history_item(row.seq, row.at_ms, row.kind, row.input, row.appraisal, row.emotion, row.label)
            for row in rows[:limit]
        ]
        page = answers.HistoryPage(items, items[-1].seq if len(rows) > limit else None)
        return json_response(rest.encode(page))

    # -- proactive ---------------------------------------------------------------------------------------------

    async def _proactive(self, request: web.Request) -> web.Response:
        key, bucket = self._enter(request)
        slot = await self._find(key, request.match_info["session_id"], bucket)
        pending = (await self._host.snapshot(slot)).pending()
        return json_response(rest.encode([rest_action(action) for action in pending]))

    async def _preferences(self, request: web.Request) -> web.Response:
        key, bucket = self._enter(request)
        wanted = commands.preferences(commands.decode_object(await self._body(request)))
        slot = await self._find(key, request.match_info["session_id"], bucket)
        answer, _ = await self._host.ask(slot, SetPreferences(wanted))
        return json_response(rest.preferences(slot.id, answer.record.preferences))

    async def _acknowledge(self, request: web.Request) -> web.Response:
        key, bucket = self._enter(request)
        slot = await self._find(key, request.match_info["session_id"], bucket)
        await self._host.ask(slot, AckProactive(request.match_info["action_id"]))
        return json_response(rest.encode(answers.Acknowledged(True)))
