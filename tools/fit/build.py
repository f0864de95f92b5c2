"""From the corpora to the files of the scorer: the stages in their order, calibrated, rounded, written."""

from pathlib import Path
from time import monotonic

import numpy as np

from molroo_actor.engine.scorer import Head, Lane
from tools.fit import corpora, stages
from tools.fit.base import Base, bases_of, write_base
from tools.fit.corpora import Bools, Corpus, Floats
from tools.fit.features import FEW, POWER, rows_of
from tools.fit.pack import lanes, rounded, write_numbers, write_words
from tools.fit.sparse import Rows

EXPAND = 1.8  # ridge shrinks towards the mean; this much brings values back to the spread of people's answers
_LOW, _HIGH = 0.85, 0.80  # evidence is 0 at this share of all comments, 1 at this share of those with the label

# The project's label -> labels of GoEmotions that speak for it.
LABELS = {
    "amusement": ("amusement",),
    "anger": ("anger",),
    "annoyance": ("annoyance",),
    "anxiety": ("nervousness",),
    "compassion": ("caring",),
    "disappointment": ("disappointment",),
    "disgust": ("disgust",),
    "embarrassment": ("embarrassment",),
    "excitement": ("excitement",),
    "fear": ("fear",),
    "gratitude": ("gratitude",),
    "guilt": ("remorse",),
    "hope": ("optimism",),
    "joy": ("joy",),
    "love": ("love",),
    "pride": ("pride",),
    "relief": ("relief",),
    "sadness": ("sadness", "grief"),
    "surprise": ("surprise",),
}
_AFFECT = ["v", "a", "d"]
_APPRAISALS = ["gr", "gc", "ex", "ct", "ag", "nc"]
_SOURCES = {
    "emobank": ("CC-BY-SA-4.0", "EmoBank (Buechel & Hahn 2017), GoEmotions (Demszky et al. 2020), VADER, MiniLM"),
    "xenvent": ("CC-BY-4.0", "x-enVENT (Troiano et al. 2022), GoEmotions (Demszky et al. 2020), VADER, MiniLM"),
    "goemotions": ("CC-BY-4.0", "GoEmotions (Demszky et al. 2020)"),
}


def build(data: Path) -> None:
    """Writes the words and the numbers into scores/, and base.bin for measuring. Minutes; the same bytes each time."""
    begun = monotonic()
    emobank, xenvent = corpora.emobank(data), corpora.xenvent(data)
    goemotions, names = corpora.goemotions(data)
    base, with_sentences = bases_of(emobank, goemotions)
    _say(begun, f"{len(base.vocabulary)} words, pairs and negated words")
    write_base(base, xenvent)
    write_words(list(base.vocabulary))
    comments = rows_of(goemotions.train_texts(), base.vocabulary)
    gold = goemotions.gold[~goemotions.test]
    quiet = (gold[:, names.index("neutral")] > 0.0) & (gold.sum(axis=1) == 1.0)
    _affect(with_sentences, emobank, comments, quiet)
    _say(begun, "valence, arousal, dominance")
    _appraisals(base, xenvent, comments, quiet)
    _labels(base, comments, gold, names)
    _say(begun, "appraisals and labels; done")


def _affect(base: Base, emobank: Corpus, comments: Rows, quiet: Bools) -> None:
    rows, gold = rows_of(emobank.train_texts(), base.vocabulary), emobank.gold[~emobank.test]
    step, steps = rounded(stages.affect(base, rows, gold))
    curve = stages.curve(stages.unseen(base, emobank), gold) * EXPAND
    sums = comments.times(steps * step)
    curve[:, -1] -= (stages.bent(sums[quiet]) @ curve.T).mean(axis=0)
    head = _head("emobank", lanes(_AFFECT, step, np.zeros(3)))
    rounded_curve = tuple(tuple(float(f"{x:.5g}") for x in row) for row in curve)
    write_numbers("emobank", Head(head.licence, head.source, FEW, POWER, head.lanes, rounded_curve), steps)


def _appraisals(base: Base, xenvent: Corpus, comments: Rows, quiet: Bools) -> None:
    rows = rows_of(xenvent.texts, base.vocabulary)
    step, steps = rounded(stages.appraisals(base, rows, xenvent.gold)[0] * EXPAND)
    shift = -comments.times(steps * step)[quiet].mean(axis=0)
    write_numbers("xenvent", _head("xenvent", lanes(_APPRAISALS, step, shift)), steps)


def _labels(base: Base, comments: Rows, gold: Floats, names: list[str]) -> None:
    felt = base.blocks[1] * np.sqrt(gold.mean(axis=0))
    picks = [[names.index(name) for name in found] for found in LABELS.values()]
    words = np.stack([felt[:, pick].sum(axis=1) for pick in picks], axis=1)
    sums = comments.times(words)
    low = np.quantile(sums, _LOW, axis=0)
    high = np.array(
        [np.quantile(sums[gold[:, pick].any(axis=1), i], _HIGH) for i, pick in enumerate(picks)],
    )
    step, steps = rounded(words / (high - low))
    write_numbers("goemotions", _head("goemotions", lanes(list(LABELS), step, -low / (high - low))), steps)


def _head(name: str, of: tuple[Lane, ...]) -> Head:
    licence, source = _SOURCES[name]
    return Head(licence, source, FEW, POWER, of)


def _say(begun: float, what: str) -> None:
    print(f"{monotonic() - begun:5.0f} s  {what}", flush=True)
