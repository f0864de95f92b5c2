"""The writer over an endpoint: how many it asks at once, and what it makes of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import msgspec

from molroo_actor.engine import Persona, Urge, derive, initial_state, presets
from molroo_actor.settings import Settings
from molroo_actor.transport.llm_chat import Message, Schema
from molroo_actor.transport.llm_writer import LlmWriter
from tests.kit.clock import FakeClock

URGE = Urge("absence", 0.2, 0.4, 0.5)


class Chat:
    """Answers when the test says so."""

    name = "a test"

    def __init__(self) -> None:
        self.asked: list[asyncio.Future[dict[str, Any]]] = []

    async def chat(self, messages: Sequence[Message], schema: Schema, until_s: float) -> dict[str, Any]:
        self.asked.append(asyncio.get_running_loop().create_future())
        return await self.asked[-1]

    async def close(self) -> None:
        """Nothing is open."""


def _writer(chat: Chat, *, paused: bool = False) -> LlmWriter:
    return LlmWriter(chat, Settings(), FakeClock(), lambda: paused)


def _write(writer: LlmWriter) -> Awaitable[str] | None:
    found = presets()["companion"]
    params = derive(Persona(found.identity, found.personality, found.goals))
    return writer.write(params, initial_state(params, 0), URGE)


async def _said(answer: dict[str, Any]) -> str:
    chat = Chat()
    message = _write(_writer(chat))
    assert message is not None
    task = asyncio.ensure_future(message)
    await asyncio.sleep(0)
    chat.asked[0].set_result(answer)
    return await task


async def test_alarms_of_the_same_moment_ask_four_times_at_once_and_no_more() -> None:
    chat = Chat()
    writer = _writer(chat)
    given = [message for message in (_write(writer) for _ in range(20)) if message is not None]
    tasks = [asyncio.ensure_future(message) for message in given]
    await asyncio.sleep(0)
    assert len(given) == len(chat.asked) == 4
    chat.asked[0].set_result({"message": "hi"})
    chat.asked[1].set_exception(ConnectionError())
    tasks[2].cancel()
    await asyncio.wait(tasks[:3])
    again = [message for message in (_write(writer) for _ in range(20)) if message is not None]
    assert len(again) == 3
    for task in (tasks[3], *map(asyncio.ensure_future, again)):
        task.cancel()


async def test_an_endpoint_that_is_left_alone_is_not_asked() -> None:
    assert _write(_writer(Chat(), paused=True)) is None


async def test_its_words_are_one_line_that_can_be_stored() -> None:
    assert await _said({"message": " Are\n you  there?\n"}) == "Are you there?"
    assert await _said({"message": "half a sign \ud83d"}) == "half a sign"
    assert len(await _said({"message": "a" * 9_000})) == 500
    assert await _said({"message": 7}) == await _said({}) == ""
    msgspec.json.encode(await _said({"message": "\udfff both \ud800 halves"}))
