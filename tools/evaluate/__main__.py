"""`python -m tools.evaluate [--data FOLDER] [--only GATE …] [--verbose] [--failures] [--json FILE] [--plots FOLDER]`

Prints every gate with its floor, what is good, and what was measured. Without a folder of corpora the lines and acts
of this project are measured. Exit 1 when a floor is missed, 2 when a file holds nothing that can be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.evaluate import acts, chat, corpora, cpu, stories
from tools.evaluate.gates import PARTS, Found, missed, table

OWN = Path(__file__).with_name("own")
HELD_OUT = "  not listed: the project's own lines only measure, nobody should fit to them"
OWN_CHAT, OWN_ACTS = OWN / "chat.jsonl", OWN / "acts.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    flags = _flags(arguments)
    if flags.plots:
        return _plots(flags.plots)
    report = Report(flags)
    for part in PARTS:
        if part in flags.only:
            getattr(report, part)()
    return report.end()


def _flags(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with the corpora (default: the project's own set)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these gates")
    parser.add_argument("--verbose", action="store_true", help="also by category, source, act, persona and story")
    parser.add_argument("--failures", action="store_true", help="also what did not hold, line by line")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument(
        "--plots", type=Path, metavar="FOLDER", help="draw the pictures of the documentation, only that"
    )
    flags = parser.parse_args(arguments)
    if flags.data is not None and not flags.data.is_dir():
        parser.error(f"--data: {flags.data} is no folder")
    return flags


def _plots(folder: Path) -> int:
    from tools.evaluate.plots import draw  # noqa: PLC0415 - nothing else here needs matplotlib

    for path in draw(folder):
        print(path)
    return 0


class Report:
    """What has been measured so far, and what is to be said about it."""

    def __init__(self, flags: argparse.Namespace) -> None:
        self.flags = flags
        self.found: list[Found] = []
        self.details: list[str] = []
        self.problems: list[str] = []
        self.unread: list[str] = []

    def chat(self) -> None:
        path, name = self._file(chat.FILE, OWN_CHAT)
        measured = chat.measure(path, name)
        self.found += measured.found()
        self._say(measured.problems, path, bool(measured.told))
        if self.flags.verbose:
            self._detail("chat lines by category", measured.by(lambda line: line.category))
            self._detail("chat lines by source", measured.by(lambda line: line.source))
            self._detail("chat lines by constraint", measured.by_constraint())
        if self.flags.failures:
            self._detail("chat lines that fail", [HELD_OUT] if path == OWN_CHAT else measured.failures())

    def acts(self) -> None:
        path, name = self._file(acts.FILE, OWN_ACTS)
        measured = acts.measure(path, name)
        self.found += measured.found()
        self._say(measured.problems, path, bool(measured.felt))
        if self.flags.verbose:
            self._detail("acts", measured.by_act())
            self._detail("personas", measured.by_persona())
        if self.flags.failures:
            self._detail("acts that fail", measured.failures())

    def games(self) -> None:
        path, name = self._file(acts.FILE, OWN_ACTS)
        measured = acts.measure(path, name)
        self.found += measured.found_games()
        if "acts" not in self.flags.only:
            self._say(measured.problems, path, bool(measured.signs))
        if self.flags.failures:
            self._detail("events of games that fail", measured.failures_of_games())

    def emobank(self) -> None:
        self.found += corpora.emobank(self.flags.data)

    def xenvent(self) -> None:
        found, rows = corpora.xenvent(self.flags.data)
        self.found += found
        if self.flags.verbose:
            self._detail("x-enVENT, r", rows)

    def stories(self) -> None:
        told = stories.tell_all()
        self.found.append(stories.found(told))
        if self.flags.verbose or not all(one.held for one in told):
            self._detail("stories", [line for one in told for line in one.lines(self.flags.verbose)])

    def cpu(self) -> None:
        self.found += cpu.measure([line.text for line in chat.read(OWN_CHAT).lines if line.text.isascii()])

    def end(self) -> int:
        """Prints everything; the exit code."""
        print(*table(self.found), sep="\n")
        print(*self.details, sep="\n", end="\n" if self.details else "")
        for problem in self.problems:
            print(f"note: {problem}", file=sys.stderr)
        short = missed(self.found)
        if short:
            print(f"below floor: {'; '.join(one.gate.name for one in short)}")
        if self.flags.json:
            self.flags.json.write_text(json.dumps([one.as_row() for one in self.found], indent=1, ensure_ascii=False))
        if self.unread:
            print(f"nothing to measure in {', '.join(self.unread)}", file=sys.stderr)
            return 2
        return 1 if short else 0

    def _file(self, name: str, own: Path) -> tuple[Path, str]:
        """The file of the corpora when it is there, else the project's own."""
        if self.flags.data is not None and (self.flags.data / name).is_file():
            return self.flags.data / name, name
        if self.flags.data is not None:
            self.problems.append(f"{self.flags.data / name} is not there; the project's own set is measured")
        return own, "own set"

    def _say(self, problems: Sequence[str], path: Path, any_read: bool) -> None:
        self.problems += problems
        if not any_read:
            self.unread.append(str(path))

    def _detail(self, head: str, rows: Sequence[str]) -> None:
        self.details += ["", head, *(rows or ["  none"])]


if __name__ == "__main__":
    sys.exit(main())
