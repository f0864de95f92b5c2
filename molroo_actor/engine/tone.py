"""Teasing, sarcasm, dismissal, orders and dangers that are over: where what the words do is not what they say.

Not here: what the words say (grammar.py).
"""

from molroo_actor.engine import speech_acts as acts

_OH = frozenset(
    """
    oh wow great nice yeah sure well gee congrats congratulations bravo brilliant fantastic wonderful amazing
    perfect lovely yes ah cool thanks how so slow
    """.split()
)
_CURT = frozenset(
    """
    k kk ok meh whatever nvm hm hmm mhm fine sure idc cool zzz yawn ㅇㅇ ㅇㅋ
    """.split()
)
_IMPERATIVE = frozenset(
    """
    stop do write give get go shut make answer finish fix tell just hurry send
    """.split()
)
_SOUR_WORDS = frozenset(
    """
    again another because as broke late typical worse wrong forgot forgotten exist usual nothing half bothered useless
    wasted ruined hours
    """.split()
)
_SOUR_DEEDS = (
    acts.INSULT,
    acts.HOSTILITY,
    acts.REPROACH,
    acts.DISMISSAL,
    acts.USER_MISFORTUNE,
    acts.USER_FEAR,
    acts.USER_WRONGED,
)
_KIND_DEEDS = frozenset((acts.AFFECTION, acts.PRAISE, acts.GRATITUDE, acts.PROMISE, acts.GIFT))
_SPOILT = frozenset((acts.USER_GUILT, acts.USER_WRONGED, acts.USER_LOSS))  # good luck beside them is none
# What relief names only to say that it is over.
_OVERCOME = (
    acts.OWN_DANGER, acts.USER_FEAR, acts.USER_MISFORTUNE, acts.OTHERS_MISFORTUNE, acts.OWN_MISFORTUNE, acts.OWN_LOSS,
    acts.USER_LOSS, acts.OWN_FAILURE,
)  # fmt: skip

# What threatens or hurts, and what is said of it when it is over.
_THREATS = frozenset(
    """
    accusation alarm alarms army attack avalanche battle bear beast beasts blaze bleeding blizzard bomb bombing bombs
    charges contractions cough cramp crisis curse danger demon dragon drought earthquake enemies enemy epidemic
    eviction execution famine fever fight fighting fire fires flames fleet flood flooding floods guards horde hounds
    hunger hunters hurricane infection invaders invasion lawsuit lockdown lump migraine monster monsters nausea
    nightmare outbreak outage pain patrol plague poison pursuers quake quarantine raid raiders riot riots seizure shark
    sharks shelling shooting shutdown siege smoke soldiers storm strike symptoms tide threat tornado tremors
    tumor tumour venom virus war wave waves wolf wolves
    """.split()
)
_SHOTS = frozenset("arrow arrows avalanche blade bomb bullet bullets car knife lightning rock spear truck".split())
_THREATENING = _THREATS | _SHOTS
_OVER = frozenset(
    """
    calms calmed ceases ceased cleared contained cured defused disarmed ended ends faded fades fled flees gone lifted
    lifts passed passes receded recedes retreat retreated retreats shrank shrunk stopped stops subsided subsides
    vanished vanishes withdraws withdrawn withdrew
    """.split()
)
_BROKEN = frozenset(("breaks", "broke", "broken"))  # what is said of these
_BREAKING = frozenset(("fever", "siege", "curse"))
_DROPPED = frozenset(("dropped", "withdrawn", "dismissed", "cancelled", "canceled", "off"))
_DROPPING = frozenset(
    "accusation charge charges attack eviction execution lawsuit raid shutdown strike deletion case".split()
)
_AWAY = frozenset(("away", "back", "off", "round", "around"))
_TURNS = frozenset(("turn", "turns", "turned", "move", "moves", "moved", "ride", "rides", "rode", "back", "backs"))
_MISSES = frozenset(("misses", "missed"))
_IS = frozenset(("is", "was", "'s", "are", "were", "finally", "all", "put"))
_UNDONE = frozenset(
    """
    not never no until till before when if unless hope wish isn't wasn't aren't doesn't don't didn't won't will would
    """.split()
)
_CLAUSE = frozenset((".", "!", "?", ";", ",", "\n", "…", "and", "but"))
_OURS = frozenset(("your", "my", "our"))  # whose arrow misses is unlucky
_REACH = 4  # words between what threatens and what is said of it
_GOES_ON = frozenset(
    ("you", "your", "me", "my", "him", "her", "us", "our", "them", "his", "their", "badly", "in", "with")
)


