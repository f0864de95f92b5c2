"""`python -m tests.crash [KILLS] [--seed N]`: turns under load; `python -m tests.crash proactive [KILLS] [--seed N]`:
sessions that are left alone. Prints the ledger; the exit code says whether it holds.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys

from tests.crash import alone, report
from tests.crash.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("what", nargs="*", metavar="[proactive] KILLS", help="what is killed, and how often")
    parser.add_argument("--kills", type=int, help="the same as KILLS (200; proactive: 50)")
    parser.add_argument("--seed", type=int, default=None, help="repeats the choices of a run, not its timing")
    flags = parser.parse_args()
    proactive = flags.what[:1] == ["proactive"]
    counts = flags.what[proactive:]
    if len(counts) > 1 or not all(count.isdecimal() for count in counts):
        parser.error("what to kill is [proactive] KILLS")
    kills = int(counts[0]) if counts else flags.kills or (50 if proactive else 200)
    seed = random.SystemRandom().randrange(1 << 32) if flags.seed is None else flags.seed
    if proactive:
        story = asyncio.run(alone.run(kills, seed))
        print(*alone.lines(story), sep="\n")
        return 0 if story.sound else 1
    ended = asyncio.run(run(kills, seed))
    print(*report.lines(ended), sep="\n")
    return 0 if ended.sound else 1


if __name__ == "__main__":
    sys.exit(main())
