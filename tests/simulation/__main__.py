"""`python -m tests.simulation [SEEDS] [--seed FIRST] [--only SEED]`: that many stories of a whole host, each checked.

Prints seeds, what was checked, seconds, seeds a minute, violations; a failure with its seed and the shortest story
that still breaks the rule. Exit code 1 when a rule is broken.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator

from tests.simulation import checker, run, script
from tests.simulation.history import History

_SHOWN = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seeds", nargs="?", type=int, default=2_000, help="how many (2000)")
    parser.add_argument("--seed", type=int, default=None, help="the first of them")
    parser.add_argument("--only", type=int, default=None, help="one seed, with its whole story")
    flags = parser.parse_args()
    if flags.only is not None:
        return _show(flags.only)
    first = random.SystemRandom().randrange(1 << 32) if flags.seed is None else flags.seed
    counts: Counter[str] = Counter()
    broken: list[tuple[int, checker.Violation]] = []
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    for seed, history, found in stories(range(first, first + flags.seeds)):
        counts.update(run.totals(history))
        if found and len({other for other, _ in broken}) < _SHOWN:
            broken.append((seed, found[0]))
        counts["violations"] += len(found)
    seconds, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    _report(first, flags.seeds, counts, seconds, cpu_s)
    for seed, violation in broken:
        print(f"\nseed {seed} breaks `{violation.rule}`: {violation.text}")
        print(*run.shortest_story(seed, violation.rule), sep="\n")
    return 1 if counts["violations"] else 0


def stories(seeds: range) -> Iterator[tuple[int, History, list[checker.Violation]]]:
    """Seed by seed: what happened, and what was wrong with it."""
    with run.opened() as theatre, run.garbage_in_bulk() as collect:
        for seed in seeds:
            history = theatre.play_seed(seed)
            yield seed, history, list(checker.violations(history))
            collect()


def _report(first: int, seeds: int, counts: Counter[str], seconds: float, cpu_s: float) -> None:
    print(f"seeds {first} to {first + seeds - 1}")
    print(f"{seeds:,} stories in {seconds:.1f} s, {seeds / seconds * 60:,.0f} a minute")
    print(f"  {cpu_s:.1f} s of one core, {seeds / cpu_s * 60:,.0f} a minute without others beside")
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
