"""Very many sessions that sleep, each with an alarm: what they cost a server that starts over them and waits, and what
it is like when ten thousand of them are due within a minute.

`python -m bench alarms`: one session is made and used by the server; the others are copies of its rows, written into
the stopped server's ledger, with the state that the server itself stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import statistics
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import aiohttp
import msgspec

from bench import crowd, floors, jobs, proc, rest, results
from bench.child import KEY, Child, start_server
from bench.part_memory import quiet
from molroo_actor.storage.layout import DataFolder

PART = "alarms"
STARTS = 3
IDLE_S = 10.0
DUE = 10_000
WITHIN_S = 60.0
LEAD_S = 8.0  # from the ledger's last change to the first that is due: a start and a warm-up
SOCKETS = 64
TEMPLATE = rest.name(0)
YEAR_MS = 31_536_000_000
NAP = {"MOLROO_HIBERNATE_AFTER_S": "0.5", "MOLROO_FOLD_AGE_S": "0.5", "MOLROO_TIME_SCALE": "100000"}
PERSONA = {"identity": {"name": "Mia"}, "personality": {"O": 0.5, "C": 0.5, "E": 0.5, "A": 0.5, "N": 0.5}}
PREFERENCES = {
    "enabled": True,
    "cooldown_hours": 0,
    "triggers": {"attachment_seeking": True, "need_deficit": False, "emotional_overflow": False},
}
VECTOR = {
    "goal_relevance": 0.6, "goal_congruence": 0.4, "expectedness": 0.5, "controllability": 0.5, "agency": -0.3,
    "norm_compatibility": 0.2,
}  # fmt: skip
HEAD = ("", "start s", "PSS MB", "idle CPU", "disk MB")
WIDTHS = (46, 10, 10, 10, 10)


def run(folder: Path, sessions: int, out: results.Results) -> None:
    """Make, measure, print."""
    full, empty = folder / "alarms", folder / "empty"
    others = range(1, SOCKETS + 1)
    _template(full, SOCKETS + 1)
    made_s = _copies(full, sessions)
    print(f"{sessions:,} sessions with an alarm each written in {made_s:.0f} s (SQL)", flush=True)
    found: dict[Path, list[tuple[float, int, float]]] = {full: [], empty: []}
    for _ in range(STARTS):
        for data, starts in found.items():
            starts.append(_start(data))
    rows = [
        _row(out, f"{sessions:,} asleep, an alarm each", full, found[full]),
        _row(out, "empty", empty, found[empty]),
    ]
    print(*results.table(HEAD, rows, WIDTHS), sep="\n", flush=True)
    due = min(DUE, sessions // 2)
    _due(full, range(due), None, "nothing else to do", out)
    _due(full, range(due, 2 * due), [rest.ws_path(number) for number in others], f"{SOCKETS} sockets at work", out)


# -- what is measured asleep -------------------------------------------------------------------------------------------


def _start(data: Path) -> tuple[float, int, float]:
    """(seconds to ready, PSS, share of a core while nothing happens)."""
    with start_server(PART, data, **NAP) as child:
        quiet(child.pid)
        cpu, began = proc.cpu_s(child.pid), time.perf_counter()
        time.sleep(IDLE_S)
        share = (proc.cpu_s(child.pid) - cpu) / (time.perf_counter() - began)
        return child.ready_s, proc.memory(child.pid).pss, share


def _row(out: results.Results, title: str, data: Path, found: Sequence[tuple[float, int, float]]) -> tuple[str, ...]:
    units = ("start s", "PSS bytes", "share of a core")
    start_s, pss, share = (
        out.figure(PART, title, floors.SERVER, [each[place] for each in found], unit)
        for place, unit in enumerate(units)
    )
    disk = sum(path.stat().st_blocks * 512 for path in data.rglob("*") if path.is_file())
    out.figure(PART, title, floors.SERVER, [disk], "bytes on disk")
    return (title, f"{start_s:.3f}", f"{pss / 1e6:.1f}", f"{share:.2%}", f"{disk / 1e6:,.0f}")


# -- what is measured when they are due --------------------------------------------------------------------------------


def _due(data: Path, numbers: range, paths: list[str] | None, title: str, out: results.Results) -> None:
    """Lateness of those that come due within the span, and what the others' sockets do before and during it."""
    first_ms = round((time.time() + LEAD_S + (25.0 if paths else 0.0)) * 1000)
    _set_due(data, numbers, first_ms)
    with start_server(PART, data, **NAP) as child:
        before = _load(child, paths, 12.0)
        _wait_until(first_ms / 1000)
        cpu = proc.cpu_s(child.pid)
        during = _load(child, paths, WITHIN_S - 10.0)
        _wait_until(first_ms / 1000 + WITHIN_S + 1.0)
        busy = (proc.cpu_s(child.pid) - cpu) / WITHIN_S
        late_ms = sorted(asyncio.run(_lateness(child, numbers, first_ms)))
    told = f"{len(late_ms):,} of {len(numbers):,} due within {WITHIN_S:.0f} s, {title}"
    if not late_ms:
        raise rest.RestFailed(f"of {len(numbers):,} that were due none acted")
    p50, p99 = statistics.median(late_ms), late_ms[len(late_ms) * 99 // 100]
    for value, unit in ((p50, "p50 ms late"), (p99, "p99 ms late"), (late_ms[-1], "most ms late")):
        out.figure(PART, told, floors.SERVER, [value], unit)
    print(
        f"{told}: late p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {late_ms[-1]:.0f} ms; {busy:.0%} of a core", flush=True
    )
    if before is not None and during is not None:
        out.figure(PART, f"{title}, before", floors.SERVER, [before], results.PER_S)
        out.figure(PART, f"{title}, during", floors.SERVER, [during], results.PER_S)
        print(
            f"turns/s of the others: {before:,.0f} before, {during:,.0f} during ({during / before:.2f} ×)", flush=True
        )


def _load(child: Child, paths: list[str] | None, span_s: float) -> float | None:
    if paths is None:
        return None
    measured = jobs.run(jobs.Job(mode="steady", port=child.port, pid=child.pid, paths=paths, measure_s=span_s))
    return measured.turns / measured.seconds


def _wait_until(wall_s: float) -> None:
    time.sleep(max(0.0, wall_s - time.time()))


async def _lateness(child: Child, numbers: range, first_ms: int) -> list[float]:
    """How long after its moment each acted, in ms; those that did not act are missing."""
    late_ms: list[float] = []
    left = iter(numbers)

    async def ask(http: aiohttp.ClientSession) -> None:
        for number in left:
            async with http.get(f"{child.base_url}/v1/proactive/copy-{number:07d}") as answer:
                for action in msgspec.json.decode(await answer.read()):
                    at = datetime.fromisoformat(action["metadata"]["created_at"])
                    late_ms.append(at.timestamp() * 1000 - _due_ms(numbers, number, first_ms))

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as http:
        await asyncio.gather(*(ask(http) for _ in range(rest.CONNECTIONS)))
    return late_ms


def _due_ms(numbers: range, number: int, first_ms: int) -> int:
    return first_ms + round((number - numbers.start) * WITHIN_S * 1000 / len(numbers))


# -- the ledger --------------------------------------------------------------------------------------------------------


def _template(data: Path, sessions: int) -> None:
    """A few sessions of the server's own making; the first is to be copied."""
    with start_server("template", data, **NAP) as child:
        asyncio.run(_make(child, sessions))
        quiet(child.pid)


async def _make(child: Child, sessions: int) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as http:
        for number in range(sessions):
            body: Mapping[str, object] = {**PERSONA, "sessionId": rest.name(number)}
            await _call(http, "POST", f"{child.base_url}/v1/persona", body)
        turn = {"sessionId": TEMPLATE, "appraisal": VECTOR}
        await _call(http, "POST", f"{child.base_url}/v1/turn/appraisal?prompt_data=false", turn)
        await _call(http, "PUT", f"{child.base_url}/v1/proactive/{TEMPLATE}/preferences", PREFERENCES)


async def _call(http: aiohttp.ClientSession, method: str, url: str, body: Mapping[str, object]) -> None:
    async with http.request(method, url, data=msgspec.json.encode(body)) as answer:
        if answer.status >= 300:
            raise rest.RestFailed(f"{url}: {answer.status} {await answer.text()}")


def _copies(data: Path, sessions: int) -> float:
    """Copies of the first session's catalog row, begun where it stood after its preferences and before it acted; their
    alarms are far away. Returns the seconds it took.
    """
    began = time.perf_counter()
    with contextlib.closing(sqlite3.connect(data / "node.db", isolation_level=None)) as sql:
        ((inner_id,),) = sql.execute("SELECT inner_id FROM session WHERE id = ?", (TEMPLATE,)).fetchall()
    with contextlib.closing(sqlite3.connect(DataFolder(data).session_file(inner_id))) as file:
        ((state,),) = file.execute("SELECT state_after FROM state WHERE seq = 2").fetchall()
    crowd.copy_rows(data, sessions, "copy-%07d", origin=state)
    with contextlib.closing(sqlite3.connect(data / "node.db", isolation_level=None)) as sql:
        sql.execute("PRAGMA synchronous = OFF")
        sql.execute("BEGIN")
        sql.execute(
            "INSERT INTO alarm SELECT inner_id, created_ms + ? + inner_id, 0, 0 FROM session WHERE id GLOB 'copy-*'",
            (YEAR_MS,),
        )
        sql.execute("DELETE FROM alarm WHERE session = ?", (inner_id,))
        sql.execute("COMMIT")
        sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return time.perf_counter() - began


def _set_due(data: Path, numbers: range, first_ms: int) -> None:
    with contextlib.closing(sqlite3.connect(data / "node.db")) as sql, sql:
        sql.executemany(
            "UPDATE alarm SET due_ms = ? WHERE session ="
            " (SELECT inner_id FROM session WHERE tenant = 'default' AND live = 0 AND id = ?)",
            [(_due_ms(numbers, number, first_ms), f"copy-{number:07d}") for number in numbers],
        )
