"""What can be done to a character with words, and what each deed means to it.

Here: the deeds, the appraisal each of them has at full strength, and the rules that make a deed of a word:
its kind, who the sentence is about, whom it is aimed at. Not here: finding those in a text (appraisal.py).
"""

from types import MappingProxyType
from typing import Final

from molroo_actor.engine.lexicon import KINDS

# deed -> (gr, gc, ex, ct, ag, nc, urgency, loss, what it says about labels), at full strength. Sizes are
# judgement, signs follow Scherer (2001) and Ortony, Clore & Collins (1988).
_Meaning = tuple[float, float, float, float, float, float, float, float, dict[str, float]]
MEANING: Final[tuple[_Meaning, ...]] = (
    (0.70, 0.80, 0.45, 0.60, -0.10, 0.65, 0.20, 0.0, {"joy": 0.5, "gratitude": 0.35, "pride": 0.3}),  # praise
    (0.80, -0.75, 0.25, 0.40, -0.70, -0.55, 0.50, 0.0, {"hurt": 0.7, "anger": 0.4}),  # insult
    (0.75, 0.80, 0.50, 0.60, -0.35, 0.60, 0.15, 0.0, {"love": 0.55, "joy": 0.35}),  # affection
    (0.85, -0.80, 0.25, 0.40, -0.75, -0.50, 0.50, 0.1, {"hurt": 0.6, "anger": 0.4}),  # hostility
    (0.85, -0.75, 0.25, 0.20, -0.70, -0.20, 0.30, 0.5, {"sadness": 0.5, "hurt": 0.5}),  # rejection
    (0.60, 0.45, 0.45, 0.55, -0.50, 0.50, 0.20, 0.0, {"relief": 0.6, "hope": 0.3}),  # apology
    (0.95, -0.85, 0.15, 0.10, -0.75, -0.70, 0.95, 0.0, {"fear": 0.8}),  # threat
    (0.95, -0.85, 0.10, 0.20, -0.85, -0.90, 0.50, 0.3, {"hurt": 0.6, "anger": 0.5}),  # betrayal
    (0.60, 0.70, 0.40, 0.50, -0.60, 0.60, 0.15, 0.0, {"gratitude": 0.6, "joy": 0.4}),  # gift
    (0.60, 0.55, 0.50, 0.50, -0.50, 0.60, 0.15, 0.0, {"trust": 0.6, "contentment": 0.3}),  # promise
    (0.65, 0.60, 0.40, 0.55, -0.35, 0.50, 0.20, 0.0, {"hope": 0.6, "relief": 0.4}),  # reconciliation
    (0.60, 0.65, 0.50, 0.55, -0.35, 0.60, 0.10, 0.0, {"joy": 0.4, "contentment": 0.5}),  # gratitude
    (0.50, 0.50, 0.40, 0.60, -0.30, 0.20, 0.20, 0.0, {"amusement": 0.9}),  # teasing
    (0.55, -0.45, 0.40, 0.40, -0.60, -0.35, 0.15, 0.0, {"hurt": 0.5, "disappointment": 0.4}),  # dismissal
    (0.65, -0.55, 0.30, 0.45, -0.60, -0.45, 0.40, 0.0, {"hurt": 0.6, "annoyance": 0.4}),  # sarcasm
    (0.55, -0.45, 0.40, 0.45, -0.65, -0.35, 0.50, 0.0, {"annoyance": 0.7}),  # order
    (0.30, 0.03, 0.65, 0.60, -0.20, 0.20, 0.35, 0.0, {}),  # request
    (0.55, 0.35, 0.08, 0.50, -0.30, 0.10, 0.70, 0.0, {"surprise": 0.6, "excitement": 0.3}),  # surprise
    (0.65, 0.70, 0.30, 0.50, -0.45, 0.35, 0.50, 0.0, {"joy": 0.6, "excitement": 0.4}),  # the user's fortune
    (0.70, 0.65, 0.30, 0.50, -0.40, 0.40, 0.20, 0.0, {"relief": 0.9, "joy": 0.2}),  # the user is safe
    (0.60, -0.45, 0.40, 0.30, -0.40, 0.00, 0.35, 0.1, {"concern": 0.6, "compassion": 0.5}),  # the user's misfortune
    (0.75, -0.65, 0.30, 0.10, -0.50, 0.05, 0.30, 0.8, {"compassion": 0.6, "sadness": 0.5}),  # the user's loss
    (0.70, -0.55, 0.35, 0.15, -0.40, 0.00, 0.90, 0.0, {"concern": 0.8, "anxiety": 0.4}),  # the user's fear
    (0.55, -0.45, 0.35, 0.40, -0.40, -0.40, 0.30, 0.0, {"concern": 0.6, "compassion": 0.6}),  # the user's guilt
    (0.65, -0.50, 0.35, 0.35, -0.75, -0.60, 0.50, 0.0, {"anger": 0.4, "concern": 0.6}),  # the user was wronged
    (0.60, -0.55, 0.30, 0.25, -0.80, -0.80, 0.55, 0.1, {"anger": 0.6, "disgust": 0.4}),  # a wrong among others
    (0.45, -0.45, 0.35, 0.25, -0.55, -0.05, 0.35, 0.3, {"concern": 0.5, "sadness": 0.5}),  # others' misfortune
    (0.35, 0.35, 0.45, 0.50, -0.40, 0.40, 0.20, 0.0, {"contentment": 0.4}),  # others' fortune
    (0.80, 0.85, 0.30, 0.70, 0.70, 0.50, 0.40, 0.0, {"pride": 0.6, "joy": 0.5}),  # own success
    (0.65, -0.60, 0.35, 0.45, 0.60, -0.15, 0.30, 0.1, {"disappointment": 0.6, "embarrassment": 0.3}),  # own failure
    (0.80, -0.65, 0.30, 0.50, 0.75, -0.70, 0.40, 0.0, {"guilt": 0.9}),  # own wrong
    (0.95, -0.85, 0.15, 0.08, -0.60, -0.20, 0.95, 0.0, {"fear": 0.9}),  # own danger
    (1.00, -0.90, 0.15, 0.05, -0.60, -0.10, 0.30, 1.0, {"sadness": 0.9}),  # own loss
    (0.70, -0.55, 0.25, 0.20, -0.60, -0.10, 0.20, 0.3, {"disappointment": 0.9}),  # own misfortune
    (0.30, -0.25, 0.95, 0.35, -0.40, 0.20, 0.00, 0.0, {"boredom": 1.0}),  # nothing happens
)
(
    PRAISE, INSULT, AFFECTION, HOSTILITY, REJECTION, APOLOGY, THREAT, BETRAYAL, GIFT, PROMISE, RECONCILIATION,
    GRATITUDE, TEASING, DISMISSAL, SARCASM, ORDER, REQUEST, SURPRISE, USER_FORTUNE, USER_SAFE, USER_MISFORTUNE,
    USER_LOSS, USER_FEAR, USER_GUILT, USER_WRONGED, OTHERS_WRONG, OTHERS_MISFORTUNE, OTHERS_FORTUNE, OWN_SUCCESS,
    OWN_FAILURE, OWN_WRONG, OWN_DANGER, OWN_LOSS, OWN_MISFORTUNE, NOTHING,
) = range(len(MEANING))  # fmt: skip

