"""From a text to what it means to the character: the embedded appraiser, English first, Korean by its own words.

grammar.py makes deeds of the words, tone.py turns those that are not meant; here they are blended into one
appraisal and seen from where the character stands. No network, no model. Not here: the words (lexicon.toml).
"""

from molroo_actor.engine import speech_acts as acts
from molroo_actor.engine.grammar import scan
from molroo_actor.engine.lexicon import KINDS, Entry, lexicon, tokens
from molroo_actor.engine.params import Params
from molroo_actor.engine.state import State
from molroo_actor.engine.tone import tone
from molroo_actor.engine.values import Appraisal, Reading, Source

_HEAD, _TAIL = 1200, 400  # characters that are read of a long text: its beginning and its end say what it is

# A text in which nothing is recognised: (gr, gc, ex, ct, ag, nc, urgency, loss).
_REST = (0.15, 0.0, 0.70, 0.50, -0.10, 0.05, 0.50, 0.0)
_UNKNOWN = Reading(Appraisal(*_REST[:6]), 0.0, 0.1)
_MARK: Entry = (KINDS["end"], 0.0)
_MARKS = (KINDS["end"], KINDS["comma"])


def appraise(text: str, source: Source, params: Params, state: State) -> Reading:
    """What `text` means to the character, told by the user, narrated to it, or thought by itself.

    Any text: what is not understood is neutral with low confidence. Never raises.
    """
    if len(text) > _HEAD + _TAIL:
        text = text[:_HEAD] + "\n" + text[-_TAIL:]
    words = tokens(text)
    if not words:
        return _UNKNOWN
    weights = scan(words, source)
    tone(words, weights, source == "user")
    return _blend(weights, words, params, state)


def _blend(weights: dict[int, float], words: list[str], params: Params, state: State) -> Reading:
    """One reading of all deeds, each by its share, seen from where the character stands."""
    if not weights:
        return _at_rest(words, params)
    if len(weights) > 1 and acts.REQUEST in weights:
        weights[acts.REQUEST] *= 0.3  # a question around a deed is only its form
    total = sum(weights.values())
    strongest = max(weights.values())
    full = strongest**0.6 if strongest < 1.0 else 1.0  # a small word about something is still about it
    gr, gc, ex, ct, ag, nc, ur, loss = _REST
    evidence: dict[str, float] = {}
    for deed, weight in weights.items():
        m_gr, m_gc, m_ex, m_ct, m_ag, m_nc, m_ur, m_loss, says = acts.MEANING[deed]
        share = full * weight / total
        if acts.USER_FORTUNE <= deed <= acts.USER_WRONGED:
            # OCC's fortunes of others: another's luck counts as much as one likes them.
            liking = 0.50 + 0.35 * params.warmth + 0.25 * state.rapport
            m_gc *= liking if liking < 1.0 else 1.0
            m_gr *= 0.8 + 0.2 * state.familiarity
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
    if params.goals:
        touch = _touched_goal(words, params)
        gr += (1.0 - gr) * 0.4 * touch
    return Reading(
        Appraisal(_unit(gr), _signed(gc), _unit(ex), _unit(ct), _signed(ag), _signed(nc), urgency=_unit(ur)),
        _unit(loss),
        0.4 + 0.5 * full,
        evidence,
    )


def _at_rest(words: list[str], params: Params) -> Reading:
    """The reading of a text that does nothing: neutral, somewhat relevant when it touches a goal."""
    get = lexicon().words.get
    known = sum(1 for word in words if get(word, _MARK)[0] not in _MARKS)
    gr, gc, ex, ct, ag, nc, _ur, _loss = _REST
    if params.goals:
        gr += (1.0 - gr) * 0.4 * _touched_goal(words, params)
    return Reading(Appraisal(gr, gc, ex, ct, ag, nc), 0.0, 0.1 + 0.3 * known / len(words))


def _touched_goal(words: list[str], params: Params) -> float:
    """Priority of the most wanted goal that a text touches, [0, 1]."""
    best = 0.0
    for found, priority in params.goals:
        if priority > best and not found.isdisjoint(words):
            best = priority
    return best


def _unit(x: float) -> float:
    return 0.0 if x < 0.0 else min(x, 1.0)


def _signed(x: float) -> float:
    return -1.0 if x < -1.0 else min(x, 1.0)
