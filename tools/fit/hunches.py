"""`python -m tools.fit.hunches`: rebuild molroo_actor/engine/hunches.bin from lines.tsv and the encoder.

Each word is encoded alone; a line is the sum of its words; ridge gives each word its share in each of a few rough
meanings. The lines were written for this project. No corpus is needed, a minute is enough.
"""

import csv
from pathlib import Path

import numpy as np
from msgspec import json

from molroo_actor.engine.hunch import FEW, MEANT, POWER, Head, Side
from molroo_actor.engine.lexicon import lexicon, tokens
from molroo_actor.engine.scorer import NEGATED, known_form
from tools.fit.corpora import Floats
from tools.fit.encoder import Encoder
from tools.fit.pack import SCORES, rounded

LINES = Path(__file__).with_name("lines.tsv")
OUT = SCORES.parent / "hunches.bin"
PENALTY = {"user": 1000.0, "system": 3000.0}  # chosen by leaving out whole sets of lines


def main() -> None:
    with LINES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    words = _words([row["text"] for row in rows])
    at = {word: i for i, word in enumerate(words)}
    encoded = Encoder().encode(words).astype(np.float64)
    encoded = (encoded - encoded.mean(axis=0)) / (encoded.std(axis=0) + 0.01)
    sides, bodies = [], []
    for source in ("user", "system"):
        some = [row for row in rows if row["source"] == source]
        side, steps = _fitted(source, some, encoded, at)
        sides.append(side)
        bodies.append(steps)
    head = Head("MIT", "lines written for this project, all-MiniLM-L6-v2 (Apache-2.0)", words, tuple(sides))
    body = np.concatenate(bodies, axis=1).astype(np.int8).tobytes()
    OUT.write_bytes(json.encode(head) + b"\n" + body)


def _words(texts: list[str]) -> list[str]:
    known = (SCORES / "words.txt").read_text(encoding="utf-8").split("\n")[:-1]
    found = {word for word in known if " " not in word and not word.startswith(NEGATED)}
    found |= {word for text in texts for word in tokens(text)}
    found |= set(lexicon().words)
    return sorted(word for word in found if word.isascii() and word[:1].isalpha())


def _fitted(source: str, rows: list[dict[str, str]], encoded: Floats, at: dict[str, int]) -> tuple[Side, Floats]:
    names = MEANT[source]
    sums = np.array([_sum(row["text"], encoded, at) for row in rows])
    mean, spread = sums.mean(axis=0), sums.std(axis=0) + 1e-6
    sums = (sums - mean) / spread
    gold = np.array([[float(row["meaning"] == name) for name in names] for row in rows])
    often = gold.mean(axis=0)
    pull = np.linalg.solve(sums @ sums.T + PENALTY[source] * np.eye(len(sums)), gold - often)
    weights = (sums.T @ pull) / spread[:, None]
    step, steps = rounded(encoded @ weights)
    rest = often - mean @ weights
    return Side([float(f"{x:.6g}") for x in step], [float(f"{x:.6g}") for x in rest]), steps


def _sum(text: str, encoded: Floats, at: dict[str, int]) -> Floats:
    words = tokens(text)
    total: Floats = np.zeros(encoded.shape[1])
    for word in words:
        form = word if word in at else known_form(word, at)
        if form is not None:
            total += encoded[at[form]]
    return np.asarray(total / (len(words) + FEW) ** POWER)


if __name__ == "__main__":
    main()
