"""Whether a wrong key that begins like a real one takes longer than one that does not: it would be compared letter by
letter, and could be guessed letter by letter. Interleaved in random order, medians, and the rank test of Mann and
Whitney; that the look-up is by digest is checked in the ordinary tests, without a clock.
"""

from __future__ import annotations

import math
import statistics
import time

from tests.hostile.arena import UNLIMITED, Arena, Plan
from tests.hostile.tally import Tally
from tests.hostile.wire import Line, request

ENV = UNLIMITED
EACH = 4_000
SHARED = (8, 9, 16, 24, 32, 39)
"""How many of its 40 letters a wrong key has in common with a real one; 8 are those of all keys."""
SURE_BELOW = 1e-4
"""Five comparisons a run: one run in 2,000 would be alarmed by chance."""


def attack(arena: Arena, tally: Tally, plan: Plan) -> None:
    """One line, one request after the other; what is measured is from the last byte sent to the first heard."""
    asked = {}
    for shared in SHARED:
        key = _wrong(arena.mallory, shared)
        arena.wrong_keys.append(key)
        asked[shared] = request("GET", "/v1/presets", key)
    took: dict[int, list[float]] = {shared: [] for shared in SHARED}
    order = list(SHARED) * plan.count(EACH, 30)
    plan.rng.shuffle(order)
    with Line(arena.port) as line:
        for shared in order:
            began_ns = time.perf_counter_ns()
            answer = line.ask(asked[shared])
            took[shared].append(time.perf_counter_ns() - began_ns)
            if answer is None:
                tally.fault("the line ended")
                return
            tally.answered(answer.status, answer.body, f"a key that shares {shared}", within=frozenset({401}))
    _judge(tally, took)


def _wrong(key: str, shared: int) -> str:
    """The key with the letter behind the shared ones changed, and all behind that."""
    return key[:shared] + "".join("a" if letter != "a" else "b" for letter in key[shared:])


def _judge(tally: Tally, took: dict[int, list[float]]) -> None:
    base = took[SHARED[0]]
    told = []
    for shared in SHARED[1:]:
        other = took[shared]
        more_ns = statistics.median(other) - statistics.median(base)
        chance = slower_by_chance(other, base)
        told.append(f"{shared} letters {more_ns / 1e3:+.2f} µs (p {chance:.2f})")
        if chance < SURE_BELOW and more_ns > 0:
            tally.fault(f"a wrong key that shares {shared} letters takes {more_ns:.0f} ns longer, p {chance:.1e}")
    tally.notes.append(f"median {statistics.median(base) / 1e3:.0f} µs; " + ", ".join(told))


def slower_by_chance(ones: list[float], others: list[float]) -> float:
    """Mann and Whitney's U, one-sided, by its normal approximation: how likely `ones` look this slow by chance."""
    ranked = sorted([(value, 0) for value in ones] + [(value, 1) for value in others])
    ranks, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        ranks += (at + end + 1) / 2 * sum(1 for _, side in ranked[at:end] if side == 0)
        at = end
    n, m = len(ones), len(others)
    score = (ranks - n * (n + 1) / 2 - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return 0.5 * math.erfc(score / math.sqrt(2))
