"""EmoBank and x-enVENT: the gates of the scorer alone. The fitting of the scorer knows those files
(`tools/fit/measure.py`); here they only get their places among the gates.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from tools.evaluate.gates import EMOBANK, XENVENT, Found

EMOBANK_FILE, XENVENT_FILE = "emobank.csv", "xenvent.tsv"
NEEDS = "needs the corpora"
MEASURE = "tools.fit.measure"


def emobank(folder: Path | None) -> list[Found]:
    """Pearson r of V, A and D on the test sentences."""
    r, note = _measured("emobank", folder, EMOBANK_FILE)
    return [Found(gate, None if r is None else r[axis], note) for axis, gate in EMOBANK.items()]


def xenvent(folder: Path | None) -> tuple[list[Found], list[str]]:
    """Mean r over the six numbers of the appraisal, cross-validated; and a row for each of the six."""
    found, note = _measured("xenvent", folder, XENVENT_FILE)
    if found is None:
        return [Found(XENVENT, None, note)], []
    mean, each = found
    return [Found(XENVENT, mean, note)], [f"  {name:<22}{r:.3f}" for name, r in each.items()]


def _measured(what: str, folder: Path | None, file: str) -> tuple[Any, str]:
    """(what the fitting's own measure says of the file, on what), or (None, why it is not measured)."""
    if folder is None or not (folder / file).is_file():
        return None, NEEDS
    try:
        return getattr(importlib.import_module(MEASURE), what)(folder), file
    except ModuleNotFoundError as missing:
        return None, f"needs {missing.name}"
    except (ValueError, LookupError, OSError) as wrong:
        return None, f"{file}: {wrong!r}"
