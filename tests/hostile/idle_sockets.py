"""Ten thousand sockets that do nothing, up to the limit of handles and beyond it."""

from __future__ import annotations

import contextlib
import resource
import socket
import time

from bench import sockets
from tests.hostile.arena import MIB, UNLIMITED, Arena, Plan
from tests.hostile.tally import Tally
from tests.hostile.wire import ws_path

A_SESSION_TAKES = 32
SOCKETS = 10_000
BEYOND = 700
"""Lines above the limit; what one pass of the loop may accept too many is 128."""
HEADROOM = 400
HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
ENV = {
    **UNLIMITED,
    "MOLROO_HANDLES_RESERVE": str(max(256, HARD - SOCKETS - HEADROOM)),
    "MOLROO_HEAD_WITHIN_S": "3",
    "MOLROO_PING_EVERY_S": "600",
}
"""So many handles are kept back that the limit is just above the sockets; lines that say nothing go after 3 s."""
ALLOWED = SOCKETS * 24_000 + 64 * MIB


def attack(arena: Arena, tally: Tally, plan: Plan) -> None:
    """Opens them, looks at what they cost, and lets go; at the full scale more come than handles are for."""
    count = plan.count(SOCKETS, 64)
    names = [f"idle-{number}" for number in range(-(-count // A_SESSION_TAKES))]
    for name in names:
        arena.create(name)
    before = arena.rss()
    paths = [ws_path(names[number // A_SESSION_TAKES], arena.mallory) for number in range(count)]
    crowd = sockets.open_all(arena.port, paths)
    tally.cases += count
    each = (arena.rss() - before) / count
    if arena.metric("molroo_sockets ") < count:
        tally.fault(f"{arena.metric('molroo_sockets '):.0f} of {count} sockets are open")
    tally.notes.append(
        f"{count:,} idle sockets, {each / 1024:.1f} KB each, {arena.metric('molroo_resident '):.0f} awake"
    )
    try:
        if count + HEADROOM >= HARD - int(ENV["MOLROO_HANDLES_RESERVE"]):
            _beyond(arena, tally)
    finally:
        for conn in crowd:
            conn.sock.close()
    if not arena.settled(sockets=4, lines=4, within_s=15):
        tally.fault(f"lines are left: {arena.metric('molroo_connections ')}")


def _beyond(arena: Arena, tally: Tally) -> None:
    """Lines above the limit wait, whoever is in is served; they say nothing, so they go, and others come in."""
    with contextlib.ExitStack() as lines:
        for _ in range(BEYOND):
            line = lines.enter_context(contextlib.closing(socket.socket()))
            line.setblocking(False)  # the last ones find the backlog full: they wait, nobody here does
            line.connect_ex(("127.0.0.1", arena.port))
            tally.cases += 1
        paused = arena.server.output.wait_for("accepting pauses", 5)
        tally.refused += BEYOND
        if paused is None:
            tally.fault("more lines than handles, and accepting did not pause")
        until_s = time.monotonic() + 20
        while time.monotonic() < until_s:
            with contextlib.suppress(OSError):
                if arena.ask("GET", "/livez").status == 200:
                    tally.notes.append("above the limit: accepting paused, then lines that said nothing made room")
                    return
        tally.fault("nobody gets in any more")
