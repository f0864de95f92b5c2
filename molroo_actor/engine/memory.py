"""What has been found out about single words, kept for the next text that says them.

Here: a bounded memory for a pure function of a word. Not here: any such function, and nothing about whole texts: they
differ, their words hardly do.
"""

from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

KEPT: Final = 16_384  # words; a full memory forgets all of them, and what is still said comes back at one look-up each
LONGEST: Final = 40  # characters of a word that is kept: what is longer is no word, and one text may hold 1,600 of them


class Memory(dict[str, T]):
    """`memory[word]` is `of(word)`, worked out once while it is kept.

    A dict that fills itself and not lru_cache, because the look-up is all that a known word costs and takes half as
    long. `of` must be pure.
    """

    __slots__ = ("_of",)

    def __init__(self, of: Callable[[str], T]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, word: str) -> T:
        found = self._of(word)
        if len(word) <= LONGEST:
            if len(self) >= KEPT:
                self.clear()
            self[word] = found
        return found
