"""What the tests of the wire share: a server on a loop of its own, REST by http.client, sockets by `websockets`.

The server is the real one on a real port; it runs in a thread, so that tests are plain functions and hypothesis can
drive it. Both clients are other implementations than the server's. Every wait has a limit; nobody sleeps.

What must not live here: expectations. Those stand in the tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as ws_connect

from molroo_actor.cli.serve import loop_factory
from molroo_actor.settings import Settings
from molroo_actor.transport.app import Server

T = TypeVar("T")
WITHIN_S = 10.0
KEY = "mk_test_" + "0123456789abcdefghijklmnopqrstuv"
STRANGER = "mk_test_" + "z" * 32
GLAD: dict[str, float] = {
    "goal_relevance": 0.8,
    "goal_congruence": 0.6,
    "expectedness": 0.5,
    "controllability": 0.5,
    "agency": -0.4,
    "norm_compatibility": 0.3,
}
PERSONA: dict[str, Any] = {
    "identity": {"name": "Mia"},
    "personality": {"O": 0.6, "C": 0.5, "E": 0.7, "A": 0.8, "N": 0.4},
}
CODES = frozenset(
    "UNAUTHORIZED NOT_FOUND VALIDATION_ERROR CONFLICT RATE_LIMIT OVERLOADED INTERNAL".split(),
)


def unlimited(data: Path, **changed: Any) -> Settings:
    """Settings without rates, ballast and pacing by the machine; `changed` names what the test is about."""
    given = {
        "port": 0,
        "data": str(data),
        "bootstrap_key": KEY,
        "ballast_bytes": 0,
        "free_bytes_min": 0,
        "requests_per_minute": 0,
        "socket_messages_per_s": 0,
        "refused_upgrades_per_minute": 0,
    }
    return msgspec.convert({**given, **changed}, Settings)


class Node:
    """One server in a thread. `start`, then `stop`; a stopped one starts again on the same data, with a new port."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.loop = (loop_factory() or asyncio.new_event_loop)()
        self._thread = threading.Thread(target=self.loop.run_forever, name="node", daemon=True)
        self.server: Server
        self.api: Api

    def start(self) -> None:
        if not self._thread.is_alive():
            self._thread.start()
        self.server = Server(self.settings)
        self.run(self.server.start())
        self.api = Api(self.server.url, KEY)

    def stop(self) -> None:
        self.run(self.server.stop(), 20.0)

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        self.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(WITHIN_S)
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T], within_s: float = WITHIN_S) -> T:
        """A coroutine of the server's side, on its own loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(within_s)

    def look(self, at: Callable[[], T]) -> T:
        """What the server's side says of itself, read on its own loop."""

        async def there() -> T:
            return at()

        return self.run(there())

    def key(self, tenant: str, *, live: bool = False) -> str:
        return self.run(self.server.keyring.create(tenant, live=live))[0]

    def join(self, session: str, key: str = KEY, **query: Any) -> Talk:
        """A socket that has not read anything yet."""
        return connect(self.server.url, session, token=key, **query)

    def live(self, session: str, key: str = KEY, **query: Any) -> Talk:
        """A socket that has read its `connected`."""
        talk = self.join(session, key, **query)
        assert talk.hear()["type"] == "connected"
        return talk


@contextlib.contextmanager
def serving(data: Path, **changed: Any) -> Iterator[Node]:
    """A node for the length of a `with` block."""
    node = Node(unlimited(data, **changed))
    node.start()
    try:
        yield node
    finally:
        node.close()


# -- REST --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    headers: http.client.HTTPMessage = field(repr=False)
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        found = self.json["error"]
        assert isinstance(found, dict)
        return found


class Api:
    """A client of one key; `headers` of a call win over the key's."""

    def __init__(self, url: str, key: str | None) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 0
        self.key = key

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Bytes go as they are, everything else as JSON. `X_API_Key=…` is the header X-API-Key."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key is not None:
            sent.setdefault("Authorization", f"Bearer {self.key}")
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        line = http.client.HTTPConnection(self.host, self.port, timeout=WITHIN_S)
        try:
            line.request(method, path, raw, sent)
            answer = line.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            line.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Reply:
        return self.call("DELETE", path, **headers)

    # what most tests begin with

    def create(self, session: str, **fields: Any) -> Any:
        reply = self.post("/v1/persona", {"sessionId": session, "preset": "cheerful_companion", **fields})
        assert reply.status == 201, reply
        return reply.json

    def turn(self, session: str, message: str = "hello", **fields: Any) -> Any:
        reply = self.post("/v1/turn?prompt_data=false", {"sessionId": session, "message": message, **fields})
        assert reply.status == 200, reply
        return reply.json

    def feel(self, session: str, **changed: float) -> Any:
        body = {"sessionId": session, "appraisal": {**GLAD, **changed}}
        reply = self.post("/v1/turn/appraisal?prompt_data=false", body)
        assert reply.status == 200, reply
        return reply.json


