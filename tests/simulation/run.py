"""Many stories: from seeds to what they came to. What fails is shortened (shrink.py) and shown by __main__.py."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest import mock

from molroo_actor.storage import layout
from molroo_actor.transport import catching_up
from molroo_actor.transport.metrics import Metrics
from tests.kit.virtual_loop import Deadlock, Endless
from tests.simulation import disk, script
from tests.simulation.history import History
from tests.simulation.script import Step
from tests.simulation.story import Story

_SHARDS = 2
_UNREAD_LOW = 2_048


class ErrorsLogged(logging.Handler):
    """Errors with a trace that the product logs are bugs, whatever anybody was answered."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.found.append(f"{record.name} logged {record.getMessage()}: {record.exc_info[1]!r}")


class Theatre:
    """Where stories run, one after the other. `opened` makes and removes it."""

    def __init__(self, folder: Path, errors: ErrorsLogged) -> None:
        self._folder = folder
        self._template = folder / "template"
        self._errors = errors
        self._metrics = Metrics()
        self._number = 0

    def play(self, steps: Sequence[Step], seed: int) -> History:
        """One story; the seed is for what is not in its steps."""
        self._number += 1
        folder = self._folder / str(self._number)
        self._errors.found = []
        story = Story(steps, seed, self._template, folder, self._metrics)
        try:
            story.run()
        except (Deadlock, Endless) as error:
            story.history.complaints.append(repr(error))
        finally:
            shutil.rmtree(folder)
        story.history.complaints += self._errors.found
        return story.history

    def play_seed(self, seed: int) -> History:
        """The story of a seed."""
        return self.play(script.made(seed), seed)


@contextlib.contextmanager
def caught(name: str, errors: ErrorsLogged) -> Iterator[None]:
    """What this logger is told goes there and nowhere else."""
    log = logging.getLogger(name)
    with (
        mock.patch.object(log, "handlers", [errors]),
        mock.patch.object(log, "propagate", False),
    ):
        yield


@contextlib.contextmanager
def opened() -> Iterator[Theatre]:
    """A theatre for the length of a `with` block: the product's log is caught, its folders are few."""
    folder = disk.made_folder()
    errors = ErrorsLogged()
    with (
        mock.patch.object(layout, "SHARDS", _SHARDS),
        mock.patch.object(catching_up, "_UNREAD_LOW", _UNREAD_LOW),
        caught("molroo_actor", errors),
        caught("aiohttp", errors),
    ):
        asyncio.run(disk.make_template(folder / "template"))
        try:
            yield Theatre(folder, errors)
        finally:
            shutil.rmtree(folder)
