"""Many WebSockets of a client in one process: opened in groups, then non-blocking, each counting the answers it got.

No event loop and no clock here; `load.py` drives them with epoll.
"""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator, Sequence

from bench import frames

ANSWER = b'"turn_result"'
ERROR = b'"error"'
OPENING = 64  # how far into a message its type is looked for
AT_ONCE = 64  # below every listen backlog
A_SOURCE_ADDRESS_TAKES = 10_000  # well below the ports of one loopback address
HANDSHAKE_WITHIN_S = 30.0
RECV_BYTES = 1 << 18


class Refused(RuntimeError):
    """The server answered something else than the bench asked for; the text is its answer."""


class Conn:
    """One client socket. `rest` is what came of a frame that is not whole yet."""

    __slots__ = ("_recv", "_send", "answer_bytes", "rest", "sent_ns", "sock")

    def __init__(self, sock: socket.socket, rest: bytes) -> None:
        self.sock = sock
        self._recv, self._send = sock.recv, sock.send
        self.rest = rest
        self.sent_ns = 0
        self.answer_bytes = 0

    def send(self, frame: bytes) -> None:
        """A lock-step client has at most one small frame under way, so a full buffer means a server that stopped
        reading."""
        if self._send(frame) != len(frame):
            raise Refused("the server does not read")

    def receive(self) -> int:
        """Read what is there; the number of turn answers in it. Pings are answered here."""
        chunk = self._recv(RECV_BYTES)
        if not self.rest and (start := frames.one_text(chunk)) and chunk.find(ANSWER, start, OPENING) > 0:
            self.answer_bytes = len(chunk) - start
            return 1  # nearly every time: one whole frame in one read
        if not chunk:
            raise Refused("the server closed the socket")
        chunk = self.rest + chunk
        return self._sorted_out(chunk)

    def _sorted_out(self, chunk: bytes) -> int:
        answers = end = 0
        for opcode, start, end in frames.server_frames(chunk):
            if opcode == frames.TEXT:
                answers += self._is_answer(chunk, start, end)
            elif opcode == frames.PING:
                self.send(frames.masked(chunk[start:end], b"\0\0\0\0", frames.PONG))
            elif opcode == frames.CLOSE:
                raise Refused(f"closed: {chunk[start:end]!r}")
        self.rest = chunk[end:]
        return answers

    def _is_answer(self, chunk: bytes, start: int, end: int) -> bool:
        head = min(end, start + OPENING)
        if chunk.find(ANSWER, start, head) >= 0:
            self.answer_bytes = end - start
            return True
        if chunk.find(ERROR, start, head) >= 0:
            raise Refused(chunk[start:end].decode(errors="replace"))
        return False


def open_all(port: int, paths: Sequence[str]) -> list[Conn]:
    """One WebSocket a path, upgraded; several loopback source addresses when one would run short of ports."""
    raise_handle_limit(len(paths))
    conns: list[Conn] = []
    for group in _groups(paths):
        socks = [connect(port, len(conns) + n) for n in range(len(group))]
        for sock, path in zip(socks, group, strict=True):
            sock.sendall(frames.upgrade(path))
        conns.extend(_upgraded(sock) for sock in socks)
    return conns


def _groups(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(paths), AT_ONCE):
        yield paths[first : first + AT_ONCE]


def connect(port: int, number: int) -> socket.socket:
    """A blocking TCP connection, the numbered one of this process."""
    sock = socket.socket()
    sock.settimeout(HANDSHAKE_WITHIN_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if number >= A_SOURCE_ADDRESS_TAKES:
        sock.bind((f"127.0.0.{1 + number // A_SOURCE_ADDRESS_TAKES}", 0))
    sock.connect(("127.0.0.1", port))
    return sock


def _upgraded(sock: socket.socket) -> Conn:
    seen = b""
    while frames.HEAD_END not in seen:
        chunk = sock.recv(RECV_BYTES)
        if not chunk:
            raise Refused(f"no upgrade: {seen[:300]!r}")
        seen += chunk
    head, _, rest = seen.partition(frames.HEAD_END)
    if b" 101 " not in head.split(b"\r\n", 1)[0]:
        raise Refused(f"no upgrade: {seen[:300]!r}")
    if b"sec-websocket-extensions" in head.lower():
        raise Refused(f"compression that nobody offered: {seen[:300]!r}")
    sock.setblocking(False)
    return Conn(sock, rest)


def raise_handle_limit(sockets: int) -> None:
    """So many and some more, as far as the system lets a process go."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = sockets + 256
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))
