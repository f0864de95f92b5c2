"""What a story is, and telling all of them: a character goes through something, and what a reader would expect is
checked on the way.

The stories themselves: `stories_of_gates.py` (the engine's design names them), `stories_of_games.py` and
`stories_of_companions.py`. The tests tell the same stories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tools.evaluate import stories_of_companions, stories_of_games, stories_of_gates
from tools.evaluate.gates import STORIES, Found
from tools.evaluate.tale import Check

Story = Callable[[], Iterator[Check]]
ALL: Sequence[Story] = (*stories_of_gates.ALL, *stories_of_games.ALL, *stories_of_companions.ALL)


@dataclass(frozen=True)
class Told:
    """A story told to its end."""

    title: str
    checks: Sequence[Check]

    @property
    def held(self) -> bool:
        """A story that checks nothing holds nothing."""
        return bool(self.checks) and all(check.held for check in self.checks)

    def lines(self, verbose: bool) -> list[str]:
        """The story and what was checked; only what failed unless `verbose`."""
        shown = [check for check in self.checks if verbose or not check.held]
        if not shown and not verbose:
            return []
        head = f"  {'holds' if self.held else 'FAILS'}  {self.title}"
        return [head, *(f"      {' ' if check.held else '✗'} {check}" for check in shown)]


def tell(story: Story) -> Told:
    """Tells one story. Its title is what its function is called."""
    return Told(story.__name__.replace("_", " "), list(story()))


def tell_all() -> list[Told]:
    return [tell(story) for story in ALL]


def found(told: Sequence[Told]) -> Found:
    """The gate: all stories hold."""
    held = sum(one.held for one in told)
    return Found(STORIES, held / len(told), f"{held} of {len(told)} stories")
