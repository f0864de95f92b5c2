"""What the words say before any affect or appraisal is looked at, and the part of it that measuring needs.

base.bin holds the rows of the words of x-enVENT, so that its cross-validation runs without the encoder. No label of
x-enVENT went into it.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from msgspec import Struct, json

from molroo_actor.engine.lexicon import tokens
from tools.fit import corpora, stages
from tools.fit.corpora import Corpus, Floats
from tools.fit.encoder import Encoder, Single
from tools.fit.features import columns_of, rows_of, vocabulary_of
from tools.fit.pack import rounded
from tools.fit.sparse import Rows

FEASTS = ("christmas", "easter", "halloween")  # capitals, but nobody's name
_BASE = Path(__file__).with_name("base.bin")
_CHUNKS = 8  # one number on every machine: what is computed together decides the last bits


@dataclass(frozen=True)
class Base:
    """Dense numbers for each column of the vocabulary: meanings, feelings, cues."""

    vocabulary: dict[str, int]
    blocks: tuple[Floats, ...]

    def of(self, rows: Rows) -> list[Floats]:
        return [rows.times(block) for block in self.blocks]


class BaseHead(Struct, frozen=True):
    """The first line of base.bin; a row of signed bytes for each word follows."""

    licence: str
    source: str
    words: list[str]
    widths: list[int]
    steps: list[float]


def bases_of(emobank: Corpus, goemotions: Corpus) -> tuple[Base, Base]:
    """From texts, the encoder, VADER and the labels of GoEmotions; no text for testing is looked at.

    The first knows EmoBank only by its words, so that what is made of it does not inherit EmoBank's licence.
    The second imitates the encoder on EmoBank's sentences as well.
    """
    lexicon = corpora.vader()
    comments, sentences = goemotions.train_texts(), emobank.train_texts()
    vocabulary = vocabulary_of(sentences + comments, [*lexicon, *FEASTS])
    felt = stages.feelings(rows_of(comments, vocabulary), goemotions.gold[~goemotions.test], vocabulary)
    cues = stages.cues(vocabulary, lexicon)
    some = comments[::2]  # the other half changed nothing that was measured
    read = encoded(some + sentences)
    first, second = (
        Base(vocabulary, (stages.meanings(rows_of(texts, vocabulary), read[: len(texts)], vocabulary), felt, cues))
        for texts in (some, some + sentences)
    )
    return first, second


def encoded(texts: list[str]) -> Floats:
    """The encoder's row for each text, on all processors."""
    size = -(-len(texts) // _CHUNKS)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        chunks = pool.map(_encode, (texts[at : at + size] for at in range(0, len(texts), size)))
        return np.concatenate(list(chunks)).astype(np.float64)


def _encode(texts: list[str]) -> Single:
    return Encoder().encode(texts)


def write_base(base: Base, xenvent: Corpus) -> None:
    used = sorted({column for text in xenvent.texts for column in _used(text, base)})
    rows = [base.vocabulary[column] for column in used]
    step, steps = rounded(np.concatenate(base.blocks, axis=1)[rows])
    head = BaseHead(
        "CC-BY-4.0",
        "GoEmotions (Demszky et al. 2020), VADER (MIT), MiniLM (Apache-2.0)",
        used,
        [block.shape[1] for block in base.blocks],
        [float(f"{x:.6g}") for x in step],
    )
    _BASE.write_bytes(json.encode(head) + b"\n" + steps.astype(np.int8).tobytes())


def _used(text: str, base: Base) -> Iterator[str]:
    return (column for column, _ in columns_of(tokens(text), base.vocabulary) if column in base.vocabulary)


def read_base() -> Base:
    """The base as far as the words of x-enVENT go."""
    first, _, body = _BASE.read_bytes().partition(b"\n")
    head = json.decode(first, type=BaseHead)
    numbers = np.frombuffer(body, np.int8).reshape(len(head.words), sum(head.widths)) * np.array(head.steps)
    ends = np.cumsum(head.widths)
    blocks = tuple(numbers[:, end - width : end] for width, end in zip(head.widths, ends, strict=True))
    return Base({word: i for i, word in enumerate(head.words)}, blocks)
