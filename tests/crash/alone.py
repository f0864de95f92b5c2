"""`python -m tests.crash proactive`: sessions that are left alone, and a server that is killed around the moments at
which they act.

The plan is what the first server put into its ledger: from there on nothing but time moves it. Each life ends with
SIGKILL at a moment drawn around one of those moments. Clients hold sockets, come back, poll, and acknowledge some of
what they hear; in the end each session must have acted once, been heard of, and not come back where acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import aiohttp
import msgspec

from tests.crash.life import Cut, Life, Refused
from tests.crash.run import Run
from tests.kit import server as kit

Kept = Literal["socket", "poll", "alone"]
TIME_SCALE = 43_200.0  # half a day a second: the characters miss somebody after some four seconds
SESSIONS_A_KILL = 6
SPREAD_S = 0.15  # between two sessions' moments
AROUND_S = (-0.25, 0.25)
LATE_MAX_S = 1.0
LOOKS = 200  # a tenth of a second apart
BORN_WITHIN_S = 30.0
ENV = {
    "MOLROO_HIBERNATE_AFTER_S": "0.3",
    "MOLROO_FOLD_AGE_S": "0.5",
    "MOLROO_REQUESTS_PER_MINUTE": "0",
}
PREFERENCES = {
    "enabled": True,
    "cooldown_hours": 0,
    "triggers": {"attachment_seeking": True, "need_deficit": False, "emotional_overflow": False},
}
TURN = {
    "goal_relevance": 0.8, "goal_congruence": 0.6, "expectedness": 0.5, "controllability": 0.5, "agency": -0.4,
    "norm_compatibility": 0.3,
}  # fmt: skip


@dataclass
class Alone:
    """One session: when it is to act, who listens, what was heard and what was acknowledged."""

    id: str
    kept: Kept
    acknowledges: bool
    due_ms: int = 0
    pushed: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    polled: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)
    acted_ms: int | None = None

    @property
    def heard(self) -> set[str]:
        return {*self.pushed, *self.missed, *self.polled}


@dataclass
class Story(Run):
    """A run, with its sessions, and what the server was doing when their moments came."""

    time_scale: float = TIME_SCALE
    sessions: list[Alone] = field(default_factory=list)
    born: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a session is left alone."""
    up: list[tuple[float, float, float]] = field(default_factory=list)
    """Wall seconds of start, ready and end, life by life. It may act before it says that it is ready."""
    late_s: list[float] = field(default_factory=list)
    """Of actions whose moment came while the server was up."""
    overdue_s: list[float] = field(default_factory=list)
    """Of the others: from ready to the action."""


async def run(kills: int, seed: int, time_scale: float = TIME_SCALE) -> Story:
    """A whole run on a fresh folder."""
    story = Story(seed, kills, Path(tempfile.mkdtemp(prefix="molroo-crash-")), time_scale=time_scale)
    rng = random.Random(seed)
    began = time.monotonic()
    for number in range(kills):
        async with living(story) as life:
            fresh = drawn(rng, number)
            killing = asyncio.create_task(_until_killed(story, life, rng))
            await attended(life, [*story.sessions, *fresh], beginning(story, life, fresh))
            await killing
    await last_lives(story)
    story.seconds = time.monotonic() - began
    if story.sound:
        shutil.rmtree(story.data)
    return story


def drawn(rng: random.Random, life: int) -> list[Alone]:
    """The sessions that this life will make."""
    kept: tuple[Kept, ...] = ("socket", "poll", "alone")
    return [Alone(f"s{life}-{each}", rng.choice(kept), rng.random() < 0.6) for each in range(SESSIONS_A_KILL)]


async def last_lives(story: Story) -> None:
    """Nobody is killed any more: all act, all is audited, and the server stops when it is asked to."""
    async with living(story) as life:
        clients = asyncio.create_task(attended(life, story.sessions))
        await _all_acted(story, life)
        life.over.set()
        await clients
    async with living(story) as life:
        with contextlib.suppress(Cut):
            await _audit(story, life)
        life.over.set()
        story.clean_exit = await asyncio.to_thread(life.server.stop)
    _doubles(story)


