"""`python -m tools.fit.hunches`: rebuild molroo_actor/engine/hunches.bin from lines.tsv and the encoder.

Each word is encoded alone, so that words nobody used in a line still mean something; words and pairs that lines share
count on top for themselves. Ridge gives each its share in each of a few rough meanings. The lines were written for
this project. No corpus is needed, a minute is enough.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from msgspec import json

from molroo_actor.engine.hunch import FEW, MEANT, POWER, Head, Side
from molroo_actor.engine.lexicon import lexicon, tokens
from molroo_actor.engine.scorer import NEGATED, known_form
from tools.fit.corpora import Floats
from tools.fit.encoder import Encoder
from tools.fit.features import names_in
from tools.fit.pack import SCORES, rounded

LINES = Path(__file__).with_name("lines.tsv")
OUT = SCORES.parent / "hunches.bin"
# Chosen by leaving out whole sets of lines: what a squared weight costs, and what a word counts for itself.
PENALTY, ITSELF = {"user": 1000.0, "system": 1000.0}, 80.0
# Given names that also turn up in small letters in the corpora; a name must not move a feeling.
NAMES = frozenset(
    """
    aaron adam alan albert alex alice amanda amy andrea andrew andy angela ann anna anne anthony ashley barbara ben
    benjamin betty bob bobby brad brandon brian bruce carl carol caroline charles charlie chris christina christine
    claire craig cynthia dan daniel danny dave david dennis derek diana diane donald donna dorothy doug dylan ed eddie
    edward elizabeth ellen emily emma eric erin ethan eva evan frank fred gary george gordon greg hannah harry helen
    henry howard ian isaac jack jacob jake james jamie jane jason jeff jennifer jenny jeremy jerry jesse jessica jim
    jimmy joan joe joel john johnny jon jonathan joseph josh joshua juan judy julia julie justin karen kate kathy
    katie keith kelly ken kevin kim kyle larry laura lauren leo leon lewis liam linda lisa liz logan louis lucas lucy
    luke lynn marcus margaret maria marie martha martin mary matt matthew max megan melissa mia michael michelle mike
    molly nancy natalie nathan neil nicholas nick nicole noah nora oliver olivia oscar pamela patricia patrick paul
    peter phil philip rachel ralph randy ray rebecca richard rick rob robert roger ron roy russell ruth ryan sam
    samantha samuel sandra sara sarah scott sean shane sharon simon sophia sophie stan stanley stephanie stephen steve
    steven stuart sue susan ted terry theresa thomas tim timothy tina todd tom tommy tony tracy tyler vanessa victor
    victoria vincent walter wayne wendy william zach zoe
    """.split()
)
LINES_MIN = 2  # lines that share a word or a pair before it counts for itself


def main() -> None:
    with LINES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    words = _words([row["text"] for row in rows])
    singles = {word: i for i, word in enumerate(words)}
    shared = Counter(column for row in rows for column in set(_columns(row["text"], singles)))
    words += sorted(column for column, n in shared.items() if " " in column and n >= LINES_MIN)
    at = {word: i for i, word in enumerate(words)}
    meant = Encoder().encode(words[: len(singles)]).astype(np.float64)
    meant = (meant - meant.mean(axis=0)) / (meant.std(axis=0) + 0.01)
    encoded = np.zeros((len(words), meant.shape[1]))
    encoded[: len(singles)] = meant
    itself = {column: i for i, column in enumerate(sorted(c for c, n in shared.items() if n >= LINES_MIN))}
    sides, bodies = [], []
    for source in ("user", "system"):
        some = [row for row in rows if row["source"] == source]
        sums = np.array([_sum(row["text"], encoded, at, singles, itself) for row in some])
        side, steps = _fitted(source, some, sums, encoded, {at[column]: i for column, i in itself.items()})
        sides.append(side)
        bodies.append(steps)
    head = Head("MIT", "lines written for this project, all-MiniLM-L6-v2 (Apache-2.0)", words, tuple(sides))
    OUT.write_bytes(json.encode(head) + b"\n" + np.concatenate(bodies, axis=1).astype(np.int8).tobytes())


def _words(texts: list[str]) -> list[str]:
    known = (SCORES / "words.txt").read_text(encoding="utf-8").split("\n")[:-1]
    found = {word for word in known if " " not in word and not word.startswith(NEGATED)}
    found |= {word for text in texts for word in tokens(text)} - names_in(texts)
    found |= set(lexicon().words)
    return sorted(word for word in found - NAMES if word.isascii() and word[:1].isalpha())


def _columns(text: str, singles: dict[str, int]) -> Iterator[str]:
    """The known words of a line, and its pairs of neighbours, as hunch.py looks them up."""
    before = ""
    for word in tokens(text):
        form = word if word in singles else known_form(word, singles)
        if form is not None:
            yield form
            if before:
                yield f"{before} {form}"
        before = form or ""


def _sum(text: str, encoded: Floats, at: dict[str, int], singles: dict[str, int], itself: dict[str, int]) -> Floats:
    total: Floats = np.zeros(encoded.shape[1] + len(itself))
    for column in _columns(text, singles):
        if column in at:
            total[: encoded.shape[1]] += encoded[at[column]]
        if column in itself:
            total[encoded.shape[1] + itself[column]] += ITSELF
    return np.asarray(total / (len(tokens(text)) + FEW) ** POWER)


def _fitted(
    source: str, rows: list[dict[str, str]], sums: Floats, encoded: Floats, itself: dict[int, int]
) -> tuple[Side, Floats]:
    """`itself`: row of the table -> its column beside the encoded ones."""
    width = encoded.shape[1]
    mean, spread = sums.mean(axis=0), sums.std(axis=0) + 1e-6
    spread[width:] = 1.0
    sums = (sums - mean) / spread
    gold = np.array([[float(row["meaning"] == name) for name in MEANT[source]] for row in rows])
    often = gold.mean(axis=0)
    pull = np.linalg.solve(sums @ sums.T + PENALTY[source] * np.eye(len(sums)), gold - often)
    weights = (sums.T @ pull) / spread[:, None]
    shares = encoded @ weights[:width]
    for row, column in itself.items():
        shares[row] += ITSELF * weights[width + column]
    step, steps = rounded(shares)
    rest = often - mean @ weights
    return Side([float(f"{x:.6g}") for x in step], [float(f"{x:.6g}") for x in rest]), steps


if __name__ == "__main__":
    main()
