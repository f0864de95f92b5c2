"""The whole bench: its parts in order, how large each is, and what happens when one fails."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from bench import (
    asleep,
    child,
    crowd,
    floors,
    jobs,
    part_cpu,
    part_flat,
    part_memory,
    part_rest,
    part_syncs,
    part_turns,
    part_wake,
    rest,
    results,
    summary,
)
from bench.contest import Case

PARTS = ("cpu", "turns", "rest", "syncs", "wake", "memory", "asleep", "flat")
FAILED = "FAILED:"
FAILURES = (jobs.LoadFailed, child.ChildFailed, rest.RestFailed, TimeoutError, OSError)
"""What ends a part and not the run: the other parts have taken minutes."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured; the defaults are the whole bench."""

    cases: tuple[Case, ...] = tuple(part_turns.CASES)
    rounds: int = 3
    measure_s: float = 2.0
    cpu_rounds: int = 7
    woken: int = 500
    wake_passes: int = 2
    idle_sockets: int = floors.IDLE_SOCKETS
    idle_s: float = 20.0
    all_memory: bool = True
    starts: int = 7
    sleeping: tuple[int, ...] = floors.SLEEPING


FULL = Sizes()
QUICK = Sizes(
    cases=tuple(part_turns.QUICK),
    rounds=1,
    cpu_rounds=3,
    woken=200,
    wake_passes=1,
    idle_sockets=2_000,
    idle_s=3.0,
    all_memory=False,
    starts=3,
    sleeping=(floors.SLEEPING[0], 20_000),
)


def run(folder: Path, only: Collection[str], sizes: Sizes, out: results.Results, kept: Callable[[], None]) -> None:
    """Measure and print; `kept` is called after each part."""
    crowds = crowds_in(folder)
    most = sizes.sleeping[-1]
    parts: dict[str, Callable[[], None]] = {
        "cpu": lambda: part_cpu.run(sizes.cpu_rounds, out),
        "turns": lambda: part_turns.run(folder, sizes.cases, sizes.rounds, sizes.measure_s, out),
        "rest": lambda: part_rest.run(folder, sizes.rounds, sizes.measure_s, out),
        "syncs": lambda: part_syncs.run(folder, out),
        "wake": lambda: part_wake.run(folder, sizes.woken, sizes.wake_passes, sizes.rounds, out),
        "memory": lambda: part_memory.run(folder, sizes.idle_sockets, sizes.idle_s, whole=sizes.all_memory, out=out),
        "asleep": lambda: asleep.run(crowds(most), folder / "empty", most, sizes.starts, out),
        "flat": lambda: part_flat.run(crowds, sizes.sleeping, sizes.rounds, out),
    }
    began = time.monotonic()
    for name in PARTS:
        if name in only:
            _part(name, parts[name], out)
            kept()
    out.notes.append(f"{', '.join(name for name in PARTS if name in only)}: {(time.monotonic() - began) / 60:.1f} min")
    print(*summary.lines(out), sep="\n", flush=True)


def _part(name: str, part: Callable[[], None], out: results.Results) -> None:
    began = time.monotonic()
    try:
        part()
    except FAILURES as error:
        out.notes.append(f"{FAILED} {name}: {error}")
        print(out.notes[-1])
    print(f"[{name}: {time.monotonic() - began:.0f} s]\n", flush=True)


def failed(out: results.Results) -> bool:
    """Whether a part of the run is missing."""
    return any(note.startswith(FAILED) for note in out.notes)


def crowds_in(folder: Path) -> Callable[[int], Path]:
    """Folders in which so many sleep, each made when it is first asked for."""

    @functools.cache
    def made(sleeping: int) -> Path:
        data = folder / f"crowd-{sleeping}"
        crowd.make(data, sleeping, part_flat.AWAKE)
        return data

    return made
