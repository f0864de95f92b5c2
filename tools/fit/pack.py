"""Writing the numbers of the scorer: the list of words, and a file a licence, a byte for each word and output."""

from pathlib import Path

import msgspec
import numpy as np

from molroo_actor.engine.scorer import Head, Lane
from tools.fit.corpora import Floats

SCORES = Path(__file__).resolve().parents[2] / "molroo_actor" / "engine" / "scores"
_ZERO, _LIMIT = 128, 127


def rounded(values: Floats) -> tuple[Floats, Floats]:
    """(step of each column, values as whole steps in [-127, 127])."""
    step: Floats = np.maximum(np.abs(values).max(axis=0), 1e-12) / _LIMIT
    return step, np.clip(np.rint(values / step), -_LIMIT, _LIMIT)


def write_words(words: list[str]) -> None:
    (SCORES / "words.txt").write_text("".join(f"{word}\n" for word in words), encoding="utf-8", newline="\n")


def write_numbers(name: str, head: Head, steps: Floats) -> None:
    """A line of JSON, then a row of bytes for each word."""
    body = (steps + _ZERO).astype(np.uint8).tobytes()
    (SCORES / f"{name}.bin").write_bytes(msgspec.json.encode(head) + b"\n" + body)


def lanes(names: list[str], step: Floats, shift: Floats) -> tuple[Lane, ...]:
    """The head's outputs; six digits are finer than a byte."""
    return tuple(
        Lane(name, float(f"{a:.6g}"), float(f"{b:.6g}")) for name, a, b in zip(names, step, shift, strict=True)
    )
