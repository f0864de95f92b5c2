"""`python -m tests.hostile [KIND ...] [--scale X] [--seed S]`: prints the table; exit 1 when anything was wrong."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.hostile import report
from tests.hostile.kinds import KINDS
from tests.hostile.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; all of them without")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of each; 1 takes some minutes")
    parser.add_argument("--seed", type=int, default=None, help="repeats the choices of a run, not its timing")
    flags = parser.parse_args()
    unknown = [kind for kind in flags.kinds if kind not in KINDS]
    if unknown:
        parser.error(f"no kind {unknown[0]}; there are {', '.join(KINDS)}")
    seed = random.SystemRandom().randrange(1 << 32) if flags.seed is None else flags.seed
    print(f"seed {seed}, scale {flags.scale:g}", flush=True)
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        ended = run(Path(folder), flags.kinds or list(KINDS), flags.scale, seed)
    print(*report.lines(ended), sep="\n")
    return 0 if all(tally.sound for tally in ended) else 1


if __name__ == "__main__":
    sys.exit(main())
