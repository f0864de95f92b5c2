"""Clients that ask and never read: sockets whose session goes on, and lines that leave their answers lying."""

from __future__ import annotations

import contextlib
import json
import time

from tests.hostile.arena import MIB, UNLIMITED, Arena, Plan
from tests.hostile.tally import Tally
from tests.hostile.wire import Line, Socket, frame, live, request, ws_path

ENV = {**UNLIMITED, "MOLROO_ANSWER_STALL_S": "1", "MOLROO_HIBERNATE_AFTER_S": "1"}
DEAF_A_SESSION = 30
RECEIVE_BYTES = 4_096
TURNS_MAX = 6_000
ALLOWED = 288 * MIB
"""At the full scale 30 sockets with 1 MiB unsent, and 64 lines with a page of 1.5 MiB each, held as the answer and once
more as what is left to send, and the rows that it is made of.
"""


def attack(arena: Arena, tally: Tally, plan: Plan) -> None:
    """First sockets that do not read what is pushed to them, then lines that do not read what they asked for."""
    _sockets(arena, tally, plan)
    _answers(arena, tally, plan)
    _pages(arena, tally, plan)
    if not arena.settled(sockets=4, lines=4, within_s=8):
        tally.fault(f"lines are left: {arena.metric('molroo_connections ')}")


def _sockets(arena: Arena, tally: Tally, plan: Plan) -> None:
    count = min(DEAF_A_SESSION, plan.count(DEAF_A_SESSION, 3))
    path = ws_path("mia", arena.mallory, prompt_data="true")
    deaf = [Socket.open(arena.port, path, receive_bytes=RECEIVE_BYTES) for _ in range(count)]
    tally.cases += count
    asked = frame(json.dumps({"type": "turn", "message": "do you hear me?"}).encode())
    with live(arena.port, "mia", arena.mallory) as keen:
        base = arena.metric("molroo_sockets ") - count
        for turn in range(TURNS_MAX):
            keen.send(asked)
            told = keen.message("turn_result")
            if told is None:
                tally.died("the keen socket of the same session")
                return
            if not turn % 50 and arena.metric("molroo_sockets ") <= base:
                break
        else:
            tally.fault(f"{arena.metric('molroo_sockets ') - base:.0f} sockets that never read are still open")
    ends = [socket.close_code() for socket in deaf]
    tally.refused += len(ends)
    if set(ends) - {1013, 1006}:
        tally.fault(f"sockets that never read ended with {sorted(set(ends))}")
    tally.notes.append(f"{count} deaf sockets after {turn} turns: {ends.count(1013)} heard 1013 when they read at last")
    for socket in deaf:
        socket.socket.close()


def _answers(arena: Arena, tally: Tally, plan: Plan) -> None:
    """Pipelined requests, short to ask and long to answer, of which no answer is read."""
    asked = {
        "the contract": request("GET", "/openapi.json"),
        "nothing there": request("GET", "/nowhere"),
        "no upgrade": request("GET", "/v1/ws/mia"),
        "a list": request("GET", "/v1/persona?limit=200", arena.mallory),
    }
    lines = []
    for what, one in asked.items():
        for _ in range(plan.count(16, 1)):
            line = Line(arena.port, within_s=0.3, receive_bytes=RECEIVE_BYTES)
            for _ in range(200):
                if not line.send(one * 500):
                    break
            lines.append((what, line))
    _all_cut(tally, lines)


def _pages(arena: Arena, tally: Tally, plan: Plan) -> None:
    """Pages of history as large as a tenant can make them."""
    arena.create("wordy")
    texts = {"message": "\x01" * 5_400, "event_context": "\x02" * 5_400}  # six bytes a character in JSON
    with live(arena.port, "wordy", arena.mallory) as socket:
        for _ in range(plan.count(200, 20)):
            socket.send(frame(json.dumps({"type": "turn", **texts}).encode()))
            told = socket.message()
            if told is None or told["type"] != "turn_result":
                tally.fault(f"a long turn was not taken: {told}")
                return
    page = request("GET", "/v1/history/wordy?limit=200", arena.mallory)
    lines = []
    for _ in range(plan.count(64, 4)):
        line = Line(arena.port, within_s=0.3, receive_bytes=RECEIVE_BYTES)
        line.send(page * 8)  # more than the system's own buffers hold
        lines.append(("a page of history", line))
    _all_cut(tally, lines)


def _all_cut(tally: Tally, lines: list[tuple[str, Line]]) -> None:
    time.sleep(1.7)  # longer than the server waits for anybody who does not read
    for what, line in lines:
        tally.cases += 1
        with contextlib.suppress(OSError):
            if line.to_the_end(6):
                tally.refused += 1
            else:
                tally.fault(f"{what}: a line that reads nothing stays open")
        line.socket.close()
