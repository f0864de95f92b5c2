"""Rates and counts: requests of a key, messages of a socket, sockets of a session, refused upgrades of an address."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.e2e.wire import KEY, STRANGER, Api, Node, Talk, connect, serving


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Node]:
    with serving(tmp_path, requests_per_minute=6) as node:
        yield node


def test_requests_of_a_key_are_limited_and_told_when_to_come_back(limited: Node) -> None:
    assert [limited.api.get("/v1/persona").status for _ in range(6)] == [200] * 6
    reply = limited.api.get("/v1/persona")
    assert (reply.status, reply.error["code"]) == (429, "RATE_LIMIT")
    assert reply.headers["Retry-After"] == "10"
    assert "6" in reply.error["message"]


def test_one_keys_rate_is_nothing_to_another_key_and_health_is_free(limited: Node) -> None:
    other = Api(limited.server.url, limited.key("other"))
    for _ in range(6):
        limited.api.get("/v1/persona")
    assert limited.api.get("/v1/persona").status == 429
    assert other.get("/v1/persona").status == 200
    assert [limited.api.get(path).status for path in ("/v1/health", "/livez", "/readyz", "/metrics")] == [200] * 4


def test_the_rate_is_checked_after_key_form_and_session(limited: Node) -> None:
    limited.api.create("mia")
    for _ in range(6):
        limited.api.get("/v1/persona")
    assert limited.api.get("/v1/state/mia").status == 429
    assert Api(limited.server.url, STRANGER).get("/v1/state/mia").status == 401
    assert limited.api.post("/v1/turn", {"sessionId": "mia"}).status == 400
    assert limited.api.get("/v1/state/nobody").status == 404


def test_requests_for_what_is_not_there_count_too(limited: Node) -> None:
    for _ in range(6):
        assert limited.api.get("/v1/state/nobody").status == 404
    assert limited.api.get("/v1/persona").status == 429


def test_a_socket_may_burst_twice_its_rate_and_is_then_refused_but_stays_open(tmp_path: Path) -> None:
    with serving(tmp_path, socket_messages_per_s=1) as node:
        node.api.create("mia")
        with node.live("mia") as talk:
            assert [talk.ask(type="ping")["type"] for _ in range(2)] == ["pong"] * 2
            error = talk.ask(type="ping", id="third")
            assert (error["type"], error["code"], error["reply_to"]) == ("error", "RATE_LIMIT", "third")
            assert 0 < error["retry_after_s"] <= 1
            assert error["message"] == "more than 1 messages a second"
            assert node.api.get("/v1/history/mia").json["items"] == []


def test_a_hundred_refusals_in_a_row_close_a_socket(tmp_path: Path) -> None:
    with serving(tmp_path, socket_messages_per_s=0.001) as node:
        node.api.create("mia")
        with node.live("mia") as other, node.live("mia") as talk:
            assert talk.ask(type="ping") == {"type": "pong"}
            with contextlib.suppress(ConnectionClosed):
                for _ in range(150):
                    talk.send(type="ping")
            code, reason, heard = talk.ended()
            assert (code, reason) == (4429, "RATE_LIMIT")
            assert [message["code"] for message in heard] == ["RATE_LIMIT"] * 100
            assert other.ask(type="ping") == {"type": "pong"}


def test_control_frames_are_no_messages(tmp_path: Path) -> None:
    with serving(tmp_path, socket_messages_per_s=0.001) as node:
        node.api.create("mia")
        with node.live("mia") as talk:
            for _ in range(50):
                assert talk.ws.ping().wait(5)
                talk.ws.pong()
            assert talk.ask(type="ping") == {"type": "pong"}


def test_a_session_has_thirty_two_sockets_and_no_more(tmp_path: Path) -> None:
    with serving(tmp_path) as node, contextlib.ExitStack() as open_sockets:
        node.api.create("mia")
        node.api.create("noa")
        talks = [open_sockets.enter_context(node.live("mia")) for _ in range(32)]
        with node.join("mia") as one_too_many:
            code, reason, heard = one_too_many.ended()
        assert (code, reason) == (4429, "RATE_LIMIT")
        assert [(message["type"], message["code"]) for message in heard] == [("error", "RATE_LIMIT")]
        assert "32" in heard[0]["message"]
        assert heard[0]["retry_after_s"] > 0
        with node.live("noa") as elsewhere:
            assert elsewhere.ask(type="ping") == {"type": "pong"}
        node.api.turn("mia")
        assert [talk.hear()["seq"] for talk in talks] == [1] * 32
        talks[0].ws.close()
        talks[1].quiet()
        with node.live("mia") as instead:
            assert instead.ask(type="ping") == {"type": "pong"}


def refusal(node: Node, session: str = "mia", key: str = STRANGER) -> int:
    """How an upgrade ends: its close code, or the HTTP status when there was none."""
    try:
        with connect(node.server.url, session, token=key) as talk:
            return talk.ended()[0]
    except InvalidStatus as refused:
        response = refused.response
    assert response.headers["Retry-After"] == "60"
    assert response.headers["X-Request-Id"].startswith("req_")
    assert b'"RATE_LIMIT"' in (response.body or b"")
    return response.status_code


def test_more_than_thirty_refused_upgrades_a_minute_end_at_http_429(tmp_path: Path) -> None:
    with serving(tmp_path, refused_upgrades_per_minute=30) as node:
        node.api.create("mia")
        assert [refusal(node, key=STRANGER) for _ in range(15)] == [4401] * 15
        assert [refusal(node, "nobody", KEY) for _ in range(15)] == [4404] * 15
        assert [refusal(node) for _ in range(3)] == [429] * 3


def test_upgrades_that_are_accepted_do_not_count(tmp_path: Path) -> None:
    with serving(tmp_path, refused_upgrades_per_minute=2) as node:
        node.api.create("mia")
        talks: list[Talk] = []
        for _ in range(5):
            with node.live("mia") as talk:
                talks.append(talk)
        assert [refusal(node) for _ in range(3)] == [4401, 4401, 429]


def test_messages_that_say_nothing_count_too(tmp_path: Path) -> None:
    with serving(tmp_path, socket_messages_per_s=1) as node:
        node.api.create("mia")
        with node.live("mia") as talk:
            codes = [talk.ask(type="nonsense")["code"] for _ in range(3)]
            assert codes == ["VALIDATION_ERROR", "VALIDATION_ERROR", "RATE_LIMIT"]


def test_a_peer_that_never_pongs_is_cut_when_pings_come_faster_than_its_deadline(tmp_path: Path) -> None:
    with serving(tmp_path, ping_every_s=0.1, pong_within_s=0.25, hibernate_after_s=0.2) as node:
        node.api.create("mia")
        request = (
            f"GET /v1/ws/mia?token={KEY} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", int(node.server.url.rsplit(":", 1)[1])), timeout=10) as line:
            line.sendall(request.encode())
            with contextlib.suppress(ConnectionResetError):
                while line.recv(65_536):
                    pass
