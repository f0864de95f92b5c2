"""Turns a second and their waits: every socket in lock step on a session of its own, this server beside its peers.

Rounds are interleaved, and whoever is not measured is frozen (SIGSTOP), so that nobody's leftover folding lands in
another's time. A server is measured over a whole fold cycle after a warm-up longer than the fold age: what its
folding costs is in its figures.
"""

from __future__ import annotations

import contextlib
import signal
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import floors, jobs, rest, results, workerd
from bench.child import Child, start_peer, start_server
from bench.floors import ECHO, ENGINE_ECHO, SERVER, UNSYNCED, WORKERD
from bench.proc import maps_library
from bench.turns import Kind

PART = "turns"
FOLD_AGE_S = 5.0  # the server's default
HEAD = ("", "turns/s", "p50 ms", "p99 ms", "CPU µs/turn", "written B/turn", "client CPU", "others CPU")
WIDTHS = (30, 10, 10, 10, 13, 16, 12, 12)
CLIENT_BOUND = 0.9  # above it the figure is the client's, marked !
TRIES = 3
WORKERD_WARMUP_TURNS = 2_000  # its JavaScript is compiled and its statements are prepared by then
DISTURBED = 0.25  # of a core, above what the kernel takes for the disk: somebody else was at work, marked !


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    sockets: int
    kind: Kind
    prompt: bool = False
    ids: bool = False

    @property
    def title(self) -> str:
        return floors.turns(self.sockets, self.kind, self.prompt) + (", with ids" if self.ids else "")


CASES = [
    Case(1, "vector"),
    Case(64, "vector"),
    Case(512, "vector"),
    Case(512, "vector", ids=True),
    Case(512, "vector", prompt=True),
    Case(1, "text"),
    Case(64, "text"),
    Case(512, "text"),
    Case(512, "text", prompt=True),
]
QUICK = [Case(1, "vector"), Case(64, "vector"), Case(512, "vector"), Case(512, "text")]


@dataclass
class Contender:
    """Somebody who answers turns. `path` gives the WebSocket of the numbered client for answers of that size."""

    name: str
    child: Child
    path: Callable[[int, Case, int], str]
    folds: bool = False
    warmup_turns: int = 0
    rounds: dict[Case, list[jobs.Measured]] = field(default_factory=dict)

    def measure(self, case: Case, answer_bytes: int, measure_s: float) -> jobs.Measured:
        warmup_s = FOLD_AGE_S + 1 if self.folds and case.sockets > 1 else 0.5
        job = jobs.Job(
            mode="steady",
            port=self.child.port,
            pid=self.child.pid,
            paths=[self.path(number, case, answer_bytes) for number in range(case.sockets)],
            kind=case.kind,
            ids=case.ids,
            seed=1 + len(self.rounds.get(case, [])),
            warmup_s=warmup_s,
            warmup_turns=self.warmup_turns,
            measure_s=max(measure_s, FOLD_AGE_S) if self.folds and case.sockets > 1 else measure_s,
        )
        with self.awake():
            return jobs.run(job)

    @contextlib.contextmanager
    def awake(self) -> Iterator[None]:
        """Thawed for as long as the block lasts."""
        self.child.popen.send_signal(signal.SIGCONT)
        try:
            yield
        finally:
            self.child.popen.send_signal(signal.SIGSTOP)


def server_path(number: int, case: Case, answer_bytes: int) -> str:
    del answer_bytes  # the server answers what it answers
    return rest.ws_path(number, prompt=case.prompt)


def echo_path(number: int, case: Case, answer_bytes: int) -> str:
    return f"/ws?bytes={answer_bytes}&n={number}" + ("&prompt=1" if case.prompt else "")


def workerd_path(number: int, case: Case, answer_bytes: int) -> str:
    del case
    return workerd.path(number, answer_bytes)


