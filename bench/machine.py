"""The machine under the figures: without it they mean nothing. Cores, versions, the disk and how long it takes to
be sure.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import time
from importlib.metadata import version
from pathlib import Path

from bench import workerd

SYNCS = 200
BLOCK = b"\0" * 4096


def lines(folder: Path) -> list[str]:
    """What stands above the table; `folder` is where the servers will write."""
    p50, p99 = fsync_ms(folder)
    return [
        f"{os.cpu_count()} cores, {processor()}, {platform.system()} {platform.release()}",
        f"load {os.getloadavg()[0]:.2f} over the last minute, before the bench's own",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, aiohttp {version('aiohttp')}, {peer()}",
        f"disk {file_system(folder)}: 4 KiB append and fdatasync p50 {p50:.3f} ms, p99 {p99:.3f} ms",
    ]


def peer() -> str:
    """The version of workerd, or why there is none."""
    try:
        return workerd.version()
    except workerd.Missing as error:
        return f"no workerd ({error})"


def fsync_ms(folder: Path) -> tuple[float, float]:
    """p50 and p99 of appending a block and being sure of it."""
    path = folder / "fsync.probe"
    waits = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(BLOCK)
            os.fdatasync(file.fileno())
            waits.append((time.perf_counter() - began) * 1e3)
    path.unlink()
    return statistics.median(waits), sorted(waits)[SYNCS * 99 // 100]


def file_system(folder: Path) -> str:
    """Of the longest mount point above `folder`; on tmpfs nothing is durable and nothing waits."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, kind = line.split()[:3]
        if folder.resolve().is_relative_to(point) and len(point) > len(best[0]):
            best = (point, kind)
    return best[1]


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
