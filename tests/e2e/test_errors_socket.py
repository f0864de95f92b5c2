"""Errors over the socket: every row of the table, what stays open and what ends with which code."""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.e2e.wire import CODES, GLAD, KEY, STRANGER, Node, Talk, raw, serving, upgrade

DEEP = "[" * 600 + "]" * 600
LIMIT = 65_536


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        started.api.create("mia")
        yield started


@pytest.fixture
def talk(node: Node) -> Iterator[Talk]:
    with node.live("mia", prompt_data="false") as opened:
        yield opened


def refused(error: Any, code: str, path: str | None = None) -> str:
    """Asserts the whole form of an error message and returns its text."""
    assert error["type"] == "error"
    assert error["code"] == code
    assert code in CODES
    assert error.keys() <= {"type", "code", "message", "details", "reply_to", "request_id", "retry_after_s"}
    assert error["request_id"].startswith("req_")
    assert error.get("details", {}).get("path") == path
    assert error["message"]
    return str(error["message"])


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ({}, "$.type"),
        ({"type": None}, "$.type"),
        ({"type": "dance"}, "$.type"),
        ({"type": 7}, "$.type"),
        ({"type": ["turn"]}, "$.type"),
        ({"type": "ping", "id": 7}, "$.id"),
        ({"type": "ping", "id": ""}, "$.id"),
        ({"type": "ping", "id": "x" * 65}, "$.id"),
        ({"type": "turn"}, "$.message"),
        ({"type": "turn", "message": 3}, "$.message"),
        ({"type": "turn", "message": "x", "event": {"description": "x", "source": "user"}}, "$.message"),
        ({"type": "turn", "event": {"description": "x"}}, "$.event.source"),
        ({"type": "turn", "message": "x" * 16_385}, "$.message"),
        ({"type": "turn", "message": "x", "elapsed_seconds": -1}, "$.elapsed_seconds"),
        ({"type": "turn", "message": "x", "elapsed_seconds": 1, "elapsedSeconds": 1}, "$.elapsed_seconds"),
        ({"type": "turn_appraisal"}, "$.appraisal"),
        ({"type": "appraisal", "appraisal": {**GLAD, "agency": 3}}, "$.appraisal.agency"),
        ({"type": "turn_appraisal", "appraisal": {**GLAD, "agency": None}}, "$.appraisal.agency"),
        ({"type": "set_proactive_prefs"}, "$.preferences"),
        ({"type": "ack_proactive"}, "$.action_id"),
        ({"type": "ack_proactive", "action_id": 1}, "$.action_id"),
    ],
)
def test_a_message_of_the_wrong_form_is_refused_and_the_socket_stays(
    talk: Talk, message: dict[str, Any], path: str
) -> None:
    refused(talk.ask(**message), "VALIDATION_ERROR", path)
    assert talk.ask(type="ping") == {"type": "pong"}


@pytest.mark.parametrize(
    "text", ["", "{", "nonsense", "[]", "null", '"x"', '{"type":"turn","message":"\\ud800"}', "[" * 9999]
)
def test_what_is_no_json_object_is_refused_and_the_socket_stays(talk: Talk, text: str) -> None:
    talk.ws.send(text)
    refused(talk.hear(), "VALIDATION_ERROR", "$" if text in {"[]", "null", '"x"'} else None)
    assert talk.ask(type="ping") == {"type": "pong"}


@pytest.mark.parametrize(
    "text",
    [
        f'{{"type":"turn","event":{DEEP}}}',
        f'{{"type":"appraisal","appraisal":{DEEP}}}',
        f'{{"type":"set_proactive_prefs","preferences":{DEEP}}}',
    ],
    ids=["event", "appraisal", "preferences"],
)
def test_a_deep_message_is_refused_and_no_bug(talk: Talk, text: str) -> None:
    talk.ws.send(text)
    assert talk.hear()["code"] == "VALIDATION_ERROR"
    assert talk.ask(type="ping") == {"type": "pong"}


def test_the_text_says_what_would_be_right(talk: Talk) -> None:
    error = talk.ask(type="appraisal", appraisal={**GLAD, "agency": 3}, id="r")
    assert error["message"] == "agency must be in [-1, 1], got 3"
    assert error["reply_to"] == "r"
    assert "turn_appraisal" in talk.ask(type="dance")["message"]