def raw(port: int, request: bytes, *, enough: Callable[[bytes], bool] | None = None) -> bytes:
    """What the server says to these bytes, until it closes the line or `enough` holds."""
    with socket.create_connection(("127.0.0.1", port), WITHIN_S) as line:
        line.sendall(request)
        heard = b""
        while enough is None or not enough(heard):
            try:
                more = line.recv(65_536)
            except ConnectionResetError:
                break
            if not more:
                break
            heard += more
        return heard


def upgrade(session: str, **query: str) -> bytes:
    """The request that opens a socket, for tests that speak in bytes."""
    path = ws_url("", session, {"token": KEY, **query}).removeprefix("ws")
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n".encode()


# -- sockets -----------------------------------------------------------------------------------------------------------


def ws_url(url: str, session: str, query: Mapping[str, Any]) -> str:
    return f"ws{url.removeprefix('http')}/v1/ws/{session}?{urlencode(query)}"


def connect(
    url: str, session: str, *, headers: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None, **query: Any
) -> Talk:
    """A socket that has not read anything yet. None in the query leaves the key out."""
    asked = {name: value for name, value in query.items() if value is not None}
    opening: Any = ws_connect(  # in its 17th version a context manager, in earlier ones a connection that is one too
        ws_url(url, session, asked),
        additional_headers=headers,
        compression=None,
        proxy=None,
        ping_interval=None,
        open_timeout=WITHIN_S,
        close_timeout=2,
        max_size=None,
        max_queue=None,  # it reads on while the test does something else
        ssl=tls,
    )
    return Talk(opening)


class Talk:
    """One client socket; a `with` block closes it."""

    def __init__(self, opening: contextlib.AbstractContextManager[ClientConnection]) -> None:
        self._opening = opening
        self.ws = opening.__enter__()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failed: object) -> None:
        self._opening.__exit__(None, None, None)

    def send(self, **message: Any) -> None:
        self.ws.send(json.dumps(message))

    def hear(self, within_s: float = WITHIN_S) -> Any:
        """The next message."""
        return json.loads(self.ws.recv(within_s))

    def until(self, kind: str) -> Any:
        """The next message of a type; what comes before it is passed over."""
        while True:
            message = self.hear()
            if message["type"] == kind:
                return message

    def ask(self, **message: Any) -> Any:
        """The next message after sending one."""
        self.send(**message)
        return self.hear()

    def say(self, text: str = "hello", **fields: Any) -> Any:
        """One turn from words, answered."""
        return self.ask(type="turn", message=text, **fields)

    def feel(self, **fields: Any) -> Any:
        """One turn from a vector, answered."""
        return self.ask(type="turn_appraisal", appraisal=GLAD, **fields)

    def quiet(self) -> list[Any]:
        """Everything that was sent before the answer to a ping that is sent now: afterwards nothing is under way."""
        self.send(type="ping", id="quiet")
        heard: list[Any] = []
        while (message := self.hear()) != {"type": "pong", "reply_to": "quiet"}:
            heard.append(message)
        return heard

    def ended(self, within_s: float = WITHIN_S) -> tuple[int, str, list[Any]]:
        """(close code, its reason, what was said before); 1006 when the line broke without a goodbye."""
        heard: list[Any] = []
        try:
            while True:
                heard.append(self.hear(within_s))
        except ConnectionClosed as over:
            return (over.rcvd.code, over.rcvd.reason, heard) if over.rcvd else (1006, "", heard)


def eventually(holds: Callable[[], T], within_s: float = WITHIN_S) -> T:
    """The first true answer of `holds`, asked again and again; fails by name when there is none in time."""
    until_s = time.monotonic() + within_s
    while not (found := holds()):
        assert time.monotonic() < until_s, f"{getattr(holds, '__name__', 'it')} did not happen within {within_s:g} s"
        threading.Event().wait(0.01)
    return found
