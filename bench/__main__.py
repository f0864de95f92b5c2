"""`python -m bench [--quick] [--only PART …]`, `python -m bench asleep [--sessions N]` and `python -m bench alarms
[--sessions N]`; figures go to the terminal.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import msgspec

from bench import alarms, asleep, machine, part_cpu, part_memory, part_turns, part_wake, results

PARTS = ("cpu", "turns", "wake", "memory")


def main() -> int:
    flags = _flags()
    folder = Path(tempfile.mkdtemp(prefix="molroo-bench-", dir=flags.folder))
    out = results.Results(machine=machine.lines(folder))
    print(*out.machine, sep="\n", flush=True)
    try:
        if flags.what == "asleep":
            asleep.run(folder, flags.sessions or 20_000, out)
        elif flags.what == "alarms":
            alarms.run(folder, flags.sessions or 1_000_000, out)
        else:
            _table(folder, flags, out)
    finally:
        shutil.rmtree(folder)
    if flags.json:
        flags.json.write_bytes(msgspec.json.format(msgspec.json.encode(out)))
    return 0


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("table", "asleep", "alarms"), default="table")
    parser.add_argument("--quick", action="store_true", help="fewer rows, one round, about three minutes")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts of the table")
    parser.add_argument("--sockets", type=int, nargs="+", help="only rows of the turns with that many sockets")
    parser.add_argument("--rounds", type=int, help="rounds of turns (3; quick: 1)")
    parser.add_argument("--sessions", type=int, help="how many sleep (asleep: 20,000; alarms: 1,000,000)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--folder", type=Path, help="where the servers write (default: the system's temporary folder)")
    return parser.parse_args()


def _table(folder: Path, flags: argparse.Namespace, out: results.Results) -> None:
    quick: bool = flags.quick
    if "cpu" in flags.only:
        part_cpu.run(out)
    if "turns" in flags.only:
        cases = part_turns.QUICK if quick else part_turns.CASES
        cases = [case for case in cases if not flags.sockets or case.sockets in flags.sockets]
        part_turns.run(folder, cases, flags.rounds or (1 if quick else 3), 2.0, out)
    if "wake" in flags.only:
        part_wake.run(folder, 200 if quick else 500, 1 if quick else 4, out)
    if "memory" in flags.only:
        part_memory.run(folder, 2_000 if quick else 10_000, 5.0 if quick else 20.0, out)


if __name__ == "__main__":
    sys.exit(main())
