"""What the mood of a clause makes of its deeds: questions, orders, wishes, conditions, promises, comparisons.

Here: one word of a clause -> its deed and share; a clause -> its deeds. Not here: the plain frames (frames.py),
nor finding the mood in a text (grammar.py).
"""

from functools import lru_cache
from typing import Final

from molroo_actor.engine import speech_acts as acts
from molroo_actor.engine.frames import (
    AGAIN,
    ASKED,
    BITS,
    CAUSES,
    FIRST_OF,
    FUTURE,
    HAPPENS,
    IF,
    NOBODY,
    ORDER,
    OTHER,
    SAID,
    SELF,
    STOP,
    THAN,
    THING,
    TO_SELF,
    TO_USER,
    TOLD,
    USER,
    WANT,
    WISH,
    Deed,
)  # fmt: skip
from molroo_actor.engine.lexicon import KINDS

Hit = tuple[int, float, bool, bool]  # kind, weight with the sign of its valence, negated, passive

_SILENT = frozenset((KINDS["give"], KINDS["contact"]))  # denied, they say nothing either
_PROMISE, _PRESENT = KINDS["promise"], KINDS["gift"]
_HARMFUL = frozenset(KINDS[k] for k in ("harm", "wrong", "discard", "hostile"))
# What an apology is for.
_EXCUSED = frozenset(
    (acts.HOSTILITY, acts.BETRAYAL, acts.REJECTION, acts.USER_GUILT, acts.USER_MISFORTUNE, acts.DISMISSAL)
)

_APOLOGY, _DENIAL, _GRATITUDE, _REPROACH, _SARCASM = (
    acts.APOLOGY, acts.DENIAL, acts.GRATITUDE, acts.REPROACH, acts.SARCASM,
)  # fmt: skip
_HARM, _WRONG, _DISCARD, _WARM, _BENEFIT, _GIVE, _CONTACT, _QUALITY, _HOSTILE = (
    KINDS[k] for k in ("harm", "wrong", "discard", "warm", "benefit", "give", "contact", "quality", "hostile")
)
_GLAD, _SUCCESS, _THANKS = KINDS["glad"], KINDS["success"], KINDS["thanks"]
_VERBS = frozenset((_HARM, _WRONG, _DISCARD, _HOSTILE, _WARM, _BENEFIT, _GIVE, _CONTACT))
_FEELINGS = frozenset(KINDS[k] for k in ("glad", "sad", "fear", "anger", "quality"))
_KINDNESS = frozenset((acts.GRATITUDE, acts.GIFT, acts.PRAISE, acts.AFFECTION))  # asked for, it is a request
_MOODY: Final = ~(SAID | THING)
_WISHED_AWAY = frozenset((_HARM, KINDS["loss"], KINDS["farewell"]))


# What a text can ask for is finite, and few of it is ever asked: an answer that is kept takes a third of the time.
@lru_cache(maxsize=4096)
def deed_of(
    told: bool,
    kind: int,
    unkind: bool,
    negated: bool,
    passive: bool,
    who: int,
    objects: int,
    owners: int,
    mood: int,
) -> Deed:
    """The deed of one word and its share. `told`: by TOLD, not HAPPENS; `unkind`: the word has a negative valence.

    `objects` and `owners` are bits: whom the clause reaches, whose things.
    """
    bits = objects if kind in {_GIVE, _CONTACT} else objects | owners
    if passive:
        who, bits = OTHER, BITS[who] or owners
    if who == NOBODY and mood & ORDER:
        who = SELF if bits & TO_USER else USER if bits & TO_SELF else NOBODY
        mood = mood if who == SELF else mood & ~ORDER
    whom = FIRST_OF[bits & ~BITS[who]]
    turned = kind == _QUALITY and negated
    if kind == _QUALITY:
        negated = negated != unkind
    if mood & THAN and kind in {_QUALITY, _SUCCESS, _BENEFIT, _WARM, _GLAD} and whom == SELF:
        return (acts.PRAISE if negated else acts.INSULT), 0.9
    if mood & CAUSES and kind in _FEELINGS and NOBODY not in {who, whom}:
        kind, negated = (_HARM, False) if (kind not in {_GLAD, _QUALITY}) != negated else (_BENEFIT, negated)
    row = (TOLD if told else HAPPENS)[kind][4 * who + whom]
    deed, share = row[1] if negated else row[0]
    if turned:
        share *= 0.5  # "not stupid" is less than "clever"
    if mood & _MOODY and told:
        return _in_mood(deed, share, kind, negated, who, whom, mood)
    if mood & SAID and kind == _QUALITY and negated:
        return (acts.USER_WRONGED if whom == USER else deed), share
    return deed, share


