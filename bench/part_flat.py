"""What a turn costs beside few and very many sessions that sleep on disk, with 1,000 awake and all at work.

One server a crowd, rounds interleaved, each frozen while another is measured. The cost of a turn is looked at twice: as
time (what a second brings) and as the server's CPU.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import contest, floors, jobs, results
from bench.child import start_server
from bench.contest import Case, Contender
from bench.part_turns import server_path

PART = "flat"
AWAKE = 1_000
ALL_AWAKE = Case(AWAKE, "vector")
NEVER_SLEEP = {"MOLROO_HIBERNATE_AFTER_S": "3600"}


def run(crowds: Callable[[int], Path], sleeping: Sequence[int], rounds: int, out: results.Results) -> None:
    """Measure and print; `crowds` gives a folder in which so many sleep, and 1,000 others stand beside them."""
    folders = [crowds(count) for count in sleeping]
    with contextlib.ExitStack() as stack:
        contenders = []
        for count, data in zip(sleeping, folders, strict=True):
            child = stack.enter_context(start_server(PART, data, **NEVER_SLEEP))
            contest.frozen(child, stack)
            contenders.append(Contender(f"{count:,} asleep on disk", child, server_path, folds=True))
        contest.play(contenders, ALL_AWAKE, rounds, 0, contest.FOLD_AGE_S)
    answer_bytes = contenders[0].rounds[ALL_AWAKE][0].answer_bytes
    print(*results.table(contest.HEAD, [], contest.WIDTHS), sep="\n")
    few, *many = contenders
    print(*contest.rows(PART, ALL_AWAKE, f"answers of {answer_bytes:,} bytes", contenders, out), sep="\n")
    for other, count in zip(many, sleeping[1:], strict=True):
        for what, cost in (("time", _time_us), ("CPU", _cpu_us)):
            pair = [[cost(m) for m in each.rounds[ALL_AWAKE]] for each in (other, few)]
            found = out.ratio(PART, floors.flat(what, count), floors.few_asleep(sleeping[0]), *pair)
            print(f"{results.line(found)}   ({found.what})", flush=True)


def _time_us(measured: jobs.Measured) -> float:
    return 1e6 / measured.per_s


def _cpu_us(measured: jobs.Measured) -> float:
    return measured.server_us_per_turn