def run(folder: Path, cases: Sequence[Case], rounds: int, measure_s: float, out: results.Results) -> None:
    """Measure and print as rows come in."""
    with contextlib.ExitStack() as stack:
        contenders = _contenders(folder, stack, max(case.sockets for case in cases))
        print(*results.table(HEAD, [], WIDTHS), sep="\n")
        for case in cases:
            answer_bytes = contenders[0].measure(Case(1, case.kind, case.prompt), 0, 0.3).answer_bytes
            for _ in range(rounds):
                for contender in contenders:
                    measured = undisturbed(contender, case, answer_bytes, measure_s)
                    contender.rounds.setdefault(case, []).append(measured)
            print(*_rows(case, answer_bytes, contenders, out), sep="\n", flush=True)


def undisturbed(contender: Contender, case: Case, answer_bytes: int, measure_s: float) -> jobs.Measured:
    """Measure again while others were at work, a few times; the quietest counts, whatever it says."""
    tries: list[jobs.Measured] = []
    while len(tries) < TRIES:
        tries.append(contender.measure(case, answer_bytes, measure_s))
        if tries[-1].others_cpu_share <= DISTURBED:
            break
    return min(tries, key=lambda measured: measured.others_cpu_share)


def _contenders(folder: Path, stack: contextlib.ExitStack, sessions: int) -> list[Contender]:
    server = stack.enter_context(start_server(SERVER, folder / "synced"))
    unsynced = stack.enter_context(start_server(UNSYNCED, folder / "unsynced", MOLROO_SYNCHRONOUS="OFF"))
    for child in (server, unsynced):
        rest.create(child, sessions)
    loop = ["--uvloop"] if maps_library(server.pid, "uvloop") else []
    contenders = [
        Contender(SERVER, server, server_path, folds=True),
        Contender(UNSYNCED, unsynced, server_path, folds=True),
        Contender(ECHO, stack.enter_context(start_peer("echo", *loop)), echo_path),
        Contender(ENGINE_ECHO, stack.enter_context(start_peer("engine_echo", *loop)), echo_path),
    ]
    try:
        peer = stack.enter_context(workerd.start(folder / "workerd"))
    except workerd.Missing as error:
        print(f"workerd is not measured: {error}")
    else:
        contenders.append(Contender(WORKERD, peer, workerd_path, warmup_turns=WORKERD_WARMUP_TURNS))
    for contender in contenders:
        stack.callback(contender.child.popen.send_signal, signal.SIGCONT)
        contender.child.popen.send_signal(signal.SIGSTOP)
    return contenders


def _rows(case: Case, answer_bytes: int, contenders: Sequence[Contender], out: results.Results) -> list[str]:
    lines = [f"{case.title} (answers of {answer_bytes:,} bytes)"]
    lines += results.table(HEAD, [_row(case, contender, out) for contender in contenders], WIDTHS)[1:]
    ours = [measured.per_s for measured in contenders[0].rounds[case]]
    for other in contenders[1:]:
        theirs = [measured.per_s for measured in other.rounds[case]]
        lines.append(results.ratio_line(out.ratio(PART, case.title, other.name, ours, theirs)))
    if case == Case(1, "vector"):
        for other in contenders[1:]:
            if other.name == WORKERD:
                waits = ([m.p50_ms for m in found.rounds[case]] for found in (contenders[0], other))
                lines.append(results.ratio_line(out.ratio(PART, floors.LONE_P50, WORKERD, *waits)) + "   (its p50)")
    return lines


def _row(case: Case, contender: Contender, out: results.Results) -> tuple[str, ...]:
    found = contender.rounds[case]

    def median(values: Sequence[float], unit: str) -> float:
        value = statistics.median(values)
        out.figure(PART, case.title, contender.name, value, unit)
        return value

    client = median([m.client_cpu_share for m in found], "client CPU share")
    others = median([m.others_cpu_share for m in found], "CPU share of others")
    return (
        f"  {contender.name}",
        f"{median([m.per_s for m in found], 'turns/s'):,.0f}",
        f"{median([m.p50_ms for m in found], 'p50 ms'):.2f}",
        f"{median([m.p99_ms for m in found], 'p99 ms'):.2f}",
        f"{median([m.server_us_per_turn for m in found], 'CPU µs/turn'):.1f}",
        f"{median([m.written_per_turn for m in found], 'bytes written/turn'):,.0f}",
        f"{client:.0%}{'!' if client > CLIENT_BOUND else ''}",
        f"{others:.0%}{'!' if others > DISTURBED else ''}",
    )
