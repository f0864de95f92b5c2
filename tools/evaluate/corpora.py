"""EmoBank and x-enVENT: the gates of the scorer alone. The fitting of the scorer knows those files
(`tools/fit/measure.py`); here they only get their places among the gates.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from tools.evaluate.gates import EMOBANK, XENVENT, Found

EMOBANK_FILE, XENVENT_FILE = "emobank.csv", "xenvent.tsv"
NEEDS = "needs the corpora"


def emobank(folder: Path | None) -> list[Found]:
    """Pearson r of V, A and D on the test sentences."""
    gates = EMOBANK.values()
    if folder is None or not (folder / EMOBANK_FILE).is_file():
        return [Found(gate, None, NEEDS) for gate in gates]
    fitted = _fitted()
    if fitted is None:
        return [Found(gate, None, "the scorer is not there") for gate in gates]
    r: Mapping[str, float] = fitted.emobank(folder)
    return [Found(gate, r.get(axis), EMOBANK_FILE) for axis, gate in EMOBANK.items()]


def xenvent(folder: Path | None) -> tuple[list[Found], list[str]]:
    """Mean r over the six numbers of the appraisal, cross-validated; and a row for each of the six."""
    if folder is None or not (folder / XENVENT_FILE).is_file():
        return [Found(XENVENT, None, NEEDS)], []
    fitted = _fitted()
    if fitted is None:
        return [Found(XENVENT, None, "the scorer is not there")], []
    mean, each = fitted.xenvent(folder)
    return [Found(XENVENT, mean, XENVENT_FILE)], [f"  {name:<22}{r:.3f}" for name, r in each.items()]


def _fitted() -> ModuleType | None:
    try:
        return importlib.import_module("tools.fit.measure")
    except ModuleNotFoundError:
        return None
