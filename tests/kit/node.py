"""A whole node without sockets: ledger, host, folding, sessions, on a folder of the test's.

In a virtual loop its disk is virtual too: real SQLite files, but on the loop's own threads. Nothing sweeps or folds by
itself until `start`; tests call the sweep and the folds that they are about.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

from molroo_actor.protocol import commands, personas
from molroo_actor.protocol.commands import TurnCommand
from molroo_actor.protocol.resume import Resume
from molroo_actor.runtime.appraiser import Appraiser
from molroo_actor.runtime.courier import Courier
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.mailbox import Answer, Change, Envelope
from molroo_actor.runtime.receivers import Receivers
from molroo_actor.runtime.registry import Registry
from molroo_actor.runtime.sessions import Sessions
from molroo_actor.runtime.slot import Slot
from molroo_actor.runtime.snapshot import Welcome
from molroo_actor.settings import Settings
from molroo_actor.storage import node_db
from molroo_actor.storage.fold import Folding
from molroo_actor.storage.ledger import Ledger
from molroo_actor.storage.rows import CatalogEntry
from tests.kit.clock import FakeClock, loop_clock
from tests.kit.disk import FixedAtOnce, GatedJournal, VirtualConnection
from tests.kit.doubles import RecordingAsker, RecordingConnection, RecordingObserver
from tests.kit.sender import ScriptedSender
from tests.kit.virtual_loop import VirtualLoop, quiet

TENANT = "acme"
GLAD: dict[str, float] = {
    "goal_relevance": 0.8,
    "goal_congruence": 0.6,
    "expectedness": 0.5,
    "controllability": 0.5,
    "agency": -0.4,
    "norm_compatibility": 0.3,
}


def tiny(data: Path, **changed: Any) -> Settings:
    """Settings for a node in a test: no ballast, no pacing by the machine's own clock."""
    return msgspec.convert(
        {"data": str(data / "data"), "ballast_bytes": 0, "free_bytes_min": 0, "resident_max": 100, **changed}, Settings
    )


def glad_turn(msg_id: str | None = None, **changed: Any) -> TurnCommand:
    """A turn from a vector; `elapsed_seconds` and `context` stand beside the appraisal."""
    beside: dict[str, Any] = {name: changed.pop(name) for name in ("elapsed_seconds", "context") if name in changed}
    return commands.appraisal_turn({"appraisal": {**GLAD, **changed}, **beside}, msg_id)


def said(text: str, msg_id: str | None = None) -> TurnCommand:
    """A turn from a text."""
    return commands.turn({"message": text}, msg_id)


