"""What a session with an open socket costs, asleep and awake: memory beside a bare idle aiohttp socket and beside
workerd's hibernated one, and CPU while nothing happens.

Every session has had a turn before, every bare socket an exchange; pings are set aside by a long interval. Figures are
growth over the same process with one socket. How many were awake at once matters: what a heap grew to it seldom gives
back. So the sleepers are measured twice, after all were awake together (which is judged) and after a few at a time.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from bench import floors, jobs, proc, rest, results, workerd
from bench.child import Child, start_peer, start_server

PART = "memory"
ASLEEP_AFTER_S = 4.0  # long enough that the server sweeps as seldom as by default
NAP = {
    "MOLROO_HIBERNATE_AFTER_S": f"{ASLEEP_AFTER_S}",
    "MOLROO_FOLD_AGE_S": "0.5",
    "MOLROO_PING_EVERY_S": "3600",
    "MOLROO_RESIDENT_MAX": "1000000",  # all sockets come at once, and each of them wakes its session
}
NO_NAP = {**NAP, "MOLROO_HIBERNATE_AFTER_S": "3600"}
SHORT_NAP = {**NAP, "MOLROO_HIBERNATE_AFTER_S": "0.3"}
AT_A_TIME = 500
ASLEEP_AGAIN_S = 0.7
WORKERD_SOCKETS = 1_000  # a third of a megabyte each
WORKERD_ASLEEP_AFTER_S = 10.0
NEVER_ASLEEP_S = 1.0  # what does not sleep has folded by then
QUIET_SHARE = 0.02
QUIET_WITHIN_S = 240.0
HEAD = ("a session and its open socket", "sockets", "PSS B", "RSS B", "idle CPU", "threads")
WIDTHS = (50, 10, 10, 10, 12, 10)


class Grown:
    """What came with the sockets of one process: memory each, idle CPU of all, threads."""

    def __init__(self, sockets: int, before: proc.Memory, after: proc.Memory, share: float, threads: int) -> None:
        self.sockets, self.share, self.threads = sockets, share, threads
        self.pss, self.rss = (after.pss - before.pss) / sockets, (after.rss - before.rss) / sockets

    def row(self, title: str, what: str, who: str, out: results.Results) -> tuple[str, ...]:
        out.figure(PART, what, who, [self.pss], "PSS bytes")
        out.figure(PART, what, who, [self.rss], "RSS bytes")
        out.figure(PART, f"CPU of {what}", who, [self.share], "share of a core")
        return (
            f"  {title}",
            f"{self.sockets:,}",
            f"{self.pss:,.0f}",
            f"{self.rss:,.0f}",
            f"{self.share:.2%}",
            f"{self.threads}",
        )


def run(folder: Path, sockets: int, idle_s: float, *, whole: bool, out: results.Results) -> None:
    """Measure and print; without `whole` only what has a floor, and what is awake."""
    data, paths = folder / "memory", [rest.ws_path(number) for number in range(sockets)]
    with start_server("preparing", data, **NAP) as child:
        rest.create(child, sockets)  # sessions that have lived before the process that is measured
    with start_server(floors.SERVER, data, **NAP) as child:
        ours = _grown(child, paths, idle_s)
        loop = ["--uvloop"] if proc.maps_library(child.pid, "uvloop") else []
    with start_peer("echo", *loop) as child:
        bare = _grown(child, ["/ws?bytes=1000"] * sockets, idle_s, NEVER_ASLEEP_S)
    with start_server(floors.SERVER, data, **NO_NAP) as child:
        active = _grown(child, paths, idle_s, NEVER_ASLEEP_S)
    rows = [
        ours.row("this server, hibernated", floors.MEMORY, floors.SERVER, out),
        bare.row("bare idle aiohttp socket", floors.MEMORY, floors.BARE_SOCKET, out),
        active.row("this server, awake", floors.ACTIVE_MEMORY, floors.SERVER, out),
    ]
    if whole:
        rows += _further(folder, data, sockets, idle_s, out)
    print(*results.table(HEAD, rows, WIDTHS), sep="\n")
    memory = out.ratio(PART, floors.MEMORY, floors.BARE_SOCKET, [ours.pss], [bare.pss])
    idle = (floors.SLEEPING_CPU, floors.BARE_SOCKET, [ours.share], [bare.share], floors.OF_A_CORE)
    print(f"{results.line(memory)}   ({floors.MEMORY})")
    print(f"{results.line(out.difference(PART, *idle))}   ({floors.SLEEPING_CPU})", flush=True)
    if sockets != floors.IDLE_SOCKETS:
        out.notes.append(f"hibernated sockets were {sockets:,}, not {floors.IDLE_SOCKETS:,}")


def _further(folder: Path, data: Path, sockets: int, idle_s: float, out: results.Results) -> list[tuple[str, ...]]:
    """The sleepers again, of whom few were awake at a time, and workerd's."""
    paths = [rest.ws_path(number) for number in range(sockets)]
    with start_server(floors.SERVER, data, **SHORT_NAP) as child:
        few = _grown(child, paths, 1.0, NEVER_ASLEEP_S, AT_A_TIME)
    title = f"this server, hibernated, {AT_A_TIME} awake at a time"
    rows = [few.row(title, floors.FEW_AWAKE_MEMORY, floors.SERVER, out)]
    with contextlib.ExitStack() as stack:
        if peer := workerd.entered(folder / "memory-workerd", stack):
            theirs = [workerd.path(number) for number in range(min(sockets, WORKERD_SOCKETS))]
            found = _grown(peer, theirs, idle_s, WORKERD_ASLEEP_AFTER_S)
            rows.append(found.row("workerd, hibernated", floors.MEMORY, floors.WORKERD, out))
    return rows


def _grown(
    child: Child, paths: list[str], idle_s: float, asleep_after_s: float = ASLEEP_AFTER_S, at_a_time: int = 0
) -> Grown:
    with jobs.held(_hold(child, paths[:1])):
        quiet(child.pid, asleep_after_s)
        before = proc.memory(child.pid)
    with contextlib.ExitStack() as stack:
        for first in range(0, len(paths), at_a_time or len(paths)):
            stack.enter_context(jobs.held(_hold(child, paths[first : first + (at_a_time or len(paths))])))
            time.sleep(ASLEEP_AGAIN_S)
        quiet(child.pid, asleep_after_s)
        after = proc.memory(child.pid)
        cpu, began = proc.on_cpu_s(child.pid), time.perf_counter()
        time.sleep(idle_s)
        share = (proc.on_cpu_s(child.pid) - cpu) / (time.perf_counter() - began)
        return Grown(len(paths), before, after, share, proc.threads(child.pid))


def _hold(child: Child, paths: list[str]) -> jobs.Job:
    return jobs.Job(mode="hold", port=child.port, pid=child.pid, paths=paths, turn_first=True)


def quiet(pid: int, asleep_after_s: float = ASLEEP_AFTER_S) -> None:
    """Return when everybody has had the time to fall asleep and the process does nearly nothing: all is folded.

    Raises TimeoutError where that does not come: what is measured then would not be sleep.
    """
    time.sleep(asleep_after_s + 2.0)
    deadline = time.monotonic() + QUIET_WITHIN_S
    while time.monotonic() < deadline:
        cpu = proc.cpu_s(pid)
        time.sleep(2.0)
        if proc.cpu_s(pid) - cpu <= QUIET_SHARE * 2.0:
            return
    raise TimeoutError(f"process {pid} is not quiet within {QUIET_WITHIN_S:.0f} s")