def tone(words: list[str], weights: dict[int, float], told: bool) -> None:
    """Changes the weights where the tone turns what the words say. `told`: the user says it."""
    if _over(words):
        weights[acts.USER_SAFE if told else acts.OWN_RELIEF] = 0.9
        weights.pop(acts.OTHERS_WRONG, None)
    if acts.USER_SAFE in weights or acts.OWN_RELIEF in weights:
        for deed in _OVERCOME:
            weights.pop(deed, None)
    if told:
        _told(words, weights)
    elif acts.OWN_WRONG in weights:  # what follows from one's own wrong is part of it
        for deed in (acts.OTHERS_MISFORTUNE, acts.OWN_MISFORTUNE, acts.OTHERS_WRONG, acts.OWN_FAILURE):
            weights[acts.OWN_WRONG] += weights.pop(deed, 0.0)
        if acts.OWN_SUCCESS in weights:  # what is won by it is no pride
            weights[acts.OWN_SUCCESS] *= 0.2


def _over(words: list[str]) -> bool:
    """Whether the words say of something that threatens that it is over: "the storm has passed"."""
    if _THREATENING.isdisjoint(words):
        return False
    for i, word in enumerate(words):
        threat = word in _THREATS
        if not threat and word not in _SHOTS and word not in _DROPPING:
            continue
        if i > 1 and not _UNDONE.isdisjoint(words[max(0, i - 3) : i]):
            continue
        for at in range(i + 1, min(i + 2 + _REACH, len(words))):
            said = words[at]
            if said in _CLAUSE or said in _UNDONE:
                break
            after = words[at + 1] if at + 1 < len(words) else "."
            before = words[at - 1]
            if (
                (threat and said in _OVER and after not in _GOES_ON)
                or (threat and said == "over" and (before in _IS or before[-2:] == "'s") and after in _CLAUSE)
                or (word in _BREAKING and said in _BROKEN)
                or (word in _DROPPING and said in _DROPPED)
                or (word in _SHOTS and said in _MISSES and words[max(i - 1, 0)] not in _OURS)
                or (threat and said in _AWAY and before in _TURNS)
                or (word in {"fire", "flames", "blaze"} and said == "out" and before in _IS)
            ):
                return True
    return False


def _told(words: list[str], weights: dict[int, float]) -> None:
    first = words[0]
    if acts.TEASING in weights:
        harsh = weights.get(acts.INSULT, 0.0) + weights.get(acts.HOSTILITY, 0.0)
        if harsh <= 0.7 + _kind_words(weights):
            weights[acts.TEASING] += 0.5 * harsh
            weights.pop(acts.INSULT, None)
            weights.pop(acts.HOSTILITY, None)
        else:
            del weights[acts.TEASING]
    if first in _OH and (kind_words := _kind_words(weights)) > 0.0 and _sour(words, weights):
        for deed in (acts.PRAISE, acts.AFFECTION, acts.SURPRISE, acts.GRATITUDE, acts.REQUEST):
            weights.pop(deed, None)
        weights[acts.SARCASM] = 0.5 + kind_words
    if acts.SARCASM in weights:
        weights[acts.SARCASM] += weights.pop(acts.GRATITUDE, 0.0)
    if acts.BETRAYAL in weights and weights[acts.BETRAYAL] > 0.7 and acts.APOLOGY not in weights:
        for deed in _KIND_DEEDS & weights.keys():
            weights[deed] *= 0.2  # who betrays and laughs, laughs at it
    if acts.DISMISSAL in weights:
        weights.pop(acts.APOLOGY, None)
    if acts.USER_FORTUNE in weights and not _SPOILT.isdisjoint(weights):
        weights[acts.USER_FORTUNE] *= 0.3
    if first in _CURT and len(words) <= 2:
        weights[acts.DISMISSAL] = 0.7
    if first in _IMPERATIVE and "now" in words and "please" not in words:
        weights[acts.ORDER] = weights.get(acts.ORDER, 0.0) + 0.8


def _kind_words(weights: dict[int, float]) -> float:
    return weights.get(acts.PRAISE, 0.0) + weights.get(acts.AFFECTION, 0.0) + weights.get(acts.GRATITUDE, 0.0)


def _sour(words: list[str], weights: dict[int, float]) -> bool:
    return any(deed in weights for deed in _SOUR_DEEDS) or not _SOUR_WORDS.isdisjoint(words)