class Node:
    """One node. `open` before, `close` after; `node` below pairs them."""

    def __init__(
        self,
        settings: Settings,
        appraiser: Appraiser | None,
        *,
        gated: bool = False,
        commit_at_once: bool = True,
        wake_at_once: bool = False,
    ) -> None:
        self.settings = settings
        self.clock: FakeClock = loop_clock()
        self.observer = RecordingObserver()
        self.ledger = Ledger(settings)
        self.ledger.journal.at_once = FixedAtOnce(quick=commit_at_once)  # type: ignore[assignment]
        self._appraiser = appraiser
        self._gated = gated
        self._wake_at_once = wake_at_once
        self._tasks: list[asyncio.Task[None]] = []
        self.host: Host
        self.folding: Folding
        self.sessions: Sessions
        self.receivers: Receivers
        self.courier: Courier
        self.sender = ScriptedSender(self.clock)
        """What the courier's requests come to."""
        self.disk: GatedJournal
        """Under the gate; open unless the node was asked for with gated=True."""

    async def open(self) -> None:
        if isinstance(asyncio.get_running_loop(), VirtualLoop):
            with mock.patch.object(node_db, "ThreadedConnection", VirtualConnection):
                await self.ledger.open()
        else:
            await self.ledger.open()
        registry = Registry(self.settings, self.ledger, self.clock, self.observer)
        self.host = Host(registry, self._appraiser)
        self.host.residency.at_once = FixedAtOnce(quick=self._wake_at_once)  # type: ignore[assignment]
        self.disk = GatedJournal(self.ledger.journal)
        self.disk.open = not self._gated
        self.host.gate._journal = self.disk
        self.folding = Folding(
            self.ledger.folder, self.ledger.node, self.ledger.journal, self.settings, self.clock, self.host.gate.commit
        )
        self.sessions = Sessions(self.host, self.folding)
        self.receivers = Receivers(self.host)
        self.courier = Courier(registry, self.host.gate, self.sender, random.Random(7))
        self.host.queued = self.courier.queued

    def start(self) -> None:
        """Lets it sweep and fold by itself, wake sessions by their alarms, and carry deliveries."""
        self.host.residency.start()
        loop = asyncio.get_running_loop()
        parts = (self.folding.run(), self.host.alarms.run(), self.courier.run())
        self._tasks = [loop.create_task(part) for part in parts]

    def start_courier(self) -> None:
        """Lets it carry deliveries and do nothing else by itself: a day passes in a second or two."""
        self._tasks = [asyncio.get_running_loop().create_task(self.courier.run())]

    async def close(self) -> None:
        """As the server ends; what the test left in the gate fails."""
        self.disk.open = True
        for append in self.disk.waiting:
            append.fail()
        await self.host.stop()
        self.folding.stop()
        self.courier.stop()
        await asyncio.gather(*self._tasks)
        await self.folding.close()
        await self.ledger.close()

    # -- what tests do with it -----------------------------------------------------------------------------------------

    async def create(self, session_id: str = "alice", *, live: bool = False, key: str | None = None) -> CatalogEntry:
        """A session of a preset. The gate must be open or be served by another task."""
        body = json.dumps({"preset": "companion", "sessionId": session_id})
        entry, _ = await self.sessions.create(TENANT, live, personas.create(body.encode()), key)
        return entry

    async def slot(self, session_id: str = "alice") -> Slot:
        return await self.host.registry.find(TENANT, False, session_id)

    async def ask(self, command: Change, session_id: str = "alice") -> Answer:
        """One change, answered."""
        answer, _ = await self.host.ask(await self.slot(session_id), command)
        return answer

    def deliver(self, slot: Slot, command: Change, asker: RecordingAsker | None = None) -> RecordingAsker:
        """One letter; what it came to is in the asker."""
        asker = asker or RecordingAsker()
        self.host.deliver(slot, Envelope(command, asker))
        return asker

    async def attach(
        self, slot: Slot, connection: RecordingConnection | None = None, resume: Resume | None = None
    ) -> tuple[RecordingConnection, Welcome]:
        """A connection on its way in; it is live after `welcome.attachment.go_live()`."""
        connection = connection or RecordingConnection()
        return connection, await self.host.attach(slot, connection, resume)

    async def join(self, slot: Slot) -> RecordingConnection:
        """A live connection."""
        connection, welcome = await self.attach(slot)
        welcome.attachment.go_live()
        return connection

    async def fold(self) -> None:
        """Folds everything that the journal holds, however young."""
        due = list(self.ledger.journal.tails)
        if due:
            await self.folding._round(due)

    def sweep(self, *, idle: bool = False) -> None:
        """One sweep now, or with idle=True as if nobody had wanted anything for long enough."""
        if idle:
            self.clock.advance(self.settings.hibernate_after_s)
        self.host.residency.sweep(self.clock.monotonic_s())

    async def sleep_all(self) -> None:
        """Lets every actor hibernate that may."""
        await quiet()
        self.sweep(idle=True)

    def session_file(self, entry: CatalogEntry) -> Path:
        return self.ledger.folder.session_file(entry.inner_id)


@contextlib.asynccontextmanager
async def node(
    data: Path,
    appraiser: Appraiser | None = None,
    *,
    gated: bool = False,
    commit_at_once: bool = True,
    wake_at_once: bool = False,
    **changed: Any,
) -> AsyncIterator[Node]:
    """A node for the length of an `async with` block. commit_at_once: a few rows are committed on the loop's own
    thread; wake_at_once: a session alone is read on it.
    """
    made = Node(tiny(data, **changed), appraiser, gated=gated, commit_at_once=commit_at_once, wake_at_once=wake_at_once)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