def _in_mood(deed: int, share: float, kind: int, negated: bool, who: int, whom: int, mood: int) -> Deed:
    """The deed as the mood of its clause changes it."""
    found = None
    if mood & WISH:
        found = _wished(kind, negated, who, whom)
    elif mood & (STOP | ORDER) and who == SELF and kind in _VERBS:
        found = _ordered(kind, negated, mood)
    elif kind == _CONTACT:
        found = _sought(negated, who, whom, mood)
    if found is not None:
        return found
    if mood & ASKED:
        if deed in _KINDNESS and (who == SELF or kind == _PRESENT):
            return acts.REQUEST, 0.5
        share *= 0.7 if who == SELF else 0.4 if who == USER and kind in _VERBS else 0.8
    if mood & FUTURE:
        if kind in {_HARM, _WRONG} and deed in {acts.HOSTILITY, acts.BETRAYAL}:
            deed = acts.THREAT
        elif kind in {_BENEFIT, _GIVE} and who == USER and whom == SELF and not negated:
            deed = acts.PROMISE
        elif who == SELF and deed == acts.GRATITUDE:
            share *= 0.4
    return deed, share * 0.35 if mood & IF else share


def _ordered(kind: int, negated: bool, mood: int) -> Deed:
    """What an imperative does: "stop ignoring me", "leave me", "don't leave me"."""
    if mood & STOP:
        if kind == _CONTACT:
            return acts.REJECTION, 0.9
        return (acts.REPROACH if kind in _HARMFUL else acts.ORDER), 0.8
    if kind == _DISCARD:
        return (acts.AFFECTION if negated else acts.REJECTION), 0.8
    if kind == _CONTACT and negated:
        return acts.REJECTION, 0.9
    return (acts.AFFECTION, 0.4) if negated else (acts.REQUEST, 0.5)


def _sought(negated: bool, who: int, whom: int, mood: int) -> Deed | None:
    """What wanting to see somebody does, and wanting it no more; None: the plain frame holds."""
    if negated and mood & (AGAIN | WANT | FUTURE) and {who, whom} == {USER, SELF}:
        return acts.REJECTION, 0.9
    if not negated and mood & WANT and whom == SELF and who != OTHER and not mood & ASKED:
        return acts.AFFECTION, 0.7
    return None


def _wished(kind: int, negated: bool, who: int, whom: int) -> Deed | None:
    """What "I wish …" and "I hope …" make of a deed; None when they leave it as it is."""
    if who == SELF:
        if kind in _WISHED_AWAY:
            return acts.HOSTILITY, 1.0
        if kind == _CONTACT:
            return acts.AFFECTION, 0.9
        if kind == _QUALITY:
            return acts.INSULT, 0.7
        return (acts.AFFECTION, 0.6) if kind in {_GLAD, _SUCCESS} and not negated else (acts.REPROACH, 0.7)
    if who == USER and kind == _CONTACT and whom == SELF:
        return (acts.REJECTION if negated else acts.AFFECTION), 0.9
    if who != USER and kind not in _VERBS:
        return (acts.USER_MISFORTUNE, 0.5) if not negated else None
    return None


def settle(
    weights: dict[int, float],
    hits: list[Hit],
    told: bool,
    subject: int,
    objects: int,
    owners: int,
    mood: int,
    before: int,
    before_objects: int,
) -> None:
    """Adds the deeds of one clause, and takes its hits."""
    share = 1.0
    if not subject and before and not (objects | owners) & TO_SELF and not mood & ORDER:
        if before != SELF and not before_objects & TO_SELF:
            subject, objects = before, objects | before_objects
        share = 0.7
    sworn = False
    for kind, value, denied, passive in hits:
        negated = denied
        if kind == _PROMISE:
            sworn = True
        elif sworn and kind in _HARMFUL:
            negated = True  # "I won't let anyone hurt you"
        deed, part = deed_of(told, kind, value < 0.0, negated, passive, subject, objects, owners, mood)
        if part <= 0.0:
            if not denied or kind in _SILENT:
                continue
            deed, part = _DENIAL, 0.8
        if deed in _EXCUSED and kind in _VERBS and weights.get(_APOLOGY, 0.0) > 0.4 and not mood & FUTURE:
            deed = _APOLOGY
        elif deed == _REPROACH and not negated and _GRATITUDE in weights:
            deed = _SARCASM
        part *= share
        part *= value if value > 0.0 else -value or 0.2
        weights[deed] = weights.get(deed, 0.0) + part
    hits.clear()
