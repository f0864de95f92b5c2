"""The CPU of a turn in this process: the engine alone, and with all decoding and encoding. No sockets, no disk.

Inputs vary from call to call. What the server itself uses for a turn stands in the table of turns.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from itertools import cycle

from bench import floors, results, turns
from bench.character import Character
from molroo_actor import engine

PART = "cpu"
CALLS = 4_000
ALL_IN_VECTOR = "all in (row and answer encoded), from a vector"
ALL_IN_TEXT = "all in (row and answer encoded), from a text"
HEAD = ("CPU of a turn in process", "µs")
WIDTHS = (52, 10)


def run(rounds: int, out: results.Results) -> None:
    """Time and print."""
    rng = random.Random(1)
    readings = cycle([engine.Reading(engine.Appraisal(**turns.vector(rng))) for _ in range(CALLS * rounds)]).__next__
    texts = cycle([turns.text(rng) for _ in range(CALLS * rounds)]).__next__
    vector_frames = cycle([turns.encoded(turns.body("vector", rng)) for _ in range(CALLS * rounds)]).__next__
    text_frames = cycle([turns.encoded(turns.body("text", rng)) for _ in range(CALLS * rounds)]).__next__
    one = Character()
    timed: Sequence[tuple[str, Callable[[], object]]] = [
        ("engine step, from a vector", lambda: one.feel(readings())),
        ("appraisal and engine step, from a text of 20 words", lambda: one.feel(one.read(texts()))),
        ("rendering prompt_data", one.prompt),
        ("decoding and engine step, from a vector", lambda: one.hear(vector_frames())),
        ("decoding, appraisal and engine step, from a text", lambda: one.hear(text_frames())),
        (ALL_IN_VECTOR, lambda: one.turn(vector_frames())),
        (ALL_IN_TEXT, lambda: one.turn(text_frames())),
    ]
    rows, found = [], {}
    for title, call in timed:
        found[title] = per_call_us(call, rounds)
        rows.append((f"  {title}", f"{out.figure(PART, title, 'this process', found[title], 'µs'):.1f}"))
    print(*results.table(HEAD, rows, WIDTHS), sep="\n")
    for what, title in ((floors.VECTOR_CPU, ALL_IN_VECTOR), (floors.TEXT_CPU, ALL_IN_TEXT)):
        ratio = out.ratio(PART, what, floors.BUDGET, found[title], [floors.BUDGETS_US[what]] * rounds)
        print(f"{results.line(ratio)}   ({what}, {floors.BUDGETS_US[what]:.0f} µs)", flush=True)


def per_call_us(call: Callable[[], object], rounds: int) -> list[float]:
    """Round by round; CPU time of this thread, so that a busy neighbour does not count."""
    found = []
    for _ in range(rounds):
        began = time.thread_time_ns()
        for _ in range(CALLS):
            call()
        found.append((time.thread_time_ns() - began) / CALLS / 1e3)
    return found
