"""Waking: sockets open on sessions that sleep, folded to their files; one turn at a time, at random, never two awake.

Beside it the same turns on a server that never lets anybody sleep, the difference is what waking costs; and workerd,
whose objects hibernate behind their sockets after ten idle seconds. Rounds are interleaved, the others frozen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import contest, floors, jobs, rest, results, workerd
from bench.child import Child, start_server

PART = "wake"
# A pass takes less than the fold age: what it leaves to fold is folded in the rest before the next one.
ASLEEP = {"MOLROO_HIBERNATE_AFTER_S": "0.4", "MOLROO_FOLD_AGE_S": "2"}
AWAKE = {"MOLROO_HIBERNATE_AFTER_S": "3600", "MOLROO_FOLD_AGE_S": "2"}
ASLEEP_WITHIN_S = 5.0
WORKERD_ASLEEP_WITHIN_S = 12.0
HEAD = ("wake + turn, one at a time", "p50 ms", "p99 ms", "CPU µs/turn", "client CPU", "others CPU")
WIDTHS = (42, 10, 10, 13, 12, 12)


@dataclass
class Sleeper:
    """A server whose sessions are woken, or its own control that stays awake."""

    title: str
    who: str
    child: Child
    paths: list[str]
    rest_s: float
    found: list[jobs.Measured] = field(default_factory=list)


def run(folder: Path, sockets: int, passes: int, rounds: int, out: results.Results) -> None:
    """Measure and print."""
    with contextlib.ExitStack() as stack:
        sleepers = _sleepers(folder, sockets, stack)
        for number in range(rounds):
            for each in sleepers:
                with contest.thawed(each.child):
                    each.found.append(_once(each, number, passes))
    print(*results.table(HEAD, [_row(each, out) for each in sleepers], WIDTHS), sep="\n", flush=True)
    _beside_workerd(sleepers, out)


def _sleepers(folder: Path, sockets: int, stack: contextlib.ExitStack) -> list[Sleeper]:
    found: list[Sleeper] = []
    for title, settings in (("from sleep, from the session's file", ASLEEP), ("the same turns, awake", AWAKE)):
        child = stack.enter_context(start_server(title, folder / f"wake-{len(found)}", **settings))
        rest.create(child, sockets)
        paths = [rest.ws_path(number) for number in range(sockets)]
        found.append(Sleeper(title, floors.SERVER, child, paths, ASLEEP_WITHIN_S))
    if peer := workerd.entered(folder / "wake-workerd", stack):
        paths = [workerd.path(number) for number in range(sockets)]
        found.append(Sleeper("workerd, from hibernation", floors.WORKERD, peer, paths, WORKERD_ASLEEP_WITHIN_S))
    for each in found:
        contest.frozen(each.child, stack)
    return found


def _once(sleeper: Sleeper, number: int, passes: int) -> jobs.Measured:
    child = sleeper.child
    return jobs.run(
        jobs.Job(
            mode="once",
            port=child.port,
            pid=child.pid,
            paths=sleeper.paths,
            kind="text",
            seed=1 + number,
            passes=passes,
            rest_s=sleeper.rest_s,
        )
    )


def _row(sleeper: Sleeper, out: results.Results) -> tuple[str, ...]:
    found, title, who = sleeper.found, sleeper.title, sleeper.who
    p50_ms = out.figure(PART, title, who, [m.p50_ms for m in found], "p50 ms")
    p99_ms = out.figure(PART, title, who, [m.p99_ms for m in found], "p99 ms")
    cpu_us = out.figure(PART, title, who, [m.server_us_per_turn for m in found], "CPU µs/turn")
    client = out.figure(PART, title, who, [m.client_cpu_share for m in found], results.CLIENT_SHARE)
    others = out.figure(PART, title, who, [m.others_cpu_share for m in found], "CPU share of others")
    return (f"  {title}", f"{p50_ms:.3f}", f"{p99_ms:.3f}", f"{cpu_us:.0f}", f"{client:.0%}", f"{others:.0%}")


def _beside_workerd(sleepers: Sequence[Sleeper], out: results.Results) -> None:
    ours, theirs = sleepers[0], sleepers[-1]
    if theirs.who != floors.WORKERD:
        return
    p50s = ([m.p50_ms for m in each.found] for each in (ours, theirs))
    p99s = ([m.p99_ms for m in each.found] for each in (ours, theirs))
    for what, waits in ((floors.WAKE_P50, p50s), (floors.WAKE_P99, p99s)):
        print(f"{results.line(out.ratio(PART, what, floors.WORKERD, *waits))}   ({what})", flush=True)
