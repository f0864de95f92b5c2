"""The stages of the fit. Each ends in a table: a row for each column of the features, linear in the words.

1. meanings: the encoder's sentence means, imitated by a sum over words (no labels seen)
2. feelings: the 28 labels of GoEmotions; cues: VADER's lexicon
3. affect: valence, arousal, dominance of EmoBank, from 1, 2 and the words themselves; then its curve
4. appraisals: the six of x-enVENT, likewise
Not here: reading corpora (corpora.py), rounding and writing (pack.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from molroo_actor.engine.scorer import NEGATED, terms
from tools.fit.corpora import Corpus, Floats
from tools.fit.features import is_single, parts, rows_of
from tools.fit.sparse import Rows, ridge

if TYPE_CHECKING:
    from tools.fit.base import Base

MEANINGS = 64  # dimensions of a sentence's mean that are kept; more gained less than .005 anywhere
FOLDS = 5
_STEPS, _STEPS_OUTPUT = 25, 80
_SPREAD = 0.1  # each block of dense columns is brought to this spread before its penalty
_AFFECT_PENALTIES = (10.0, 1.0)  # of a dense column, of a word; a pair or a negated word pays twice
# 1 and .3 do better on x-enVENT itself (.59), but worse at telling feelings apart in comments: other people's texts
# are what counts.
_APPRAISAL_PENALTIES = (10.0, 3.0)


def meanings(rows: Rows, sentences: Floats, vocabulary: Mapping[str, int]) -> Floats:
    """Word table that imitates the main directions of the sentences' means."""
    centred = (sentences - sentences.mean(axis=0)) / (sentences.std(axis=0) + 0.01)
    _, directions = np.linalg.eigh(centred.T @ centred)
    return _table(rows, centred @ directions[:, : -MEANINGS - 1 : -1], vocabulary)


def feelings(rows: Rows, gold: Floats, vocabulary: Mapping[str, int]) -> Floats:
    """Word table of the labels, each in units of the root of its frequency, so that rare ones are not lost."""
    often = gold.mean(axis=0)
    return _table(rows, (gold - often) / np.sqrt(often), vocabulary)


def _table(rows: Rows, wanted: Floats, vocabulary: Mapping[str, int]) -> Floats:
    penalty = _penalty(vocabulary, 0.3)
    nothing = np.zeros((rows.height, 0))
    pieces = [ridge(rows, nothing, wanted[:, at : at + 16], penalty, _STEPS)[1] for at in range(0, wanted.shape[1], 16)]
    return np.concatenate(pieces, axis=1)


def _penalty(vocabulary: Mapping[str, int], single: float) -> Floats:
    return np.where(is_single(vocabulary), single, 2.0 * single)


def cues(vocabulary: Mapping[str, int], lexicon: Mapping[str, float]) -> Floats:
    """Good and bad of VADER's lexicon for plain and for negated words."""
    out = np.zeros((len(vocabulary), 4))
    for column, at in vocabulary.items():
        word, *more = parts(column)
        if not more and (value := lexicon.get(word)):
            out[at, 2 * (column[:1] == NEGATED) + (value < 0.0)] = abs(value)
    return out


def affect(base: Base, rows: Rows, gold: Floats) -> Floats:
    """Word table whose sums are valence, arousal and dominance, away from their means."""
    return outputs(base, rows, gold, *_AFFECT_PENALTIES)[0]


def appraisals(base: Base, rows: Rows, gold: Floats) -> tuple[Floats, Floats]:
    """(word table, what a text without words is worth) of the six appraisals."""
    return outputs(base, rows, gold, *_APPRAISAL_PENALTIES)


def outputs(base: Base, rows: Rows, gold: Floats, dense: float, single: float) -> tuple[Floats, Floats]:
    """(word table, value of a text without words): ridge over the base's numbers and the words themselves."""
    blocks = base.of(rows)
    scales = np.concatenate([np.full(block.shape[1], _SPREAD / block.std()) for block in blocks])
    numbers = np.concatenate(blocks, axis=1) * scales
    mean = numbers.mean(axis=0)
    penalty = np.concatenate([np.full(len(scales), dense), _penalty(base.vocabulary, single)])
    heads, words = ridge(rows, numbers - mean, gold - gold.mean(axis=0), penalty, _STEPS_OUTPUT)
    return words + np.concatenate(base.blocks, axis=1) @ (heads * scales[:, None]), gold.mean(axis=0) - mean @ heads


def unseen(base: Base, corpus: Corpus) -> Floats:
    """The sums of each text under an affect table that was fitted without it."""
    texts, gold = corpus.train_texts(), corpus.gold[~corpus.test]
    fold = np.random.default_rng(0).permutation(len(texts)) % FOLDS
    rows = rows_of(texts, base.vocabulary)
    out = np.zeros_like(gold)
    for k in range(FOLDS):
        others = rows_of([text for text, at in zip(texts, fold, strict=True) if at != k], base.vocabulary)
        out[fold == k] = rows.times(affect(base, others, gold[fold != k]))[fold == k]
    return out


def bent(sums: Floats) -> Floats:
    """terms() of each row."""
    return np.stack(np.broadcast_arrays(*terms(*sums.T)), axis=1)


def curve(sums: Floats, gold: Floats) -> Floats:
    """For each output, what terms() of the sums count: ridge in units of each term's spread."""
    x = bent(sums)
    spread = np.where(x.std(axis=0) > 0.0, x.std(axis=0), 1.0)
    x = x / spread
    weight = np.eye(x.shape[1]) * 5.0
    weight[-1, -1] = 0.0  # the constant is free
    return (np.linalg.solve(x.T @ x + weight, x.T @ gold) / spread[:, None]).T
