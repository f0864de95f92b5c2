"""The WebSocket protocol itself, where clients differ: compression, pieces, control frames, closes, late reading."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from websockets.sync.client import connect as ws_connect

from tests.e2e.wire import GLAD, KEY, Node, raw, serving, upgrade, ws_url

TEXT, MORE, CLOSE, PING, PONG = 0x81, 0x80, 0x88, 0x89, 0x8A


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        started.api.create("mia")
        yield started


def frame(head: int, payload: bytes = b"") -> bytes:
    """One short client frame, masked with zeros."""
    return bytes((head, 0x80 | len(payload), 0, 0, 0, 0)) + payload


def conversation(node: Node, *frames: bytes) -> bytes:
    """All that the server says after `connected` to these frames, until it ends the line."""
    heard = raw(node.api.port, upgrade("mia", prompt_data="false") + b"".join(frames)).partition(b"\r\n\r\n")[2]
    assert heard[2:].startswith(b'{"type":"connected"')
    return heard[2 + heard[1] :]


def closed(code: int, reason: bytes = b"") -> bytes:
    payload = struct.pack("!H", code) + reason
    return bytes((CLOSE, len(payload))) + payload


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
def test_a_clients_close_is_answered_with_its_own_code(node: Node, code: int) -> None:
    assert conversation(node, frame(CLOSE, struct.pack("!H", code) + b"bye"))[:4] == closed(code)[
        :1
    ] + b"\x02" + struct.pack("!H", code)


def test_a_close_without_a_code_is_answered_too(node: Node) -> None:
    assert conversation(node, frame(CLOSE))[:1] == bytes((CLOSE,))


@pytest.mark.parametrize(
    "payload", [b"x", struct.pack("!H", 999), struct.pack("!H", 1005), struct.pack("!H", 1000) + b"\xff"]
)
def test_a_close_that_breaks_the_protocol_ends_the_line_all_the_same(node: Node, payload: bytes) -> None:
    heard = conversation(node, frame(CLOSE, payload))
    assert heard[:1] == bytes((CLOSE,))
    assert b"INTERNAL" not in heard


def test_a_ping_is_answered_with_its_own_payload_also_between_pieces(node: Node) -> None:
    heard = conversation(
        node, frame(0x01, b'{"type":'), frame(PING, b"are you there"), frame(MORE, b'"ping"}'), frame(CLOSE)
    )
    assert heard.startswith(bytes((PONG, 13)) + b"are you there" + bytes((TEXT, 15)) + b'{"type":"pong"}')


def test_text_that_is_no_utf8_is_refused_in_words(node: Node) -> None:
    heard = conversation(node, frame(TEXT, b'{"type":"\xff"}'), frame(TEXT, b'{"type":"ping"}'), frame(CLOSE))
    assert b"VALIDATION_ERROR" in heard or struct.pack("!H", 1007) in heard
    assert b"INTERNAL" not in heard


def test_what_comes_after_a_close_is_not_handled(node: Node) -> None:
    before = node.api.get("/v1/state/mia?prompt_data=false").json["seq"]
    conversation(node, frame(CLOSE, b"\x03\xe8"), frame(TEXT, b'{"type":"turn","message":"late"}'))
    assert node.api.get("/v1/state/mia?prompt_data=false").json["seq"] == before


def test_a_client_that_offers_compression_is_served(node: Node) -> None:
    with ws_connect(ws_url(node.server.url, "mia", {"token": KEY}), compression="deflate", proxy=None) as ws:
        assert '"connected"' in ws.recv(5, decode=True)
        ws.send('{"type":"ping"}')
        assert ws.recv(5, decode=True) == '{"type":"pong"}'


def test_a_turn_whose_sender_hangs_up_is_taken_and_pushed_to_the_others(node: Node) -> None:
    with node.live("mia") as other:
        with node.live("mia") as talk:
            talk.send(type="turn_appraisal", appraisal=GLAD, id="last words")
            talk.ws.socket.shutdown(1)  # says nothing more, reads nothing more
        seq = other.hear()["seq"]
        again = other.feel(id="last words")
        assert (again["seq"], again["duplicate"]) == (seq, True)


def test_a_long_replay_with_prompts_reaches_whoever_reads_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("data"), history_kept=1_000, unsent_bytes_max=100_000) as node:
        node.api.create("mia")
        with node.join("mia", prompt_data="false") as talk:
            epoch = talk.hear()["epoch"]
            for _ in range(1_000):
                talk.send(type="turn_appraisal", appraisal=GLAD)
            for _ in range(1_000):
                talk.hear()
        with node.join("mia", last_seq=0, epoch=epoch) as late, node.live("mia") as other:
            assert late.hear()["recovered"] is True
            other.feel()
            heard = [late.hear() for _ in range(1_001)]
            assert [message["seq"] for message in heard] == list(range(1, 1_002))
            assert [message.get("replayed", False) for message in heard] == [True] * 1_000 + [False]
            assert (
                heard[999]["data"]["prompt_data"]["formatted"].keys()
                == heard[1_000]["data"]["prompt_data"]["formatted"].keys()
            )
