"""Turns a second and their waits over WebSockets: every socket in lock step on a session of its own, this server beside
its peers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench import contest, floors, rest, results, workerd
from bench.child import start_peer, start_server
from bench.contest import Case, Contender
from bench.proc import maps_library

PART = "turns"
LONE = Case(1, "vector")
# What durability costs is looked at with vectors, where it weighs most.
OF_DURABILITY = frozenset({floors.UNSYNCED, floors.UVLOOP_ENGINE_ECHO})
CASES = [
    LONE,
    Case(64, "vector"),
    Case(512, "vector"),
    Case(512, "vector", ids=True, without=OF_DURABILITY | {floors.ECHO, floors.ENGINE_ECHO}),
    Case(512, "vector", prompt=True, without=OF_DURABILITY),
    Case(1, "text", without=OF_DURABILITY),
    Case(64, "text", without=OF_DURABILITY),
    Case(512, "text", without=OF_DURABILITY),
    Case(512, "text", prompt=True, without=OF_DURABILITY),
]
QUICK = [
    replace(LONE, without=OF_DURABILITY),
    Case(64, "vector", without=frozenset({floors.UNSYNCED})),
    Case(512, "vector"),
    Case(512, "text", without=OF_DURABILITY),
]


def server_path(number: int, case: Case, answer_bytes: int) -> str:
    del answer_bytes  # the server answers what it answers
    return rest.ws_path(number, prompt=case.prompt)


def echo_path(number: int, case: Case, answer_bytes: int) -> str:
    return f"/ws?bytes={answer_bytes}&n={number}" + ("&prompt=1" if case.prompt else "")


def workerd_path(number: int, case: Case, answer_bytes: int) -> str:
    del case, answer_bytes  # about 1 KB whatever the others answer
    return workerd.path(number)


def run(folder: Path, cases: Sequence[Case], rounds: int, measure_s: float, out: results.Results) -> None:
    """Measure and print as rows come in."""
    with contextlib.ExitStack() as stack:
        contenders = _contenders(folder, stack, max(case.sockets for case in cases))
        print(*results.table(contest.HEAD, [], contest.WIDTHS), sep="\n")
        for case in cases:
            answer_bytes = contenders[0].measure(Case(1, case.kind, case.prompt), 0, 0.3).answer_bytes
            taking_part = [each for each in contenders if each.name not in case.without]
            contest.play(taking_part, case, rounds, answer_bytes, measure_s)
            print(*contest.rows(PART, case, contest.of_size(answer_bytes), taking_part, out), sep="\n")
            print(*contest.beside(PART, case, taking_part, out), sep="\n", flush=True)
            if case.title == LONE.title and taking_part[-1].name == floors.WORKERD:
                waits = [[m.p50_ms for m in each.rounds[case]] for each in (taking_part[0], taking_part[-1])]
                print(f"{results.line(out.ratio(PART, floors.LONE_P50, floors.WORKERD, *waits))}   (its p50)")


def _contenders(folder: Path, stack: contextlib.ExitStack, sessions: int) -> list[Contender]:
    server = stack.enter_context(start_server(floors.SERVER, folder / "synced"))
    unsynced = stack.enter_context(start_server(floors.UNSYNCED, folder / "unsynced", MOLROO_SYNCHRONOUS="OFF"))
    for child in (server, unsynced):
        rest.create(child, sessions)
    on_uvloop = maps_library(server.pid, "uvloop")
    loop = ["--uvloop"] if on_uvloop else []
    # The bare echo is the ceiling, so it runs on the server's loop. With the engine it is aiohttp as it comes; beside
    # that the same on the server's loop: what durability costs by itself.
    contenders = [
        Contender(floors.SERVER, server, server_path, folds=True),
        Contender(floors.UNSYNCED, unsynced, server_path, folds=True),
        Contender(floors.ECHO, stack.enter_context(start_peer("echo", *loop)), echo_path),
        Contender(floors.ENGINE_ECHO, stack.enter_context(start_peer("engine_echo")), echo_path),
    ]
    if on_uvloop:
        engine_echo = stack.enter_context(start_peer("engine_echo", *loop))
        contenders.append(Contender(floors.UVLOOP_ENGINE_ECHO, engine_echo, echo_path))
    if peer := workerd.entered(folder / "workerd", stack):
        contenders.append(Contender(floors.WORKERD, peer, workerd_path, warmup_turns=workerd.WARMUP_TURNS))
    for contender in contenders:
        contest.frozen(contender.child, stack)
    return contenders
