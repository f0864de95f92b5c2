"""Many sessions that sleep: what they cost a server that starts over them, and how long it takes to wake one.

Part of the table, and `python -m bench asleep [--sessions N]` alone: a folder in which so many sleep in their files,
and a server started over it again and again beside one over an empty folder.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from bench import crowd, floors, jobs, proc, rest, results
from bench.child import start_server
from bench.part_wake import ASLEEP_WITHIN_S

PART = "asleep"
WAKES = 1_000
HEAD = ("", "start s", "PSS MB", "files", "disk MB")
WIDTHS = (34, 10, 10, 10, 10)


def run(full: Path, empty: Path, sessions: int, rounds: int, out: results.Results) -> None:
    """Measure and print; `full` is a folder of `crowd`."""
    starts: dict[Path, list[tuple[float, int]]] = {full: [], empty: []}
    for _ in range(rounds):
        for data, found in starts.items():
            with start_server(PART, data, **crowd.NAP) as child:
                found.append((child.ready_s, proc.memory(child.pid).pss))
    rows = [
        _row(out, f"{sessions:,} sessions asleep", full, starts[full]),
        _row(out, "empty", empty, starts[empty]),
    ]
    print(*results.table(HEAD, rows, WIDTHS), sep="\n")
    _difference(out, sessions, starts[full], starts[empty])
    _wakes(full, sessions, out)


def _row(out: results.Results, title: str, data: Path, found: Sequence[tuple[float, int]]) -> tuple[str, ...]:
    files = [path.stat() for path in data.rglob("*") if path.is_file()]
    start_s = out.figure(PART, title, floors.SERVER, [start for start, _ in found], "start s")
    pss = out.figure(PART, title, floors.SERVER, [pss for _, pss in found], "PSS bytes")
    disk = out.figure(PART, title, floors.SERVER, [sum(each.st_blocks * 512 for each in files)], "bytes on disk")
    out.figure(PART, title, floors.SERVER, [len(files)], "files")
    return (title, f"{start_s:.3f}", f"{pss / 1e6:.1f}", f"{len(files):,}", f"{disk / 1e6:.1f}")


def _difference(
    out: results.Results, sessions: int, full: Sequence[tuple[float, int]], empty: Sequence[tuple[float, int]]
) -> None:
    """What the sleeping sessions add: round by round, since both starts of a round ran next to each other."""
    later = [start for start, _ in full], [start for start, _ in empty]
    heavier = [pss / sessions for _, pss in full], [pss / sessions for _, pss in empty]
    # A megabyte more or less of page cache would be judged as something of each session where they are few.
    few = "" if sessions >= floors.SLEEPING[-1] else f", {sessions:,}"
    for what, pair, unit in (
        (floors.ASLEEP_START, later, floors.SECONDS),
        (floors.ASLEEP_MEMORY + few, heavier, floors.BYTES),
    ):
        print(f"{results.line(out.difference(PART, what, floors.EMPTY, *pair, unit))}   ({what})", flush=True)
    if few:
        out.notes.append(f"sessions asleep on disk were at most {sessions:,}, not {floors.SLEEPING[-1]:,}")


def _wakes(full: Path, sessions: int, out: results.Results) -> None:
    """Random sessions, each woken once: over REST one call at a time, then over open sockets."""
    chosen = random.Random(1).sample(range(sessions), min(2 * WAKES, sessions))
    names = [crowd.name(number) for number in chosen]
    over_rest, over_ws = names[: len(names) // 2], names[len(names) // 2 :]
    with start_server("waking", full, **crowd.NAP) as child:
        waits_ms: list[float] = []
        rest.turn(child, over_rest[:1])
        rest.turn(child, over_rest[1:], connections=1, waits_ms=waits_ms)
        waits_ms.sort()
        p50_ms, p99_ms = waits_ms[len(waits_ms) // 2], waits_ms[len(waits_ms) * 99 // 100]
        _say(out, f"{len(waits_ms):,} random wakes over REST", p50_ms, p99_ms)
        paths = [rest.ws_path_of(session_id) for session_id in over_ws]
        job = jobs.Job(mode="once", port=child.port, pid=child.pid, paths=paths, rest_s=ASLEEP_WITHIN_S)
        measured = jobs.run(job)
        _say(out, f"{measured.turns:,} random wakes over WebSocket", measured.p50_ms, measured.p99_ms)


def _say(out: results.Results, title: str, p50_ms: float, p99_ms: float) -> None:
    out.figure(PART, title, floors.SERVER, [p50_ms], "p50 ms")
    out.figure(PART, title, floors.SERVER, [p99_ms], "p99 ms")
    print(f"{title}: p50 {p50_ms:.2f} ms, p99 {p99_ms:.2f} ms", flush=True)
