"""A socket by itself: how much it handles in one go, and what it sees while it is held."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from unittest import mock

from molroo_actor.transport.limits import Bucket
from molroo_actor.transport.socket import Socket
from tests.unit.transport.test_frames import client

PIECES = 200


class Duties:
    """Counts what it is told."""

    message_bytes_max = unsent_bytes_max = 65_536
    refused_messages_max = 100

    def __init__(self) -> None:
        self.received = memoryview(bytearray(65_536))
        self.heard: list[bytes] = []

    def message(self, socket: Socket, data: bytes) -> None:
        self.heard.append(data)

    def room(self, socket: Socket) -> None: ...

    def refused(self, code: str) -> None: ...

    def closing(self, socket: Socket) -> None: ...

    def gone(self, socket: Socket) -> None:
        socket.slot = socket.attachment = None


def opened(duties: Duties) -> Socket:
    socket = Socket(duties, Bucket(0, 0, 0.0))
    transport = mock.Mock(spec=asyncio.Transport)
    transport.get_write_buffer_size.return_value = 0
    transport.is_closing.return_value = False
    socket.begin(cast(asyncio.Transport, transport), b"")
    socket.release()
    return socket


def read(socket: Socket, duties: Duties, data: bytes) -> None:
    socket.get_buffer(-1)[: len(data)] = data
    socket.buffer_updated(len(data))


async def test_a_read_full_of_pieces_is_handled_in_portions() -> None:
    duties = Duties()
    socket = opened(duties)
    read(socket, duties, client(1, b"{", fin=False) + client(0, b"", fin=False) * PIECES + client(0, b"}"))
    await asyncio.sleep(0)
    assert duties.heard == [], "the loop has its turn between portions"
    cast(Any, socket.transport).pause_reading.assert_called()
    for _ in range(2 + PIECES // 32):
        await asyncio.sleep(0)
    assert duties.heard == [b"{}"]


async def test_a_goodbye_that_was_read_already_is_seen_when_the_socket_closes() -> None:
    duties = Duties()
    socket = opened(duties)
    socket.hold()
    read(socket, duties, client(8, b"\x03\xe8"))
    cast(Any, socket.transport).close.assert_not_called()
    socket.close(4401, "UNAUTHORIZED")
    await asyncio.sleep(0)
    cast(Any, socket.transport).close.assert_called()


async def test_after_what_breaks_the_protocol_it_still_sees_its_line_end() -> None:
    duties = Duties()
    socket = opened(duties)
    transport = cast(Any, socket.transport)
    transport.reset_mock()
    read(socket, duties, b"\x05:")
    await asyncio.sleep(0)
    assert [call[0] for call in transport.method_calls if call[0].endswith("_reading")][-1:] == ["resume_reading"]
    read(socket, duties, client(1, b"{}"))
    assert duties.heard == []
