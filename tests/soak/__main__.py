"""`python -m tests.soak [--minutes M] [--sessions N] [--seed S]`: prints what stayed flat and what was found whole; the
exit code says whether all did and all was.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys

from tests.soak import report
from tests.soak.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long there is load (10)")
    parser.add_argument("--sessions", type=int, default=2000, help="how many there are from beginning to end (2000)")
    parser.add_argument("--seed", type=int, default=None, help="repeats the choices of a run, not its timing")
    flags = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if flags.seed is None else flags.seed
    soak = asyncio.run(run(flags.minutes, flags.sessions, seed))
    print(*report.lines(soak), sep="\n")
    return 0 if soak.sound and soak.flat else 1


if __name__ == "__main__":
    sys.exit(main())
