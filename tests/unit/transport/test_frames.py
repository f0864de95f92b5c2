"""Frames and messages of RFC 6455, as a server reads and writes them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molroo_actor.transport import frames
from molroo_actor.transport.frames import BINARY, CLOSE, CONTINUATION, PING, TEXT, Broken, Decoder

MAX = 65_536


def client(opcode: int, payload: bytes, *, fin: bool = True, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    """A client's frame."""
    size = len(payload)
    head = bytes((fin << 7 | opcode,))
    if size < 126:
        head += bytes((0x80 | size,))
    elif size < 65_536:
        head += b"\xfe" + struct.pack("!H", size)
    else:
        head += b"\xff" + struct.pack("!Q", size)
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def taken(decoder: Decoder) -> list[tuple[int, bytes]]:
    """Everything that can be taken by now, without the pieces."""
    found = []
    while (message := decoder.take()) is not None:
        if message[0] != CONTINUATION:
            found.append(message)
    return found


def decoded(data: bytes) -> list[tuple[int, bytes]]:
    decoder = Decoder(MAX)
    decoder.feed(data)
    return taken(decoder)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535])
def test_a_whole_text_is_read_in_one_go_and_the_same_by_the_decoder(size: int) -> None:
    payload = bytes(range(256)) * (size // 256) + bytes(range(size % 256))
    data = client(TEXT, payload)
    assert frames.only_text(data) == payload
    assert decoded(data) == [(TEXT, payload)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        client(TEXT, b"ab")[:-1],
        client(TEXT, b"ab") + b"\x81",
        client(TEXT, b"ab", fin=False),
        client(BINARY, b"ab"),
        client(PING, b"ab"),
        b"\x81\x02ab",
        b"\x81\x82\0\0\0",
        b"\x81\xfe\x00",
    ],
)
def test_whatever_is_not_exactly_one_whole_text_is_left_to_the_decoder(data: bytes) -> None:
    assert frames.only_text(data) is None


@given(
    st.lists(st.tuples(st.sampled_from([TEXT, BINARY]), st.lists(st.binary(max_size=300), min_size=1, max_size=4))),
    st.binary(min_size=4, max_size=4),
    st.lists(st.integers(1, 40), min_size=1, max_size=20),
)
def test_messages_come_out_as_they_went_in_however_they_are_cut(
    said: list[tuple[int, list[bytes]]], mask: bytes, cuts: list[int]
) -> None:
    wire = b""
    for opcode, pieces in said:
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            wire += client(opcode if number == 0 else CONTINUATION, piece, fin=last, mask=mask)
            wire += client(PING, b"between", mask=mask)
    decoder, heard, at, turn = Decoder(MAX), [], 0, 0
    while at < len(wire):
        size = cuts[turn % len(cuts)]
        decoder.feed(wire[at : at + size])
        heard += taken(decoder)
        at, turn = at + size, turn + 1
    assert [message for message in heard if message[0] != PING] == [(op, b"".join(pieces)) for op, pieces in said]
    assert heard.count((PING, b"between")) == sum(len(pieces) for _, pieces in said)
    assert decoder.empty


def test_one_frame_is_read_at_a_time_pieces_too() -> None:
    decoder = Decoder(MAX)
    decoder.feed(client(TEXT, b"a", fin=False) + client(CONTINUATION, b"", fin=False) * 3 + client(CONTINUATION, b"b"))
    assert [decoder.take() for _ in range(6)] == [(CONTINUATION, b"")] * 4 + [(TEXT, b"ab"), None]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xc1\x80\0\0\0\0", 1002),  # a reserved bit
        (b"\x83\x80\0\0\0\0", 1002),  # an unknown opcode
        (b"\x81\x02ab", 1002),  # without a mask
        (client(PING, b"", fin=False), 1002),
        (client(PING, b"x" * 126), 1002),
        (client(CONTINUATION, b"x"), 1002),
        (client(TEXT, b"x", fin=False) + client(TEXT, b"y"), 1002),
        (client(TEXT, b"x" * (MAX + 1))[:14], 1009),  # told by the head alone
        (b"\x81\xff" + b"\xff" * 8, 1009),
        (client(TEXT, b"x" * MAX, fin=False) + client(CONTINUATION, b"y"), 1009),
    ],
)
def test_what_breaks_the_protocol_or_is_too_big_ends_with_its_code(data: bytes, code: int) -> None:
    decoder = Decoder(MAX)
    decoder.feed(data)
    with pytest.raises(Broken) as broken:
        taken(decoder)
    assert broken.value.code == code


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", 1000),
        (b"\x03\xe9bye", 1001),
        (b"\x0f\xa0", 4000),
        (b"\x03", 1002),
        (b"\x03\xed", 1002),
        (b"\x00\x01", 1002),
        (b"\x03\xe8\xff", 1007),
    ],
)
def test_a_close_is_answered_with_its_code_or_with_what_is_wrong_with_it(payload: bytes, code: int) -> None:
    assert frames.answering_code(payload) == code


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_what_is_written_has_the_shortest_length_and_no_mask(size: int) -> None:
    data = frames.encode(CLOSE if size < 126 else TEXT, b"x" * size)
    head = 2 if size < 126 else 4 if size < 65_536 else 10
    assert (len(data), data[1] & 0x80) == (head + size, 0)


def test_the_accept_of_the_reference_and_what_is_no_key() -> None:
    assert frames.accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert [frames.accept(key) for key in ("", "short", "dGhl", "é" * 24)] == [None] * 4
