"""The border of the kept history while it moves: between the promise and the reading, turns go on and old states go.

The reading is held up until what was promised is no longer kept, so the race is lost every time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from molroo_actor.protocol import commands
from molroo_actor.runtime.slot import Slot
from molroo_actor.storage.rows import Row
from tests.e2e.wire import GLAD, Node, eventually, serving

KEPT = 5


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with serving(tmp_path, history_kept=KEPT, fold_age_s=0.01) as started:
        started.api.create("mia")
        for _ in range(KEPT + 3):
            started.api.feel("mia")
        yield started


@pytest.fixture
def overtaken(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns go on before the first reading of rows, until the oldest of them has lost its state."""
    host = node.server.host
    read = host.repeats.rows

    async def late(slot: Slot, after_seq: int, limit: int) -> list[Row]:
        monkeypatch.setattr(host.repeats, "rows", read)
        async with asyncio.timeout(5):
            rows = await read(slot, after_seq, limit)
            while rows[0].state_after is not None:
                await host.ask(slot, commands.appraisal_turn({"appraisal": GLAD}, None))
                rows = await read(slot, after_seq, limit)
        return rows

    monkeypatch.setattr(host.repeats, "rows", late)


@pytest.mark.usefixtures("overtaken")
def test_a_past_state_that_goes_while_it_is_read_is_not_found(node: Node) -> None:
    reply = node.api.get("/v1/state/mia?at_seq=4")
    assert (reply.status, reply.error["code"]) == (404, "NOT_FOUND")
    assert "kept are" in reply.error["message"]


def test_a_replay_whose_rows_go_while_they_are_read_is_not_recovered_and_a_state_follows(
    node: Node, request: pytest.FixtureRequest
) -> None:
    with node.join("mia") as talk:
        epoch = talk.hear()["epoch"]
    request.getfixturevalue("overtaken")
    with node.join("mia", last_seq=3, epoch=epoch, prompt_data="false") as talk:
        hello = talk.hear()
        assert (hello["type"], hello["recovered"]) == ("connected", False)
        state = talk.hear()
        assert (state["type"], state["seq"]) == ("state", hello["seq"])
        last = node.api.feel("mia")["seq"]
        live = [talk.hear()["seq"] for _ in range(last - hello["seq"])]
        assert live == list(range(hello["seq"] + 1, last + 1))


def test_a_socket_that_fails_on_its_way_in_leaves_nothing_behind(node: Node, request: pytest.FixtureRequest) -> None:
    with node.join("mia") as talk:
        epoch = talk.hear()["epoch"]
    request.getfixturevalue("overtaken")
    with node.join("mia", last_seq=3, epoch=epoch) as talk:
        talk.hear()
    slot = node.run(node.server.host.registry.find("default", False, "mia"))
    eventually(lambda: node.look(lambda: node.server._sockets.count) == 0)
    assert node.look(lambda: slot.attachments) == ()


@pytest.mark.parametrize("path", ["/v1/history/mia", "/v1/state/mia?at_seq=8"])
def test_a_reading_that_a_delete_overtakes_finds_nothing_and_no_damage(
    node: Node, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, read = node.server.host, node.server.host.repeats.rows

    async def late(slot: Slot, after_seq: int, limit: int) -> list[Row]:
        monkeypatch.setattr(host.repeats, "rows", read)
        await node.server.sessions.delete(slot)
        return await read(slot, after_seq, limit)

    monkeypatch.setattr(host.repeats, "rows", late)
    reply = node.api.get(path)
    assert (reply.status, reply.error["code"]) == (404, "NOT_FOUND")
    assert "molroo_damaged_sessions 0.0" in node.api.get("/metrics").body.decode()