# -- one life ----------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def living(story: Story, env: Mapping[str, str] | None = None) -> AsyncIterator[Life]:
    """A server and its clients' connections; whatever happens, the process is gone afterwards."""
    began, began_s = time.perf_counter(), time.time()
    scale = {"MOLROO_TIME_SCALE": f"{story.time_scale}"}
    server = await asyncio.to_thread(kit.start, story.data, env={**ENV, **scale, **(env or {})})
    story.ready_s.append(time.perf_counter() - began)
    ready_s = time.time()
    try:
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=20), connector=aiohttp.TCPConnector(limit=0)
        ) as http:
            yield Life(server, http, story.ledger)
    finally:
        story.up.append((began_s, ready_s, time.time()))
        server.kill()
        story.server_errors += [line for line in server.output.lines if "Traceback" in line or " ERROR " in line]


async def _until_killed(story: Story, life: Life, rng: random.Random) -> None:
    """SIGKILL around the moment of one that has not acted yet; in the first life once there is one."""
    while not (coming := [each.due_ms for each in story.sessions if each.due_ms > time.time() * 1000]):
        story.born.clear()
        await asyncio.wait_for(story.born.wait(), BORN_WITHIN_S)
    soon = sorted(coming)[: 2 * SESSIONS_A_KILL]
    at_s = rng.choice(soon) / 1000 + rng.uniform(*AROUND_S)
    await asyncio.sleep(max(0.0, at_s - time.time()))
    life.over.set()
    near = min(abs(each.due_ms / 1000 - time.time()) for each in story.sessions if each.due_ms)
    story.ledger.counts["kills within 50 ms of a moment"] += near <= 0.05
    story.kills += await asyncio.to_thread(life.server.kill) == -signal.SIGKILL


async def attended(life: Life, sessions: list[Alone], begin: Awaitable[None] | None = None) -> None:
    """Whoever listens to those that were there, and who makes the new ones, until the life is over."""
    async with asyncio.TaskGroup() as group:
        if begin is not None:
            group.create_task(_quietly(begin))
        for each in sessions:
            if each.kept != "alone":
                group.create_task(_listen(life, each))


async def _quietly(work: Awaitable[None]) -> None:
    with contextlib.suppress(Cut, Refused):
        await work


async def beginning(story: Story, life: Life, fresh: list[Alone]) -> None:
    """New sessions, each spoken to once; one whose birth the kill cuts off is no part of the story."""
    for each in fresh:
        await life.rest("POST", "/v1/persona", {"preset": "cheerful_companion", "sessionId": each.id})
        await life.rest("PUT", f"/v1/proactive/{each.id}/preferences", PREFERENCES)
        answer = await life.rest(
            "POST", "/v1/turn/appraisal?prompt_data=false", {"sessionId": each.id, "appraisal": TURN}
        )
        each.due_ms = await asyncio.to_thread(_due_ms, story.data, each.id)
        after_ms = answer.body["proactive_hint"]["next_check_after_ms"]
        if abs(each.due_ms - after_ms - time.time() * 1000) > 5_000:
            life.ledger.breach("changed", f"{each.id}: the hint said {after_ms} ms, the ledger has {each.due_ms}")
        story.sessions.append(each)
        story.born.set()
        await life.pause(SPREAD_S)


def _due_ms(data: Path, session: str) -> int:
    """The moment of its alarm, as the ledger has it."""
    with contextlib.closing(sqlite3.connect(f"file:{data}/node.db?mode=ro", uri=True)) as sql:
        ((due_ms,),) = sql.execute(
            "SELECT due_ms FROM alarm JOIN session ON inner_id = alarm.session WHERE id = ?", (session,)
        ).fetchall()
    return int(due_ms)


