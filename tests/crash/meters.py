"""How much the server did beside answering: its own counters, read while it lives and added up over its lives.

A counter starts at zero in each life, and what it gained between the last reading and the kill is not seen: these
are lower bounds.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter

import aiohttp

from tests.crash.life import Life

EVERY_S = 0.2
COUNTER = re.compile(r"^(?:molroo_)?(\w+?)(?:_total|_seconds_count)(?:\{[^}]*\})? ([0-9.e+]+)$", re.MULTILINE)
WATCHED = re.compile(r"hibernat|fold|wake|turn|commit")


class Meters:
    """Sums over all lives, by the counter's name without its prefix."""

    def __init__(self) -> None:
        self.sums: Counter[str] = Counter()
        self.current: dict[str, float] = {}

    async def follow(self, life: Life) -> None:
        """Read again and again until cancelled."""
        while True:
            await self.read(life)
            await asyncio.sleep(EVERY_S)

    async def read(self, life: Life) -> None:
        """Take the counters as they stand; a server without them, or without breath, is no matter here."""
        try:
            async with life.http.get(f"{life.server.url}/metrics") as response:
                text = await response.text() if response.status == 200 else ""
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            return
        found: dict[str, float] = {}
        for name, value in COUNTER.findall(text):
            if WATCHED.search(name):
                found[name] = found.get(name, 0.0) + float(value)
        self.current = found or self.current

    def life_ended(self) -> None:
        for name, value in self.current.items():
            self.sums[name] += round(value)
        self.current = {}
