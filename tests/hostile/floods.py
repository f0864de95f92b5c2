"""More than is allowed, as fast as a bounded rate has it, while a neighbour works: messages, requests, connections.

The flood runs in a process of its own and at a lower priority: on a small machine it would otherwise take the
neighbour's processor instead of the server's attention, and that is not what is measured.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import selectors
import statistics
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.hostile.arena import Arena, Plan
from tests.hostile.latency import p50, p99
from tests.hostile.tally import Tally
from tests.hostile.wire import Line, Socket, frame, live, request, ws_path

ENV: dict[str, str] = {}
"""The limits that a server has by itself."""
MESSAGES_PER_S = 2_000
REQUESTS_PER_S = 1_000
CONNECTIONS_PER_S = 300
SOCKETS = 16
LINES = 8
TICK_S = 0.02
ROUND_S = 5.0
ROUNDS = 5
RATIO_MAX = 2.0
NICER_BY = 10


def messages(arena: Arena, tally: Tally, plan: Plan) -> None:
    """100 times what a socket may send, over 16 of them; closed ones come back."""
    _flood(arena, tally, plan, partial(flood_messages, arena.port, arena.mallory), "RATE_LIMIT")


def requests(arena: Arena, tally: Tally, plan: Plan) -> None:
    """100 times what a key may ask."""
    _flood(arena, tally, plan, partial(flood_requests, arena.port, arena.mallory), "429")


def connections(arena: Arena, tally: Tally, plan: Plan) -> None:
    """Upgrades with a wrong key, from one address."""
    stranger = "mk_test_" + "Z" * 32
    arena.wrong_keys.append(stranger)
    _flood(arena, tally, plan, partial(flood_connections, arena.port, stranger), "429")


def _flood(arena: Arena, tally: Tally, plan: Plan, flood: Callable[[float], Counter[str]], limit: str) -> None:
    """Quiet and flood in turn; the median of the rounds' ratios decides."""
    round_s = ROUND_S * min(1.0, max(plan.scale, 0.2))
    heard: Counter[str] = Counter()
    ratios: list[tuple[float, float, float]] = []
    middle = 0.0
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), os.nice, (NICER_BY,)) as pool:
        pool.submit(os.getpid).result()  # its start is not measured
        for _ in range(plan.count(ROUNDS, 1)):
            arena.seen()
            time.sleep(round_s)
            quiet, wrong = arena.seen()
            heard.update(pool.submit(flood, round_s).result())
            during, more = arena.seen()
            for each in [*wrong, *more]:
                tally.died(each) if each.startswith("dead") else tally.breach(each)
            if quiet and during:
                ratios.append((p99(during) / p99(quiet), p99(quiet), p99(during)))
                middle = p50(during)
    tally.cases = heard["sent"]
    tally.refused = heard["refused"]
    if heard["INTERNAL"]:
        tally.internal(f"{heard['INTERNAL']} times INTERNAL or 500")
    if not heard[limit]:
        tally.fault(f"nothing was refused with {limit}: {dict(heard)}")
    tally.notes.append(", ".join(f"{what} {count:,}" for what, count in sorted(heard.items())))
    if ratios:
        tally.ratio = statistics.median(ratio for ratio, _, _ in ratios)
        quiet_ms, during_ms = (statistics.median(each[at] for each in ratios) * 1e3 for at in (1, 2))
        rounds = ", ".join(f"{ratio:.2f}" for ratio, _, _ in ratios)
        tally.notes.append(
            f"neighbour's p99 {during_ms:.1f} ms, quiet {quiet_ms:.1f} (p50 {middle * 1e3:.1f}); by round × {rounds}"
        )
        if plan.scale >= 1 and tally.ratio > RATIO_MAX:
            tally.fault(f"neighbour's p99 is {tally.ratio:.2f} times that of quiet moments, allowed are {RATIO_MAX:g}")


# -- in the other process ----------------------------------------------------------------------------------------------


def _ticks(seconds: float) -> Callable[[], float | None]:
    """A pace: each call waits for the next tick and says how long the last one took; None when the time is over."""
    began_s = last_s = time.monotonic()

    def tick() -> float | None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - began_s >= seconds:
            return None
        time.sleep(max(0.0, last_s + TICK_S - now_s))
        now_s, last_s = time.monotonic(), time.monotonic() if now_s > last_s + 2 * TICK_S else last_s + TICK_S
        return now_s - began_s

    return tick


def flood_messages(port: int, key: str, seconds: float) -> Counter[str]:
    heard: Counter[str] = Counter()
    tick = _ticks(seconds)
    said = frame(b'{"type":"ping"}') + frame(b'{"type":"turn","message":"more"}')
    sockets = [live(port, "mia", key) for _ in range(SOCKETS)]
    each = max(1, round(MESSAGES_PER_S * TICK_S / SOCKETS / 2))
    while tick() is not None:
        for number, socket in enumerate(sockets):
            if not socket.send(said * each):
                sockets[number] = live(port, "mia", key)
                heard["came back"] += 1
                continue
            heard["sent"] += 2 * each
            _take(socket, heard)
    for socket in sockets:
        socket.socket.close()
    return heard


def flood_requests(port: int, key: str, seconds: float) -> Counter[str]:
    heard: Counter[str] = Counter()
    tick = _ticks(seconds)
    asked = request("GET", "/v1/persona?limit=1", key)
    lines = [Line(port) for _ in range(LINES)]
    each = max(1, round(REQUESTS_PER_S * TICK_S / LINES))
    while tick() is not None:
        for number, line in enumerate(lines):
            if not line.send(asked * each):
                lines[number] = Line(port)
                heard["came back"] += 1
                continue
            heard["sent"] += each
            _take(line, heard)
    for line in lines:
        line.socket.close()
    return heard


def _take(line: Line, heard: Counter[str]) -> None:
    """Counts what is there, without taking it apart: the flood must not be slower than its pace."""
    line.socket.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while line.more():
            pass
    line.socket.settimeout(10)
    text, line.heard = line.heard, b""
    heard["RATE_LIMIT"] += text.count(b'"RATE_LIMIT"')
    heard["429"] += text.count(b"HTTP/1.1 429 ")
    heard["INTERNAL"] += text.count(b'"INTERNAL"') + text.count(b"HTTP/1.1 500 ")
    heard["refused"] += text.count(b'"type":"error"') + text.count(b"HTTP/1.1 4")


def flood_connections(port: int, key: str, seconds: float) -> Counter[str]:
    heard: Counter[str] = Counter()
    tick = _ticks(seconds)
    asked = request(
        "GET", ws_path("mia", key), None, None, "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )  # fmt: skip
    with selectors.DefaultSelector() as waiting:
        while tick() is not None:
            for _ in range(round(CONNECTIONS_PER_S * TICK_S)):
                line = Socket(port)
                line.send(asked)
                heard["sent"] += 1
                waiting.register(line.socket, selectors.EVENT_READ, line)
            for found, _ in waiting.select(0):
                _answered(waiting, found.data, heard)
        for found in list(waiting.get_map().values()):
            found.data.socket.close()
    return heard


def _answered(waiting: selectors.BaseSelector, line: Line, heard: Counter[str]) -> None:
    line.more()
    text = line.heard
    if line.ended or b"HTTP/1.1 429 " in text or b"UNAUTHORIZED" in text:
        heard["429"] += b"HTTP/1.1 429 " in text
        heard["refused"] += 1
        heard["INTERNAL"] += b"INTERNAL" in text
        waiting.unregister(line.socket)
        line.socket.close()