# -- who listens -------------------------------------------------------------------------------------------------------


async def _listen(life: Life, each: Alone) -> None:
    while not life.over.is_set():
        await asyncio.sleep(0.05)
        if not each.due_ms:
            continue  # not born yet
        with contextlib.suppress(Cut, Refused):
            await (_by_socket if each.kept == "socket" else _by_poll)(life, each)


async def _by_poll(life: Life, each: Alone) -> None:
    answer = await life.rest("GET", f"/v1/proactive/{each.id}")
    for action in answer.body:
        _hears(life, each, each.polled, action["id"])
        if each.acknowledges:
            await life.rest("POST", f"/v1/proactive/{each.id}/{action['id']}/ack")
            each.acknowledged.add(action["id"])
    await life.pause(0.1)


async def _by_socket(life: Life, each: Alone) -> None:
    url = f"{life.server.ws_url}/v1/ws/{each.id}?token={life.server.key}&prompt_data=false"
    try:
        async with life.http.ws_connect(url) as ws:
            ending = asyncio.create_task(_end(life, ws))
            try:
                async for frame in ws:
                    if frame.type is aiohttp.WSMsgType.TEXT:
                        await _take(life, each, ws, msgspec.json.decode(frame.data))
            finally:
                ending.cancel()
    except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
        raise life.cut(f"{each.id}: {error!r}") from error


async def _end(life: Life, ws: aiohttp.ClientWebSocketResponse) -> None:
    await life.over.wait()
    await ws.close()


async def _take(life: Life, each: Alone, ws: aiohttp.ClientWebSocketResponse, message: dict[str, Any]) -> None:
    match message["type"]:
        case "proactive":
            actions, how = [message["data"]], each.pushed
        case "missed_proactive":
            actions, how = message["data"], each.missed
        case "ack":
            each.acknowledged.add(message["data"]["action_id"])
            return
        case "error":
            life.ledger.breach("refused", f"{each.id}: {message}")
            return
        case _:
            return
    for action in actions:
        _hears(life, each, how, action["action_id"])
        if each.acknowledges:
            await ws.send_str(msgspec.json.encode({"type": "ack_proactive", "action_id": action["action_id"]}).decode())


def _hears(life: Life, each: Alone, how: Counter[str], action: str) -> None:
    if action in each.acknowledged:
        life.ledger.breach("doubled", f"{each.id}: {action} was acknowledged and came back")
    how[action] += 1


# -- the audit ---------------------------------------------------------------------------------------------------------


async def _all_acted(story: Story, life: Life) -> None:
    """Returns when every moment has come and gone, and everybody had the time to hear of it."""
    last_s = max(each.due_ms for each in story.sessions) / 1000
    await asyncio.sleep(max(0.0, last_s - time.time()) + 0.3)
    for _ in range(LOOKS):
        if all(each.heard for each in story.sessions if each.kept != "alone"):
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.3)  # for what should not come


async def _audit(story: Story, life: Life) -> None:
    for each in story.sessions:
        answer = await life.rest("GET", f"/v1/history/{each.id}?limit=200")
        items = answer.body["items"]
        if [item["seq"] for item in items] != list(range(1, len(items) + 1)):
            story.ledger.breach("gap", f"{each.id}: {[item['seq'] for item in items]}")
        fired = [item for item in items if item["kind"] == "proactive"]
        if len(fired) != 1:
            story.ledger.breach("lost" if not fired else "doubled", f"{each.id} acted {len(fired)} times, not once")
            continue
        action = fired[0]["input"]["action"]["id"]
        each.acted_ms = round(datetime.fromisoformat(fired[0]["at"]).timestamp() * 1000)
        await _compare(story, life, each, action, items)
        _lateness(story, each)
    story.ledger.counts["sessions audited"] = len(story.sessions)


