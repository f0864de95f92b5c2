"""Many lines that ask as slowly as they can: heads, upgrades and bodies that drip, and lines that say nothing."""

from __future__ import annotations

import contextlib
import selectors
import time
from typing import NamedTuple

from bench import frames
from tests.hostile.arena import UNLIMITED, Arena, Plan
from tests.hostile.tally import Tally
from tests.hostile.wire import Line, answers_in, request, ws_path

ENV = {**UNLIMITED, "MOLROO_HEAD_WITHIN_S": "1", "MOLROO_BODY_WITHIN_S": "1", "MOLROO_HIBERNATE_AFTER_S": "1"}
DRIP_EVERY_S = 0.2
ENDS_WITHIN_S = 8.0
"""The limits above, the sweep's period, two seconds in which an unread body is taken, and a loaded machine."""


class Manner(NamedTuple):
    """How a line is slow. `status` is what it is told, None for nothing."""

    name: str
    first: bytes
    drip: bytes
    status: int | None


def manners(key: str) -> list[Manner]:
    get = request("GET", "/livez")
    post = request("POST", "/v1/turn", key, None, "Content-Length: 4000")
    chunked = request("POST", "/v1/turn", key, None, "Transfer-Encoding: chunked")
    return [
        Manner("says nothing", b"", b"", None),
        Manner("empty lines", b"\r\n", b"\r\n", 400),
        Manner("half a request line", b"GET /live", b"z", 400),
        Manner("half a head", get[:-2], b"X-A: b\r\n", 400),
        Manner("a header without end", get[:-2] + b"X-A: ", b"b", 400),
        Manner("half an upgrade", frames.upgrade(ws_path("mia", key))[:-2], b"X-A: b\r\n", 400),
        Manner("half a head behind a whole request", get + get[:-2], b"X-A: b\r\n", 400),
        Manner("half a body", post + b"{", b" ", 400),
        Manner("half a chunk", chunked + b"ffff\r\n{", b" ", 400),
        Manner("one chunk after the other", chunked + b"1\r\n{\r\n", b"1\r\n \r\n", 400),
        Manner("a body without a key", request("POST", "/v1/turn", None, None, "Content-Length: 4000"), b" ", 401),
    ]


class Dripping(Line):
    """One slow line; what it heard is kept whole."""

    def __init__(self, port: int, manner: Manner) -> None:
        super().__init__(port)
        self.manner = manner
        self.send(manner.first)
        self.socket.setblocking(False)

    def drip(self) -> None:
        if self.manner.drip:
            with contextlib.suppress(BlockingIOError):
                self.send(self.manner.drip)


def attack(arena: Arena, tally: Tally, plan: Plan) -> None:
    """All manners at once, many lines of each; all are to be over in time, and everybody else is served meanwhile."""
    each = plan.count(150, 3)
    lines = [Dripping(arena.port, manner) for manner in manners(arena.mallory) for _ in range(each)]
    tally.cases += len(lines)
    peak_lines = arena.metric("molroo_connections ")
    with selectors.DefaultSelector() as waiting:
        for line in lines:
            waiting.register(line.socket, selectors.EVENT_READ, line)
        until_s = time.monotonic() + ENDS_WITHIN_S
        while waiting.get_map() and time.monotonic() < until_s:
            for found, _ in waiting.select(DRIP_EVERY_S):
                line = found.data
                with contextlib.suppress(BlockingIOError):
                    line.more()
                if line.ended:
                    waiting.unregister(line.socket)
            for key in list(waiting.get_map().values()):
                key.data.drip()
            if arena.ask("GET", "/livez").status != 200:
                tally.fault("a good request is not answered meanwhile")
    for line in lines:
        _judge(tally, line)
        line.socket.close()
    tally.notes.append(f"{len(lines)} slow lines, {peak_lines:.0f} open at once")
    if not arena.settled(sockets=4, lines=4, within_s=5):
        tally.fault(f"lines are left: {arena.metric('molroo_connections ')}")


def _judge(tally: Tally, line: Dripping) -> None:
    if not line.ended:
        tally.fault(f"{line.manner.name}: the line stays open; it said {line.heard[:200]!r}")
        return
    told = [answer.status for answer in answers_in(line.heard) if answer.status != 200]
    tally.refused += 1
    if any(status >= 500 for status in told):
        tally.internal(f"{line.manner.name}: {line.heard[:300]!r}")
    elif told != ([] if line.manner.status is None else [line.manner.status]) and line.manner.name != "empty lines":
        tally.fault(f"{line.manner.name}: told {told}: {line.heard[:300]!r}")