# Whom a clause is about, and (as bits) whom else it touches.
NOBODY, SELF, USER, OTHER = 0, 1, 2, 3
TOUCHES_SELF, TOUCHES_USER, TOUCHES_OTHER = 1, 2, 4

# Deeds that need no subject: the word is the deed.
_BARE = MappingProxyType(
    {
        KINDS["dismissal"]: DISMISSAL,
        KINDS["threat"]: THREAT,
        KINDS["thanks"]: GRATITUDE,
        KINDS["apology"]: APOLOGY,
        KINDS["farewell"]: REJECTION,
        KINDS["promise"]: PROMISE,
        KINDS["reconcile"]: RECONCILIATION,
        KINDS["laugh"]: TEASING,
        KINDS["sudden"]: SURPRISE,
        KINDS["ask"]: REQUEST,
        KINDS["order"]: ORDER,
        KINDS["relief"]: USER_SAFE,
        KINDS["dull"]: NOTHING,
        KINDS["gift"]: GIFT,
    }
)
# What happens to somebody: (kind) -> deed when it is the user's, when it is somebody else's.
_FORTUNE = MappingProxyType(
    {
        KINDS["success"]: (USER_FORTUNE, OTHERS_FORTUNE),
        KINDS["glad"]: (USER_FORTUNE, OTHERS_FORTUNE),
        KINDS["failure"]: (USER_MISFORTUNE, OTHERS_MISFORTUNE),
        KINDS["loss"]: (USER_LOSS, USER_LOSS),
        KINDS["danger"]: (USER_FEAR, OTHERS_MISFORTUNE),
        KINDS["fear"]: (USER_FEAR, OTHERS_MISFORTUNE),
        KINDS["sad"]: (USER_MISFORTUNE, OTHERS_MISFORTUNE),
        KINDS["anger"]: (USER_WRONGED, OTHERS_MISFORTUNE),
        KINDS["guilt"]: (USER_GUILT, OTHERS_MISFORTUNE),
        KINDS["harm"]: (USER_GUILT, OTHERS_WRONG),
        KINDS["wrong"]: (USER_GUILT, OTHERS_WRONG),
        KINDS["quality"]: (USER_MISFORTUNE, OTHERS_MISFORTUNE),
        KINDS["hostile"]: (USER_MISFORTUNE, OTHERS_WRONG),
        KINDS["warm"]: (USER_FORTUNE, OTHERS_FORTUNE),
    }
)
_QUALITY, _WARM, _HOSTILE, _HARM, _WRONG = (
    KINDS["quality"], KINDS["warm"], KINDS["hostile"], KINDS["harm"], KINDS["wrong"],
)  # fmt: skip
_SUCCESS, _FAILURE, _FEAR, _GLAD = KINDS["success"], KINDS["failure"], KINDS["fear"], KINDS["glad"]
_DANGER, _LOSS, _RELIEF, _GIFT = KINDS["danger"], KINDS["loss"], KINDS["relief"], KINDS["gift"]
_SUDDEN, _DULL, _THANKS, _SAD = KINDS["sudden"], KINDS["dull"], KINDS["thanks"], KINDS["sad"]
_OWN_DEED = frozenset((_HARM, _WRONG, KINDS["guilt"]))


