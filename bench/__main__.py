"""`python -m bench [--quick] [--only PART …] [--png [FILE]]`, `python -m bench asleep [--sessions N]` and `python -m
bench alarms [--sessions N]`; figures go to the terminal. `--redraw FILE.json --png FILE` draws an earlier run again.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec

from bench import alarms, asleep, floors, machine, results, summary, whole

PNG = Path("docs/bench.png")


def main() -> int:
    flags = _flags()
    if flags.redraw:
        out = msgspec.json.decode(flags.redraw.read_bytes(), type=results.Results)
        print(*out.machine, *summary.lines(out), sep="\n")
    else:
        out = _measured(flags)
        _kept(flags, out)
    if flags.png:
        from bench import picture  # noqa: PLC0415 - nothing else here needs matplotlib

        picture.draw(out, flags.png)
    return int(whole.failed(out))


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("table", "asleep", "alarms"), default="table")
    parser.add_argument("--quick", action="store_true", help="fewer rows, one round, about five minutes")
    parser.add_argument("--only", nargs="+", choices=whole.PARTS, default=whole.PARTS, help="these parts of the table")
    parser.add_argument("--sockets", type=int, nargs="+", help="only rows of the turns with that many sockets")
    parser.add_argument("--rounds", type=int, help="rounds that are interleaved (3; quick: 1)")
    parser.add_argument("--sessions", type=int, help="how many sleep at most (100,000; alarms: 1,000,000)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--png", type=Path, nargs="?", const=PNG, help=f"also draw them ({PNG})")
    parser.add_argument("--redraw", type=Path, help="measure nothing: summary and picture of such a JSON file")
    parser.add_argument("--folder", type=Path, help="where the servers write (default: the system's temporary folder)")
    return parser.parse_args()


def _sizes(flags: argparse.Namespace) -> whole.Sizes:
    sizes = whole.QUICK if flags.quick else whole.FULL
    if flags.rounds:
        sizes = replace(sizes, rounds=flags.rounds)
    if flags.sockets:
        sizes = replace(sizes, cases=tuple(case for case in sizes.cases if case.sockets in flags.sockets))
    if flags.sessions:
        fewer = (count for count in sizes.sleeping if count < flags.sessions)
        sizes = replace(sizes, sleeping=(*fewer, flags.sessions))
    return sizes


def _measured(flags: argparse.Namespace) -> results.Results:
    folder = Path(tempfile.mkdtemp(prefix="molroo-bench-", dir=flags.folder))
    out = results.Results(machine=machine.lines(folder))
    print(*out.machine, sep="\n", flush=True)
    try:
        if flags.what == "asleep":
            sessions = flags.sessions or floors.SLEEPING[-1]
            asleep.run(whole.crowds_in(folder)(sessions), folder / "empty", sessions, whole.FULL.starts, out)
        elif flags.what == "alarms":
            alarms.run(folder, flags.sessions or 1_000_000, out)
        else:
            whole.run(folder, flags.only, _sizes(flags), out, partial(_kept, flags, out))
    finally:
        shutil.rmtree(folder)
    return out


def _kept(flags: argparse.Namespace, out: results.Results) -> None:
    """What was found so far, if it is to be kept."""
    if flags.json:
        flags.json.write_bytes(msgspec.json.format(msgspec.json.encode(out)))


if __name__ == "__main__":
    sys.exit(main())
