"""One kind of fault, done to one data folder again and again: its lives, its clients, and what it came to.

Clients and their ledger are the crash tool's (tests/crash). Here is what is the same for all kinds: a server that may
be hurt, a load that goes on meanwhile, how long it takes until an answer is right again, and the audit at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from tests.crash import audit, load, recheck
from tests.crash.ledger import Json, Kind, Ledger, Turn
from tests.crash.life import ANSWER_WITHIN_S, RETRYABLE, Cut, Life, Refused
from tests.faults import examine
from tests.faults.deletions import Deletions
from tests.faults.patience import until
from tests.kit import server as kit

ENV: Final = {
    "MOLROO_HIBERNATE_AFTER_S": "0.3",
    "MOLROO_FOLD_AGE_S": "0.5",
    "MOLROO_REQUESTS_PER_MINUTE": "0",
    "MOLROO_SOCKET_MESSAGES_PER_S": "0",
    "MOLROO_HISTORY_KEPT": "1000",  # a turn that was refused for long finds its answer all the same
}
FIRST_SESSIONS: Final = 10
RECOVERS_WITHIN_S: Final = 30.0
CLIENTS_END_WITHIN_S: Final = 30.0
BREACHES_SHOWN: Final = 12


class FaultLedger(Ledger):
    """A ledger that knows when refusals are only right. What was lost, doubled or changed is never excused."""

    def __init__(self) -> None:
        super().__init__()
        self.excused = False
        self.denied: Counter[str] = Counter()
        """Of a turn, how often a socket was told that it certainly did not happen."""

    def acknowledged(self, turn: Turn, seq: int, answer: Json, *, duplicate: bool) -> None:
        """As ever; and what was denied each time it was sent must not have happened."""
        if turn.seq is None and duplicate and 0 < self.denied[turn.id] == turn.sends - 1:
            super().breach(
                "changed", f"{turn.session} {turn.id} stands at seq {seq}, and was said not to have happened"
            )
        super().acknowledged(turn, seq, answer, duplicate=duplicate)

    def breach(self, kind: Kind, what: str) -> None:
        if kind == "refused" and self.excused:
            self.counts["refusals while hurt"] += 1
            return
        super().breach(kind, what)


class HurtLife(Life):
    """A life in which refusals are looked at: one that is not open about its outcome says that nothing happened."""

    def refuse_if_retryable(self, error: Json) -> None:
        if isinstance(self.ledger, FaultLedger) and isinstance(turn_id := error.get("reply_to"), str):
            unknown = (error.get("details") or {}).get("outcome") == "unknown"
            self.ledger.denied[turn_id] += error["code"] in RETRYABLE and not unknown
        super().refuse_if_retryable(error)


@dataclass
class Trial:
    """What one kind has come to. `data` is kept when something was breached."""

    kind: str
    seed: int
    data: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="molroo-faults-")))
    ledger: FaultLedger = field(default_factory=FaultLedger)
    injected: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    """What the server made of it, in words, how often."""
    recovered_s: list[float] = field(default_factory=list)
    """From the restart, or from the end of the fault, to the first right answer."""
    checked: int = 0
    """Acknowledged turns that were looked for after recovery."""
    traces: list[str] = field(default_factory=list)
    """Lines that begin a trace in a server's log."""
    seconds: float = 0.0
    down: bool = False
    """Whether the last life was ended by its fault."""

    def __post_init__(self) -> None:
        self.rng = random.Random(f"{self.kind}/{self.seed}")
        self.deletions = Deletions(self.rng)
        self._began = time.monotonic()
        self._loads = 0

    @property
    def count(self) -> int:
        """Faults done so far."""
        return sum(self.injected.values())

    @property
    def sound(self) -> bool:
        """Nothing breached, and something was done and checked at all."""
        return not self.ledger.broken and not self.traces and bool(self.injected) and self.checked > 0

    def next_seed(self) -> str:
        """Names one load of the trial."""
        self._loads += 1
        return f"{self.kind}/{self.seed}/{self._loads}"

    def end(self) -> Trial:
        """The folder goes when all is sound."""
        self.seconds = time.monotonic() - self._began
        if self.sound:
            shutil.rmtree(self.data, ignore_errors=True)
        return self


@contextlib.asynccontextmanager
async def living(
    trial: Trial, env: Mapping[str, str] | None = None, *, under: Sequence[str] = ()
) -> AsyncIterator[Life]:
    """A server and its clients; `life.over` is set when it ends by itself. The process is gone afterwards.

    Raises ServerFailed when it does not come up. A life after one that a fault ended begins with a right answer, timed.
    """
    began_s = time.perf_counter()
    server = await asyncio.to_thread(kit.start, trial.data, env={**ENV, **(env or {})}, under=under)
    try:
        timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as http:
            life = HurtLife(server, http, trial.ledger)
            ending = asyncio.create_task(_over_when_dead(life))
            try:
                if trial.down:
                    with contextlib.suppress(Cut, Refused):
                        await right_answer(trial, life)
                        trial.recovered_s.append(time.perf_counter() - began_s)
                yield life
            finally:
                life.over.set()
                ending.cancel()
    finally:
        trial.down = server.process.poll() not in {None, 0}
        server.kill()
        trial.traces += traces(server.output.lines)


