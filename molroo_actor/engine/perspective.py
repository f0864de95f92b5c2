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
    if len(weights) > 1 and acts.REQUEST in weights:
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
        m_gr, m_gc, m_ex, m_ct, m_ag, m_nc, m_ur, m_loss, says = acts.MEANING[deed]
        share = full * weight / total
        if acts.USER_FORTUNE <= deed <= acts.USER_WRONGED:
            liking = 0.50 + 0.35 * params.warmth + 0.25 * state.rapport
            m_gc *= liking if liking < 1.0 else 1.0
            m_gr *= 0.8 + 0.2 * state.familiarity
        if acts.USER_FORTUNE <= deed <= acts.OTHERS_FORTUNE:
            told_of += weight
        gr += share * (m_gr - 0.15)
        gc += share * m_gc
        ex += share * (m_ex - 0.70)
        ct += share * (m_ct - 0.50)
        ag += share * (m_ag + 0.10)
        nc += share * (m_nc - 0.05)
        ur += share * (m_ur - 0.50)
        loss += share * m_loss
        for label, much in says.items():
            evidence[label] = evidence.get(label, 0.0) + share * much
    touch, sign = goal
    if touch > 0.0:
        gr += (1.0 - gr) * 0.4 * touch
        gc += 0.35 * touch * sign
    return Reading(
        Appraisal(_unit(gr), _signed(gc), _unit(ex), _unit(ct), _signed(ag), _signed(nc), urgency=_unit(ur)),
        _unit(loss),
        0.4 + 0.5 * full,
        evidence,
        1.0 - told_of / total,
    )


def _unit(x: float) -> float:
    return 0.0 if x < 0.0 else min(x, 1.0)


def _signed(x: float) -> float:
    return -1.0 if x < -1.0 else min(x, 1.0)