@pytest.mark.parametrize(
    ("session", "key", "code", "reason"),
    [
        ("mia", STRANGER, 4401, "UNAUTHORIZED"),
        ("mia", "", 4401, "UNAUTHORIZED"),
        ("nobody", STRANGER, 4401, "UNAUTHORIZED"),
        ("nobody", KEY, 4404, "NOT_FOUND"),
        ("%00", KEY, 4404, "NOT_FOUND"),
        ("mia%2F..%2Fmia", KEY, 4404, "NOT_FOUND"),
    ],
)
def test_a_refused_socket_is_accepted_told_why_and_closed(
    node: Node, session: str, key: str, code: int, reason: str
) -> None:
    with node.join(session, key) as talk:
        found, text, heard = talk.ended()
        assert (found, text, len(heard)) == (code, reason, 1)
        refused(heard[0], reason)


@pytest.mark.parametrize(
    "query", [{"last_seq": "x"}, {"last_seq": "-1"}, {"last_seq": "1.0"}, {"prompt_data": "maybe"}]
)
def test_a_query_of_the_wrong_form_ends_the_socket_with_the_reason(node: Node, query: dict[str, str]) -> None:
    with node.join("mia", **query) as talk:
        _, reason, heard = talk.ended()
        assert reason == "VALIDATION_ERROR"
        refused(heard[0], "VALIDATION_ERROR", f"query.{next(iter(query))}")


def test_a_binary_frame_ends_the_socket_with_1003(talk: Talk) -> None:
    talk.ws.send(b'{"type":"ping"}')
    code, _, heard = talk.ended()
    assert code == 1003
    for error in heard:
        refused(error, "VALIDATION_ERROR")


def padded(size: int) -> str:
    """A ping of exactly so many bytes."""
    text = json.dumps({"type": "ping", "pad": ""})
    return text[:-2] + "x" * (size - len(text)) + text[-2:]


def test_a_message_of_exactly_the_limit_is_read(talk: Talk) -> None:
    talk.ws.send(padded(LIMIT))
    assert talk.hear() == {"type": "pong"}
    half = padded(LIMIT)
    talk.ws.send([half[: LIMIT // 2], half[LIMIT // 2 :]])
    assert talk.hear() == {"type": "pong"}


@pytest.mark.parametrize("pieces", [1, 2, 70])
def test_a_message_over_the_limit_ends_the_socket_with_1009(node: Node, pieces: int) -> None:
    whole, size = padded(LIMIT + 70), (LIMIT + 70) // pieces
    parts = [whole[at : at + size] for at in range(0, len(whole), size)]
    with node.live("mia") as other, node.live("mia") as talk:
        with contextlib.suppress(ConnectionClosed):
            talk.ws.send(parts if pieces > 1 else whole)
        code, _, heard = talk.ended()
        assert code == 1009
        for error in heard:
            refused(error, "VALIDATION_ERROR")
        assert other.ask(type="ping") == {"type": "pong"}


def upgraded(node: Node, frames: bytes) -> bytes:
    """What the server says to raw frames after `connected`, until it closes the line."""
    return raw(node.api.port, upgrade("mia") + frames).partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (b"\x81\x80\0\0\0\0" + b"\x88\x80\0\0\0\0", None),  # an empty text, then a close
        (b"\x83\x80\0\0\0\0", 1002),  # an opcode that nobody knows
        (b"\xc1\x80\0\0\0\0", 1002),  # a reserved bit
        (b"\x09\x80\0\0\0\0", 1002),  # a ping in pieces
        (b"\x80\x80\0\0\0\0", 1002),  # a piece of nothing
        (b"\x89\xfe\x01\x00\0\0\0\0" + b"x" * 256, 1002),  # a ping that is too long
    ],
)
def test_frames_that_break_the_protocol_end_the_socket_and_nothing_else(
    node: Node, frames: bytes, code: int | None
) -> None:
    with node.live("mia") as other:
        heard = upgraded(node, frames)
        assert b'"connected"' in heard
        if code is not None:
            assert struct.pack("!H", code) in heard[-125:]
        assert other.ask(type="ping") == {"type": "pong"}


def test_a_line_that_breaks_off_is_forgotten(node: Node) -> None:
    with node.live("mia") as other:
        sockets = node.look(lambda: node.server._sockets.count)
        with node.live("mia") as talk:
            talk.ws.socket.close()
        assert other.ask(type="ping") == {"type": "pong"}
        assert node.look(lambda: node.server._sockets.count) <= sockets + 1
