"""The REST routes of what a character does by itself: proactive actions, the relationship, webhooks."""

from __future__ import annotations

from aiohttp import hdrs, web

from molroo_actor.protocol import answers, commands, rest, webhooks
from molroo_actor.protocol.bonds import relationship_view
from molroo_actor.protocol.commands import AckProactive, SetPreferences
from molroo_actor.protocol.outreach import rest_action
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.receivers import Receivers
from molroo_actor.transport.entrance import Entrance, Handler, json_response


class RestOutreach:
    """The routes; `routes` lists them."""

    def __init__(self, entrance: Entrance, host: Host, receivers: Receivers) -> None:
        self._entrance = entrance
        self._host = host
        self._receivers = receivers

    def routes(self) -> list[tuple[str, str, Handler]]:
        """(method, path, handler)."""
        return [
            (hdrs.METH_GET, "/v1/proactive/{session_id}", self._pending),
            (hdrs.METH_PUT, "/v1/proactive/{session_id}/preferences", self._preferences),
            (hdrs.METH_POST, "/v1/proactive/{session_id}/{action_id}/ack", self._acknowledge),
            (hdrs.METH_GET, "/v1/relationship/{session_id}", self._relationship),
            (hdrs.METH_POST, "/v1/webhook/{session_id}", self._add_webhook),
            (hdrs.METH_GET, "/v1/webhook/{session_id}", self._list_webhooks),
            (hdrs.METH_DELETE, "/v1/webhook/{session_id}/{webhook_id}", self._remove_webhook),
        ]

    # -- proactive ---------------------------------------------------------------------------------------------

    async def _pending(self, request: web.Request) -> web.Response:
        key, bucket = self._entrance.enter(request)
        slot = await self._entrance.find(key, request.match_info["session_id"], bucket)
        pending = (await self._host.snapshot(slot)).pending()
        return json_response(rest.encode([rest_action(action) for action in pending]))

    async def _preferences(self, request: web.Request) -> web.Response:
        key, bucket = self._entrance.enter(request)
        wanted = commands.preferences(commands.decode_object(await self._entrance.body(request)))
        slot = await self._entrance.find(key, request.match_info["session_id"], bucket)
        answer, _ = await self._host.ask(slot, SetPreferences(wanted))
        return json_response(rest.preferences(slot.id, answer.record.preferences))

    async def _acknowledge(self, request: web.Request) -> web.Response:
        key, bucket = self._entrance.enter(request)
        slot = await self._entrance.find(key, request.match_info["session_id"], bucket)
        await self._host.ask(slot, AckProactive(request.match_info["action_id"]))
        return json_response(rest.encode(answers.Acknowledged(True)))

    async def _relationship(self, request: web.Request) -> web.Response:
        key, bucket = self._entrance.enter(request)
        slot = await self._entrance.find(key, request.match_info["session_id"], bucket)
        seen = await self._host.snapshot(slot)
        return json_response(rest.encode(relationship_view(seen.relationship(), seen.seq, seen.wall_ms, seen.wall_of)))

    # -- webhooks ----------------------------------------------------------------------------------------------

    async def _add_webhook(self, request: web.Request) -> web.Response:
        key, bucket = self._entrance.enter(request)
        allow_private = self._host.settings.allow_private_webhooks
        given = webhooks.registration(await self._entrance.body(request), allow_private=allow_private)
        slot = await self._entrance.find(key, request.match_info["session_id"], bucket)
        return json_response(rest.encode(await self._receivers.add(slot, given)), 201)

    async def _list_webhooks(self, request: web.Request) -> web.Response:
        key, bucket = self._entrance.enter(request)
        slot = await self._entrance.find(key, request.match_info["session_id"], bucket)
        return json_response(rest.encode(await self._receivers.of_session(slot)))

    async def _remove_webhook(self, request: web.Request) -> web.Response:
        key, bucket = self._entrance.enter(request)
        slot = await self._entrance.find(key, request.match_info["session_id"], bucket)
        await self._receivers.remove(slot, request.match_info["webhook_id"])
        return json_response(rest.encode(answers.Deleted(True)))