def told(kind: int, value: float, subject: int, touched: int) -> int:
    """The deed when the user says it. `subject` of the clause, `touched` bits of whom else it names."""
    bare = _BARE.get(kind)
    if bare is not None:
        return _told_bare(bare, value, subject)
    if subject == SELF:
        return _told_of_self(kind, value, touched)
    aimed = touched & TOUCHES_SELF
    if subject != OTHER and (aimed or (subject == NOBODY and kind in {_QUALITY, _WARM, _HOSTILE})):
        if kind == _HARM:
            return THREAT if aimed and subject == USER else INSULT
        if kind == _WRONG:
            return BETRAYAL
        if kind == _WARM:
            return AFFECTION if value > 0.0 else REJECTION
        if kind == _HOSTILE:
            return HOSTILITY if value < 0.0 else AFFECTION
        if kind == _QUALITY:
            return PRAISE if value > 0.0 else INSULT
    return _fortune(kind, value, subject, touched)


def _told_bare(deed: int, value: float, subject: int) -> int:
    if value < 0.0 and deed in {GRATITUDE, APOLOGY, PROMISE, RECONCILIATION, GIFT}:
        return DISMISSAL
    if value > 0.0 and deed in {REJECTION, THREAT, DISMISSAL}:
        return AFFECTION
    if subject == OTHER and deed in {APOLOGY, PROMISE, GIFT, REJECTION, THREAT, DISMISSAL}:
        return OTHERS_FORTUNE if value > 0.0 else OTHERS_MISFORTUNE
    if deed == NOTHING:
        return USER_MISFORTUNE
    return deed


