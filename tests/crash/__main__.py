"""`python -m tests.crash [KILLS] [--kills N] [--seed N]`: print the ledger; the exit code says whether it holds."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys

from tests.crash import report
from tests.crash.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, help="how many kills; the same as --kills")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="repeats the choices of a run, not its timing")
    flags = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if flags.seed is None else flags.seed
    ended = asyncio.run(run(flags.count or flags.kills, seed))
    print(*report.lines(ended), sep="\n")
    return 0 if ended.sound else 1


if __name__ == "__main__":
    sys.exit(main())
