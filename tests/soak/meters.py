"""What a server's process and its /metrics say at one moment, and how late its loop came in a span of time."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench import proc
from tests.kit.server import Server

LINE = re.compile(r'^(molroo_\w+)(?:\{le="([^"]+)"\})? (\S+)$', re.MULTILINE)
LAG = "molroo_loop_lag_seconds_bucket"


@dataclass(frozen=True)
class Sample:
    """One look. Sizes in bytes."""

    at_s: float
    rss: int
    anonymous: int
    """Without what is mapped from files: that is shared, and its share (PSS) goes with who else runs on the machine."""
    handles: int
    threads: int
    wal: int
    gauges: Mapping[str, float]
    """By their names in /metrics, without `molroo_`."""
    lag: Mapping[float, float]
    """How often the loop was late by up to so many seconds, since the process began."""

    def at_rest(self) -> bool:
        """Whether everybody sleeps and everything is folded; an alarm may be going off somewhere."""
        return self.gauges["sockets"] == 0 and self.gauges["resident"] <= 1 and self.gauges["journal_sessions"] <= 1


async def look(server: Server, http: aiohttp.ClientSession) -> Sample:
    """Raises aiohttp.ClientError when the server does not answer, OSError when it is gone."""
    async with http.get(f"{server.url}/metrics") as response:
        text = await response.text()
    found = LINE.findall(text)
    gauges = {name.removeprefix("molroo_"): float(value) for name, le, value in found if not le}
    lag = {float(le): float(value) for name, le, value in found if name == LAG}
    rss, anonymous = _memory(server.pid)
    return Sample(
        time.monotonic(),
        rss,
        anonymous,
        _handles(server.pid),
        proc.threads(server.pid),
        _size(server.data / "node.db-wal"),
        gauges,
        lag,
    )


def lag_p99(before: Sample, after: Sample) -> float:
    """Of the sweeps between two looks, in seconds: the upper end of the bucket, between its ends in proportion."""
    counts = [(le, after.lag[le] - before.lag.get(le, 0.0)) for le in sorted(after.lag)]
    total = counts[-1][1] if counts else 0.0
    wanted, low, seen = 0.99 * total, 0.0, 0.0
    for le, count in counts:
        if count >= wanted and total:
            if le == float("inf"):
                return low
            return low + (le - low) * (wanted - seen) / (count - seen) if count > seen else le
        low, seen = le, count
    return 0.0


def _memory(pid: int) -> tuple[int, int]:
    kib = dict(re.findall(r"^(VmRSS|RssAnon):\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE))
    return int(kib["VmRSS"]) * 1024, int(kib["RssAnon"]) * 1024


def _handles(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
