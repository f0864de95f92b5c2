"""Many sessions that sleep: what they cost a server that starts over them, and how long it takes to wake one.

`python -m bench asleep`: sessions are made over REST, used once and left until folded; the server is stopped and
started again, beside one on an empty folder.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from bench import jobs, proc, rest, results
from bench.child import start_server
from bench.part_memory import quiet
from bench.part_wake import ASLEEP_WITHIN_S

PART = "asleep"
STARTS = 5
WAKES = 1_000
FOLDED_WITHIN_S = 300.0
NAP = {"MOLROO_HIBERNATE_AFTER_S": "0.5", "MOLROO_FOLD_AGE_S": "0.5"}
HEAD = ("", "start s", "PSS MB", "files", "disk MB")
WIDTHS = (34, 10, 10, 10, 10)


def run(folder: Path, sessions: int, out: results.Results) -> None:
    """Make, measure, print."""
    full, empty = folder / "asleep", folder / "empty"
    _fill(full, sessions)
    starts: dict[Path, list[tuple[float, int]]] = {full: [], empty: []}
    for _ in range(STARTS):
        for data, found in starts.items():
            with start_server(PART, data, **NAP) as child:
                found.append((child.ready_s, proc.memory(child.pid).pss))
    rows = [
        _row(out, f"{sessions:,} sessions asleep", full, starts[full]),
        _row(out, "empty", empty, starts[empty]),
    ]
    print(*results.table(HEAD, rows, WIDTHS), sep="\n")
    _difference(out, sessions, starts[full], starts[empty])
    _wakes(full, sessions, out)


def _fill(data: Path, sessions: int) -> None:
    with start_server("filling", data, **NAP) as child:
        made_s = rest.create(child, sessions)
        used_s = rest.turn(child, range(sessions))
        print(
            f"{sessions:,} sessions made at {sessions / made_s:,.0f}/s, used once at {sessions / used_s:,.0f}/s (REST)"
        )
        _folded(data, sessions)
        quiet(child.pid)


def _folded(data: Path, sessions: int) -> None:
    """Return when each session has its file; nothing of it is left in memory then."""
    deadline = time.monotonic() + FOLDED_WITHIN_S
    while (files := sum(1 for _ in (data / "sessions").rglob("*.db"))) < sessions:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{files:,} of {sessions:,} sessions folded within {FOLDED_WITHIN_S:.0f} s")
        time.sleep(1.0)


def _row(out: results.Results, title: str, data: Path, found: Sequence[tuple[float, int]]) -> tuple[str, ...]:
    files = [path.stat() for path in data.rglob("*") if path.is_file()]
    start_s = statistics.median(start for start, _ in found)
    pss = statistics.median(pss for _, pss in found)
    disk = sum(each.st_blocks * 512 for each in files)
    for value, unit in ((start_s, "start s"), (pss, "PSS bytes"), (len(files), "files"), (disk, "bytes on disk")):
        out.figure(PART, title, "this server", value, unit)
    return (title, f"{start_s:.3f}", f"{pss / 1e6:.1f}", f"{len(files):,}", f"{disk / 1e6:.1f}")


def _difference(
    out: results.Results, sessions: int, full: Sequence[tuple[float, int]], empty: Sequence[tuple[float, int]]
) -> None:
    """What the sleeping sessions add: round by round, since both starts of a round ran next to each other."""
    later_s = statistics.median(a - b for (a, _), (b, _) in zip(full, empty, strict=True))
    heavier = statistics.median(a - b for (_, a), (_, b) in zip(full, empty, strict=True)) / sessions
    out.figure(PART, "start over an empty one", "this server", later_s, "s")
    out.figure(PART, "memory of a session asleep without a socket", "this server", heavier, "PSS bytes")
    print(f"over an empty one: {later_s * 1e3:+.0f} ms to start, {heavier:+.1f} bytes of memory a session", flush=True)


def _wakes(data: Path, sessions: int, out: results.Results) -> None:
    """Random sessions, each woken once: over REST one call at a time, then over open sockets."""
    chosen = random.Random(1).sample(range(sessions), min(2 * WAKES, sessions))
    over_rest, over_ws = chosen[: len(chosen) // 2], chosen[len(chosen) // 2 :]
    with start_server("waking", data, **NAP) as child:
        waits_ms: list[float] = []
        rest.turn(child, over_rest[:1])
        rest.turn(child, over_rest[1:], connections=1, waits_ms=waits_ms)
        waits_ms.sort()
        _say(
            out,
            f"{len(waits_ms):,} random wakes over REST",
            statistics.median(waits_ms),
            waits_ms[len(waits_ms) * 99 // 100],
        )
        paths = [rest.ws_path(number) for number in over_ws]
        job = jobs.Job(mode="once", port=child.port, pid=child.pid, paths=paths, rest_s=ASLEEP_WITHIN_S)
        measured = jobs.run(job)
        _say(out, f"{measured.turns:,} random wakes over WebSocket", measured.p50_ms, measured.p99_ms)


def _say(out: results.Results, title: str, p50_ms: float, p99_ms: float) -> None:
    out.figure(PART, title, "this server", p50_ms, "p50 ms")
    out.figure(PART, title, "this server", p99_ms, "p99 ms")
    print(f"{title}: p50 {p50_ms:.2f} ms, p99 {p99_ms:.2f} ms", flush=True)
