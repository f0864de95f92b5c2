"""Turns over REST, each connection kept alive and in lock step: this server beside a bare aiohttp POST handler and
beside workerd, whose object answers the same turn to a fetch.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from bench import contest, floors, rest, results, workerd
from bench.child import start_peer, start_server
from bench.contest import Case, Contender
from bench.proc import maps_library

PART = "rest"
CASES = [Case(1, "vector", over="rest"), Case(64, "vector", over="rest")]


def server_path(number: int, case: Case, answer_bytes: int) -> str:
    del number, answer_bytes
    return f"/v1/turn/appraisal?prompt_data={'true' if case.prompt else 'false'}"


def bare_path(number: int, case: Case, answer_bytes: int) -> str:
    del number, case
    return f"/turn?bytes={answer_bytes}"


def workerd_path(number: int, case: Case, answer_bytes: int) -> str:
    del case, answer_bytes
    return workerd.turn_path(number)


def run(folder: Path, rounds: int, measure_s: float, out: results.Results) -> None:
    """Measure and print as rows come in."""
    with contextlib.ExitStack() as stack:
        contenders = _contenders(folder, stack)
        print(*results.table(contest.HEAD, [], contest.WIDTHS), sep="\n")
        for case in CASES:
            answer_bytes = contenders[0].measure(CASES[0], 0, 0.3).answer_bytes
            contest.play(contenders, case, rounds, answer_bytes, measure_s)
            print(*contest.rows(PART, case, contest.of_size(answer_bytes), contenders, out), sep="\n")
            print(*contest.beside(PART, case, contenders, out), sep="\n", flush=True)


def _contenders(folder: Path, stack: contextlib.ExitStack) -> list[Contender]:
    server = stack.enter_context(start_server(floors.SERVER, folder / "rest"))
    rest.create(server, max(case.sockets for case in CASES))
    loop = ["--uvloop"] if maps_library(server.pid, "uvloop") else []
    contenders = [
        Contender(floors.SERVER, server, server_path, session=rest.name, folds=True),
        Contender(floors.BARE_POST, stack.enter_context(start_peer("echo", *loop)), bare_path),
    ]
    if peer := workerd.entered(folder / "rest-workerd", stack):
        contenders.append(Contender(floors.WORKERD, peer, workerd_path, warmup_turns=workerd.WARMUP_TURNS))
    for contender in contenders:
        contest.frozen(contender.child, stack)
    return contenders
