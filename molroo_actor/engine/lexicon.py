"""The word list of the embedded appraiser, read once from lexicon.toml."""

import re

_WORD = re.compile(r"[a-z']+|[가-힣]+")
_COMMON = frozenset("the a an and or of to in for with my your is be i you it that this not on at".split())


def stems(text: str) -> frozenset[str]:
    """The words of a goal that a text may touch."""
    return frozenset(w for w in _WORD.findall(text.lower()) if len(w) > 1 and w not in _COMMON)
