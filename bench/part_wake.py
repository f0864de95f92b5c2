"""Waking: sockets open on sessions that sleep, folded to their files; one turn at a time, at random, never two awake.

Beside it the same turns on a server that never lets anybody sleep: the difference is what waking costs.
"""

from __future__ import annotations

from pathlib import Path

from bench import jobs, rest, results
from bench.child import Child, start_server

PART = "wake"
# A pass takes less than the fold age: what it leaves to fold is folded in the rest before the next one.
ASLEEP = {"MOLROO_HIBERNATE_AFTER_S": "0.4", "MOLROO_FOLD_AGE_S": "2"}
AWAKE = {"MOLROO_HIBERNATE_AFTER_S": "3600", "MOLROO_FOLD_AGE_S": "2"}
ASLEEP_WITHIN_S = 5.0
HEAD = ("wake + turn, one at a time", "p50 ms", "p99 ms", "CPU µs/turn", "others CPU")
WIDTHS = (42, 10, 10, 13, 12)


def run(folder: Path, sockets: int, passes: int, out: results.Results) -> None:
    """Measure and print."""
    rows: list[tuple[str, ...]] = []
    for title, settings in (("from sleep, from the session's file", ASLEEP), ("the same turns, awake", AWAKE)):
        with start_server(title, folder / f"wake-{len(rows)}", **settings) as child:
            rest.create(child, sockets)
            measured = _once(child, sockets, passes)
        out.figure(PART, title, "this server", measured.p50_ms, "p50 ms")
        out.figure(PART, title, "this server", measured.p99_ms, "p99 ms")
        rows.append(
            (
                f"  {title}",
                f"{measured.p50_ms:.3f}",
                f"{measured.p99_ms:.3f}",
                f"{measured.server_us_per_turn:.0f}",
                f"{measured.others_cpu_share:.0%}",
            )
        )
    print(*results.table(HEAD, rows, WIDTHS), sep="\n", flush=True)


def _once(child: Child, sockets: int, passes: int) -> jobs.Measured:
    paths = [rest.ws_path(number) for number in range(sockets)]
    return jobs.run(
        jobs.Job(
            mode="once", port=child.port, pid=child.pid, paths=paths, kind="text", passes=passes, rest_s=ASLEEP_WITHIN_S
        )
    )
