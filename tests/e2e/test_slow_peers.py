"""Peers that do not read, do not pong, or say too much: their own line suffers, nobody else's."""

from __future__ import annotations

import gc
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from molroo_actor.transport.socket import Socket
from tests.e2e.wire import GLAD, KEY, Node, connect, eventually, serving, upgrade

TURN = json.dumps({"type": "turn_appraisal", "appraisal": GLAD}).encode()


class Wire:
    """A client of bytes, which does only what it is told: no pongs, no closes, no reading ahead."""

    def __init__(self, node: Node, session: str, **query: str) -> None:
        self.line = socket.socket()
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        self.line.settimeout(10)
        self.line.connect(("127.0.0.1", node.api.port))
        self.line.sendall(upgrade(session, **query))
        self.heard = b""
        while b'"connected"' not in self.heard:
            self.heard += self.line.recv(4_096)

    def send(self, text: bytes) -> None:
        size = bytes((0x80 | len(text),)) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
        self.line.sendall(b"\x81" + size + b"\0\0\0\0" + text)

    def rest(self) -> bytes:
        """All that comes until the line ends."""
        heard = self.heard
        while True:
            try:
                more = self.line.recv(65_536)
            except ConnectionResetError:
                return heard
            if not more:
                return heard
            heard += more

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failed: object) -> None:
        self.line.close()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data"), unsent_bytes_max=100_000, close_within_s=2) as started:
        started.api.create("mia")
        started.api.create("noa")
        yield started


def test_a_socket_that_does_not_read_is_closed_with_1013_and_others_hear_all(node: Node) -> None:
    with Wire(node, "mia") as deaf, node.live("mia") as keen, node.live("noa") as elsewhere:
        slot = node.run(node.server.host.registry.find("default", False, "mia"))
        first, sizes = slot.attachments[0].connection, [0]
        assert isinstance(first, Socket)
        expected, until_s = 0, time.monotonic() + 20
        while not first.transport.is_closing():
            expected += 1
            assert keen.feel()["seq"] == expected
            sizes.append(node.look(first.transport.get_write_buffer_size))
            assert time.monotonic() < until_s, "it was never closed"
        assert keen.feel()["seq"] == expected + 1
        assert elsewhere.feel()["seq"] == 1
        heard = deaf.rest()
    assert 50_000 < max(sizes) < 120_000
    # What had been written before fits the limit and the system's own buffers.
    assert len(heard) < 16_000_000
    assert node.look(lambda: len(slot.attachments)) <= 1


def test_the_goodbye_of_a_socket_that_begins_to_read_again_says_1013(node: Node) -> None:
    with Wire(node, "mia") as deaf, node.live("mia") as keen:
        slot = node.run(node.server.host.registry.find("default", False, "mia"))
        first = slot.attachments[0].connection
        assert isinstance(first, Socket)
        until_s = time.monotonic() + 20
        while not node.look(lambda: first.closing):
            keen.feel()
            assert time.monotonic() < until_s, "it was never closed"
        assert deaf.rest().endswith(b"\x88\x0c\x03\xf5OVERLOADED")


def test_a_deaf_sender_is_closed_too(node: Node) -> None:
    with Wire(node, "noa") as deaf:
        slot = node.run(node.server.host.registry.find("default", False, "noa"))
        its = slot.attachments[-1].connection
        assert isinstance(its, Socket)
        try:
            for _ in range(4_000):
                deaf.send(TURN)
        except (ConnectionError, TimeoutError):
            pass
        # Only then does it read: whoever reads as fast as it sends is not deaf.
        eventually(lambda: node.look(lambda: its.closing))
        heard = deaf.rest()
        assert heard.count(b'"own":true') < 4_000
    assert node.api.get("/v1/health").status == 200


def test_a_replay_that_is_not_read_is_given_up(tmp_path: Path) -> None:
    with serving(tmp_path, replay_stall_s=0.3, close_within_s=0.3, history_kept=2_000) as node:
        node.api.create("mia")
        with node.join("mia", prompt_data="false") as talk:
            epoch = talk.hear()["epoch"]
            for _ in range(1_500):
                talk.send(type="turn_appraisal", appraisal=GLAD)
            assert [talk.hear()["seq"] for _ in range(1_500)][-1] == 1_500
        with Wire(node, "mia", last_seq="0", epoch=epoch), node.live("mia") as other:
            eventually(lambda: node.look(lambda: node.server._sockets.count) == 1)
            assert other.say()["seq"] == 1_501
        with node.join("mia", last_seq="0", epoch=epoch, prompt_data="false") as patient:
            assert patient.hear()["recovered"] is True
            assert [patient.hear()["seq"] for _ in range(1_501)] == list(range(1, 1_502))


@pytest.fixture(scope="module")
def brisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(
        tmp_path_factory.mktemp("data"), ping_every_s=0.3, pong_within_s=0.3, hibernate_after_s=0.4
    ) as started:
        started.api.create("mia")
        yield started


def test_a_ping_is_seen_and_a_peer_that_never_pongs_is_cut(brisk: Node) -> None:
    with Wire(brisk, "mia") as mute, brisk.live("mia") as answering:
        before_s = time.monotonic()
        heard = mute.rest()
        assert b"\x89\x00" in heard
        assert 0.5 < time.monotonic() - before_s < 3
        assert answering.ask(type="ping") == {"type": "pong"}


def test_a_pong_that_nobody_asked_for_counts(brisk: Node) -> None:
    with Wire(brisk, "mia") as line:
        until_s = time.monotonic() + 1.5
        line.line.settimeout(0.1)
        while time.monotonic() < until_s:
            line.line.sendall(b"\x8a\x80\0\0\0\0")
            try:
                line.heard += line.line.recv(4_096)
            except TimeoutError:
                continue
        assert line.heard.count(b"\x89\x00") >= 3
        line.line.settimeout(10)
        line.send(b'{"type":"ping"}')
        while b"pong" not in line.heard:
            more = line.line.recv(4_096)
            assert more, "the line was cut"
            line.heard += more


def test_pings_go_on_while_the_session_sleeps_and_wake_nothing(brisk: Node) -> None:
    with connect(brisk.server.url, "mia", token=KEY) as talk:
        assert talk.hear()["type"] == "connected"
        eventually(lambda: brisk.api.get("/v1/persona/mia").json["status"] == "hibernated")
        pings = talk.ws.latency
        eventually(lambda: brisk.look(lambda: brisk.server._sockets.count) == 1 and talk.ws.latency == pings)
        assert brisk.api.get("/v1/persona/mia").json["status"] == "hibernated"
        assert talk.ask(type="ping") == {"type": "pong"}


def test_nothing_holds_a_socket_whose_line_has_ended(node: Node) -> None:
    def sockets() -> int:
        return sum(type(each) is Socket for each in gc.get_objects())

    gc.collect()
    before = sockets()
    gc.disable()  # it is seldom that a server collects, and thousands of sockets may end before
    try:
        with node.live("mia"):
            assert sockets() == before + 1
        eventually(lambda: sockets() == before)
    finally:
        gc.enable()
