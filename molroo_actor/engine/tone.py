"""Teasing, sarcasm, dismissal and orders: where what the words do is not what they say.

Not here: what the words say (grammar.py).
"""

from molroo_actor.engine import speech_acts as acts

_OH = frozenset(
    (
        "oh",
        "wow",
        "great",
        "nice",
        "yeah",
        "sure",
        "well",
        "gee",
        "congrats",
        "congratulations",
        "bravo",
        "brilliant",
        "fantastic",
        "wonderful",
        "amazing",
        "perfect",
        "lovely",
        "yes",
        "ah",
        "cool",
        "thanks",
        "how",
    )
)
_CURT = frozenset(
    (
        "k",
        "kk",
        "ok",
        "meh",
        "whatever",
        "nvm",
        "hm",
        "hmm",
        "mhm",
        "fine",
        "sure",
        "idc",
        "cool",
        "zzz",
        "yawn",
        "ㅇㅇ",
        "ㅇㅋ",
    )
)
_IMPERATIVE = frozenset(
    (
        "stop",
        "do",
        "write",
        "give",
        "get",
        "go",
        "shut",
        "make",
        "answer",
        "finish",
        "fix",
        "tell",
        "just",
        "hurry",
        "send",
    )
)
_SOUR_WORDS = frozenset(("again", "another", "because", "as", "broke", "late", "typical"))
_SOUR_DEEDS = (
    acts.INSULT,
    acts.HOSTILITY,
    acts.REPROACH,
    acts.DISMISSAL,
    acts.USER_MISFORTUNE,
    acts.USER_FEAR,
    acts.USER_WRONGED,
)
_SPOILT = frozenset((acts.USER_GUILT, acts.USER_WRONGED, acts.USER_LOSS))  # good luck beside them is none
# What relief names only to say that it is over.
_OVERCOME = (
    acts.OWN_DANGER, acts.USER_FEAR, acts.USER_MISFORTUNE, acts.OTHERS_MISFORTUNE, acts.OWN_MISFORTUNE, acts.OWN_LOSS,
    acts.USER_LOSS, acts.OWN_FAILURE,
)  # fmt: skip


def tone(words: list[str], weights: dict[int, float], told: bool) -> None:
    """Changes the weights where the tone turns what the words say. `told`: the user says it."""
    if acts.USER_SAFE in weights or acts.OWN_RELIEF in weights:
        for deed in _OVERCOME:
            weights.pop(deed, None)
    if told:
        _told(words, weights)
    elif acts.OWN_WRONG in weights:  # what follows from one's own wrong is part of it
        for deed in (acts.OTHERS_MISFORTUNE, acts.OWN_MISFORTUNE, acts.OTHERS_WRONG, acts.OWN_FAILURE):
            weights[acts.OWN_WRONG] += weights.pop(deed, 0.0)


def _told(words: list[str], weights: dict[int, float]) -> None:
    get = weights.get
    harsh = get(acts.INSULT, 0.0) + get(acts.HOSTILITY, 0.0)
    kind_words = get(acts.PRAISE, 0.0) + get(acts.AFFECTION, 0.0) + get(acts.GRATITUDE, 0.0)
    if acts.TEASING in weights:
        if harsh <= 0.7 + kind_words:
            weights[acts.TEASING] += 0.5 * harsh
            weights.pop(acts.INSULT, None)
            weights.pop(acts.HOSTILITY, None)
        else:
            del weights[acts.TEASING]
    if kind_words > 0.0 and words[0] in _OH and _sour(words, weights):
        for deed in (acts.PRAISE, acts.AFFECTION, acts.SURPRISE, acts.GRATITUDE, acts.REQUEST):
            weights.pop(deed, None)
        weights[acts.SARCASM] = 0.5 + kind_words
    if acts.SARCASM in weights:
        weights[acts.SARCASM] += weights.pop(acts.GRATITUDE, 0.0)
    if acts.DISMISSAL in weights:
        weights.pop(acts.APOLOGY, None)
    if acts.USER_FORTUNE in weights and not _SPOILT.isdisjoint(weights):
        weights[acts.USER_FORTUNE] *= 0.3
    if words[0] in _CURT and len(words) <= 2:
        weights[acts.DISMISSAL] = 0.7
    if words[0] in _IMPERATIVE and "now" in words and "please" not in words:
        weights[acts.ORDER] = weights.get(acts.ORDER, 0.0) + 0.8


def _sour(words: list[str], weights: dict[int, float]) -> bool:
    return any(deed in weights for deed in _SOUR_DEEDS) or not _SOUR_WORDS.isdisjoint(words)
