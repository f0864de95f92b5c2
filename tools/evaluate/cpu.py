"""What a turn costs in this process: the engine's own calls, no decoding, no encoding, no disk (`make bench` has
those). CPU time of this thread, the least of several rounds, over texts, vectors and states that differ from call to
call.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from time import thread_time

from molroo_actor import engine
from tools.evaluate.character import MINUTE_MS, Character, preset
from tools.evaluate.gates import CPU_APPRAISER, CPU_PROMPT, CPU_TEXT, CPU_VECTOR, Found

CALLS, ROUNDS = 300, 15
WORDS = 20
PRESET = "cheerful_companion"


def measure(lines: Sequence[str], calls: int = CALLS, rounds: int = ROUNDS) -> list[Found]:
    """Figures of this machine. `lines` are what the texts are cut from; each text has 20 words."""
    one = Character(preset(PRESET))
    texts = texts_of(lines, calls * (rounds + 1) * 3)
    vectors = cycle(_vectors())

    def from_text() -> None:
        one.hear(next(texts), after_ms=MINUTE_MS)

    def with_prompt() -> None:
        one.hear(next(texts), after_ms=MINUTE_MS)
        engine.render_prompt(one.params, one.state, None)

    def appraised() -> None:
        engine.appraise(next(texts), "user", one.params, one.state)

    note = f"{PRESET}, least of {rounds} rounds of {calls} calls"
    return [
        Found(CPU_VECTOR, _least_us(lambda: one.feel(next(vectors), after_ms=MINUTE_MS), calls, rounds), note),
        Found(CPU_TEXT, _least_us(from_text, calls, rounds), note),
        Found(CPU_PROMPT, _least_us(with_prompt, calls, rounds), note),
        Found(CPU_APPRAISER, _least_us(appraised, calls, rounds), note),
    ]


def texts_of(lines: Sequence[str], count: int) -> Iterator[str]:
    """`count` texts of 20 words: 19 cut from the lines one after the other, and a number, so that no text comes twice
    and a cache of whole texts finds nothing.
    """
    flow = cycle([word for line in lines for word in line.split()])
    return iter([f"{' '.join(islice(flow, WORDS - 1))} {number}" for number in range(count)])


def _vectors() -> Sequence[engine.Appraisal]:
    """Vectors all over the space, by steps that have no common multiple."""
    out = []
    for n in range(997):
        gr, gc, ex, ct, ag, nc = (n * step % 997 / 997 for step in (101, 211, 307, 401, 503, 601))
        out.append(engine.Appraisal(gr, 2 * gc - 1, ex, ct, 2 * ag - 1, 2 * nc - 1))
    return out


def _least_us(call: Callable[[], object], calls: int, rounds: int) -> float:
    """Microseconds a call: the least of the rounds, since what disturbs only ever adds. One round before counts not."""
    timer = timeit.Timer(call, timer=thread_time)
    timer.timeit(calls)
    return min(timer.repeat(rounds, calls)) / calls * 1e6
