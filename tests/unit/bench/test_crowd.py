"""Copied sessions are sessions: the server wakes them from their files, each under its own id."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp

from bench import crowd, rest
from bench.child import KEY, Child, start_server


def test_a_copy_wakes_from_its_file_and_goes_on(tmp_path: Path) -> None:
    crowd.make(tmp_path / "data", 3, 1)
    with start_server("copies", tmp_path / "data") as child:
        rest.turn(child, [crowd.name(2)])
        assert asyncio.run(_seqs(child, crowd.name(2))) == [1, 2]
        assert asyncio.run(_seqs(child, crowd.name(1))) == [1]
        assert asyncio.run(_seqs(child, rest.name(1))) == [1]
    files = [path.read_bytes() for path in (tmp_path / "data" / "sessions").rglob("*.db")]
    assert sum(crowd.name(1).encode() in file for file in files) == 1
    assert len(files) == 5


async def _seqs(child: Child, session_id: str) -> list[int]:
    asked = f"{child.base_url}/v1/history/{session_id}"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as http, http.get(asked) as answer:
        return [item["seq"] for item in (await answer.json())["items"]]
