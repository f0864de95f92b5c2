"""Many stories: from seeds to what they came to. What fails is shortened (shrink.py) and shown by __main__.py."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest import mock

from molroo_actor.storage import layout
from molroo_actor.transport import catching_up
from molroo_actor.transport.metrics import Metrics
from tests.kit.virtual_loop import Deadlock, Endless
from tests.simulation import disk, script
from tests.simulation.checker import violations
from tests.simulation.history import History
from tests.simulation.script import Step
from tests.simulation.shrink import TRIES_MAX, shortest
from tests.simulation.story import Story

_SHARDS = 2
_UNREAD_LOW = 2_048
_COLLECT_EVERY = 16


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


@contextlib.contextmanager
def garbage_in_bulk() -> Iterator[Callable[[], None]]:
    """For many stories: call the result after each. Dead processes are all the garbage there is, so it is looked for
    now and then and never among what was there before.
    """
    stories = itertools.count(1)

    def collect() -> None:
        if next(stories) % _COLLECT_EVERY == 0:
            gc.collect()

    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield collect
    finally:
        gc.enable()
        gc.unfreeze()


def totals(history: History) -> Counter[str]:
    """What there was to check in a history."""
    last = history.audits[-1].sessions.values() if history.audits else ()
    return Counter(
        {
            "histories of sessions checked": len(last),
            "rows on disk": sum(len(each.rows) for each in last),
            "actions by alarm": sum(row.kind == "proactive" for each in last for row in each.rows),
            "processes": len(history.audits),
            "sockets": len(history.lines),
            "resumes": sum(line.last_seq is not None for line in history.lines),
            "messages checked": sum(len(line.written) for line in history.lines),
            "asks by REST": sum(ask.line is None for ask in history.asks),
            "asks by socket": sum(sum(line.asked.values()) for line in history.lines),
            "repeats answered": _repeats(history),
        }
    )


def _repeats(history: History) -> int:
    by_rest = sum(duplicate for ask in history.asks for _, duplicate, _ in ask.answers)
    return by_rest + sum(each.told.duplicate for line in history.lines for each in line.written)


def breaks(theatre: Theatre, steps: Sequence[Step], seed: int, rule: str) -> History | None:
    """The history of these steps if it breaks the rule."""
    history = theatre.play(steps, seed)
    return history if any(each.rule == rule for each in violations(history)) else None


def shortest_story(seed: int, rule: str, tries_max: int = TRIES_MAX) -> list[str]:
    """The steps and the story, in words, of the shortest script found that breaks this rule as the seed does."""
    with opened() as theatre:
        steps = shortest(script.made(seed), lambda tried: breaks(theatre, tried, seed, rule) is not None, tries_max)
        history = breaks(theatre, steps, seed, rule)
    if history is None:
        return ["it does not break it again"]
    broken = [f"breaks `{each.rule}`: {each.text}" for each in violations(history)]
    return [f"the shortest script found, {len(steps)} steps:", *map(repr, steps), *history.story(), *broken]
