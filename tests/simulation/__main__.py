"""`python -m tests.simulation [SEEDS] [--seed FIRST] [--only SEED] [--jobs N]`: that many stories of a whole host, each
checked, on all cores.

Prints seeds, what was checked, seconds, seeds a minute, violations; a failure with its seed and the shortest story
that still breaks the rule. Exit code 1 when a rule is broken.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from tests.simulation import checker, run, script

_SHOWN = 3
_CHAPTER = 50
"""Stories that one process plays in a row: what it sets up first is small beside them."""


class Chapter(NamedTuple):
    """What some stories came to, and of each that broke a rule the first."""

    counts: Counter[str]
    broken: list[tuple[int, checker.Violation]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seeds", nargs="?", type=int, default=2_000, help="how many (2000)")
    parser.add_argument("--seed", type=int, default=None, help="the first of them")
    parser.add_argument("--only", type=int, default=None, help="one seed, with its whole story")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once (one a core)")
    flags = parser.parse_args()
    if flags.only is not None:
        return _show(flags.only)
    first = random.SystemRandom().randrange(1 << 32) if flags.seed is None else flags.seed
    counts: Counter[str] = Counter()
    broken: list[tuple[int, checker.Violation]] = []
    seeds, began_s = range(first, first + flags.seeds), time.monotonic()
    with ProcessPoolExecutor(flags.jobs) as pool:
        for chapter in pool.map(played, [seeds[at : at + _CHAPTER] for at in range(0, len(seeds), _CHAPTER)]):
            counts.update(chapter.counts)
            broken += chapter.broken
    _report(seeds, counts, time.monotonic() - began_s)
    for seed, violation in broken[:_SHOWN]:
        print(f"\nseed {seed} breaks `{violation.rule}`: {violation.text}")
        print(*run.shortest_story(seed, violation.rule), sep="\n")
    return 1 if counts["violations"] else 0


def played(seeds: range) -> Chapter:
    """Seed by seed, in this process."""
    chapter = Chapter(Counter(), [])
    with run.opened() as theatre, run.garbage_in_bulk() as collect:
        for seed in seeds:
            history = theatre.play_seed(seed)
            chapter.counts.update(run.totals(history))
            found = list(checker.violations(history))
            chapter.counts["violations"] += len(found)
            if found:
                chapter.broken.append((seed, found[0]))
            collect()
    return chapter


def _report(seeds: range, counts: Counter[str], seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = used.ru_utime + used.ru_stime
    print(f"seeds {seeds.start} to {seeds.stop - 1}")
    print(f"{len(seeds):,} stories in {seconds:.1f} s, {len(seeds) / seconds * 60:,.0f} a minute")
    print(f"  {cpu_s:.1f} s of a core, {len(seeds) / cpu_s * 60:,.0f} a minute of one")
    for name, count in sorted(counts.items()):
        if name != "violations":
            print(f"  {count:>10,} {name}")
    print(f"violations {counts['violations']}")


def _show(seed: int) -> int:
    with run.opened() as theatre:
        history = theatre.play_seed(seed)
    print(*script.made(seed), *history.story(), sep="\n")
    found = list(checker.violations(history))
    print(*(f"breaks `{each.rule}`: {each.text}" for each in found), f"violations {len(found)}", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
