"""What a new socket is sent before the live stream: `connected`, then a replay or a state, at the pace it takes."""

from __future__ import annotations

import asyncio
from typing import Final

from molroo_actor.errors import Overloaded, StorageError
from molroo_actor.protocol import messages, views
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.slot import Slot
from molroo_actor.runtime.snapshot import Snapshot, Welcome
from molroo_actor.storage.rows import Row
from molroo_actor.transport.socket import Socket

_UNREAD_LOW: Final = 65_536


class CatchingUp:
    """Brings new connections up to the live stream."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def run(self, socket: Socket, slot: Slot, welcome: Welcome) -> None:
        """Sends `connected` and what is owed, then lets the connection live. Raises WireError."""
        missed = await self._missed(slot, welcome)
        recovered = welcome.plan.recovered if missed is not None else False
        socket.send(messages.connected(slot.id, welcome.seq, slot.epoch, recovered))
        if welcome.plan.send_state or missed is None:
            socket.send(state_message(welcome.snapshot, socket, None))
        await self._replay(socket, slot, welcome, missed or [])
        pending = welcome.snapshot.pending()
        if pending:
            prompt = welcome.snapshot.prompt() if socket.with_prompt else None
            socket.send(messages.missed_proactive(pending, prompt))
        welcome.attachment.go_live()

    async def _missed(self, slot: Slot, welcome: Welcome) -> list[Row] | None:
        """What is to be replayed; None when some of it went between the promise and the reading."""
        after = welcome.plan.replay_after
        if after is None or after >= welcome.seq:
            return []
        try:
            rows = await self._host.repeats.rows(slot, after, welcome.seq - after)
        except StorageError as error:
            raise self._host.registry.translate(slot, error) from error
        rows = [row for row in rows if row.seq <= welcome.seq]
        return None if any(row.state_after is None for row in rows) else rows

    async def _replay(self, socket: Socket, slot: Slot, welcome: Welcome, rows: list[Row]) -> None:
        for row in rows:
            if row.kind != "turn":
                continue
            try:
                answer = self._host.repeats.answer_of(welcome.snapshot.actor, row)
            except StorageError as error:
                raise self._host.registry.translate(slot, error) from error
            data = answer.socket_data(with_prompt=socket.with_prompt)
            socket.send_unlimited(messages.turn_result(row.seq, data, replayed=True))
            if socket.transport.get_write_buffer_size() > _UNREAD_LOW:
                await self._taken(socket)
            if socket.closing:
                return

    async def _taken(self, socket: Socket) -> None:
        """Returns when the peer has read most of what was sent. Raises Overloaded when it does not read."""
        drain = asyncio.ensure_future(socket.drained())
        try:
            left = socket.transport.get_write_buffer_size()
            while True:
                await asyncio.wait((drain,), timeout=self._host.settings.replay_stall_s)
                if drain.done():
                    drain.result()
                    return
                if socket.transport.get_write_buffer_size() >= left:
                    raise Overloaded("the replay is not read", retry_after_s=5)
                left = socket.transport.get_write_buffer_size()
        finally:
            drain.cancel()


def state_message(snapshot: Snapshot, socket: Socket, reply_to: str | None) -> bytes:
    """A `state` message of now, in the form that the socket wants."""
    prompt = snapshot.prompt() if socket.with_prompt else None
    return messages.state(
        snapshot.seq, views.socket_state(snapshot.report(), snapshot.seq, snapshot.wall_ms, prompt), reply_to
    )
