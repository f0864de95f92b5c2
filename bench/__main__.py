"""`python -m bench [--quick] [--only PART …] [--png [FILE]]`, `python -m bench asleep [--sessions N]` and `python -m
bench alarms [--sessions N]`; figures go to the terminal. `--redraw FILE.json --png FILE` draws an earlier run again.
"""

from __future__ import annotations

import argparse
import functools
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench import (
    alarms,
    asleep,
    crowd,
    floors,
    machine,
    part_cpu,
    part_flat,
    part_memory,
    part_rest,
    part_syncs,
    part_turns,
    part_wake,
    results,
    summary,
)

PARTS = ("cpu", "turns", "rest", "syncs", "wake", "memory", "asleep", "flat")
PNG = Path("docs/bench.png")
MEASURE_S = 2.0


def main() -> int:
    flags = _flags()
    if flags.redraw:
        out = msgspec.json.decode(flags.redraw.read_bytes(), type=results.Results)
        print(*out.machine, *summary.lines(out), sep="\n")
    else:
        out = _measured(flags)
    if flags.json:
        flags.json.write_bytes(msgspec.json.format(msgspec.json.encode(out)))
    if flags.png:
        from bench import picture  # noqa: PLC0415 - nothing else here needs matplotlib

        picture.draw(out, flags.png)
    return 0


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("table", "asleep", "alarms"), default="table")
    parser.add_argument("--quick", action="store_true", help="fewer rows, one round, about five minutes")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts of the table")
    parser.add_argument("--sockets", type=int, nargs="+", help="only rows of the turns with that many sockets")
    parser.add_argument("--rounds", type=int, help="rounds that are interleaved (3; quick: 1)")
    parser.add_argument("--sessions", type=int, help="how many sleep at most (100,000; alarms: 1,000,000)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--png", type=Path, nargs="?", const=PNG, help=f"also draw them ({PNG})")
    parser.add_argument("--redraw", type=Path, help="measure nothing: summary and picture of such a file")
    parser.add_argument("--folder", type=Path, help="where the servers write (default: the system's temporary folder)")
    return parser.parse_args()


def _measured(flags: argparse.Namespace) -> results.Results:
    folder = Path(tempfile.mkdtemp(prefix="molroo-bench-", dir=flags.folder))
    out = results.Results(machine=machine.lines(folder))
    print(*out.machine, sep="\n", flush=True)
    try:
        if flags.what == "asleep":
            sessions = flags.sessions or floors.SLEEPING[-1]
            asleep.run(_crowds(folder)(sessions), folder / "empty", sessions, out)
        elif flags.what == "alarms":
            alarms.run(folder, flags.sessions or 1_000_000, out)
        else:
            _table(folder, flags, out)
    finally:
        shutil.rmtree(folder)
    return out


def _table(folder: Path, flags: argparse.Namespace, out: results.Results) -> None:
    quick: bool = flags.quick
    rounds: int = flags.rounds or (1 if quick else 3)
    cases = part_turns.QUICK if quick else part_turns.CASES
    cases = [case for case in cases if not flags.sockets or case.sockets in flags.sockets]
    most: int = flags.sessions or floors.SLEEPING[-1]
    crowds = _crowds(folder)
    parts: dict[str, Callable[[], None]] = {
        "cpu": lambda: part_cpu.run(out),
        "turns": lambda: part_turns.run(folder, cases, rounds, MEASURE_S, out),
        "rest": lambda: part_rest.run(folder, rounds, MEASURE_S, out),
        "syncs": lambda: part_syncs.run(folder, out),
        "wake": lambda: part_wake.run(folder, 200 if quick else 500, 1 if quick else 2, rounds, out),
        "memory": lambda: part_memory.run(folder, 2_000 if quick else floors.IDLE_SOCKETS, 5.0 if quick else 20.0, out),
        "asleep": lambda: asleep.run(crowds(most), folder / "empty", most, out),
        "flat": lambda: part_flat.run(crowds, [*(each for each in floors.SLEEPING if each < most), most], rounds, out),
    }
    began = time.monotonic()
    for name in PARTS:
        if name in flags.only:
            before = time.monotonic()
            parts[name]()
            print(f"[{name}: {time.monotonic() - before:.0f} s]\n", flush=True)
    print(*summary.lines(out), f"all of it took {(time.monotonic() - began) / 60:.1f} minutes", sep="\n", flush=True)


def _crowds(folder: Path) -> Callable[[int], Path]:
    """Folders in which so many sleep, each made when it is first asked for."""

    @functools.cache
    def made(asleep_on_disk: int) -> Path:
        data = folder / f"crowd-{asleep_on_disk}"
        crowd.make(data, asleep_on_disk, part_flat.AWAKE)
        return data

    return made


if __name__ == "__main__":
    sys.exit(main())
