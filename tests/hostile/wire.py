"""Clients of bytes: requests and frames sent as they are, answers taken apart without belief.

What must not live here: expectations.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from bench import frames

WITHIN_S = 10.0
HEAD_END = b"\r\n\r\n"
MASK = b"\x11\x22\x33\x44"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `body` is as long as its Content-Length says."""

    status: int
    head: bytes
    body: bytes


def request(method: str, path: str, key: str | None = None, body: bytes | None = None, *headers: str) -> bytes:
    """A whole request as a well-behaved client sends it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers]
    if key is not None:
        lines.append(f"Authorization: Bearer {key}")
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + HEAD_END + (body or b"")


def json_request(method: str, path: str, key: str | None, body: Any) -> bytes:
    return request(method, path, key, json.dumps(body).encode())


def answers_in(heard: bytes) -> Iterator[Answer]:
    """The whole answers at the beginning of what was heard."""
    while True:
        head, found, rest = heard.partition(HEAD_END)
        if not found or not head.startswith(b"HTTP/1."):
            return
        status = int(head[9:12])
        size = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                size = int(value)
        if len(rest) < size:
            return
        yield Answer(status, head, rest[:size])
        if status == 101:
            return
        heard = rest[size:]


class Line:
    """One TCP line to 127.0.0.1."""

    def __init__(self, port: int, *, within_s: float = WITHIN_S, receive_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(within_s)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.heard = b""
        self.ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failed: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """False when the line is gone."""
        try:
            self.socket.sendall(data)
        except (ConnectionError, TimeoutError):
            self.ended = True
        return not self.ended

    def more(self) -> bool:
        """Reads once; False at the end of the line. Raises TimeoutError when nothing comes."""
        try:
            chunk = self.socket.recv(262_144)
        except ConnectionError:
            chunk = b""
        self.heard += chunk
        self.ended = self.ended or not chunk
        return bool(chunk)

    def answer(self) -> Answer | None:
        """The next HTTP answer, taken from what was heard; None when the line ends first."""
        while True:
            for found in answers_in(self.heard):
                self.heard = self.heard[len(found.head) + 4 + len(found.body) :]
                return found
            if not self.more():
                return None

    def ask(self, data: bytes) -> Answer | None:
        self.send(data)
        return self.answer()

    def to_the_end(self, within_s: float) -> bool:
        """Reads until the line ends; False when it does not within that time."""
        until_s = time.monotonic() + within_s
        while not self.ended:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return False
            self.socket.settimeout(left_s)
            with contextlib.suppress(TimeoutError):
                self.more()
        return True


def ws_path(session: str, key: str | None, **query: str) -> str:
    asked = {**({"token": key} if key else {}), "prompt_data": "false", **query}
    return f"/v1/ws/{session}?{urlencode(asked)}"


def frame(payload: bytes, opcode: int = frames.TEXT, *, fin: bool = True, reserved: int = 0) -> bytes:
    """One masked client frame, whole or not, with reserved bits or not."""
    made = frames.masked(payload, MASK, opcode)
    return bytes(((made[0] & 0x7F) | (0x80 if fin else 0) | reserved << 4,)) + made[1:]


class Socket(Line):
    """A WebSocket of bytes. It answers no pings unless `frame_of` is asked for the next message."""

    @classmethod
    def open(cls, port: int, path: str, *, extra: str = "", receive_bytes: int | None = None) -> Self:
        """Upgraded, and nothing read behind the upgrade. Raises ConnectionError with the answer when it is refused."""
        line = cls(port, receive_bytes=receive_bytes)
        asked = frames.upgrade(path)
        line.send(asked[:-2] + extra.encode() + b"\r\n" if extra else asked)
        while HEAD_END not in line.heard and line.more():
            pass
        head, _, line.heard = line.heard.partition(HEAD_END)
        if b" 101 " not in head[:20]:
            line.socket.close()
            raise ConnectionError(f"no upgrade: {head[:200]!r} {line.heard[:200]!r}")
        return line

    def frame_of(self, opcodes: Iterable[int] = (frames.TEXT, frames.CLOSE)) -> tuple[int, bytes] | None:
        """The next frame of these opcodes, pings answered on the way; None when the line ends first."""
        while True:
            for opcode, start, end in frames.server_frames(self.heard):
                if opcode == 0x10:
                    continue
                payload, self.heard = self.heard[start:end], self.heard[end:]
                if opcode == frames.PING:
                    self.send(frame(payload, frames.PONG))
                if opcode in opcodes:
                    return opcode, payload
                break
            else:
                if not self.more():
                    return None

    def message(self, kind: str | None = None) -> Any:
        """The next message, or the next of a type; None when the line ends or is closed first."""
        while (found := self.frame_of()) is not None and found[0] == frames.TEXT:
            told = json.loads(found[1])
            if kind is None or told["type"] == kind:
                return told
        return None

    def close_code(self, within_s: float = WITHIN_S) -> int:
        """How it ends: the close frame's code, 1006 when the line broke without one, 0 when it does not end."""
        self.socket.settimeout(within_s)
        try:
            while (found := self.frame_of()) is not None:
                if found[0] == frames.CLOSE:
                    return int.from_bytes(found[1][:2], "big") if len(found[1]) >= 2 else 1005
        except TimeoutError:
            return 0
        return 1006


def live(port: int, session: str, key: str, **query: str) -> Socket:
    """A socket that has been greeted."""
    opened = Socket.open(port, ws_path(session, key, **query))
    told = opened.message()
    if told is None or told["type"] != "connected":
        raise ConnectionError(f"not greeted: {told}")
    return opened
