"""What the shim logged, in its order: every call that changed the disk, and every byte that was sent to a client.

From the bytes sent follows who was told what, and when: a turn that was answered before some moment must survive a
power cut at that moment. What went over REST is known from the client only (`Told`), a little later than it was sent.
"""

from __future__ import annotations

import enum
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from tests.crash.ledger import Creation, Json, Turn
from tests.faults.trial import FaultLedger

_HEAD: Final = struct.Struct("=iiqq")
_MESSAGE: Final = re.compile(rb'\{"type":"(turn_result|connected|state)"')
_SEQ: Final = re.compile(rb'"seq":(\d+)')
_REPLY_TO: Final = re.compile(rb'"reply_to":"([^"]+)"')
_SESSION: Final = re.compile(rb'"session_id":"([^"]+)"')
_BESIDE: Final = 400
"""Within so many bytes of its beginning a message says who it is for."""


class Call(enum.IntEnum):
    """As in shim.c."""

    OPEN = 1
    WRITE = 2
    TRUNCATE = 3
    SYNC = 4
    SYNCED = 5
    CLOSE = 6
    UNLINK = 7
    RENAME = 8
    MKDIR = 9
    SEND = 10


class Event(NamedTuple):
    """One call. `at` is where its line ends in the log: whoever saw the log that long knows that it happened."""

    call: Call
    fd: int
    offset: int
    content: bytes
    at: int


def events(log: Path) -> Iterator[Event]:
    """All whole lines; a killed process may leave the last one half written."""
    whole = log.read_bytes()
    place = 0
    while place + _HEAD.size <= len(whole):
        call, fd, offset, size = _HEAD.unpack_from(whole, place)
        place += _HEAD.size
        if place + size > len(whole):
            return
        yield Event(Call(call), fd, offset, whole[place : place + size], place + size)
        place += size


class Told(FaultLedger):
    """A ledger that notes how long the log was when an answer had come."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log
        self.turn_at: dict[str, int] = {}
        self.session_at: dict[str, int] = {}

    def acknowledged(self, turn: Turn, seq: int, answer: Json, *, duplicate: bool) -> None:
        super().acknowledged(turn, seq, answer, duplicate=duplicate)
        self.turn_at.setdefault(turn.id, self._log.stat().st_size)

    def created(self, creation: Creation, session_id: str, *, replayed: bool) -> None:
        super().created(creation, session_id, replayed=replayed)
        self.session_at.setdefault(session_id, self._log.stat().st_size)


@dataclass
class Knowledge:
    """Who knows what at one moment."""

    turns: set[str] = field(default_factory=set)
    """Ids of turns that were answered."""
    shown: dict[str, int] = field(default_factory=dict)
    """The highest seq of each session that a socket was told of."""


class Hearing:
    """Follows what was sent, event by event."""

    def __init__(self) -> None:
        self.known = Knowledge()
        self._session_of: dict[int, str] = {}

    def hear(self, event: Event) -> bool:
        """Takes a SEND; answers whether it told anybody of a row."""
        told = False
        for found in _MESSAGE.finditer(event.content):
            part = event.content[found.start() : found.start() + _BESIDE]
            seq, reply_to, session = _SEQ.search(part), _REPLY_TO.search(part), _SESSION.search(part)
            if found[1] == b"connected" and session:
                self._session_of[event.fd] = session[1].decode()
            if seq is None or event.fd not in self._session_of:
                continue
            name = self._session_of[event.fd]
            self.known.shown[name] = max(self.known.shown.get(name, 0), int(seq[1]))
            if found[1] == b"turn_result":
                told = True
                if reply_to:
                    self.known.turns.add(reply_to[1].decode())
        return told
