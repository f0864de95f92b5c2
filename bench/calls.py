"""Keep-alive HTTP connections of a client, each posting one turn after the other; answers counted and not parsed.

As `sockets.py` for WebSockets: no event loop and no clock here.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence

from bench.child import KEY
from bench.sockets import RECV_BYTES, Refused, connect, raise_handle_limit
from bench.turns import Body

HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"


def said(body: Body) -> bytes:
    """What a call says, without the brace and the session in front of it, which are the connection's."""
    told = {name: value for name, value in body.items() if name != "type"}
    return json.dumps(told, separators=(",", ":")).encode()[1:]


class Call:
    """One connection. `rest` is what came of an answer that is not whole yet."""

    __slots__ = ("_head", "_opening", "answer_bytes", "rest", "sent_ns", "sock")

    def __init__(self, sock: socket.socket, path: str, session: str | None) -> None:
        self.sock = sock
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._opening = b"{" if session is None else b'{"sessionId":"%s",' % session.encode()
        self.rest = b""
        self.sent_ns = 0
        self.answer_bytes = 0

    def send(self, told: bytes) -> None:
        """One whole request; `told` is of `said`."""
        size = len(self._opening) + len(told)
        request = b"%b%d\r\n\r\n%b%b" % (self._head, size, self._opening, told)
        if self.sock.send(request) != len(request):
            raise Refused("the server does not read")

    def receive(self) -> int:
        """Read what is there; 1 when the answer is whole."""
        chunk = self.sock.recv(RECV_BYTES)
        if not chunk:
            raise Refused("the server closed the connection")
        seen = self.rest + chunk if self.rest else chunk
        end = seen.find(HEAD_END)
        if end < 0 or len(seen) < end + len(HEAD_END) + (size := _length(seen[:end])):
            self.rest = seen
            return 0
        if not seen.startswith(b"HTTP/1.1 200 "):
            raise Refused(seen[:500].decode(errors="replace"))
        self.rest = b""
        self.answer_bytes = size
        return 1


def open_all(port: int, paths: Sequence[str], sessions: Sequence[str]) -> list[Call]:
    """One connection a path."""
    raise_handle_limit(len(paths))
    conns = []
    for number, path in enumerate(paths):
        sock = connect(port, number)
        sock.setblocking(False)
        conns.append(Call(sock, path, sessions[number] if sessions else None))
    return conns


def _length(head: bytes) -> int:
    """Of the body, as the answer's head says. A peer that answers in chunks is not measured here."""
    _, found, after = head.lower().partition(LENGTH)
    if not found:
        raise Refused(f"an answer without a length: {head[:300]!r}")
    return int(after.partition(b"\r\n")[0])
