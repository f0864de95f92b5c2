"""`python -m tests.faults [KIND ...] [--times N] [--seed S]`: hurts real servers and prints what they lost; exit code 1
when anything was.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys

from tests.faults import table
from tests.faults.kinds import KINDS, Row
from tests.faults.trial import Trial


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; all without any")
    parser.add_argument("--times", type=int, default=None, help="how often each is done, instead of its own number")
    parser.add_argument("--seed", type=int, default=None, help="repeats the choices of a run, not its timing")
    parser.add_argument("--only", default="", help="of a kind's rows those whose name has this in it")
    given = parser.parse_args()
    if unknown := set(given.kinds) - set(KINDS):
        parser.error(f"no kind {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    rows = [row for kind in given.kinds or KINDS for row in KINDS[kind] if given.only in row.name]
    trials, left_out = asyncio.run(_all(rows, seed, given.times))
    print(f"\nseed {seed}\n", *table.rows(trials), sep="\n")
    print(*left_out, *(line for trial in trials for line in table.verdict(trial)), sep="\n")
    return 0 if all(trial.sound for trial in trials) else 1


async def _all(rows: list[Row], seed: int, times: int | None) -> tuple[list[Trial], list[str]]:
    trials, left_out = [], []
    for row in rows:
        if why_not := row.why_not():
            left_out.append(f"{row.name}: left out, {why_not}")
            continue
        trial = Trial(row.name, seed)
        await row.doing(trial, times or row.times)
        trials.append(trial.end())
        print(
            f"{row.name}: {'sound' if trial.sound else 'BREACHED'}, {trial.seconds:.0f} s", file=sys.stderr, flush=True
        )
    return trials, left_out


if __name__ == "__main__":
    sys.exit(main())
