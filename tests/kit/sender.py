"""The courier's Sender port, by script: what each host answers is the test's to say, and every request is kept."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from molroo_actor.runtime.courier import Response, Unreachable
from tests.kit.clock import FakeClock


@dataclass(frozen=True)
class Post:
    """One request, and when it was made."""

    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    wall_ms: int
    at_s: float

    @property
    def id(self) -> str:
        return self.headers["X-Molroo-Delivery"]

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


Verdict = int | Response | Exception | float | tuple[float, int]
"""A status, an answer, what to raise; a float is seconds of silence, then no answer, or the status beside it."""


class ScriptedSender:
    """`by_host` decides what a host does with a request, `always` what all others do."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.asked: list[Post] = []
        self.by_host: dict[str, Callable[[Post], Verdict]] = {}
        self.always: Callable[[Post], Verdict] = lambda _: 200
        self.taken: Counter[str] = Counter()
        """Deliveries by how often they were answered with 2xx."""
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        """The most requests that were under way at once, by host; "" is all together."""
        self.cut = 0
        """Requests that the courier called off."""

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Response:
        post = Post(url, headers, body, self._clock.wall_ms(), self._clock.monotonic_s())
        self.asked.append(post)
        for name in (post.host, ""):
            self.running[name] += 1
            self.most[name] = max(self.most[name], self.running[name])
        try:
            return await self._answer(post, self.by_host.get(post.host, self.always)(post))
        except asyncio.CancelledError:
            self.cut += 1
            raise
        finally:
            for name in (post.host, ""):
                self.running[name] -= 1

    async def _answer(self, post: Post, verdict: Verdict) -> Response:
        if isinstance(verdict, float):
            await asyncio.sleep(verdict)
            raise Unreachable("no answer in time")
        if isinstance(verdict, Exception):
            raise verdict
        if isinstance(verdict, tuple):
            await asyncio.sleep(verdict[0])
            verdict = verdict[1]
        response = verdict if isinstance(verdict, Response) else Response(verdict)
        if 200 <= response.status < 300:
            self.taken[post.id] += 1
        return response

    def to(self, host: str) -> list[Post]:
        """The requests to one host, in order."""
        return [post for post in self.asked if post.host == host]
