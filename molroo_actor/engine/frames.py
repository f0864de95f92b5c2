"""Which deed a kind of word does: by who does it, to whom, negated or not, and in which mood.

Two tables of frames, one for what the user says, one for what is narrated to the character or thought by it.
Not here: finding subject, object and mood in a text (grammar.py), what a mood makes of a deed (moods.py), nor what
a deed means (speech_acts.py).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from molroo_actor.engine import speech_acts as acts
from molroo_actor.engine.lexicon import KINDS
from molroo_actor.engine.speech_acts import NO_DEED

# Whom a clause is about.
NOBODY, SELF, USER, OTHER = 0, 1, 2, 3
# The same as bits: whom its verbs reach, whose things it names.
TO_SELF, TO_USER, TO_OTHER = 1, 2, 4
BITS: Final = (0, TO_SELF, TO_USER, TO_OTHER)
FIRST_OF: Final = (NOBODY, SELF, USER, SELF, OTHER, SELF, USER, SELF)  # whom a set of bits means first of all

# Moods of a clause, as bits.
FUTURE, WISH, IF, ASKED, THAN, CAUSES, SAID, ORDER, WANT, AGAIN, STOP, THING = (1 << k for k in range(12))

Deed = tuple[int, float]  # deed and share, share in [0, 1]
_NO: Final[Deed] = (NO_DEED, 0.0)
ANY: Final = -1

Row = tuple[Deed, Deed]  # affirmed, negated
_Frame = Mapping[tuple[int, int], Row]


def _row(yes: int, no: int = NO_DEED, yes_share: float = 1.0, no_share: float = 0.6) -> Row:
    return (yes, yes_share if yes != NO_DEED else 0.0), (no, no_share if no != NO_DEED else 0.0)


# kind -> (who, whom) -> deed, deed when negated. ANY stands for whoever is not named in the frame.
_TOLD: Final[Mapping[str, _Frame]] = {
    "harm": {
        (USER, SELF): _row(acts.HOSTILITY, acts.PROMISE, 1.0, 1.0),
        (USER, ANY): _row(acts.USER_GUILT, NO_DEED, 0.8),
        (SELF, ANY): _row(acts.REPROACH, acts.PRAISE),
        (OTHER, USER): _row(acts.USER_WRONGED, acts.USER_FORTUNE),
        (OTHER, SELF): _row(acts.USER_FEAR, NO_DEED, 0.6),
        (OTHER, ANY): _row(acts.OTHERS_WRONG),
        (NOBODY, SELF): _row(acts.THREAT, acts.PROMISE, 1.0, 1.0),
        (NOBODY, OTHER): _row(acts.OTHERS_WRONG),
        (NOBODY, ANY): _row(acts.USER_MISFORTUNE),
    },
    "wrong": {
        (USER, SELF): _row(acts.BETRAYAL, acts.PROMISE, 1.0, 1.0),
        (USER, ANY): _row(acts.USER_GUILT),
        (SELF, ANY): _row(acts.REPROACH, acts.PRAISE),
        (OTHER, USER): _row(acts.USER_WRONGED, acts.USER_FORTUNE),
        (OTHER, ANY): _row(acts.OTHERS_WRONG, acts.OTHERS_FORTUNE, 1.0, 0.3),
        (NOBODY, SELF): _row(acts.BETRAYAL, acts.PROMISE, 1.0, 1.0),
        (NOBODY, OTHER): _row(acts.OTHERS_WRONG),
        (NOBODY, ANY): _row(acts.USER_WRONGED),
    },
    "discard": {
        (USER, SELF): _row(acts.REJECTION, acts.PROMISE, 1.0, 1.0),
        (USER, OTHER): _row(acts.USER_GUILT, NO_DEED, 0.7),
        (USER, ANY): (_NO, _NO),
        (SELF, USER): _row(acts.REPROACH, acts.GRATITUDE, 1.0, 0.9),
        (SELF, NOBODY): _row(acts.REPROACH, acts.PRAISE, 0.6, 0.5),
        (SELF, ANY): _row(acts.REPROACH, acts.PRAISE, 0.6, 0.5),
        (OTHER, USER): _row(acts.USER_WRONGED, acts.USER_FORTUNE),
        (OTHER, OTHER): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.7),
        (OTHER, ANY): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.4),
        (NOBODY, SELF): _row(acts.REJECTION, acts.PROMISE, 1.0, 1.0),
        (NOBODY, ANY): (_NO, _NO),
    },
    "hostile": {
        (USER, SELF): _row(acts.HOSTILITY, acts.AFFECTION, 1.0, 0.4),
        (USER, ANY): _row(acts.USER_MISFORTUNE, NO_DEED, 0.5),
        (SELF, ANY): _row(acts.REPROACH, acts.PRAISE, 0.9, 0.4),
        (OTHER, SELF): _row(acts.INSULT, NO_DEED, 0.8),
        (OTHER, USER): _row(acts.USER_WRONGED, acts.USER_FORTUNE, 1.0, 0.4),
        (OTHER, ANY): _row(acts.OTHERS_WRONG, NO_DEED, 0.8),
        (NOBODY, OTHER): _row(acts.OTHERS_WRONG, NO_DEED, 0.6),
        (NOBODY, ANY): _row(acts.HOSTILITY, acts.AFFECTION, 1.0, 0.4),
    },
    "warm": {
        (USER, SELF): _row(acts.AFFECTION, acts.REJECTION, 1.0, 0.9),
        (USER, ANY): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.35, 0.35),
        (SELF, USER): _row(acts.AFFECTION, acts.REPROACH, 0.6, 0.9),
        (SELF, ANY): _row(acts.PRAISE, acts.REPROACH, 0.3, 0.6),
        (OTHER, SELF): _row(acts.PRAISE, acts.INSULT, 0.7, 0.9),
        (OTHER, USER): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.8, 0.9),
        (OTHER, ANY): _row(acts.OTHERS_FORTUNE, acts.OTHERS_MISFORTUNE, 0.7, 0.5),
        (NOBODY, OTHER): _row(acts.OTHERS_FORTUNE, NO_DEED, 0.5),
        (NOBODY, ANY): _row(acts.AFFECTION, acts.REJECTION, 1.0, 0.8),
    },
    "benefit": {
        (USER, SELF): _row(acts.AFFECTION, acts.DISMISSAL, 0.8, 1.0),
        (USER, OTHER): _row(acts.USER_FORTUNE, acts.USER_GUILT, 0.5, 0.7),
        (USER, ANY): (_NO, _NO),
        (SELF, USER): _row(acts.GRATITUDE, acts.REPROACH, 1.0, 1.0),
        (SELF, ANY): _row(acts.PRAISE, acts.REPROACH, 0.5, 0.8),
        (OTHER, USER): _row(acts.USER_FORTUNE, acts.USER_WRONGED, 0.8, 0.8),
        (OTHER, SELF): _row(acts.PRAISE, acts.INSULT, 0.6, 0.6),
        (OTHER, OTHER): _row(acts.OTHERS_FORTUNE, acts.OTHERS_WRONG, 0.8, 0.5),
        (OTHER, ANY): _row(acts.OTHERS_FORTUNE, NO_DEED, 0.4),
        (NOBODY, SELF): _row(acts.PROMISE, acts.DISMISSAL, 0.8),
        (NOBODY, ANY): (_NO, _NO),
    },
    "give": {
        (USER, SELF): _row(acts.GIFT, acts.DISMISSAL),
        (USER, ANY): (_NO, _NO),
        (SELF, USER): _row(acts.GRATITUDE, acts.REPROACH, 0.9, 0.9),
        (SELF, ANY): (_NO, _NO),
        (OTHER, USER): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.5, 0.4),
        (OTHER, SELF): _row(acts.GIFT, NO_DEED, 0.7),
        (OTHER, ANY): (_NO, _NO),
        (NOBODY, SELF): _row(acts.GIFT, acts.DISMISSAL),
        (NOBODY, ANY): (_NO, _NO),
    },
    "contact": {
        (USER, SELF): _row(NO_DEED, acts.DISMISSAL, 0.0, 0.3),
        (SELF, USER): _row(NO_DEED, acts.REPROACH, 0.0, 0.7),
        (ANY, ANY): (_NO, _NO),
    },
    "quality": {
        (SELF, ANY): _row(acts.PRAISE, acts.INSULT, 1.0, 1.0),
        (USER, ANY): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.5, 0.5),
        (OTHER, SELF): _row(acts.PRAISE, acts.INSULT, 0.6, 0.6),
        (OTHER, USER): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.6, 0.5),
        (OTHER, ANY): _row(acts.OTHERS_FORTUNE, acts.OTHERS_MISFORTUNE, 0.7, 0.5),
        (NOBODY, ANY): _row(acts.PRAISE, acts.INSULT, 1.0, 1.0),
    },
    "success": {
        (SELF, ANY): _row(acts.PRAISE, acts.INSULT),
        (USER, ANY): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 1.0, 0.9),
        (OTHER, USER): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.9, 0.8),
        (OTHER, ANY): _row(acts.OTHERS_FORTUNE, acts.OTHERS_MISFORTUNE),
        (NOBODY, ANY): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.9, 0.8),
    },
    "glad": {
        (USER, SELF): _row(acts.AFFECTION, acts.REPROACH, 0.9, 0.9),
        (SELF, ANY): _row(acts.PRAISE, acts.REPROACH, 0.3, 0.3),
        (USER, ANY): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.9, 0.8),
        (OTHER, USER): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.8),
        (OTHER, ANY): _row(acts.OTHERS_FORTUNE, acts.OTHERS_MISFORTUNE),
        (NOBODY, SELF): _row(acts.AFFECTION, acts.REPROACH, 0.9, 0.9),
        (NOBODY, ANY): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.8),
    },
    "failure": {
        (SELF, ANY): _row(acts.INSULT, acts.PRAISE),
        (OTHER, USER): _row(acts.USER_MISFORTUNE, NO_DEED, 0.9),
        (OTHER, ANY): _row(acts.OTHERS_MISFORTUNE, acts.OTHERS_FORTUNE, 1.0, 0.4),
        (ANY, ANY): _row(acts.USER_MISFORTUNE, acts.USER_FORTUNE, 1.0, 0.4),
    },
    "loss": {
        (SELF, NOBODY): _row(acts.OWN_LOSS, NO_DEED, 0.7),
        (OTHER, SELF): _row(acts.REJECTION, NO_DEED, 0.5),
        (ANY, ANY): _row(acts.USER_LOSS, acts.USER_FORTUNE, 1.0, 0.3),
    },
    "danger": {
        (SELF, ANY): _row(acts.THREAT, NO_DEED, 0.7),
        (OTHER, SELF): _row(acts.USER_FEAR, NO_DEED, 0.7),
        (OTHER, USER): _row(acts.USER_FEAR),
        (OTHER, ANY): _row(acts.OTHERS_MISFORTUNE, acts.OTHERS_FORTUNE, 1.0, 0.4),
        (ANY, ANY): _row(acts.USER_FEAR, acts.USER_SAFE, 1.0, 0.5),
    },
    "fear": {
        (SELF, ANY): _row(acts.USER_FEAR, NO_DEED, 0.4),
        (OTHER, ANY): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.8),
        (ANY, ANY): _row(acts.USER_FEAR, acts.USER_SAFE, 1.0, 0.5),
    },
    "sad": {
        (SELF, ANY): _row(acts.AFFECTION, NO_DEED, 0.3),
        (OTHER, USER): _row(acts.USER_MISFORTUNE),
        (OTHER, ANY): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.9),
        (USER, SELF): _row(acts.REPROACH, acts.AFFECTION, 0.9, 0.4),
        (ANY, ANY): _row(acts.USER_MISFORTUNE, acts.USER_FORTUNE, 1.0, 0.4),
    },
    "anger": {
        (SELF, USER): _row(acts.REPROACH, acts.PRAISE, 1.2, 0.5),
        (SELF, ANY): _row(acts.REPROACH, NO_DEED, 0.4),
        (USER, SELF): _row(acts.HOSTILITY, acts.APOLOGY, 0.9, 0.5),
        (OTHER, USER): _row(acts.USER_WRONGED, acts.USER_FORTUNE, 0.8, 0.4),
        (OTHER, ANY): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.8),
        (ANY, ANY): _row(acts.USER_WRONGED, acts.USER_FORTUNE, 1.0, 0.3),
    },
    "guilt": {
        (SELF, ANY): _row(acts.REPROACH, acts.AFFECTION, 1.0, 0.8),
        (USER, SELF): _row(acts.APOLOGY),
        (OTHER, ANY): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.6),
        (ANY, ANY): _row(acts.USER_GUILT, NO_DEED),
    },
    "relief": {
        (ANY, ANY): _row(acts.USER_SAFE, acts.USER_FEAR),
    },
    "dull": {
        (SELF, ANY): _row(acts.INSULT, acts.PRAISE, 0.7),
        (ANY, ANY): _row(acts.USER_MISFORTUNE, NO_DEED, 0.35),
    },
    "dismissal": {
        (USER, OTHER): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.4),
        (OTHER, ANY): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.5),
        (ANY, ANY): _row(acts.DISMISSAL),
    },
    "threat": {
        (USER, OTHER): _row(acts.OTHERS_WRONG, NO_DEED, 0.8),
        (OTHER, ANY): _row(acts.USER_FEAR, NO_DEED, 0.6),
        (ANY, ANY): _row(acts.THREAT, acts.PROMISE),
    },
    "thanks": {
        (USER, OTHER): _row(acts.OTHERS_FORTUNE, acts.OTHERS_MISFORTUNE, 0.8, 0.5),
        (OTHER, ANY): _row(acts.OTHERS_FORTUNE, NO_DEED, 0.7),
        (ANY, ANY): _row(acts.GRATITUDE, acts.DISMISSAL),
    },
    "apology": {
        (USER, OTHER): _row(acts.OTHERS_FORTUNE, acts.OTHERS_MISFORTUNE, 0.4, 0.4),
        (OTHER, ANY): _row(acts.OTHERS_FORTUNE, acts.OTHERS_WRONG, 0.6, 0.6),
        (SELF, ANY): _row(acts.REPROACH, NO_DEED, 0.5),
        (ANY, ANY): _row(acts.APOLOGY, acts.DISMISSAL),
    },
    "farewell": {
        (USER, OTHER): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.6),
        (OTHER, USER): _row(acts.USER_LOSS, NO_DEED, 0.8),
        (OTHER, ANY): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.5),
        (ANY, ANY): _row(acts.REJECTION, acts.AFFECTION, 1.0, 0.5),
    },
    "gift": {
        (USER, OTHER): _row(acts.OTHERS_FORTUNE, NO_DEED, 0.5),
        (OTHER, SELF): _row(acts.GIFT, NO_DEED, 0.8),
        (OTHER, ANY): _row(acts.OTHERS_FORTUNE, NO_DEED, 0.8),
        (ANY, ANY): _row(acts.GIFT, acts.DISMISSAL),
    },
    "promise": {
        (USER, OTHER): _row(acts.OTHERS_FORTUNE, acts.OTHERS_MISFORTUNE, 0.6, 0.4),
        (OTHER, USER): _row(acts.USER_FORTUNE, acts.USER_WRONGED, 0.6),
        (OTHER, ANY): _row(acts.OTHERS_FORTUNE, NO_DEED, 0.5),
        (SELF, ANY): _row(acts.REQUEST, acts.REPROACH, 0.6),
        (ANY, ANY): _row(acts.PROMISE, acts.DISMISSAL),
    },
    "reconcile": {
        (USER, OTHER): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.8, 0.8),
        (OTHER, ANY): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.8),
        (ANY, ANY): _row(acts.RECONCILIATION, acts.DISMISSAL, 1.0, 0.9),
    },
    "laugh": {(ANY, ANY): _row(acts.TEASING, NO_DEED)},
    "sudden": {(ANY, ANY): _row(acts.SURPRISE, acts.SURPRISE, 1.0, 1.0)},
    "ask": {(ANY, ANY): _row(acts.REQUEST, acts.REQUEST, 1.0, 1.0)},
    "order": {(ANY, ANY): _row(acts.ORDER, NO_DEED)},
}

_HAPPENS: Final[Mapping[str, _Frame]] = {
    "harm": {
        (SELF, SELF): _row(acts.OWN_MISFORTUNE),
        (SELF, ANY): _row(acts.OWN_WRONG),
        (OTHER, SELF): _row(acts.ATTACKED, NO_DEED),
        (USER, SELF): _row(acts.HOSTILITY, acts.AFFECTION, 1.0, 0.4),
        (NOBODY, SELF): _row(acts.ATTACKED),
        (ANY, USER): _row(acts.USER_WRONGED),
        (ANY, ANY): _row(acts.OTHERS_WRONG),
    },
    "wrong": {
        (SELF, ANY): _row(acts.OWN_WRONG, acts.OWN_SUCCESS, 1.0, 0.4),
        (ANY, SELF): _row(acts.BETRAYAL, acts.AFFECTION, 1.0, 0.4),
        (ANY, USER): _row(acts.USER_WRONGED),
        (ANY, ANY): _row(acts.OTHERS_WRONG, acts.OTHERS_FORTUNE, 1.0, 0.4),
    },
    "discard": {
        (SELF, USER): _row(acts.OWN_WRONG),
        (SELF, OTHER): _row(acts.OWN_WRONG),
        (SELF, ANY): _row(acts.OWN_FAILURE, NO_DEED, 0.6),
        (ANY, SELF): _row(acts.REJECTION, acts.AFFECTION, 1.0, 0.8),
        (ANY, USER): _row(acts.USER_WRONGED, NO_DEED, 0.8),
        (OTHER, OTHER): _row(acts.OTHERS_WRONG, NO_DEED, 0.7),
        (ANY, ANY): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.4),
    },
    "hostile": {
        (SELF, ANY): _row(acts.OWN_WRONG, NO_DEED, 0.8),
        (ANY, SELF): _row(acts.HOSTILITY, acts.AFFECTION, 1.0, 0.4),
        (ANY, USER): _row(acts.USER_WRONGED),
        (ANY, ANY): _row(acts.OTHERS_WRONG),
    },
    "warm": {
        (USER, SELF): _row(acts.AFFECTION, acts.REJECTION, 1.0, 0.9),
        (SELF, ANY): _row(acts.OWN_PLEASURE, acts.OWN_MISFORTUNE, 0.7, 0.5),
        (ANY, SELF): _row(acts.AFFECTION, acts.REJECTION, 1.0, 0.9),
        (USER, ANY): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.5, 0.5),
        (ANY, ANY): _row(acts.OTHERS_FORTUNE, acts.OTHERS_MISFORTUNE, 0.8, 0.6),
    },
    "benefit": {
        (SELF, USER): _row(acts.OWN_SUCCESS, acts.OWN_WRONG, 0.7, 0.9),
        (SELF, OTHER): _row(acts.OWN_SUCCESS, acts.OWN_WRONG, 0.7, 0.9),
        (SELF, ANY): _row(acts.OWN_SUCCESS, acts.OWN_FAILURE, 0.5, 0.6),
        (ANY, SELF): _row(acts.GIFT, acts.OWN_MISFORTUNE, 0.9, 0.9),
        (OTHER, OTHER): _row(acts.OTHERS_FORTUNE, acts.OTHERS_WRONG, 0.9, 0.8),
        (ANY, ANY): _row(acts.OTHERS_FORTUNE, acts.OTHERS_MISFORTUNE, 0.6, 0.4),
    },
    "give": {
        (SELF, ANY): _row(acts.OWN_SUCCESS, NO_DEED, 0.4),
        (ANY, SELF): _row(acts.GIFT, acts.OWN_MISFORTUNE, 0.8, 0.6),
        (ANY, ANY): (_NO, _NO),
    },
    "contact": {(ANY, SELF): _row(NO_DEED, acts.REJECTION, 0.0, 0.5), (ANY, ANY): (_NO, _NO)},
    "quality": {
        (SELF, ANY): _row(acts.OWN_SUCCESS, acts.OWN_FAILURE, 0.8, 0.8),
        (NOBODY, SELF): _row(acts.PRAISE, acts.INSULT),
        (OTHER, SELF): _row(acts.PRAISE, acts.INSULT),
        (USER, SELF): _row(acts.PRAISE, acts.INSULT),
        (USER, ANY): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.5, 0.5),
        (NOBODY, NOBODY): _row(acts.OWN_PLEASURE, acts.OWN_MISFORTUNE, 0.7, 0.7),
        (ANY, ANY): _row(acts.OTHERS_FORTUNE, acts.OTHERS_MISFORTUNE),
    },
    "success": {
        (SELF, ANY): _row(acts.OWN_SUCCESS, acts.OWN_FAILURE, 1.0, 0.9),
        (NOBODY, SELF): _row(acts.OWN_SUCCESS, acts.OWN_MISFORTUNE, 0.9, 0.9),
        (OTHER, SELF): _row(acts.OWN_SUCCESS, acts.OWN_MISFORTUNE, 0.8, 0.8),
        (USER, ANY): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE),
        (NOBODY, NOBODY): _row(acts.OWN_SUCCESS, acts.OWN_MISFORTUNE, 0.6, 0.9),
        (ANY, ANY): _row(acts.OTHERS_FORTUNE, acts.OTHERS_MISFORTUNE),
    },
    "glad": {
        (SELF, ANY): _row(acts.OWN_PLEASURE, acts.OWN_MISFORTUNE, 1.0, 0.8),
        (NOBODY, ANY): _row(acts.OWN_PLEASURE, acts.OWN_MISFORTUNE, 0.8, 0.6),
        (ANY, SELF): _row(acts.OWN_PLEASURE, acts.OWN_MISFORTUNE, 0.8, 0.6),
        (USER, ANY): _row(acts.USER_FORTUNE, acts.USER_MISFORTUNE, 0.8, 0.8),
        (ANY, ANY): _row(acts.OTHERS_FORTUNE, acts.OTHERS_MISFORTUNE),
    },
    "failure": {
        (SELF, ANY): _row(acts.OWN_FAILURE, acts.OWN_SUCCESS, 1.0, 0.5),
        (NOBODY, ANY): _row(acts.OWN_MISFORTUNE, acts.OWN_RELIEF, 1.0, 0.5),
        (OTHER, NOBODY): _row(acts.OWN_MISFORTUNE, NO_DEED, 0.9),
        (OTHER, SELF): _row(acts.OWN_MISFORTUNE, NO_DEED),
        (USER, ANY): _row(acts.USER_MISFORTUNE),
        (ANY, ANY): _row(acts.OTHERS_MISFORTUNE),
    },
    "loss": {
        (USER, NOBODY): _row(acts.USER_LOSS, NO_DEED),
        (ANY, ANY): _row(acts.OWN_LOSS, acts.OWN_RELIEF, 1.0, 0.5),
    },
    "danger": {(ANY, ANY): _row(acts.OWN_DANGER, acts.OWN_RELIEF, 1.0, 0.6)},
    "fear": {
        (USER, ANY): _row(acts.USER_FEAR),
        (OTHER, NOBODY): _row(acts.OTHERS_MISFORTUNE),
        (ANY, ANY): _row(acts.OWN_DANGER, acts.OWN_RELIEF, 0.9, 0.5),
    },
    "sad": {
        (USER, ANY): _row(acts.USER_MISFORTUNE),
        (OTHER, ANY): _row(acts.OTHERS_MISFORTUNE),
        (ANY, ANY): _row(acts.OWN_MISFORTUNE, acts.OWN_PLEASURE, 0.9, 0.4),
    },
    "anger": {
        (SELF, ANY): _row(acts.OWN_MISFORTUNE, NO_DEED, 0.7),
        (ANY, SELF): _row(acts.HOSTILITY, NO_DEED, 0.8),
        (ANY, ANY): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.7),
    },
    "guilt": {
        (SELF, ANY): _row(acts.OWN_WRONG, NO_DEED),
        (NOBODY, ANY): _row(acts.OWN_WRONG, NO_DEED, 0.8),
        (ANY, ANY): _row(acts.OTHERS_MISFORTUNE, NO_DEED, 0.6),
    },
    "relief": {(ANY, ANY): _row(acts.OWN_RELIEF, acts.OWN_DANGER)},
    "dull": {(ANY, ANY): _row(acts.NOTHING, NO_DEED)},
    "dismissal": {(ANY, ANY): _row(acts.DISMISSAL, NO_DEED, 0.8)},
    "threat": {(SELF, ANY): _row(acts.OWN_WRONG), (ANY, ANY): _row(acts.THREAT, NO_DEED)},
    "thanks": {
        (SELF, ANY): _row(acts.OWN_PLEASURE, NO_DEED, 0.7),
        (ANY, ANY): _row(acts.GRATITUDE, acts.OWN_MISFORTUNE, 1.0, 0.8),
    },
    "apology": {(SELF, ANY): _row(acts.OWN_WRONG, NO_DEED, 0.4), (ANY, ANY): _row(acts.APOLOGY, acts.DISMISSAL)},
    "farewell": {(SELF, ANY): _row(acts.OWN_LOSS, NO_DEED, 0.5), (ANY, ANY): _row(acts.REJECTION, NO_DEED, 0.9)},
    "gift": {
        (SELF, ANY): _row(acts.OWN_PLEASURE, NO_DEED, 0.5),
        (OTHER, OTHER): _row(acts.OTHERS_FORTUNE),
        (ANY, ANY): _row(acts.GIFT, acts.OWN_MISFORTUNE),
    },
    "promise": {(SELF, ANY): _row(NO_DEED, NO_DEED), (ANY, ANY): _row(acts.PROMISE, acts.DISMISSAL, 0.8)},
    "reconcile": {(ANY, ANY): _row(acts.RECONCILIATION, acts.REJECTION)},
    "laugh": {(ANY, ANY): _row(acts.TEASING, NO_DEED, 0.7)},
    "sudden": {(ANY, ANY): _row(acts.SURPRISE, acts.SURPRISE, 1.0, 1.0)},
    "ask": {(ANY, ANY): _row(acts.REQUEST, acts.REQUEST)},
    "order": {(SELF, ANY): _row(NO_DEED), (ANY, ANY): _row(acts.ORDER, NO_DEED, 0.8)},
}


def _flat(frames: Mapping[str, _Frame]) -> Mapping[int, tuple[Row, ...]]:
    """kind -> sixteen rows, at 4 * who + whom: a look-up instead of a search in every turn."""
    flat: dict[int, tuple[Row, ...]] = {}
    for kind, frame in frames.items():
        rows = []
        for who in range(4):
            for whom in range(4):
                keys = ((who, whom), (who, ANY), (ANY, whom), (ANY, ANY))
                rows.append(next(frame[key] for key in keys if key in frame))
        flat[KINDS[kind]] = tuple(rows)
    return MappingProxyType(flat)


TOLD: Final = _flat(_TOLD)
HAPPENS: Final = _flat(_HAPPENS)