def traces(lines: Sequence[str]) -> list[str]:
    """What broke in a way that nobody had thought of, by its last line. The loop's own word for want of handles is none
    of that.
    """
    found = []
    for number, line in enumerate(lines):
        if "Traceback" in line and not any(
            "out of system resource" in said for said in lines[max(0, number - 2) : number]
        ):
            ends = (said for said in lines[number + 1 :] if said and not said.startswith(" "))
            found.append(f"trace: {next(ends, 'cut off')}")
    return found


async def _over_when_dead(life: Life) -> None:
    await until(lambda: life.server.process.poll() is not None)
    life.over.set()


async def right_answer(trial: Trial, life: Life) -> None:
    """One session's state, which must be of all that was shown of it."""
    await life.state(trial.rng.choice(list(trial.ledger.sessions.values())))


async def recovery(trial: Trial, life: Life) -> None:
    """From now until a turn is taken again, timed; one that is not in time is a breach nobody excuses."""
    began_s = time.perf_counter()
    tester = load.Tester(life.ledger, trial.next_seed())
    turn = tester.turn(trial.rng.choice(list(trial.ledger.sessions.values())), "rest")
    while time.perf_counter() - began_s < RECOVERS_WITHIN_S:
        with contextlib.suppress(Refused):
            await life.turn(turn)
            if turn.seq is not None:
                trial.recovered_s.append(time.perf_counter() - began_s)
                return
        await life.pause(0.02)
    Ledger.breach(life.ledger, "refused", f"no turn was taken within {RECOVERS_WITHIN_S} s of the end of the fault")


@contextlib.asynccontextmanager
async def under_load(trial: Trial, life: Life) -> AsyncIterator[None]:
    """Clients work for the length of the block; then the life is over for them."""
    seed = trial.next_seed()
    clients = [
        asyncio.create_task(load.run(life, seed)),
        asyncio.create_task(load.until_over(trial.deletions.client, life, load.Tester(life.ledger, f"{seed}/gone"))),
    ]
    try:
        yield
    finally:
        life.over.set()
        _, late = await asyncio.wait(clients, timeout=CLIENTS_END_WITHIN_S)
        for client in late:
            client.cancel()
            Ledger.breach(life.ledger, "refused", "clients still wait for a server that is gone")
        await asyncio.gather(*clients, return_exceptions=bool(late))


async def first_life(trial: Trial, load_s: float = 0.5) -> None:
    """Sessions, and turns in them, before anything goes wrong; ends as an operator would end it."""
    async with living(trial) as life:
        tester = load.Tester(life.ledger, trial.next_seed())
        for _ in range(FIRST_SESSIONS):
            await life.create(tester.creation())
        async with under_load(trial, life):
            await asyncio.sleep(load_s)
        await asyncio.to_thread(life.server.stop)


async def whole(trial: Trial, hurting: Callable[[Trial, int], Awaitable[None]], times: int) -> None:
    """A kind from beginning to end: a life before, the fault `times` times, the audit."""
    await first_life(trial)
    trial.ledger.excused = True
    await hurting(trial, times)
    await last_life(trial)


async def last_life(trial: Trial, *, stops: int = 2) -> None:
    """Nothing is hurt any more: repeat what is open, audit everything, see that doctor finds nothing; then once more
    after a clean stop, when all rows are where they stay.
    """
    trial.ledger.excused = False
    found = 0
    for _ in range(stops):
        async with living(trial) as life:
            with contextlib.suppress(Cut):
                await recheck.run(life, trial.rng)
                await trial.deletions.check(life)
                nothing_open(trial.ledger)
                await audit.listing(life)
                before = trial.ledger.counts["turns checked in history"]
                for session in list(trial.ledger.sessions.values()):
                    await audit.history(life, session, final=True)
                found = trial.ledger.counts["turns checked in history"] - before
            life.over.set()
            code = await asyncio.to_thread(life.server.stop)
            if code != 0:
                trial.ledger.breach("refused", f"a server that nobody hurts ended with {code}")
    trial.checked += found
    for finding in await examine.doctor(trial.data):
        trial.ledger.breach("changed", f"doctor: {finding}")
    for orphan in orphans(trial.data):
        trial.ledger.breach("leaked", f"{orphan} belongs to no session")


def nothing_open(ledger: Ledger) -> None:
    """Whatever was asked is answered by now."""
    for turn in ledger.open_turns.values():
        ledger.breach("refused", f"{turn.session} {turn.id} is unanswered after {turn.sends} tries")
    for creation in ledger.open_creations:
        ledger.breach("refused", f"creation {creation.key or creation.own_id} is unanswered")


def orphans(data: Path) -> list[str]:
    """Session files of sessions that are not, and rollback journals that nobody will look at again."""
    with contextlib.closing(sqlite3.connect(f"file:{data}/node.db?mode=ro", uri=True)) as sql:
        known = {f"{inner_id:010x}" for (inner_id,) in sql.execute("SELECT inner_id FROM session")}
    return sorted(path.name for path in (data / "sessions").glob("*/*") if path.name.split(".")[0] not in known)
