"""Waking: sockets open on sessions that sleep, folded to their files; one turn at a time, at random, never two awake.

Beside it the same turns on a server that never lets anybody sleep, the difference is what waking costs; and workerd,
whose objects hibernate behind their sockets after ten idle seconds.
"""

from __future__ import annotations

from pathlib import Path

from bench import floors, jobs, rest, results, workerd
from bench.child import Child, start_server

PART = "wake"
# A pass takes less than the fold age: what it leaves to fold is folded in the rest before the next one.
ASLEEP = {"MOLROO_HIBERNATE_AFTER_S": "0.4", "MOLROO_FOLD_AGE_S": "2"}
AWAKE = {"MOLROO_HIBERNATE_AFTER_S": "3600", "MOLROO_FOLD_AGE_S": "2"}
ASLEEP_WITHIN_S = 5.0
WORKERD_ASLEEP_WITHIN_S = 12.0
HEAD = ("wake + turn, one at a time", "p50 ms", "p99 ms", "CPU µs/turn", "others CPU")
WIDTHS = (42, 10, 10, 13, 12)


def run(folder: Path, sockets: int, passes: int, out: results.Results) -> None:
    """Measure and print."""
    rows: list[tuple[str, ...]] = []
    slept: list[jobs.Measured] = []
    for title, settings in (("from sleep, from the session's file", ASLEEP), ("the same turns, awake", AWAKE)):
        with start_server(title, folder / f"wake-{len(rows)}", **settings) as child:
            rest.create(child, sockets)
            paths = [rest.ws_path(number) for number in range(sockets)]
            measured = _once(child, paths, passes, ASLEEP_WITHIN_S)
        slept.append(measured)
        rows.append(_row(title, floors.SERVER, measured, out))
    peer = _workerd(folder, sockets, passes, rows, out)
    print(*results.table(HEAD, rows, WIDTHS), sep="\n", flush=True)
    if peer is not None:
        for what, mine, theirs in (
            (floors.WAKE_P50, slept[0].p50_ms, peer.p50_ms),
            (floors.WAKE_P99, slept[0].p99_ms, peer.p99_ms),
        ):
            line = results.ratio_line(out.ratio(PART, what, floors.WORKERD, [mine], [theirs]))
            print(f"{line}   ({what})", flush=True)


def _workerd(
    folder: Path, sockets: int, passes: int, rows: list[tuple[str, ...]], out: results.Results
) -> jobs.Measured | None:
    try:
        child = workerd.start(folder / "wake-workerd")
    except workerd.Missing as error:
        print(f"workerd is not measured: {error}")
        return None
    with child:
        paths = [workerd.path(number, 1024) for number in range(sockets)]
        measured = _once(child, paths, passes, WORKERD_ASLEEP_WITHIN_S)
    rows.append(_row("workerd, from hibernation", floors.WORKERD, measured, out))
    return measured


def _row(title: str, who: str, measured: jobs.Measured, out: results.Results) -> tuple[str, ...]:
    out.figure(PART, title, who, measured.p50_ms, "p50 ms")
    out.figure(PART, title, who, measured.p99_ms, "p99 ms")
    return (
        f"  {title}",
        f"{measured.p50_ms:.3f}",
        f"{measured.p99_ms:.3f}",
        f"{measured.server_us_per_turn:.0f}",
        f"{measured.others_cpu_share:.0%}",
    )


def _once(child: Child, paths: list[str], passes: int, rest_s: float) -> jobs.Measured:
    return jobs.run(
        jobs.Job(mode="once", port=child.port, pid=child.pid, paths=paths, kind="text", passes=passes, rest_s=rest_s)
    )
