"""Texts as rows of a sparse matrix: a column for each word, pair of neighbours and negated word of the scorer.

What counts how much is said once more here, as a matrix, because scorer.score does it in place for speed; a test
holds the two together. The sums of columns are divided by (words + FEW) ** POWER.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from molroo_actor.engine.lexicon import tokens
from molroo_actor.engine.scorer import MARKS, NEGATED, NEGATIONS, SCOPE, TURNED, known_form
from tools.fit.corpora import SOMEBODY
from tools.fit.sparse import Rows

FEW, POWER = 2.0, 0.75
TEXTS_MIN = 3  # a word that fewer texts share is none of the scorer's business
TEXTS_MIN_PAIR = 12

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_NAME_SHARE = 0.7


def columns_of(words: list[str], vocabulary: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    """(word, pair or negated word, how much it counts), whether or not it is in the vocabulary, for one text."""
    scope = 0
    before = ""
    for word in words:
        if word in MARKS:
            yield word, 1.0
            scope, before = 0, ""
            continue
        form = word if word in vocabulary else known_form(word, vocabulary) or word
        if scope:
            yield form, -1.0 / TURNED
            yield NEGATED + form, 1.0
        else:
            yield form, 1.0
        scope -= scope > 0
        if before:
            yield f"{before} {form}", 1.0
        if form in NEGATIONS:
            scope = SCOPE
        before = form


def length_of(words: list[str]) -> int:
    return sum(1 for word in words if word not in MARKS)


def vocabulary_of(texts: list[str], also: Iterable[str]) -> dict[str, int]:
    """Word, pair or negated word -> its column: what enough texts share, and the words of `also`; no names."""
    cut = [tokens(text) for text in texts]
    seen = Counter(word for words in cut for word in set(words))
    names = names_in(texts)
    single = {w: 0 for w, n in seen.items() if n >= TEXTS_MIN and w not in names and not w.startswith(SOMEBODY.lower())}
    single |= dict.fromkeys((word for word in also if tokens(word) == [word]), 0)
    shared: Counter[str] = Counter()
    for words in cut:
        shared.update({column for column, _ in columns_of(words, single) if column not in single})
    more = [c for c, n in shared.items() if n >= TEXTS_MIN_PAIR and all(w in single for w in parts(c))]
    return {column: i for i, column in enumerate(sorted([*single, *more]))}


def parts(column: str) -> list[str]:
    """The words that a column is made of."""
    return [word.removeprefix(NEGATED) for word in column.split(" ")]


def names_in(texts: list[str]) -> set[str]:
    """Words that begin with a capital wherever no sentence begins: a name must not move a feeling."""
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for text in texts:
        for found in _WORD.finditer(text):
            word = found.group()
            if word.isupper() and len(word) > 1:
                continue
            if not word[0].isupper():
                small[word] += 1
            elif text[: found.start()].rstrip(" \"'“‘([*>-")[-1:] not in ("", ".", "!", "?", ":", "…", "\n"):
                capital[word.lower().replace("’", "'")] += 1
    return {word for word, n in capital.items() if n > _NAME_SHARE * (n + small[word]) and not re.match(r"i\b", word)}


def rows_of(texts: list[str], vocabulary: Mapping[str, int]) -> Rows:
    """A row a text, weighted by its length as at run time."""
    rows: list[list[int]] = []
    values: list[list[float]] = []
    for text in texts:
        words = tokens(text)
        share = (length_of(words) + FEW) ** -POWER
        found = [(vocabulary[column], much) for column, much in columns_of(words, vocabulary) if column in vocabulary]
        rows.append([column for column, _ in found])
        values.append([much * share for _, much in found])
    return Rows(rows, values, len(vocabulary))


def is_single(vocabulary: Mapping[str, int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For each column, whether it is a plain word."""
    return np.array([" " not in column and column[:1] != NEGATED for column in vocabulary])
