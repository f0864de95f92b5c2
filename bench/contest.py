"""A contest: who answers turns, one case after the other, round by round; whoever is not measured is frozen (SIGSTOP),
so that nobody's leftover folding lands in another's time.

A server is measured over a whole fold cycle after a warm-up longer than the fold age: what its folding costs is in its
figures. Which cases there are and who takes part is the parts' own.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bench import floors, jobs, results, workerd
from bench.child import Child
from bench.turns import Kind

FOLD_AGE_S = 5.0  # the server's default
HEAD = ("", "turns/s", "p50 ms", "p99 ms", "CPU µs/turn", "written B/turn", "client CPU", "others CPU")
WIDTHS = (30, 10, 10, 10, 13, 16, 12, 12)
CLIENT_BOUND = 0.9  # of a core; above it the figure is the client's, marked !
DISTURBED = 0.25  # of a core, above what the kernel takes for the disk: somebody else was at work, marked !
TRIES = 3


@dataclass(frozen=True)
class Case:
    """One row of a table. Who is named in `without` does not take part."""

    sockets: int
    kind: Kind
    prompt: bool = False
    ids: bool = False
    over: jobs.Protocol = "ws"
    without: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        if self.over == "rest":
            return floors.rest_turns(self.sockets)
        return floors.turns(self.sockets, self.kind, self.prompt) + (", with ids" if self.ids else "")


@dataclass
class Contender:
    """Somebody who answers turns. `path` gives the address of the numbered client for answers of that size, `session`
    what its REST bodies name.
    """

    name: str
    child: Child
    path: Callable[[int, Case, int], str]
    session: Callable[[int], str] | None = None
    folds: bool = False
    warmup_turns: int = 0
    rounds: dict[Case, list[jobs.Measured]] = field(default_factory=dict)

    def measure(self, case: Case, answer_bytes: int, measure_s: float) -> jobs.Measured:
        over_a_fold = self.folds and case.sockets > 1
        numbers = range(case.sockets)
        job = jobs.Job(
            mode="steady",
            over=case.over,
            port=self.child.port,
            pid=self.child.pid,
            paths=[self.path(number, case, answer_bytes) for number in numbers],
            sessions=[self.session(number) for number in numbers] if self.session and case.over == "rest" else [],
            kind=case.kind,
            ids=case.ids,
            seed=1 + len(self.rounds.get(case, [])),
            warmup_s=FOLD_AGE_S + 1 if over_a_fold else 0.5,
            warmup_turns=self.warmup_turns,
            measure_s=max(measure_s, FOLD_AGE_S) if over_a_fold else measure_s,
        )
        with thawed(self.child):
            return jobs.run(job)

    def undisturbed(self, case: Case, answer_bytes: int, measure_s: float) -> jobs.Measured:
        """Measure again while others were at work, a few times; the quietest counts, whatever it says."""
        tries: list[jobs.Measured] = []
        while len(tries) < TRIES:
            tries.append(self.measure(case, answer_bytes, measure_s))
            if tries[-1].others_cpu_share <= DISTURBED:
                break
        return min(tries, key=lambda measured: measured.others_cpu_share)


@contextlib.contextmanager
def thawed(child: Child) -> Iterator[None]:
    """Running for as long as the block lasts, frozen afterwards."""
    child.popen.send_signal(signal.SIGCONT)
    try:
        yield
    finally:
        child.popen.send_signal(signal.SIGSTOP)


def frozen(child: Child, stack: contextlib.ExitStack) -> None:
    """Stopped until it is thawed; `stack`, which ends the child, wakes it for its end."""
    stack.callback(child.popen.send_signal, signal.SIGCONT)
    child.popen.send_signal(signal.SIGSTOP)


def play(contenders: Sequence[Contender], case: Case, rounds: int, answer_bytes: int, measure_s: float) -> None:
    """All rounds of a case, interleaved."""
    for _ in range(rounds):
        for contender in contenders:
            measured = contender.undisturbed(case, answer_bytes, measure_s)
            contender.rounds.setdefault(case, []).append(measured)


def rows(part: str, case: Case, answers: str, contenders: Sequence[Contender], out: results.Results) -> list[str]:
    """The case's lines of the table."""
    found = [_row(part, case, contender, out) for contender in contenders]
    return [f"{case.title} ({answers})", *results.table(HEAD, found, WIDTHS)[1:]]


def of_size(answer_bytes: int) -> str:
    """What the peers were asked to answer."""
    return f"answers of {answer_bytes:,} bytes, workerd's of {workerd.ANSWER_BYTES:,}"


def beside(part: str, case: Case, contenders: Sequence[Contender], out: results.Results) -> list[str]:
    """How many times the turns a second of each other the first one makes."""
    lines = []
    for other in contenders[1:]:
        pair = ([m.per_s for m in each.rounds[case]] for each in (contenders[0], other))
        lines.append(results.line(out.ratio(part, case.title, other.name, *pair)))
    return lines


def _row(part: str, case: Case, contender: Contender, out: results.Results) -> tuple[str, ...]:
    found = contender.rounds[case]

    def median(values: Sequence[float], unit: str) -> float:
        return out.figure(part, case.title, contender.name, values, unit)

    client = median([m.client_cpu_share for m in found], results.CLIENT_SHARE)
    others = median([m.others_cpu_share for m in found], "CPU share of others")
    median([m.client_us_per_turn for m in found], results.CLIENT_US)
    return (
        f"  {contender.name}",
        f"{median([m.per_s for m in found], results.PER_S):,.0f}",
        f"{median([m.p50_ms for m in found], 'p50 ms'):.2f}",
        f"{median([m.p99_ms for m in found], 'p99 ms'):.2f}",
        f"{median([m.server_us_per_turn for m in found], 'CPU µs/turn'):.1f}",
        f"{median([m.written_per_turn for m in found], results.WRITTEN):,.0f}",
        f"{client:.0%}{'!' if client > CLIENT_BOUND else ''}",
        f"{others:.0%}{'!' if others > DISTURBED else ''}",
    )
