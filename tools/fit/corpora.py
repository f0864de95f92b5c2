"""The corpora that the scorer is fitted to, read from a folder outside the repository. Texts never leave the fit."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.fit.encoder import package

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

APPRAISALS = ("goal_relevance", "goal_congruence", "expectedness", "controllability", "agency", "norm_compatibility")
SOMEBODY = "Qqname"  # stands for a masked name: a word without numbers, as names are at run time
_MASKS = re.compile(r"\[(?:NAME|RELIGION)\]")


@dataclass(frozen=True)
class Corpus:
    """Texts, what was said of each (a row each, a column an output), and which of them are for testing."""

    texts: list[str]
    gold: Floats
    test: Bools

    def train_texts(self) -> list[str]:
        return [text for text, test in zip(self.texts, self.test, strict=True) if not test]


def emobank(data: Path) -> Corpus:
    """Sentences with valence, arousal, dominance as [-1, 1]; the scale of the corpus is 1 to 5.

    EmoBank: Buechel & Hahn 2017, CC-BY-SA 4.0.
    """
    with (data / "emobank.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    gold = np.array([[(float(row[k]) - 3.0) / 2.0 for k in "VAD"] for row in rows])
    return Corpus([row["text"] for row in rows], gold, np.array([row["split"] == "test" for row in rows]))


def xenvent(data: Path) -> Corpus:
    """First-person descriptions of events with six appraisals in their ranges; nothing is for testing.

    x-enVENT: Troiano, Oberlaender, Wegge, Klinger 2022, annotations CC-BY 4.0.
    """
    with (data / "xenvent.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    gold = np.array([[float(row[k]) for k in APPRAISALS] for row in rows])
    return Corpus([row["text"] for row in rows], gold, np.zeros(len(rows), dtype=bool))


def goemotions(data: Path) -> tuple[Corpus, list[str]]:
    """Comments with 0 or 1 for each label, and the names of the labels.

    GoEmotions: Demszky et al. 2020, CC-BY 4.0.
    """
    folder = data / "goemotions"
    names = (folder / "labels.txt").read_text(encoding="utf-8").split()
    texts: list[str] = []
    marked: list[list[int]] = []
    test: list[bool] = []
    for split in ("train", "dev", "test"):
        for line in (folder / f"{split}.tsv").read_text(encoding="utf-8").rstrip("\n").split("\n"):
            text, numbers, _ = line.rstrip("\r").split("\t")
            texts.append(_MASKS.sub(SOMEBODY, text))
            marked.append([int(number) for number in numbers.split(",")])
            test.append(split == "test")
    gold = np.zeros((len(texts), len(names)))
    for row, labels in zip(gold, marked, strict=True):
        row[labels] = 1.0
    return Corpus(texts, gold, np.array(test)), names


def vader() -> dict[str, float]:
    """Word -> valence [-4, 4] of VADER's lexicon (Hutto & Gilbert 2014, MIT), from the installed package."""
    lines = (package("vaderSentiment") / "vader_lexicon.txt").read_text(encoding="utf-8").splitlines()
    return {word: float(value) for word, value, *_ in (line.split("\t") for line in lines)}
