"""The story of a soak: sessions are made, first lives warm the disk and end by SIGTERM under load, then one life goes
through cycles of load and rest and is judged; in a last cycle a backup is taken under load, after a stop another one.

Then everything acknowledged is looked for, and servers on both copies must tell what the server on the original tells.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.crash import audit, recheck
from tests.crash.ledger import Ledger, Session
from tests.crash.life import ANSWER_WITHIN_S, Cut, Life, Refused
from tests.kit import server as kit
from tests.kit.server import Server
from tests.soak import flatness, meters, people, restore
from tests.soak.flatness import Verdict
from tests.soak.meters import Sample
from tests.soak.people import Town

SAMPLED_EVERY_S = 2.0
WARMING_LIVES = 2
WARMING_SHARE = 0.15
"""Of the time, all warming lives together."""
CYCLE_S = 18.0
CYCLES_MIN = 3
REST_WITHIN_S = 20.0
CLIENTS_END_WITHIN_S = 15.0
RESUMES = 5
TIME_SCALE = 43_200
"""Half a day a second: a character that is left alone misses somebody within seconds."""
ENV = {
    "MOLROO_HIBERNATE_AFTER_S": "0.5",
    "MOLROO_FOLD_AGE_S": "0.5",
    "MOLROO_REQUESTS_PER_MINUTE": "0",
    "MOLROO_SOCKET_MESSAGES_PER_S": "0",
    "MOLROO_TIME_SCALE": str(TIME_SCALE),
}
WAL_MAX = 96.0 * flatness.MIB
"""The server empties it when it comes to 64, and as much as comes meanwhile."""
JOURNAL_MAX = 256.0 * flatness.MIB


@dataclass
class Soak:
    """What a run has come to. `root` holds the data and the backups; it is kept when something is wrong."""

    seed: int
    minutes: float
    sessions: int
    root: Path
    ledger: Ledger = field(default_factory=Ledger)
    town: Town = field(init=False)
    samples: list[Sample] = field(default_factory=list)
    """Under load, of the life that is judged."""
    rests: list[Sample] = field(default_factory=list)
    """Of the same life, when all sessions sleep: one a cycle."""
    lags: list[tuple[float, float]] = field(default_factory=list)
    """(moment, p99 of the loop's lag) of each cycle; the last is the one with the backup."""
    verdicts: list[Verdict] = field(default_factory=list)
    commands: dict[str, restore.Command] = field(default_factory=dict)
    server_errors: list[str] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.town = Town(self.seed)

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def sound(self) -> bool:
        """Nothing owed and not paid, and everything ended as it should."""
        ended = not any(self.exits) and not any(each.code for each in self.commands.values())
        return not self.ledger.broken and not self.server_errors and ended

    @property
    def flat(self) -> bool:
        return all(verdict.flat for verdict in self.verdicts)


async def run(minutes: float, sessions: int, seed: int) -> Soak:
    """A whole run on a fresh folder."""
    soak = Soak(seed, minutes, sessions, Path(tempfile.mkdtemp(prefix="molroo-soak-")))
    began_s = time.monotonic()
    for number in range(WARMING_LIVES):
        await _warm(soak, number)
    seen = await _judged_life(soak)
    soak.verdicts = judge(soak)
    await _compare_copies(soak, seen)
    soak.seconds = time.monotonic() - began_s
    if soak.sound and soak.flat:
        shutil.rmtree(soak.root)
    return soak


# -- lives -------------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def serving(soak: Soak, data: Path) -> AsyncIterator[Server]:
    """A server; it ends by SIGTERM."""
    server = await asyncio.to_thread(kit.start, data, env=ENV)
    try:
        yield server
    finally:
        soak.exits.append(await asyncio.to_thread(server.stop))
        soak.server_errors += [line for line in server.output.lines if "Traceback" in line or " ERROR " in line]


@contextlib.asynccontextmanager
async def talking(soak: Soak, server: Server) -> AsyncIterator[Life]:
    """Connections to it, for one phase; afterwards there are none."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as http:
        yield Life(server, http, soak.ledger)


async def _warm(soak: Soak, number: int) -> None:
    """A life that ends by SIGTERM while everybody talks."""
    async with serving(soak, soak.data) as server, talking(soak, server) as life:
        if number == 0:
            await people.settle(life, soak.town, soak.sessions)
        await _repeat_open(life)
        load = asyncio.create_task(soak.town.use(life, number))
        await asyncio.sleep(soak.minutes * 60 * WARMING_SHARE / WARMING_LIVES)
        life.over.set()
        await asyncio.to_thread(server.stop)
        await _ended(soak, load)


async def _judged_life(soak: Soak) -> dict[str, int]:
    """Returns what had been shown of each session when the backup under load began."""
    time_s = soak.minutes * 60 * (1 - WARMING_SHARE)
    cycles = max(CYCLES_MIN, round(time_s / CYCLE_S))
    shown: dict[str, int] = {}
    async with serving(soak, soak.data) as server:
        async with talking(soak, server) as life:
            await _repeat_open(life)
        for number in range(cycles + 1):
            last = number == cycles
            async with talking(soak, server) as life:
                before = await meters.look(server, life.http)
                backup = _backup_under_load(soak, shown) if last else None
                await _loaded(soak, life, WARMING_LIVES + number, time_s / cycles, backup)
                after = await meters.look(server, life.http)
                soak.lags.append((after.at_s, meters.lag_p99(before, after)))
            soak.rests.append(await _rest(soak, server))
        async with talking(soak, server) as life:
            await _check_all(soak, life)
    soak.commands["backup after a stop"] = await restore.command(soak.data, "backup", str(soak.root / "stopped"))
    return shown


async def _loaded(soak: Soak, life: Life, phase: int, seconds: float, beside: Awaitable[None] | None) -> None:
    load = asyncio.create_task(soak.town.use(life, phase))
    sampling = asyncio.create_task(_sample(soak, life))
    if beside is not None:
        await asyncio.sleep(seconds / 3)
        await beside
        seconds *= 2 / 3
    await asyncio.sleep(seconds)
    sampling.cancel()
    await asyncio.wait([sampling])
    life.over.set()
    await _ended(soak, load)


async def _sample(soak: Soak, life: Life) -> None:
    while True:
        soak.samples.append(await meters.look(life.server, life.http))
        await asyncio.sleep(min(SAMPLED_EVERY_S, soak.minutes * 60 / 40))


async def _ended(soak: Soak, load: asyncio.Task[None]) -> None:
    try:
        await asyncio.wait_for(load, CLIENTS_END_WITHIN_S)
    except TimeoutError:
        soak.ledger.breach("refused", "clients still wait after the end of their phase")


async def _rest(soak: Soak, server: Server) -> Sample:
    """The first moment at which everybody sleeps, all is folded, and nobody is connected but the one who asks."""
    async with talking(soak, server) as life:
        async with asyncio.timeout(REST_WITHIN_S):
            while not (sample := await meters.look(server, life.http)).at_rest():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.2)
        return sample


async def _repeat_open(life: Life) -> None:
    with contextlib.suppress(Cut, Refused):
        await recheck.repeat(life, list(life.ledger.open_turns.values()))


async def _backup_under_load(soak: Soak, shown: dict[str, int]) -> None:
    shown.update({name: session.revealed for name, session in soak.ledger.sessions.items()})
    shown.update({each.id: max(each.turns, default=0) for each in soak.town.left_alone})
    soak.commands["backup under load"] = await restore.command(soak.data, "backup", str(soak.root / "live"))


# -- the checks at the end ---------------------------------------------------------------------------------------------


def judge(soak: Soak) -> list[Verdict]:
    """All figures of the life that is judged. The first cycle fills caches and pools: it is no rest to come back to."""
    rests, samples = soak.rests[1:], soak.samples
    at_rest = [(each.at_s, each) for each in rests]
    return [
        flatness.memory("RSS under load", [(each.at_s, each.rss) for each in samples]),
        flatness.memory("anonymous at rest", [(at_s, each.anonymous) for at_s, each in at_rest]),
        flatness.back("handles at rest", [(at_s, each.handles) for at_s, each in at_rest], flatness.HANDLES_NOISE),
        flatness.back("threads at rest", [(at_s, each.threads) for at_s, each in at_rest], flatness.THREADS_NOISE),
        flatness.back("slots at rest", [(at_s, each.gauges["slots"]) for at_s, each in at_rest], 1),
        flatness.back("mailboxes at rest", [(at_s, each.gauges["mailbox_depth"]) for at_s, each in at_rest], 1),
        flatness.lag("loop lag p99 of a cycle", soak.lags[1:-1]),
        flatness.under("journal, MiB", [each.gauges["journal_bytes"] for each in samples], JOURNAL_MAX, flatness.MIB),
        flatness.under("write-ahead log, MiB", [float(each.wal) for each in samples], WAL_MAX, flatness.MIB),
        flatness.under("failed folds", [each.gauges.get("fold_failures_total", 0.0) for each in rests], 1),
    ]


async def _check_all(soak: Soak, life: Life) -> None:
    """Nothing is under way: what is open is repeated, then every turn and every session is looked for."""
    ledger = soak.ledger
    await _repeat_open(life)
    for turn in ledger.open_turns.values():
        ledger.breach("refused", f"{turn.session} {turn.id} is unanswered after {turn.sends} tries")
    slots = asyncio.Semaphore(restore.AT_ONCE)

    async def one(work: Awaitable[None]) -> None:
        async with slots:
            await work

    checks: list[Awaitable[None]] = [audit.history(life, each, final=True) for each in list(ledger.sessions.values())]
    checks += [_left_alone(life, each) for each in soak.town.left_alone]
    await asyncio.gather(*(one(check) for check in checks))
    await _listed(soak, life)
    soak.commands["doctor"] = await restore.command(soak.data, "doctor")


async def _left_alone(life: Life, each: people.LeftAlone) -> None:
    items = await life.history(Session(each.id)) or []
    if [item["seq"] for item in items] != list(range(1, len(items) + 1)):
        life.ledger.breach("gap", f"{each.id}: {[item['seq'] for item in items]}")
    kinds = {item["seq"]: item["kind"] for item in items}
    for seq in each.turns:
        if kinds.get(seq) != "turn":
            life.ledger.breach("lost", f"{each.id}: the turn acknowledged at {seq} is {kinds.get(seq)}")
    life.ledger.counts["reached out"] += sum(kind == "proactive" for kind in kinds.values())
    life.ledger.counts["turns checked in history"] += len(each.turns)


async def _listed(soak: Soak, life: Life) -> None:
    listed = await life.listed()
    wanted = {*soak.ledger.sessions, *(each.id for each in soak.town.left_alone)}
    if len(listed) != len(set(listed)):
        soak.ledger.breach("creation", "a session is listed twice")
    for name in wanted - set(listed):
        soak.ledger.breach("lost", f"session {name} is not listed")
    for name in set(listed) - wanted:
        if not name.startswith("brief-") or name in soak.town.deleted:
            soak.ledger.breach("doubled", f"session {name} is listed")


async def _compare_copies(soak: Soak, shown: dict[str, int]) -> None:
    there = restore.seqs(soak.data)
    copies = {"live": restore.seqs(soak.root / "live"), "stopped": restore.seqs(soak.root / "stopped")}
    restore.complete(soak.ledger, "backup under load", shown, copies["live"])
    if copies["stopped"] != there:
        soak.ledger.breach("lost", "the backup after the stop has other sessions, or other seqs, than the original")
    originals: dict[str, dict[str, bytes]] = {}
    async with serving(soak, soak.data) as server, talking(soak, server) as life:
        for which, upto in copies.items():
            kept = {name: seq for name, seq in upto.items() if name in there}
            originals[which] = await restore.told(life, kept)
    for which, upto in copies.items():
        folder = soak.root / which
        kept = {name: seq for name, seq in upto.items() if name in there}
        async with serving(soak, folder) as server, talking(soak, server) as life:
            restore.compare(soak.ledger, f"backup {which}", originals[which], await restore.told(life, kept))
            await restore.refuses_to_resume(life, _known(soak))
        soak.commands[f"doctor on the backup {which}"] = await restore.command(folder, "doctor")


def _known(soak: Soak) -> list[Session]:
    known = [session for session in soak.ledger.sessions.values() if session.epoch is not None and session.revealed > 0]
    return known[:RESUMES]
