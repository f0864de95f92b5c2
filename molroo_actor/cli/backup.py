"""`molroo-actor backup`: this process copies; a server, if one runs, is only asked to keep the rows meanwhile."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from molroo_actor.cli.operator import CommandFailed, ask_live, asked, show, show_progress, where
from molroo_actor.errors import BackupFailed, DataInUse
from molroo_actor.runtime.admin import Request, whose
from molroo_actor.storage import backup
from molroo_actor.storage.layout import DataFolder


def run(given: argparse.Namespace) -> int:
    """0 when all of it is there, 1 when a session is damaged and so is its copy."""
    settings, folder = where(given)
    target = Path(given.target).absolute()
    made: backup.Made | None = None
    with _held(folder) as hold, contextlib.closing(backup.make(folder, settings, target, hold)) as steps:
        for step in steps:
            if isinstance(step, backup.Made):
                made = step
            else:
                show_progress({"progress": step})
    assert made is not None
    findings = [
        f"{whose(entry.id, entry.tenant, entry.live)}: {why}; the backup has it as damaged as it is here"
        for entry, why in made.damaged
    ]
    more = made.damaged_count - len(findings)
    findings += [f"and {more:,} more damaged sessions; `molroo-actor doctor` names them"] if more else []
    counts = {name: getattr(made, name) for name in ("sessions", "files", "bytes", "journal_rows")}
    done = f"{made.sessions:,} sessions, {made.bytes:,} bytes in {target}"
    show(given, {"target": str(target), **counts, "findings": findings}, [*findings, done])
    return 1 if findings else 0


class _Hold:
    """Of a live node, by its number; or of a folder's lock, where nothing can happen meanwhile."""

    def __init__(self, check: Callable[[], None], release: Callable[[], None]) -> None:
        self._check = check
        self._release = release

    def check(self) -> None:
        self._check()

    def release(self) -> None:
        self._release()


@contextlib.contextmanager
def _held(folder: DataFolder) -> Iterator[_Hold]:
    with contextlib.ExitStack() as line:
        lines = line.enter_context(asked(folder, Request("backup.hold")))
        if lines is not None:
            first = next(lines, {"error": "the server ended before it answered"})
            if "error" in first:
                raise CommandFailed(first["error"])
            number = int(first["hold"])
            line.callback(ask_live, folder, Request("backup.release", hold=number))
            yield _Hold(lambda: _check(folder, number), line.close)
            return
        try:
            folder.lock()
        except DataInUse as error:
            raise CommandFailed(f"{error}; it does not answer on admin.sock yet, try again") from error
        line.callback(folder.unlock)
        yield _Hold(lambda: None, line.close)


def _check(folder: DataFolder, number: int) -> None:
    answer = ask_live(folder, Request("backup.held", hold=number))
    if answer is None or "error" in answer:
        raise BackupFailed("the server ended meanwhile; try again")
    if answer["result"] is not True:
        raise BackupFailed(
            "the server's journal came to its limit before all was copied; try again when there is less traffic, or"
            " raise MOLROO_JOURNAL_BYTES_MAX"
        )