def _told_of_self(kind: int, value: float, touched: int) -> int:
    if kind in {_HARM, _WRONG, _FAILURE}:
        return INSULT if value < 0.0 else PRAISE
    if kind == _FEAR:
        return THREAT if value < 0.0 else AFFECTION
    if kind == _GLAD:
        return AFFECTION if value > 0.0 else INSULT
    if kind == _WARM:
        return AFFECTION if value > 0.0 else HOSTILITY
    if kind == _HOSTILE:
        return HOSTILITY if value < 0.0 else AFFECTION
    if kind in {_QUALITY, _SUCCESS}:
        return PRAISE if value > 0.0 else INSULT
    if kind in {_LOSS, _DANGER}:
        return OWN_LOSS if kind == _LOSS else OWN_DANGER
    return USER_MISFORTUNE if touched & TOUCHES_USER else INSULT


def _fortune(kind: int, value: float, subject: int, touched: int) -> int:
    mine, others = _FORTUNE[kind]
    if subject == OTHER:
        if touched & TOUCHES_USER and value < 0.0:
            return USER_LOSS if kind == _LOSS else USER_WRONGED
        if touched & TOUCHES_USER:
            return USER_FORTUNE
        if kind == _QUALITY and value < 0.0 and touched & TOUCHES_OTHER:
            return OTHERS_WRONG
        deed = others
    else:
        deed = mine
    if value > 0.0 and MEANING[deed][1] < 0.0:
        return USER_FORTUNE if subject != OTHER else OTHERS_FORTUNE
    if value < 0.0 and MEANING[deed][1] > 0.0:
        return USER_MISFORTUNE if subject != OTHER else OTHERS_MISFORTUNE
    return deed


def happens(kind: int, value: float, subject: int, touched: int) -> int:  # noqa: C901, PLR0911 - a table of cases, read from top to bottom
    """The deed when it is narrated to the character, or thought by it: there SELF is the one it happens to."""
    own = subject == SELF
    near = own or touched & TOUCHES_SELF
    if kind == _RELIEF:
        return USER_SAFE if value > 0.0 else OWN_DANGER
    if kind == _DULL:
        return NOTHING
    if kind == _SUDDEN:
        return SURPRISE
    if kind in _OWN_DEED:
        if own and value < 0.0:
            return OWN_WRONG
        return OTHERS_WRONG if value < 0.0 else OTHERS_FORTUNE
    if kind == _DANGER:
        return OWN_DANGER if value < 0.0 else USER_SAFE
    if kind == _LOSS:
        return OWN_LOSS if value < 0.0 else USER_SAFE
    if kind == _FAILURE:
        if value > 0.0:
            return OWN_SUCCESS
        if own or near or subject == NOBODY:
            return OWN_FAILURE if own else OWN_MISFORTUNE
        return OWN_MISFORTUNE if touched == 0 else OTHERS_MISFORTUNE
    if kind in {_SUCCESS, _QUALITY, _GLAD}:
        if value > 0.0:
            return OWN_SUCCESS if own else (PRAISE if near else OTHERS_FORTUNE)
        return OWN_FAILURE if own else (INSULT if near else OTHERS_MISFORTUNE)
    return _happens_bare(kind, value, near)


def _happens_bare(kind: int, value: float, near: int) -> int:
    if kind == _FEAR:
        return OWN_DANGER if near else OTHERS_MISFORTUNE
    if kind == _SAD:
        return OWN_MISFORTUNE if near else OTHERS_MISFORTUNE
    if kind == _WARM:
        return (AFFECTION if near else OTHERS_FORTUNE) if value > 0.0 else REJECTION
    if kind == _HOSTILE:
        return HOSTILITY if near and value < 0.0 else OTHERS_WRONG
    bare = _BARE.get(kind)
    if bare is None:
        return OWN_MISFORTUNE if near and value < 0.0 else OTHERS_MISFORTUNE
    return bare if value >= 0.0 or near or kind == _THANKS else OTHERS_MISFORTUNE
