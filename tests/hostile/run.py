"""One kind after the other, each against a server of its own, with what is looked at around all of them."""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.hostile.arena import Arena, Plan, arena
from tests.hostile.kinds import KINDS
from tests.hostile.tally import Tally

QUIET_S = 1.5
"""How long the neighbour is watched before and after: enough for a hundred of its turns."""


def run(folder: Path, kinds: Sequence[str], scale: float, seed: int) -> list[Tally]:
    """The tallies, in the order of the kinds."""
    return [run_kind(folder / name, name, scale, seed, number) for number, name in enumerate(kinds)]


def run_kind(folder: Path, name: str, scale: float, seed: int, number: int = 0) -> Tally:
    kind = KINDS[name]
    tally = Tally(name, rss_allowed=kind.allowed)
    began_s = time.monotonic()
    with arena(folder, kind.env, ("text", "json")[number % 2]) as place:
        _around(place, tally, Plan(scale, random.Random(f"{seed} {name}")))
    print(f"  {name}: {time.monotonic() - began_s:.0f} s", file=sys.stderr, flush=True)
    return tally


def _around(place: Arena, tally: Tally, plan: Plan) -> None:
    _rest(plan)
    before, _ = place.seen()
    place.forget_peak()
    tally.rss_before = place.rss()
    log_from = len(place.server.output.lines)
    KINDS[tally.kind].attack(place, tally, plan)
    during, wrong = place.seen()
    tally.rss_peak = place.rss_peak()
    _rest(plan)
    after, more = place.seen()
    tally.rss_after = place.rss()
    for each in [*wrong, *more]:
        tally.died(each) if each.startswith("dead") else tally.breach(each)
    if tally.ratio is None and before and during and after:
        quiet_s = statistics.mean((p99(before), p99(after)))
        tally.ratio = p99(during) / quiet_s
        tally.notes.append(
            f"neighbour's p50 / p99 / max {p50(during) * 1e3:.1f} / {p99(during) * 1e3:.1f} / "
            f"{max(took for _, took in during) * 1e3:.1f} ms, quiet p99 {quiet_s * 1e3:.1f}"
        )
    if tally.rss_peak - tally.rss_before > tally.rss_allowed:
        tally.fault(f"memory: {tally.rss_peak - tally.rss_before:,} bytes more, allowed are {tally.rss_allowed:,}")
    place.check_up(tally, log_from)


def p50(turns: Sequence[tuple[float, float]]) -> float:
    """Seconds of the middle one."""
    return statistics.median(took for _, took in turns)


def p99(turns: Sequence[tuple[float, float]]) -> float:
    """Seconds that 99 of 100 turns stayed below."""
    took = sorted(took for _, took in turns)
    return took[min(len(took) - 1, round(len(took) * 0.99))]


def _rest(plan: Plan) -> None:
    time.sleep(QUIET_S * min(1.0, max(plan.scale, 0.2)))
