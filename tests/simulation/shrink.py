"""From a story that breaks a rule to a short one that still does: steps are left out as long as the rule stays broken.

Plain delta debugging: halves first, then quarters, down to single steps. What is tried is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tests.simulation.script import Step

TRIES_MAX: Final = 400


def shortest(steps: Sequence[Step], breaks: Callable[[Sequence[Step]], bool], tries_max: int = TRIES_MAX) -> list[Step]:
    """The steps that are needed for `breaks` to stay true, which it must be for all of them."""
    kept, tries = list(steps), 0
    size = max(1, len(kept) // 2)
    while tries < tries_max:
        shorter = None
        for at in range(0, len(kept), size):
            tries += 1
            tried = kept[:at] + kept[at + size :]
            if breaks(tried):
                shorter = tried
                break
            if tries >= tries_max:
                break
        if shorter is not None:
            kept = shorter
        elif size == 1:
            break
        else:
            size = max(1, size // 2)
    return kept
