"""`python -m tests.prop [CASES] [--only WORDS] [--seed N]`: every law of the engine on that many random cases each.

Prints law, cases, broken, seconds; the smallest broken case of each law that breaks; exit 1 when one does.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import time
from pathlib import Path

from tests.prop.law import LAWS, Check, Held, hold, outcome
from tests.prop.strategies import SIZE, Case, NoCase


def smallest(check: Check, drawn: bytes) -> bytes:
    """A case that still breaks the law and of which no block of bytes can be zero."""
    size = SIZE // 2
    while size:
        for at in range(0, SIZE, size):
            simpler = drawn[:at] + bytes(size) + drawn[at + size :]
            if simpler == drawn:
                continue
            try:
                if outcome(check, simpler) is not None:
                    drawn = simpler
            except NoCase:
                continue
        size //= 2
    return drawn


def told(check: Check, drawn: bytes) -> list[str]:
    """A broken case in words."""
    case = Case(drawn)
    try:
        check(case)
    except Exception as error:  # noqa: BLE001 - whatever it was, it is shown
        last = f"{type(error).__name__}: {error}"
        return [*(f"    {part}" for part in case.story), *(f"    {line}" for line in last.splitlines()[:12])]
    return []


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.prop", description=__doc__)
    parser.add_argument("cases", nargs="?", type=int, default=20_000, help="for each law")
    parser.add_argument("--only", default="", help="laws whose sentence holds these words")
    parser.add_argument("--seed", type=int, default=None, help="repeats a run")
    parser.add_argument("--markdown", action="store_true", help="the table as docs/engine.md shows it")
    flags = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if flags.seed is None else flags.seed
    for path in sorted(Path(__file__).parent.glob("test_laws_of_*.py")):
        importlib.import_module(f"tests.prop.{path.stem}")
    laws = {sentence: law for sentence, law in LAWS.items() if flags.only in sentence}
    wide = max(map(len, laws), default=3)
    row = (
        "| {} | {:,} | {:,} | {} | {:.1f} |"
        if flags.markdown
        else f"{{:{wide}}}  {{:>7,}}  {{:>6,}}  {{:>7}}  {{:7.1f}}"
    )
    if flags.markdown:
        print("| law | cases | broken | allowed | seconds |\n|---|---|---|---|---|")
    else:
        print(f"seed {seed}\n{'law':{wide}}  {'cases':>7}  broken  allowed  seconds")
    ended: dict[str, Held] = {}
    bad = not laws
    for sentence, (check, share) in laws.items():
        begun = time.perf_counter()
        held = ended[sentence] = hold(check, flags.cases, f"{seed} {sentence}")
        bad = bad or held.broken > share * held.cases
        allowed = f"{share:.0%}" if share else "none"
        print(row.format(sentence, held.cases, held.broken, allowed, time.perf_counter() - begun), flush=True)
    for sentence, held in ended.items():
        if held.first is not None:
            check = laws[sentence].check
            print(f"\nbroken: {sentence}", *told(check, smallest(check, held.first)), sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
