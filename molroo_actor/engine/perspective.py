"""What is said, seen from where the character stands: deeds and, where they say little, a hunch become one reading.

A deed that is recognised sets the signs. Where none is, a hunch says what kind of thing it was, and the scorer's
valence helps to decide between good and bad. Another's fortune counts as much as one likes them (Ortony, Clore &
Collins 1988); what touches a goal matters more, and achieving or thwarting it has the goal's own sign. Not here:
reading the words.
"""

from typing import Final

from molroo_actor.engine import speech_acts as acts
from molroo_actor.engine.params import Params
from molroo_actor.engine.state import State
from molroo_actor.engine.values import Appraisal, Reading

# A text in which nothing is recognised: (gr, gc, ex, ct, ag, nc, urgency, loss).
REST: Final = (0.15, 0.0, 0.70, 0.50, -0.10, 0.05, 0.50, 0.0)
# deed -> what it adds to REST at full strength, and (label, how much it speaks for it).
_OFF_REST: Final = tuple(
    (
        gr - REST[0], gc - REST[1], ex - REST[2], ct - REST[3],
        ag - REST[4], nc - REST[5], ur - REST[6], loss - REST[7], tuple(says.items()),
    )
    for gr, gc, ex, ct, ag, nc, ur, loss, says in acts.MEANING
)  # fmt: skip
# Deeds that are about somebody else than the character, the user's own first.
_FIRST_OF_THEM, _LAST_OF_USER, _LAST_OF_THEM = acts.USER_FORTUNE, acts.USER_WRONGED, acts.OTHERS_FORTUNE

# What a rough meaning does, in the order of hunch.MEANT; the last, NO_DEED, does nothing.
_DEEDS: Final = (
    (acts.PRAISE, acts.INSULT, acts.USER_FORTUNE, acts.USER_MISFORTUNE, acts.USER_WRONGED, acts.NO_DEED),
    (
        acts.OWN_SUCCESS, acts.OWN_FAILURE, acts.OWN_WRONG, acts.OWN_DANGER, acts.OWN_LOSS, acts.OWN_RELIEF,
        acts.OWN_MISFORTUNE, acts.OTHERS_WRONG, acts.REJECTION, acts.GIFT, acts.OWN_PLEASURE, acts.NOTHING,
        acts.NO_DEED,
    ),
)  # fmt: skip
_SIGNS: Final = tuple(
    tuple(0.0 if deed == acts.NO_DEED else 1.0 if acts.MEANING[deed][1] > 0.0 else -1.0 for deed in deeds)
    for deeds in _DEEDS
)
_SURE: Final = 0.3  # weight of recognised deeds at which a hunch adds nothing
_FIRM: Final = (0.3, 0.9)  # weight at which it may not doubt them either; who does what is plainer where it is told
_DOUBT: Final = 0.2  # how clearly a hunch must lean the other way to be heard against deeds
_DOUBTED: Final = 0.15  # what doubted deeds still count
_FAINT: Final = (0.15, 0.05)  # how likely a rough meaning is at least
_PLAIN: Final = (0.0, 0.1)  # how much likelier it must be that nothing is meant; narrations seldom mean nothing
_HUNCH_MIN: Final = 0.03  # weight of a faint hunch: its sign, hardly more
_HUNCH_MAX: Final = 0.4  # weight of a hunch: never as much as a deed
_LEAN: Final = 0.5  # what the scorer's valence counts beside the hunch

_TRUSTING: Final = 0.05  # users are kinder than the lines that the hunch was fitted to


def says_little(weights: dict[int, float], told: bool = True) -> bool:
    """Whether the deeds leave room for a hunch: a question is hardly a deed."""
    return sum(weights.values()) - weights.get(acts.REQUEST, 0.0) < _FIRM[0 if told else 1]


