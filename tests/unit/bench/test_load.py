"""The load client counts answers and nothing else; what it says cannot be answered from a memory of texts."""

from __future__ import annotations

import functools
import random
import socket
import sys

import pytest

from bench import calls, turns
from bench.character import Character
from bench.child import KEY
from bench.sockets import Refused, _upgraded

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX-Request-Id: r\r\n\r\n12345"


@pytest.fixture
def pair() -> tuple[calls.Call, socket.socket]:
    ours, theirs = socket.socketpair()
    return calls.Call(ours, "/v1/turn", "ses_1"), theirs


def _closed(*socks: socket.socket) -> None:
    for sock in socks:
        sock.close()


def test_a_call_is_one_whole_request_that_names_its_session(pair: tuple[calls.Call, socket.socket]) -> None:
    call, theirs = pair
    call.send(calls.said({"type": "turn", "message": "hi"}))
    head, _, body = theirs.recv(4_096).partition(b"\r\n\r\n")
    assert body == b'{"sessionId":"ses_1","message":"hi"}'
    assert head.startswith(b"POST /v1/turn HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}".encode() in head
    assert f"Content-Length: {len(body)}".encode() in head
    _closed(call.sock, theirs)


@pytest.mark.parametrize("cut", range(1, len(ANSWER)))
def test_an_answer_counts_once_it_is_whole(pair: tuple[calls.Call, socket.socket], cut: int) -> None:
    call, theirs = pair
    theirs.send(ANSWER[:cut])
    assert call.receive() == 0
    theirs.send(ANSWER[cut:])
    assert (call.receive(), call.answer_bytes, call.rest) == (1, 5, b"")
    _closed(call.sock, theirs)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        b"",
    ],
)
def test_another_answer_ends_the_run(pair: tuple[calls.Call, socket.socket], answer: bytes) -> None:
    call, theirs = pair
    theirs.send(answer)
    theirs.close()
    with pytest.raises(Refused):
        call.receive()
    call.sock.close()


def test_a_server_that_compresses_unasked_is_not_measured() -> None:
    ours, theirs = socket.socketpair()
    theirs.send(b"HTTP/1.1 101 Switching\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
    with pytest.raises(Refused, match="compression"):
        _upgraded(ours)
    _closed(ours, theirs)


def test_texts_differ_and_no_cache_of_the_engine_grows_with_them() -> None:
    rng, one = random.Random(1), Character()
    for _ in range(1_500):  # all words and most numbers of the texts
        one.read(turns.text(rng))
    texts = {turns.text(rng) for _ in range(400)}
    assert len(texts) == 400
    before = _entries()
    for text in texts:
        one.read(text)
    assert _entries() - before < 40


def _entries() -> int:
    """What all caches of the engine hold by now."""
    found = [
        value
        for name, module in list(sys.modules.items())
        if name.startswith("molroo_actor.")
        for value in vars(module).values()
        if isinstance(value, functools._lru_cache_wrapper)
    ]
    assert found
    return sum(cached.cache_info().currsize for cached in {id(each): each for each in found}.values())
