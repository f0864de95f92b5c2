"""What a sleeping session with an open socket costs: memory beside a bare idle aiohttp socket, and CPU while
nothing happens.

Every session has had a turn before it fell asleep, every bare socket an exchange; pings are set aside by a long
interval. Figures are growth over the same process with one socket.
"""

from __future__ import annotations

import time
from pathlib import Path

from bench import floors, jobs, proc, rest, results
from bench.child import Child, start_peer, start_server

PART = "memory"
ASLEEP_AFTER_S = 4.0  # long enough that the server sweeps as seldom as by default
NAP = {"MOLROO_HIBERNATE_AFTER_S": f"{ASLEEP_AFTER_S}", "MOLROO_FOLD_AGE_S": "0.5", "MOLROO_PING_EVERY_S": "3600"}
QUIET_SHARE = 0.02
QUIET_WITHIN_S = 240.0
HEAD = ("an open socket, asleep", "PSS B", "RSS B", "idle CPU", "threads")
WIDTHS = (42, 10, 10, 12, 10)


def run(folder: Path, sockets: int, idle_s: float, out: results.Results) -> None:
    """Measure and print."""
    prepare(folder / "memory", sockets)
    with start_server(floors.SERVER, folder / "memory", **NAP) as child:
        ours = _grown(child, [rest.ws_path(number) for number in range(sockets)], idle_s)
        loop = ["--uvloop"] if proc.maps_library(child.pid, "uvloop") else []
    with start_peer("echo", *loop) as child:
        bare = _grown(child, ["/ws?bytes=1000"] * sockets, idle_s)
    rows = []
    for who, (memory, share, threads) in ((floors.SERVER, ours), (floors.BARE_SOCKET, bare)):
        out.figure(PART, floors.MEMORY, who, memory.pss / sockets, "PSS bytes")
        out.figure(PART, floors.MEMORY, who, memory.rss / sockets, "RSS bytes")
        out.figure(PART, floors.SLEEPING_CPU, who, share, "share of a core")
        rows.append(
            (f"  {who}", f"{memory.pss / sockets:,.0f}", f"{memory.rss / sockets:,.0f}", f"{share:.2%}", f"{threads}")
        )
    print(*results.table(HEAD, rows, WIDTHS), sep="\n")
    ratio = out.ratio(PART, floors.MEMORY, floors.BARE_SOCKET, [ours[0].pss], [bare[0].pss])
    print(results.ratio_line(ratio), flush=True)


def prepare(data: Path, sockets: int) -> None:
    """Sessions that have lived already, in a server that is gone when they are measured."""
    with start_server("preparing", data, **NAP) as child:
        rest.create(child, sockets)


def _grown(child: Child, paths: list[str], idle_s: float) -> tuple[proc.Memory, float, int]:
    with jobs.held(_hold(child, paths[:1])):
        quiet(child.pid)
        before = proc.memory(child.pid)
    with jobs.held(_hold(child, paths)):
        quiet(child.pid)
        after = proc.memory(child.pid)
        cpu, began = proc.cpu_s(child.pid), time.perf_counter()
        time.sleep(idle_s)
        share = (proc.cpu_s(child.pid) - cpu) / (time.perf_counter() - began)
        return proc.Memory(after.rss - before.rss, after.pss - before.pss), share, proc.threads(child.pid)


def _hold(child: Child, paths: list[str]) -> jobs.Job:
    return jobs.Job(mode="hold", port=child.port, pid=child.pid, paths=paths, turn_first=True)


def quiet(pid: int) -> None:
    """Return when everybody has had the time to fall asleep and the process does nearly nothing: all is folded.

    Raises TimeoutError where that does not come: what is measured then would not be sleep.
    """
    time.sleep(ASLEEP_AFTER_S + 2.0)
    deadline = time.monotonic() + QUIET_WITHIN_S
    while time.monotonic() < deadline:
        cpu = proc.cpu_s(pid)
        time.sleep(2.0)
        if proc.cpu_s(pid) - cpu <= QUIET_SHARE * 2.0:
            return
    raise TimeoutError(f"process {pid} is not quiet within {QUIET_WITHIN_S:.0f} s")