def guess(weights: dict[int, float], hunches: list[float], felt: float, told: bool, denies: bool = False) -> None:
    """Adds what the text probably does where its grammar says little (says_little).

    `felt`: valence of the words, [-1, 1] (scorer.valence). `denies`: the text denies something, which grammar sees and
    a hunch does not.
    """
    known = sum(weights.values()) - weights.get(acts.REQUEST, 0.0)
    side = 0 if told else 1
    signs = _SIGNS[side]
    if told:
        hunches = _about(weights, hunches)
    lean = _LEAN * felt + (_TRUSTING if told else 0.0)
    for sign, much in zip(signs, hunches, strict=True):
        lean += sign * much
    wanted = 1.0 if lean > 0.0 else -1.0
    best, most = acts.NO_DEED, max(0.0, hunches[-1] - _PLAIN[side])
    for deed, sign, much in zip(_DEEDS[side][:-1], signs, hunches, strict=False):
        if much > most and sign * wanted >= 0.0:
            best, most = deed, much
    if best == acts.NO_DEED:
        return
    way = sum(weight * acts.MEANING[deed][1] for deed, weight in weights.items()) if known > 0.0 else 0.0
    if way * wanted < 0.0:
        if denies or lean * wanted < _DOUBT:
            return
        for deed in weights:
            weights[deed] *= _DOUBTED
        known *= _DOUBTED
    if known >= _SURE:
        return
    weight = max(_HUNCH_MIN, min(_HUNCH_MAX, 2.2 * (most - _FAINT[side]))) * (1.0 - known / _SURE)
    if acts.REQUEST in weights:
        weight *= 0.4  # whoever asks, asks first of all
    weights[best] = weights.get(best, 0.0) + weight


def _about(weights: dict[int, float], hunches: list[float]) -> list[float]:
    """The hunches without those that are about somebody else than the deeds are: who is meant, grammar knows."""
    for deed in weights:
        if acts.USER_FORTUNE <= deed <= acts.OTHERS_FORTUNE:
            return [0.0, 0.0, *hunches[2:]]
        if deed < acts.ORDER:
            return [*hunches[:2], 0.0, 0.0, 0.0, *hunches[5:]]
    return hunches


def see(weights: dict[int, float], goal: tuple[float, float], params: Params, state: State) -> Reading:
    """One reading of all deeds, each by its share. `goal`: (priority of the goal that is touched, its sign)."""
    if len(weights) > 1:
        if acts.REQUEST in weights:
            weights[acts.REQUEST] *= 0.3  # a question around a deed is only its form
        if acts.SURPRISE in weights and any(acts.MEANING[deed][1] < 0.0 for deed in weights):
            weights[acts.SURPRISE] *= 0.3  # what surprises has a meaning of its own: "she died, I can't believe it"
    total = sum(weights.values())
    strongest = max(weights.values())
    full = strongest**0.6 if strongest < 1.0 else 1.0  # a small word about something is still about it
    gr, gc, ex, ct, ag, nc, ur, loss = REST
    evidence: dict[str, float] = {}
    told_of = 0.0
    for deed, weight in weights.items():
        d_gr, d_gc, d_ex, d_ct, d_ag, d_nc, d_ur, d_loss, says = _OFF_REST[deed]
        share = full * weight / total
        if _FIRST_OF_THEM <= deed <= _LAST_OF_THEM:
            told_of += weight
            if deed <= _LAST_OF_USER:
                liking = 0.50 + 0.35 * params.warmth + 0.25 * state.rapport
                d_gc *= liking if liking < 1.0 else 1.0
                d_gr = acts.MEANING[deed][0] * (0.8 + 0.2 * state.familiarity) - REST[0]
        gr += share * d_gr
        gc += share * d_gc
        ex += share * d_ex
        ct += share * d_ct
        ag += share * d_ag
        nc += share * d_nc
        ur += share * d_ur
        loss += share * d_loss
        for label, much in says:
            if label in evidence:
                evidence[label] += share * much
            else:
                evidence[label] = share * much
    touch, sign = goal
    if touch > 0.0:
        gr += (1.0 - gr) * 0.4 * touch
        gc += 0.35 * touch * sign
    return Reading(
        Appraisal(_unit(gr), _signed(gc), _unit(ex), _unit(ct), _signed(ag), _signed(nc), None, None, _unit(ur)),
        _unit(loss),
        0.4 + 0.5 * full,
        evidence,
        1.0 - told_of / total,
    )


def _unit(x: float) -> float:
    return 0.0 if x < 0.0 else x if x < 1.0 else 1.0


def _signed(x: float) -> float:
    return -1.0 if x < -1.0 else x if x < 1.0 else 1.0
