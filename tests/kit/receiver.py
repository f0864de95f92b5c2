"""A real HTTP receiver of webhooks on loopback, over plain sockets, that misbehaves as a test orders.

Every request is kept as it came, byte for byte. `script` holds what to do with the next requests, one each; then
`always` goes on. Threads, so that tests are plain functions; every wait has a limit.

What must not live here: knowledge of the product.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

WITHIN_S = 10.0


@dataclass(frozen=True)
class Got:
    """One request. `headers` by lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    at_s: float


Behaviour = Callable[[socket.socket, threading.Event], None]
"""Answers a request; the event is set when the receiver ends. The line is closed after it."""


def answer(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """A whole answer. `Retry_After="5"` is the header Retry-After."""

    def act(line: socket.socket, _: threading.Event) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        line.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    return act


def stalls(line: socket.socket, over: threading.Event) -> None:
    """Takes the request and says nothing."""
    over.wait(WITHIN_S)


def drips(every_s: float) -> Behaviour:
    """A right answer, a byte at a time."""

    def act(line: socket.socket, over: threading.Event) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n":
            line.sendall(bytes((byte,)))
            if over.wait(every_s):
                return

    return act


class Huge:
    """A right answer with a body without an end; `sent` counts what of it was taken."""

    def __init__(self, head: bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") -> None:
        self.sent = 0
        self._head = head
        self._chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    def __call__(self, line: socket.socket, over: threading.Event) -> None:
        line.sendall(self._head)
        while not over.is_set():
            self.sent += line.send(self._chunk)


def endless_head(line: socket.socket, over: threading.Event) -> None:
    """Headers without an end."""
    line.sendall(b"HTTP/1.1 200 OK\r\n")
    while not over.is_set():
        line.sendall(b"X-More: " + b"x" * 4_000 + b"\r\n")


def says(raw: bytes) -> Behaviour:
    """These bytes, then the end."""
    return lambda line, _: line.sendall(raw)


def resets(line: socket.socket, _: threading.Event) -> None:
    """Cuts the line without a word."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Receiver:
    """One receiver on a port of its own, `start` to `stop`; it may start again on the same port."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.script: deque[Behaviour] = deque()
        self.always: Behaviour = answer(200)
        self.got: list[Got] = []
        self.accepted = 0
        """Connections, whatever came over them."""
        self.port = 0
        self._tls = tls
        self._news = threading.Condition()
        self._over = threading.Event()
        self._server: socket.socket | None = None
        self._threads: list[threading.Thread] = []

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def start(self) -> None:
        self._over.clear()
        self._server = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self._server.getsockname()[1]
        self._run(self._accept, self._server)

    def stop(self) -> None:
        self._over.set()
        if self._server is not None:
            with contextlib.suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
            self._server = None
        for thread in self._threads:
            thread.join(WITHIN_S)
        self._threads = []

    def wait(self, count: int, within_s: float = WITHIN_S) -> Got:
        """The request of that number, counted from 1, once it is there."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.got) >= count, within_s), f"{len(self.got)} of {count} came"
            return self.got[count - 1]

    def _run(self, work: Callable[[socket.socket], None], line: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(line,), name="receiver", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, server: socket.socket) -> None:
        while not self._over.is_set():
            try:
                line, _ = server.accept()
            except OSError:
                return
            self.accepted += 1
            self._run(self._serve, line)

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as lines:
            lines.enter_context(line)
            line.settimeout(WITHIN_S)
            if self._tls is not None:
                line = lines.enter_context(self._tls.wrap_socket(line, server_side=True))
            got = _request(line)
            if got is None:
                return
            with self._news:
                self.got.append(got)
                behaviour = self.script.popleft() if self.script else self.always
                self._news.notify_all()
            behaviour(line, self._over)


def _request(line: socket.socket) -> Got | None:
    raw = b""
    while b"\r\n\r\n" not in raw:
        more = line.recv(65_536)
        if not more:
            return None
        raw += more
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
    while len(body) < int(headers["content-length"]):
        body += line.recv(65_536)
    method, path, _ = first.split(" ")
    return Got(method, path, headers, body, time.monotonic())


@contextlib.contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver for the length of a `with` block."""
    receiver = Receiver(tls)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()
