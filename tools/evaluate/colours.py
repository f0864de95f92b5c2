"""One colour for each family of feelings, and for each curve, the same in every picture."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_FAMILIES = {
    "#f2b632": "joy excitement amusement pride surprise",
    "#9cc97a": "contentment calm trust",
    "#4fa39b": "relief hope",
    "#e58fb1": "love gratitude compassion",
    "#5b8db8": "sadness loneliness disappointment numbness boredom",
    "#9a7fc1": "fear anxiety concern",
    "#d1604d": "anger annoyance disgust contempt",
    "#c98a5e": "hurt shame guilt embarrassment",
    "#d5d8dc": "neutral",
}
OF_LABEL: Mapping[str, str] = MappingProxyType(
    {label: colour for colour, labels in _FAMILIES.items() for label in labels.split()}
)
VALENCE, AROUSAL, ENERGY, STRESS, CLOSENESS, TRUST = "#1f7a6d", "#e08e2b", "#3a86c8", "#b5483a", "#8a5fb0", "#5b616a"
NIGHT, QUIET, INK = "#eef0f6", "#5b616a", "#22262b"


def of_label(label: str) -> str:
    """A grey for a label without a family."""
    return OF_LABEL.get(label, "#b8bcc2")
