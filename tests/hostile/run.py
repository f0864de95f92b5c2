"""One kind after the other, each against a server of its own, with what is looked at around all of them."""

from __future__ import annotations

import random
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.hostile import tokens
from tests.hostile.arena import Arena, Plan, arena
from tests.hostile.kinds import KINDS
from tests.hostile.tally import Tally

FORMATS = ("text", "json")


def run(folder: Path, kinds: Sequence[str], scale: float, seed: int) -> list[Tally]:
    """The tallies, in the order of the kinds."""
    return [run_kind(folder / name, name, scale, seed, number) for number, name in enumerate(kinds)]


def run_kind(folder: Path, name: str, scale: float, seed: int, number: int = 0) -> Tally:
    kind = KINDS[name]
    tally = Tally(name, rss_allowed=kind.allowed)
    began_s = time.monotonic()
    for log_format in kind.formats or (FORMATS[number % 2],):
        data = folder / log_format
        with arena(data, kind.env, log_format) as place:
            _around(place, tally, Plan(scale, random.Random(f"{seed} {name}")))
            tokens.search_pages(place, tally)
        tokens.search_files(place, tally, data)
    print(f"  {name}: {time.monotonic() - began_s:.0f} s", file=sys.stderr, flush=True)
    return tally


def _around(place: Arena, tally: Tally, plan: Plan) -> None:
    place.forget_peak()
    tally.rss_before = place.rss()
    log_from = len(place.server.output.lines)
    try:
        KINDS[tally.kind].attack(place, tally, plan)
    except (OSError, LookupError, ValueError) as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        tally.fault(f"it could not be carried out: {error!r} ({at.name}, line {at.lineno})")
    turns, wrong = place.seen()
    tally.rss_peak, tally.rss_after = place.rss_peak(), place.rss()
    if not turns:
        tally.died("the neighbour took no turn")
    for each in wrong:
        tally.died(each) if each.startswith("dead") else tally.breach(each)
    if tally.rss_peak - tally.rss_before > tally.rss_allowed:
        tally.fault(f"memory: {tally.rss_peak - tally.rss_before:,} bytes more, allowed are {tally.rss_allowed:,}")
    place.check_up(tally, log_from)
