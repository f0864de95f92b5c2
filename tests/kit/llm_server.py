"""A real HTTP server that speaks an OpenAI-compatible endpoint's protocol, and misbehaves as a test orders.

Raw asyncio streams, no HTTP library: half an answer and a cut line are as easy to say as a right answer. `script` holds
what to do with the next requests, one each; then `always` goes on. Whoever waits, waits for a happening with a limit:
`received(n)`, `left(n)`.

What must not live here: knowledge of the product.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

WITHIN_S = 10.0
FINE: dict[str, Any] = {
    "goal_relevance": 0.7,
    "goal_congruence": 0.6,
    "expectedness": 0.4,
    "controllability": 0.55,
    "agency": -0.3,
    "norm_compatibility": 0.5,
    "internal_standards": 0.0,
    "adjustment_potential": 0.8,
    "urgency": 0.2,
    "loss": 0.0,
    "evidence": [{"label": "joy", "weight": 0.6}, {"label": "love", "weight": 0.3}],
}


@dataclass(frozen=True)
class Asked:
    """One request. `headers` by lower-case names."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any] = field(repr=False)

    @property
    def text(self) -> str:
        """The text that is to be appraised."""
        return str(json.loads(self.body["messages"][-1]["content"])["text"])


class Line:
    """What a behaviour may do to one client's connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def write(self, raw: bytes) -> None:
        self._writer.write(raw)
        await self._writer.drain()

    def reset(self) -> None:
        self._writer.transport.abort()


Behaviour = Callable[[Asked, Line], Coroutine[Any, Any, bool]]
"""Answers a request; True keeps the connection."""


# -- behaviours --------------------------------------------------------------------------------------------------------


def answer(
    status: int, body: bytes, *, content_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Behaviour:
    """A whole HTTP answer."""

    async def act(asked: Asked, line: Line) -> bool:
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        await line.write("\r\n".join([*lines, "", ""]).encode() + body)
        return True

    return act


def completion(content: Any, *, finish: str = "stop", **message: Any) -> Behaviour:
    """A chat completion with this content: a text, or a list of parts."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return answer(200, json.dumps({"id": "x", "object": "chat.completion", "choices": [choice]}).encode())


def says(**changed: Any) -> Behaviour:
    """The appraisal FINE with some values changed."""
    return completion(json.dumps({**FINE, **changed}))


def refuses(message: str, status: int = 400) -> Behaviour:
    """An error as OpenAI words it."""
    return answer(status, json.dumps({"error": {"message": message, "type": "invalid_request_error"}}).encode())


def released_by(event: asyncio.Event, then: Behaviour) -> Behaviour:
    """Waits for the test, then goes on."""

    async def act(asked: Asked, line: Line) -> bool:
        await event.wait()
        return await then(asked, line)

    return act


async def never(asked: Asked, line: Line) -> bool:
    """Never answers."""
    await asyncio.Event().wait()
    return False


_HALF = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"choices": [{"mess'


async def halfway(asked: Asked, line: Line) -> bool:
    """Begins a right answer and hangs up."""
    await line.write(_HALF)
    return False


async def stuck_halfway(asked: Asked, line: Line) -> bool:
    """Begins a right answer and says no more."""
    await line.write(_HALF)
    return await never(asked, line)


async def resets(asked: Asked, line: Line) -> bool:
    """Resets the connection without an answer."""
    line.reset()
    return False


async def hangs_up(asked: Asked, line: Line) -> bool:
    """Closes the connection without an answer."""
    return False


async def endless(asked: Asked, line: Line) -> bool:
    """An answer without an end, as fast as it is read."""
    await line.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await line.write(b"1000\r\n" + b" " * 4096 + b"\r\n")


def by_text(behaviours: Mapping[str, Behaviour], otherwise: Behaviour) -> Behaviour:
    """One behaviour for each text that contains a word."""

    async def act(asked: Asked, line: Line) -> bool:
        for word, behaviour in behaviours.items():
            if word in asked.text:
                return await behaviour(asked, line)
        return await otherwise(asked, line)

    return act


# -- the server --------------------------------------------------------------------------------------------------------


class LlmServer:
    """One endpoint on a port of its own. `start` and `stop` on one loop."""

    def __init__(self) -> None:
        self.script: deque[Behaviour] = deque()
        self.always: Behaviour = says()
        self.asked: list[Asked] = []
        """Requests, in the order of their arrival."""
        self.leaves = 0
        """Connections that clients closed while they waited for an answer."""
        self.url = ""
        self._news = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._lines):
            task.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def received(self, count: int) -> Asked:
        """The request of that number, counted from 1, once it is there."""
        async with asyncio.timeout(WITHIN_S), self._news:
            await self._news.wait_for(lambda: len(self.asked) >= count)
        return self.asked[count - 1]

    def wait_received(self, count: int) -> Asked:
        """The same for a test on another thread than the server's loop."""
        return asyncio.run_coroutine_threadsafe(self.received(count), self._loop).result(WITHIN_S)

    async def left(self, count: int) -> None:
        """Returns when so many clients have left without their answer."""
        async with asyncio.timeout(WITHIN_S), self._news:
            await self._news.wait_for(lambda: self.leaves >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        try:
            while (asked := await _request(reader)) is not None:
                async with self._news:
                    self.asked.append(asked)
                    self._news.notify_all()
                behaviour = self.script.popleft() if self.script else self.always
                if not await self._act(behaviour(asked, Line(writer)), reader):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._lines.discard(task)
            writer.close()

    async def _act(self, behaviour: Coroutine[Any, Any, bool], reader: asyncio.StreamReader) -> bool:
        """Lets a behaviour act until it is done or the client leaves: nobody sends before it has its answer."""
        acting, leaving = asyncio.ensure_future(behaviour), asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({acting, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if acting.done() and acting.exception() is None:
                return acting.result()
            await self._one_left()
            return False
        finally:
            for task in (acting, leaving):
                task.cancel()
            await asyncio.gather(acting, leaving, return_exceptions=True)

    async def _one_left(self) -> None:
        async with self._news:
            self.leaves += 1
            self._news.notify_all()


async def _request(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(first.split(" ")[1], headers, json.loads(body) if body else {})


@contextlib.asynccontextmanager
async def llm_server() -> AsyncIterator[LlmServer]:
    """A server for the length of an `async with` block."""
    server = LlmServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextlib.contextmanager
def llm_server_in_thread() -> Iterator[LlmServer]:
    """The same for tests that have no loop: orders are given before the product asks."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="llm", daemon=True)
    thread.start()

    async def begin() -> LlmServer:
        server = LlmServer()
        await server.start()
        return server

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(WITHIN_S)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(WITHIN_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WITHIN_S)
        loop.close()
