"""What the kernel knows about a process: CPU seconds, bytes written, memory, open files. Reads /proc and nothing
else.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """Of one process, in bytes. `pss` shares out what several processes map; `rss` counts it whole in each."""

    rss: int
    pss: int


def cpu_s(pid: int) -> float:
    """User and system CPU of all threads so far, in steps of one kernel tick."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS_PER_S


def on_cpu_s(pid: int) -> float:
    """CPU of the threads that live, to the nanosecond: for a process that next to never runs. A thread that ends takes
    its part with it.
    """
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def machine_cpu_s() -> float:
    """CPU of everybody so far, waiting for the disk not counted."""
    user, nice, system, _idle, _iowait, irq, softirq, *_ = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return sum(map(int, (user, nice, system, irq, softirq))) / TICKS_PER_S


def written_bytes(pid: int) -> int:
    """Bytes that the process caused to be sent to the disk; pages, so more than it wrote. Zero on tmpfs."""
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == "write_bytes":
            return int(value)
    raise LookupError(f"/proc/{pid}/io has no write_bytes")


def memory(pid: int) -> Memory:
    """RSS and PSS as of now."""
    kib = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        key, _, value = line.partition(":")
        kib[key] = int(value.split()[0])
    return Memory(rss=kib["Rss"] * 1024, pss=kib["Pss"] * 1024)


def maps_library(pid: int, name: str) -> bool:
    """Whether the process has loaded a shared object of that name: how the bench learns which event loop a server
    runs on."""
    return name in Path(f"/proc/{pid}/maps").read_text()


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))
