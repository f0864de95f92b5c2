"""The pictures of the documentation: same engine, same bytes. Here: the look that they share, and writing them.

What they show is text through the real appraiser; nothing is drawn by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from tools.evaluate import picture_presets, picture_week

PICTURES: Mapping[str, Callable[[], Figure]] = MappingProxyType(
    {"week.png": picture_week.figure, "presets.png": picture_presets.figure}
)
_LOOK: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a8f98",
    "axes.labelcolor": "#3a3f47",
    "text.color": "#22262b",
    "xtick.color": "#5b616a",
    "ytick.color": "#5b616a",
    "axes.linewidth": 0.8,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.parse_math": False,
}
_DPI = 150


def draw(folder: Path) -> Sequence[Path]:
    """Writes every picture into the folder, which is made when it is not there; returns where."""
    mpl.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, figure in PICTURES.items():
        with mpl.rc_context(_LOOK):
            figure().savefig(folder / name, dpi=_DPI, metadata={"Software": None})
        written.append(folder / name)
    return written
