"""Peers that are slow to ask and slow to read: told so or cut, with little held for them meanwhile."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from molroo_actor.transport.http import Http
from tests.e2e.wire import KEY, WITHIN_S, Node, eventually, raw, serving, upgrade
from tests.kit.tls import OPENSSL, self_signed

GET = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
LATE = b"the head of a request must arrive within 0.4 s"
POST = (
    f"POST /v1/turn HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nContent-Length: 40\r\n\r\n".encode() + b'{"sessionId":'
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    quick = {"head_within_s": 0.4, "body_within_s": 0.4, "hibernate_after_s": 0.4}  # the sweep comes every 0.1 s
    with serving(tmp_path_factory.mktemp("data"), **quick) as started:
        started.api.create("mia")
        yield started


def dripped(node: Node, first: bytes, drip: bytes = b"X-A: b\r\n") -> bytes:
    """What the server says while `drip` is sent again and again behind `first`, until it ends the line."""
    heard = b""
    with socket.create_connection(("127.0.0.1", node.api.port), WITHIN_S) as line:
        line.settimeout(0.05)
        line.sendall(first)
        for _ in range(int(WITHIN_S / 0.05)):
            try:
                while more := line.recv(65_536):
                    heard += more
                return heard
            except ConnectionResetError:
                return heard
            except TimeoutError:
                with contextlib.suppress(ConnectionError):
                    line.sendall(drip)
    raise AssertionError(f"the line stays open; it said {heard[:300]!r}")


def lines(node: Node) -> list[Http]:
    """The server's side of its open lines; to be asked on its loop."""
    return cast("list[Http]", node.server._listener._server.connections)


@pytest.mark.parametrize(
    ("first", "drip"),
    [(GET[:9], b"h"), (GET[:-2], b"X-A: b\r\n"), (upgrade("mia")[:-2], b"X-A: b\r\n"), (b"", b"\r\n")],
)
def test_a_head_that_drips_is_refused_in_words_and_its_line_ends(node: Node, first: bytes, drip: bytes) -> None:
    heard = dripped(node, first, drip)
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert LATE in heard
    assert b"X-Request-Id: req_" in heard


def test_so_is_a_later_one_on_the_same_line(node: Node) -> None:
    heard = dripped(node, GET + GET[:-2])
    assert heard.startswith(b"HTTP/1.1 200 ")
    assert heard.count(b"HTTP/1.1 ") == 2
    assert LATE in heard


def test_a_line_that_never_says_anything_ends_without_a_word(node: Node) -> None:
    assert raw(node.api.port, b"") == b""


def test_a_body_that_drips_is_refused_in_words_and_its_line_ends(node: Node) -> None:
    heard = dripped(node, POST, b" ")
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert b"the body must arrive within 0.4 s" in heard


def test_who_hangs_up_in_the_middle_of_a_body_is_no_bug(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_connection(("127.0.0.1", node.api.port), WITHIN_S) as line:
        line.sendall(POST)
        eventually(lambda: node.look(lambda: any(each._current_request for each in lines(node))))
    eventually(lambda: not node.look(lambda: lines(node)))
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_neither_a_socket_nor_a_line_between_requests_is_late(node: Node) -> None:
    with socket.create_connection(("127.0.0.1", node.api.port), WITHIN_S) as idle, node.live("mia") as talk:
        idle.sendall(GET)
        assert idle.recv(65_536).startswith(b"HTTP/1.1 200 ")
        assert LATE in dripped(node, GET[:-2])  # twice as long as a head may take has gone by
        assert LATE in dripped(node, GET[:-2])
        idle.sendall(GET)
        assert idle.recv(65_536).startswith(b"HTTP/1.1 200 ")
        assert talk.ask(type="ping") == {"type": "pong"}


@pytest.mark.parametrize("path", ["/openapi.json", "/v1/ws/mia", "/nowhere"])
def test_who_reads_no_answers_gets_no_more_of_them(tmp_path: Path, path: str) -> None:
    with (
        serving(tmp_path, answer_stall_s=0.5, hibernate_after_s=0.4) as node,
        contextlib.closing(socket.socket()) as line,
    ):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        line.settimeout(0.5)
        line.connect(("127.0.0.1", node.api.port))
        held = [0]

        def ended() -> bool:
            held.append(sum(each.unsent_bytes for each in lines(node)))
            return not lines(node)

        with contextlib.suppress(TimeoutError, ConnectionError):
            for _ in range(400):  # as much as it takes: some 30 MB of requests
                line.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 2_000)
                node.look(ended)
        eventually(lambda: node.look(ended))
        assert max(held) < 200_000
        assert node.api.get("/v1/health").status == 200


@pytest.mark.skipif(OPENSSL is None, reason="openssl is missing: nothing makes a certificate")
def test_a_handshake_that_stalls_counts_as_a_line_and_ends(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    quick = {
        "head_within_s": 0.4,
        "hibernate_after_s": 0.4,
        "tls_cert": str(certificate[0]),
        "tls_key": str(certificate[1]),
    }
    with serving(tmp_path / "data", **quick) as node:
        port = int(node.server.url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), WITHIN_S) as line:
            eventually(lambda: node.look(lambda: node.server._listener.connections) == 1)
            assert line.recv(10) == b""
        eventually(lambda: node.look(lambda: node.server._listener.connections) == 0)
        trusting = ssl.create_default_context(cafile=str(certificate[0]))
        trusting.check_hostname = False
        with trusting.wrap_socket(socket.create_connection(("127.0.0.1", port), WITHIN_S)) as whole:
            whole.sendall(GET)
            assert whole.recv(100).startswith(b"HTTP/1.1 200 ")
