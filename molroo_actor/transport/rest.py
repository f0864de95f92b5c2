"""The REST routes: from a request to the host and back. One wrapper gives all of them ids, errors and CORS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import hdrs, web

from molroo_actor import __version__
from molroo_actor.engine import observe, presets, render_prompt
from molroo_actor.errors import NotFound, StorageError
from molroo_actor.protocol import answers, commands, personas, rest, views
from molroo_actor.protocol.commands import TurnCommand
from molroo_actor.protocol.record import decode_persona
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.sessions import Sessions
from molroo_actor.runtime.slot import Slot
from molroo_actor.runtime.waking import params_of
from molroo_actor.storage.rows import Row
from molroo_actor.transport.entrance import Entrance, Handler, json_response

_PAGE_BYTES: Final = 262_144
"""Of the inputs on one page of history; in JSON a control character takes six times as many. Somebody's 200 longest
texts on one page would be 39 MB, and a second of work that nobody else could use.
"""
_ROWS_AT_ONCE: Final = 64
"""Rows that are read in one go: a page of the usual size needs one reading."""


class Rest:
    """The routes of sessions, turns and states."""

    def __init__(self, entrance: Entrance, host: Host, sessions: Sessions) -> None:
        self._entrance = entrance
        self._host = host
        self._sessions = sessions
        self._settings = host.settings

    def routes(self) -> list[tuple[str, str, Handler]]:
        """(method, path, handler)."""
        return [
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
        ]

    # -- sessions ----------------------------------------------------------------------------------------------

    async def _health(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return json_response(rest.encode(answers.Health("ok", __version__, "sqlite", self._sessions.count)))

    async def _presets(self, request: web.Request) -> web.Response:
        _, bucket = self._entrance.enter(request)
        self._entrance.admit(bucket)
        return json_response(rest.preset_list(list(presets().values())))

    async def _create(self, request: web.Request) -> web.Response:
        key, bucket = self._entrance.enter(request)
        command = personas.create(await self._entrance.body(request))
        idempotency_key = commands.idempotency_key(request.headers.get("Idempotency-Key"))
        self._entrance.admit(bucket)
        entry, replayed = await self._sessions.create(key.tenant, key.live, command, idempotency_key)
        body = rest.created(entry.id, params_of(entry.persona), entry.created_ms)
        return json_response(body, 201, {"Idempotent-Replayed": "true"} if replayed else None)

    async def _list(self, request: web.Request) -> web.Response:
        key, bucket = self._entrance.enter(request)
        limit = rest.number(request.query.get("limit"), "limit", 50, 1, 200)
        before = rest.parse_cursor(request.query.get("cursor"))
        self._entrance.admit(bucket)
        return json_response(rest.encode(await self._sessions.page(key.tenant, key.live, before, limit)))

    async def _show(self, request: web.Request) -> web.Response:
        key, bucket = self._entrance.enter(request)
        entry = await self._sessions.entry(key.tenant, key.live, request.match_info["session_id"])
        self._entrance.admit(bucket)
        return json_response(rest.session(self._sessions.item(entry), decode_persona(entry.persona)))

    async def _delete(self, request: web.Request) -> web.Response:
        key, bucket = self._entrance.enter(request)
        await self._sessions.delete(await self._entrance.find(key, request.match_info["session_id"], bucket))
        return json_response(b'{"deleted":true}')

    # -- turns -------------------------------------------------------------------------------------------------

    async def _turn(self, request: web.Request) -> web.Response:
        return await self._take_turn(request, commands.turn)

    async def _turn_appraisal(self, request: web.Request) -> web.Response:
        return await self._take_turn(request, commands.appraisal_turn)

    async def _take_turn(
        self, request: web.Request, read: Callable[[dict[str, object], str | None], TurnCommand]
    ) -> web.Response:
        key, bucket = self._entrance.enter(request)
        body = commands.decode_object(await self._entrance.body(request))
        command = read(body, commands.idempotency_key(request.headers.get("Idempotency-Key")))
        with_prompt = self._entrance.wants_prompt(request)
        slot = await self._entrance.find(key, commands.session_id(body), bucket)
        answer, duplicate = await self._host.ask(slot, command)
        shown = views.rest_turn(answer.result, answer.seq, answer.prompt if with_prompt else None)
        return json_response(shown, headers={"Idempotent-Replayed": "true"} if duplicate else None)

    # -- reading -----------------------------------------------------------------------------------------------

    async def _state(self, request: web.Request) -> web.Response:
        key, bucket = self._entrance.enter(request)
        with_prompt = self._entrance.wants_prompt(request)
        at_seq = request.query.get("at_seq")
        number = None if at_seq is None else rest.number(at_seq, "at_seq", 0, 0, 10**15 - 1)
        slot = await self._entrance.find(key, request.match_info["session_id"], bucket)
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
        key, bucket = self._entrance.enter(request)
        after_seq = rest.number(request.query.get("after_seq"), "after_seq", 0, 0, 10**15 - 1)
        limit = rest.number(request.query.get("limit"), "limit", 50, 1, 200)
        slot = await self._entrance.find(key, request.match_info["session_id"], bucket)
        released = slot.actor.released_seq if slot.actor is not None else None
        rows: list[Row] = []
        while len(rows) <= limit and _fit(rows) == len(rows):  # no more is read than a page has room for
            wanted = min(limit + 1 - len(rows), _ROWS_AT_ONCE)
            read = await self._rows(slot, rows[-1].seq if rows else after_seq, wanted)
            kept = [row for row in read if released is None or row.seq <= released]
            rows += kept
            if len(kept) < wanted:
                break
        shown = rows[: min(limit, _fit(rows))]
        try:
            items = [
                rest.history_item(row.seq, row.at_ms, row.kind, row.input, row.appraisal, row.emotion, row.label)
                for row in shown
            ]
        except StorageError as error:
            raise self._host.registry.translate(slot, error) from error
        page = answers.HistoryPage(items, items[-1].seq if len(rows) > len(items) else None)
        return json_response(rest.encode(page))


def _fit(rows: Sequence[Row]) -> int:
    """How many of them a page has room for, one at least."""
    size = 0
    for number, row in enumerate(rows):
        size += len(row.input or b"")
        if size > _PAGE_BYTES:
            return max(number, 1)
    return len(rows)
