"""How well the scorer does: EmoBank's test sentences as shipped, x-enVENT cross-validated. Other tools call this."""

from pathlib import Path

import numpy as np

from molroo_actor.engine.lexicon import tokens
from molroo_actor.engine.scorer import score
from tools.fit import corpora, stages
from tools.fit.base import read_base
from tools.fit.corpora import Floats
from tools.fit.features import rows_of

FOLDS = 10
_NAMES = ("gr", "gc", "ex", "ct", "ag", "nc")
_ALIKE = 0.6  # share of common words from which two descriptions count as one event
_COMMON = frozenset(
    "i a the to of and in that was had my me it for on at with because as when felt he she they his her their be an"
    " been is so would have this were from not by we our . , ! ? ; …".split()
)


def emobank(data: Path) -> dict[str, float]:
    """Pearson's r of V, A and D of the shipped scorer over the sentences for testing; nan for fewer than three."""
    corpus = corpora.emobank(data)
    found = [score(tokens(text)) for text, test in zip(corpus.texts, corpus.test, strict=True) if test]
    gold = corpus.gold[corpus.test]
    if len(found) < 3:
        return dict.fromkeys("VAD", float("nan"))
    ours = np.array([[one.v, one.a, one.d] for one in found])
    return dict(zip("VAD", _correlations(ours, gold), strict=True))


def xenvent(data: Path) -> tuple[float, dict[str, float]]:
    """(mean r, r of each appraisal) over ten folds; descriptions of one event are in one fold.

    Refits what saw x-enVENT. What came before (base.bin) saw neither its labels nor its texts.
    """
    corpus, base = corpora.xenvent(data), read_base()
    groups = _groups(corpus.texts)
    fold = np.random.default_rng(0).permutation(groups.max() + 1)[groups] % FOLDS
    rows = rows_of(corpus.texts, base.vocabulary)
    found = np.zeros_like(corpus.gold)
    for k in range(FOLDS):
        others = rows_of([text for text, at in zip(corpus.texts, fold, strict=True) if at != k], base.vocabulary)
        table, at_rest = stages.appraisals(base, others, corpus.gold[fold != k])
        found[fold == k] = rows.times(table)[fold == k] + at_rest
    each = dict(zip(_NAMES, _correlations(found, corpus.gold), strict=True))
    return sum(each.values()) / len(each), each


def _correlations(ours: Floats, gold: Floats) -> list[float]:
    return [float(np.corrcoef(a, b)[0, 1]) for a, b in zip(ours.T, gold.T, strict=True)]


def _groups(texts: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """For each text the number of its group: texts that share most of their words."""
    bags = [frozenset(tokens(text)) - _COMMON for text in texts]
    group = list(range(len(texts)))
    for i, bag in enumerate(bags):
        for j in range(i):
            both = len(bag & bags[j])
            if (both and both >= _ALIKE * len(bag | bags[j])) or bag == bags[j]:
                old, new = group[i], group[j]
                group = [new if at == old else at for at in group]
    return np.unique(np.array(group), return_inverse=True)[1]
