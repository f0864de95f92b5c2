"""Sessions made and used over REST, by a few keep-alive connections; returns how long it took. Names are numbered
so that any part finds them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import aiohttp

from bench.child import KEY, Child

CONNECTIONS = 8
PRESETS = ("cheerful_companion", "stoic_mentor", "anxious_helper", "playful_trickster", "empathetic_listener")
Call = Callable[[aiohttp.ClientSession, int], Awaitable[None]]


class RestFailed(RuntimeError):
    """An answer other than the one that was asked for."""


def name(number: int) -> str:
    return f"bench-{number:06d}"


def ws_path(number: int, *, prompt: bool = False) -> str:
    """Where the numbered session's WebSocket is."""
    return ws_path_of(name(number), prompt=prompt)


def ws_path_of(session_id: str, *, prompt: bool = False) -> str:
    """Where a session's WebSocket is."""
    return f"/v1/ws/{session_id}?token={KEY}&prompt_data={'true' if prompt else 'false'}"


def create(child: Child, count: int) -> float:
    """Sessions 0 to count-1; the seconds it took."""

    async def one(http: aiohttp.ClientSession, number: int) -> None:
        body = {"sessionId": name(number), "preset": PRESETS[number % len(PRESETS)]}
        await _post(http, f"{child.base_url}/v1/persona", body, 201)

    return _each(one, range(count))


def turn(
    child: Child, names: Sequence[str], connections: int = CONNECTIONS, waits_ms: list[float] | None = None
) -> float:
    """One turn from an appraisal in each of those sessions; `waits_ms` gets each call's wait."""
    vector = {"goal_relevance": 0.6, "goal_congruence": 0.4, "expectedness": 0.5, "controllability": 0.5}
    vector |= {"agency": -0.3, "norm_compatibility": 0.2}

    async def one(http: aiohttp.ClientSession, number: int) -> None:
        began = time.perf_counter()
        url = f"{child.base_url}/v1/turn/appraisal?prompt_data=false"
        await _post(http, url, {"sessionId": names[number], "appraisal": vector}, 200)
        if waits_ms is not None:
            waits_ms.append((time.perf_counter() - began) * 1e3)

    return _each(one, range(len(names)), connections)


async def _post(http: aiohttp.ClientSession, url: str, body: Mapping[str, object], status: int) -> None:
    async with http.post(url, json=body) as response:
        said = await response.read()
        if response.status != status:
            raise RestFailed(f"{url}: {response.status} {said[:300]!r}")


def _each(one: Call, numbers: Sequence[int], connections: int = CONNECTIONS) -> float:
    async def all_of_them() -> float:
        headers = {"Authorization": f"Bearer {KEY}"}
        connector = aiohttp.TCPConnector(limit=connections)
        left = iter(numbers)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as http:
            began = time.perf_counter()

            async def client() -> None:
                for number in left:
                    await one(http, number)

            async with asyncio.TaskGroup() as group:
                for _ in range(connections):
                    group.create_task(client())
            return time.perf_counter() - began

    return asyncio.run(all_of_them())
