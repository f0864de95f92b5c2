"""One story from its first step to its last: processes come and go, clients stay, the disk is looked at in between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from molroo_actor.errors import StorageError, WireError
from molroo_actor.protocol import personas
from molroo_actor.transport.metrics import Metrics
from tests.kit.clock import START_MS
from tests.kit.node import TENANT
from tests.simulation.clients import Asking, Client, name_of
from tests.simulation.disk import SLOW_S, ProcessLoop, copy_template, read_all
from tests.simulation.history import Ask, Audit, History
from tests.simulation.process import Process
from tests.simulation.script import (
    CLIENTS,
    SESSIONS,
    Acknowledge,
    Create,
    Delete,
    Disturb,
    Jump,
    Kill,
    Leave,
    Look,
    Open,
    Prefer,
    Restart,
    Say,
    Stall,
    Step,
)

SETTLE_S: Final = 3.0
"""After the last step: slow appraisals end, stalled clients have read, alarms that were put off come again."""
LIVES_MAX: Final = 30
_PROBE_S: Final = 0.4
_AT_ONCE_MS: Final = 1_500
"""A session that wakes for its alarm, and a disk that has other things to do."""
_LOOKED_AT_WITHIN_MS: Final = 12_000
"""The product notices a wall that jumped within ten seconds, and puts off an alarm that failed."""


class Story:
    """One run of a script on a fresh data folder."""

    def __init__(self, steps: Sequence[Step], seed: int, template: Path, folder: Path, metrics: Metrics) -> None:
        """seed: what is not in the script, such as how long the disk takes."""
        self.history = History()
        self._steps = list(steps)
        self._next = 0
        self._folder = folder
        self._chance = random.Random(seed)
        self._metrics = metrics
        self._now_s = 0.0
        self._down_s = 0.0
        self._shift_s = 0.0
        """While it is down the script does not go on."""
        self._jumped_ms = 0
        self._over = False
        self._clients = [Client(number, self.history) for number in range(CLIENTS)]
        self._requests: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None]
        self._process: Process
        self._asking: Asking
        copy_template(template, folder)

    def run(self) -> History:
        """All of it. Synchronous: each process has a loop of its own."""
        for number in range(LIVES_MAX):
            self._live(number)
            if self._over:
                return self.history
        self.history.complaints.append(f"after {LIVES_MAX} lives the script is not over")
        return self.history

    def _live(self, number: int) -> None:
        loop = ProcessLoop(self._now_s)
        process = self._process = Process(self._folder, number, self._chance, self.history, self._metrics)
        process.loop = loop
        self._asking = Asking(process, self.history, self._spawn)
        self._down_s = 0.0
        main = loop.create_task(self._life(process))
        main.add_done_callback(lambda _: loop.stop())
        try:
            loop.run_forever()
            if not loop.dead:
                self._over = self._next == len(self._steps)
                if (error := main.exception()) is not None:
                    self.history.complaints.append(f"a process ended with {error!r}")
                    self._over = True
        finally:
            self._now_s = loop.time() + self._down_s
            self._shift_s += self._down_s
            process.note("disk", "the process is gone")
            loop.dead = True
            process.cut()
            self._requests.clear()
            self.history.complaints += loop.complaints
            loop.close()
            self._audit(number)

    def _audit(self, number: int) -> None:
        wall_ms = START_MS + self._jumped_ms + round(self._now_s * 1000)
        self.history.audits.append(Audit(number, self._now_s, wall_ms, read_all(self._folder / "data")))

    # -- one life ------------------------------------------------------------------------------------------------------

    async def _life(self, process: Process) -> None:
        loop = process.loop
        await process.open(self._jumped_ms)
        process.note("disk", "a process is up")
        self._watching = loop.create_task(self._doom(process))
        self._come_back(process)
        while self._next < len(self._steps):
            step = self._steps[self._next]
            await asyncio.sleep(max(0.0, self._shift_s + step.at_ms / 1000 - loop.time()))
            self._next += 1
            if isinstance(step, Restart):
                process.note("disk", "SIGTERM")
                self._down_s = step.down_ms / 1000
                await self._stop(process)
                return
            self._take(step, process)
        await self._settle(process)

    async def _stop(self, process: Process) -> None:
        self._watching.cancel()
        await process.stop(self._requests)
        self.history.stopped_lives.add(process.number)

    async def _settle(self, process: Process) -> None:
        """Nobody does anything any more, and everything that was asked comes to its end."""
        for client in self._clients:
            if client.wire is not None:
                client.wire.read_on()
        await asyncio.sleep(SETTLE_S)
        if process.loop.dies is not None:
            process.loop.die()
            await asyncio.sleep(1)
        wall_ms = process.node.clock.wall_ms()
        self.history.alarms_in_the_end = {inner: wall_ms - due_ms for inner, due_ms in process.truth.alarms()}
        process.journal.troubles.clear()
        await asyncio.sleep(2 * SLOW_S if process.node.host.gate.appending else 0.1)
        probes = []
        for session in range(SESSIONS):
            probes.append(self._asking.probe(session))
            await asyncio.sleep(_PROBE_S)
        self.history.probes = probes
        self.history.calm_life = process.number
        ahead_ms = sum(step.span_ms for step in self._steps if isinstance(step, Jump) and step.span_ms > 0)
        troubled = self._jumped_ms or process.journal.met or process.node.observer.failed_alarms
        self.history.alarms_may_wait_ms = _LOOKED_AT_WITHIN_MS + ahead_ms if troubled or ahead_ms else _AT_ONCE_MS
        for client in self._clients:
            if client.line is not None and client.wire is not None and not client.wire.over:
                client.line.calm = client.wire.all_read
        await self._stop(process)

    async def _doom(self, process: Process) -> None:
        """A process that does not know what is on disk ends soon."""
        await process.node.host.doomed.wait()
        await asyncio.sleep(self._chance.choice((0.0, 0.005)))
        process.note("disk", "an outcome is unknown: the process ends")
        process.loop.die()

    def _come_back(self, process: Process) -> None:
        """Clients whose socket went with the last process connect again, one after the other."""
        for client in self._clients:
            client.wire, line = None, client.line
            if line is not None and (not line.ended or line.close_code == 1012) and line.life != process.number:
                line.ended = True
                process.loop.call_later(0.007 * client.number, self._reopen, client, process, line.name)

    def _reopen(self, client: Client, process: Process, name: str) -> None:
        if not client.connected and not process.stopping:
            client.open(process, name, resume=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._process.loop.create_task(work)
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)

    # -- one step ------------------------------------------------------------------------------------------------------

    def _take(self, step: Step, process: Process) -> None:
        match step:
            case Create():
                self._spawn(self._create(step, process))
            case Delete():
                self._spawn(self._delete(step, process))
            case Disturb():
                process.note("disk", f"the next append: {step.trouble}")
                process.journal.troubles.append(step)
            case Jump():
                self._jumped_ms += step.span_ms
                process.node.clock.jump_wall_ms(step.span_ms)
                process.note("clock", f"the wall jumps by {step.span_ms} ms")
            case Kill():
                self._kill(step, process)
            case _:
                self._take_of_client(step, process)

    def _kill(self, step: Kill, process: Process) -> None:
        self._down_s = step.down_ms / 1000
        process.note("disk", f"killed {step.death}")
        if step.death == "now":
            process.loop.die()
        else:
            process.loop.dies = step.death

    def _take_of_client(self, step: Step, process: Process) -> None:
        match step:
            case Open():
                self._clients[step.client].open(process, name_of(step.session), resume=step.resume)
                if step.unread_ms:
                    self._stall(self._clients[step.client], step.unread_ms / 1000, process)
            case Leave():
                self._clients[step.client].leave(process, politely=step.politely)
            case Stall():
                self._stall(self._clients[step.client], step.span_ms / 1000, process)
            case Say():
                self._asking.say(step, self._by_socket(step.client))
            case Look():
                self._asking.look(step, self._by_socket(step.client))
            case Prefer():
                self._asking.prefer(step, self._by_socket(step.client))
            case Acknowledge():
                heard = [each for client in self._clients for each in client.actions]
                self._asking.acknowledge(step, self._by_socket(step.client), heard)
            case _:
                raise AssertionError(step)

    def _by_socket(self, client: int | None) -> Client | None:
        if client is None or not self._clients[client].connected:
            return None
        return self._clients[client]

    def _stall(self, client: Client, span_s: float, process: Process) -> None:
        wire = client.wire
        if wire is not None and not wire.over:
            process.note(f"client {client.number}", f"does not read for {span_s:g} s")
            wire.reading = False
            process.loop.call_later(span_s, wire.read_on)

    async def _create(self, step: Create, process: Process) -> None:
        name = name_of(step.session)
        ask = self._asking.asked(name, "create")
        body = b'{"preset":"companion","sessionId":"%s"}' % name.encode()
        try:
            entry, _ = await process.node.sessions.create(TENANT, False, personas.create(body), None)
        except (WireError, StorageError) as error:
            self._refused(process, ask, error)
            return
        if not process.dead:
            ask.answers.append((0, False, b""))
            self.history.created[entry.inner_id] = (process.number, process.truth.has(entry.inner_id))
            process.note("rest", f"{name} is made, session {entry.inner_id}")

    async def _delete(self, step: Delete, process: Process) -> None:
        name = name_of(step.session)
        ask = self._asking.asked(name, "delete")
        process.deletions += 1
        try:
            slot = await process.node.host.registry.find(TENANT, False, name)
            await process.node.sessions.delete(slot)
        except (WireError, StorageError) as error:
            self._refused(process, ask, error)
            return
        finally:
            process.deletions -= 1
        if not process.dead:
            ask.answers.append((0, False, b""))
            self.history.deleted.setdefault(slot.inner_id, process.number)
            process.note("rest", f"{name} is deleted, session {slot.inner_id}")

    @staticmethod
    def _refused(process: Process, ask: Ask, error: Exception) -> None:
        if not process.dead:
            ask.refusals.append(error.code if isinstance(error, WireError) else repr(error))
            process.note("rest", f"{ask.kind} {ask.name}: {error}")
