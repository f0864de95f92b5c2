"""One process of a story, from start to its end: the product's own node, sockets and all, on a loop of its own.

A killed process just stops: its loop runs no further, its lines go dead, and only its files are left.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Final

from aiohttp import web

from molroo_actor.engine import Params, Reading, Source, State, appraise
from molroo_actor.errors import WireError
from molroo_actor.runtime.actor import Pending
from molroo_actor.runtime.keyring import Keyring
from molroo_actor.transport.auth import Origins
from molroo_actor.transport.http import Http
from molroo_actor.transport.lines import Lines
from molroo_actor.transport.metrics import Metrics
from molroo_actor.transport.websocket import Sockets
from tests.kit.disk import make_faulty
from tests.kit.node import Node, tiny
from tests.simulation.disk import FaultyJournal, ProcessLoop, Truth
from tests.simulation.history import History, Line, Put
from tests.simulation.wire import Told, Wire

TIME_SCALE: Final = 43_200.0
"""Half a day a second: a character that is left alone misses somebody after some four seconds."""
KEPT: Final = 8
LIMITS: Final = {
    "time_scale": TIME_SCALE,
    "history_kept": KEPT,
    "hibernate_after_s": 0.8,
    "resident_max": 2,
    "mailbox_max": 6,
    "unanswered_max": 3,
    "sockets_per_session_max": 3,
    "socket_messages_per_s": 0,
    "refused_upgrades_per_minute": 0,
    "unsent_bytes_max": 12_000,
    "commit_rows_max": 3,
    "fold_age_s": 1.2,
    "fold_sessions_max": 2,
    "appraiser_deadline_s": 1,
    "ping_every_s": 2,
    "pong_within_s": 2,
    "replay_stall_s": 1,
    "close_within_s": 0.5,
    "row_bytes_max": 6_000,
    "overdue_alarms_per_s": 20,
}
"""A server so small that a few clients reach every limit of it."""
_CUT_PASSES: Final = 20


class MoodyAppraiser:
    """The Appraiser port: what a text begins with says how its appraisal goes."""

    def appraise(self, text: str, source: Source, params: Params, state: State) -> Reading | Awaitable[Reading]:
        match text.split(" ", maxsplit=1)[0]:
            case "slow":
                return self._later(0.3, text, source, params, state)
            case "hanging":
                return self._later(60.0, text, source, params, state)
            case "failing":
                raise ConnectionError("no route")
            case _:
                return appraise(text, source, params, state)

    def _later(self, wait_s: float, text: str, source: Source, params: Params, state: State) -> asyncio.Future[Reading]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reading] = loop.create_future()

        def answer() -> None:
            if not future.done():
                future.set_result(appraise(text, source, params, state))

        loop.call_later(wait_s, answer)
        return future


class Process:
    """A server under way. `open` first; then either `stop`, or `cut` once its loop has been stopped by `die`."""

    def __init__(self, folder: Path, number: int, chance: random.Random, history: History, metrics: Metrics) -> None:
        self.number = number
        self.loop: ProcessLoop
        self.history = history
        self.node: Node
        self.truth: Truth
        self.journal: FaultyJournal
        self.wires: list[Wire] = []
        self.stopping = False
        """It takes no new lines."""
        self.deletions = 0
        """Under way: they may be durable and counted still."""
        self._settings = tiny(folder, **LIMITS)
        self._chance = chance
        self._metrics = metrics
        self._actors: dict[int, int] = {}
        self._makers: dict[tuple[int, int], int] = {}
        """By (session, seq), which actor made the row last."""
        self._kept_actors: list[object] = []
        """Else another actor may get the same id()."""
        self._sockets: Sockets
        self._runner: web.AppRunner
        self._lines: Lines

    @property
    def dead(self) -> bool:
        """Whether it was killed: nobody hears of anything that its leftovers still do."""
        return self.loop.dead

    def note(self, who: str, what: object) -> None:
        if not self.dead:
            self.history.note(self.loop.time(), self.number, who, what)

    # -- starting and ending -------------------------------------------------------------------------------------------

    async def open(self, jumped_ms: int) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, ProcessLoop)
        self.loop = loop
        commit_at_once, wake_at_once = self._chance.random() < 0.5, self._chance.random() < 0.5
        self.node = Node(self._settings, MoodyAppraiser(), commit_at_once=commit_at_once, wake_at_once=wake_at_once)
        self.node.clock.jump_wall_ms(jumped_ms)
        await self.node.open()
        loop.delay_s = self._delay_s
        loop.folding = self.node.folding._thread
        self.truth = Truth(self.node.ledger.folder.node_db)
        gate = self.node.host.gate
        self.journal = FaultyJournal(self.node.disk, make_faulty(self.node.ledger), self._delay_s)
        gate._journal = self.journal
        gate.put = self._watched(gate.put)  # type: ignore[assignment, method-assign]
        await self._open_sockets()
        self.node.start()

    def _delay_s(self) -> float:
        """How long the disk takes: mostly nothing or little, at times a while."""
        return self._chance.choice((0.0, 0.0, 0.0005, 0.002, self._chance.expovariate(50)))

    async def _open_sockets(self) -> None:
        clock, host = self.node.clock, self.node.host
        keyring = Keyring(self.node.ledger.keys, clock, host.gate.commit)
        self._lines = Lines(clock, head_within_s=self._settings.head_within_s, stall_s=self._settings.answer_stall_s)
        host.residency.ticks.append(self._lines.tick)
        self._sockets = Sockets(host, keyring, self._metrics, clock, Origins("*"), _refuse)
        app = web.Application()
        app.router.add_get("/v1/ws/{session_id}", self._sockets.handle)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()

    def _watched(self, put: Callable[[Pending], None]) -> Callable[[Pending], None]:
        def watched(pending: Pending) -> None:
            if not self.dead:
                inner, seq = pending.row.session, pending.row.seq
                actor = self._actors.setdefault(id(pending.actor), len(self._actors))
                self._kept_actors.append(pending.actor)
                makers = [
                    self._makers.get((row.session, row.seq)) for row in self.journal.under_way if row.session == inner
                ]
                others = any(maker != actor for maker in makers)
                self._makers[inner, seq] = actor
                self.history.puts.append(Put(self.number, inner, actor, seq, self.truth.durable(inner, seq), others))
            put(pending)

        return watched

    async def stop(self, requests: Collection[asyncio.Task[None]]) -> None:
        """SIGTERM, as the server ends: requests under way are waited for, within its grace."""
        self.stopping = True
        await self.node.host.stop()
        await self._sockets.close_all(2.0)
        self._sockets.abort_all()
        await self._runner.cleanup()
        if requests:
            await asyncio.wait(requests, timeout=self._settings.shutdown_grace_s)
        await self.node.close()
        self.truth.close()

    def cut(self) -> None:
        """After `die`: whatever is left of the process goes without a trace."""
        for wire in self.wires:
            wire.dead = True
        for _ in range(_CUT_PASSES):
            left = self.loop.left()
            if not left:
                break
            for task in left:
                task.cancel()
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
        for task in self.loop.left():
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._release_files()

    def _release_files(self) -> None:
        """What the system does when a process is gone. No transaction is open: work of a thread is one step."""
        if not hasattr(self, "node"):
            return
        ledger = self.node.ledger
        if hasattr(self.node, "folding"):
            self.node.folding._disconnect()
        for connection in ledger.readers._connections:
            connection.close()
        for threaded in (getattr(ledger.node, "checkpointer", None), getattr(ledger.node, "writer", None)):
            if threaded is not None and threaded._sql is not None:
                threaded._sql.close()
        ledger.folder.unlock()
        if hasattr(self, "truth"):
            self.truth.close()

    # -- lines ---------------------------------------------------------------------------------------------------------

    def connect(self, line: Line, written: Callable[[Wire, Told], None]) -> Wire:
        """A new line to this server."""
        server = self._runner.server
        assert server is not None
        protocol = Http(server, self._lines)
        wire = Wire(protocol, line.number, written)
        self.wires.append(wire)
        protocol.connection_made(wire)
        return wire


def _refuse(request: web.Request, error: WireError, status: int | None) -> web.Response:
    return web.Response(status=status or 400, text=error.message)