async def _compare(story: Story, life: Life, each: Alone, action: str, items: list[dict[str, Any]]) -> None:
    shown = [found["id"] for found in (await life.rest("GET", f"/v1/proactive/{each.id}")).body]
    if each.kept == "alone":
        each.polled.update(shown)
    if each.heard != {action}:
        story.ledger.breach(
            "lost" if not each.heard else "never sent", f"{each.id}: {action} acted, heard {each.heard}"
        )
    acknowledged = [item["input"]["action_id"] for item in items if item["kind"] == "ack"]
    if len(acknowledged) > 1 or not each.acknowledged <= set(acknowledged):
        story.ledger.breach("lost", f"{each.id}: acknowledged {each.acknowledged}, its history has {acknowledged}")
    if shown != ([] if acknowledged else [action]):
        story.ledger.breach("changed", f"{each.id}: {action} acted, {acknowledged} acknowledged, {shown} pends")
    story.ledger.counts["acknowledged"] += len(acknowledged)


def _lateness(story: Story, each: Alone) -> None:
    assert each.acted_ms is not None
    late_s = (each.acted_ms - each.due_ms) / 1000
    if late_s < 0:
        story.ledger.breach("changed", f"{each.id} acted {-late_s:.3f} s before its moment")
    ready_s = next(ready for began, ready, ended in reversed(story.up) if began <= each.acted_ms / 1000 <= ended)
    if ready_s <= each.due_ms / 1000:
        story.late_s.append(late_s)
    else:
        late_s = max(0.0, each.acted_ms / 1000 - ready_s)
        story.overdue_s.append(late_s)
    if late_s > LATE_MAX_S:
        story.ledger.breach("refused", f"{each.id} acted {late_s:.2f} s late although the server was up")


def _doubles(story: Story) -> None:
    """The ledger and the files themselves: no row twice, no alarm left behind."""
    with contextlib.closing(sqlite3.connect(story.data / "node.db")) as sql:
        left = sql.execute("SELECT count(*) FROM alarm").fetchone()[0]
    if left:
        story.ledger.breach("doubled", f"{left} alarms are left although everybody has acted")


def lines(story: Story) -> list[str]:
    """One a line, ready to print."""
    count, sessions = story.ledger.counts, story.sessions
    near = count["kills within 50 ms of a moment"]
    kept = ", ".join(f"{sum(each.kept == how for each in sessions)} {how}" for how in ("socket", "poll", "alone"))
    return [
        f"seed {story.seed}; {story.seconds:.0f} s in all; time scale {story.time_scale:,.0f}",
        f"kills (SIGKILL)            {story.kills:>8}   of {story.kills_wanted}, {near} within 50 ms of a moment",
        f"sessions left alone        {len(sessions):>8}   {kept}",
        f"acted once                 {sum(each.acted_ms is not None for each in sessions):>8}",
        f"heard of by push           {sum(bool(each.pushed) for each in sessions):>8}",
        f"heard of as missed         {sum(bool(each.missed) for each in sessions):>8}",
        f"heard of by polling        {sum(bool(each.polled) for each in sessions):>8}",
        f"acknowledged               {count['acknowledged']:>8}",
        f"late, server up            {_spread(story.late_s)}",
        f"late after ready, overdue  {_spread(story.overdue_s)}",
        *(f"{kind:<27}{story.ledger.broken[kind]:>8}" for kind in ("lost", "doubled", "gap", "changed", "refused")),
        f"errors in the server's log {len(story.server_errors):>8}",
        *story.server_errors[:25],
        *story.ledger.breaches[:25],
        f"last stop, by SIGTERM      exit code {story.clean_exit}",
        "sound" if story.sound else f"BREACHED: seed {story.seed}, data kept in {story.data}",
    ]


def _spread(values: list[float]) -> str:
    if not values:
        return f"{0:>8}"
    ordered = sorted(values)
    p50, p99 = (ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 99))
    return f"{len(ordered):>8}   p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, max {ordered[-1] * 1000:.0f} ms"
