"""From a text to what it means to the character: the embedded appraiser, English first, Korean by its own words.

One pass over the tokens finds kinds of words, who a clause is about, whom it touches, negation and weight;
speech_acts.py makes deeds of that; the deeds are blended into one appraisal and seen from where the character
stands. No network, no model. Not here: the words (lexicon.toml).
"""

from collections.abc import Callable

from molroo_actor.engine import speech_acts as acts
from molroo_actor.engine.lexicon import KINDS, Entry, korean, lexicon, tokens
from molroo_actor.engine.params import Params
from molroo_actor.engine.state import State
from molroo_actor.engine.values import Appraisal, Reading, Source

_HEAD, _TAIL = 1200, 400  # characters that are read of a long text: its beginning and its end say what it is

# A text in which nothing is recognised: (gr, gc, ex, ct, ag, nc, urgency, loss).
_REST = (0.15, 0.0, 0.70, 0.50, -0.10, 0.05, 0.50, 0.0)
_UNKNOWN = Reading(Appraisal(*_REST[:6]), 0.0, 0.1)

_END, _BUT, _NOT, _VERY, _BIT = KINDS["end"], KINDS["but"], KINDS["not"], KINDS["very"], KINDS["bit"]
_YOU, _YOURE, _YOUR, _I, _IVE, _MY, _WE = (KINDS[k] for k in ("you", "youre", "your", "i", "ive", "my", "we"))
_OTHER, _USER, _BE, _SAID, _SEE, _FILLER = (KINDS[k] for k in ("other", "user", "be", "said", "see", "filler"))
_LAST_HIT = KINDS["dull"]
_NONE: Entry = (-1, 0.0)
_MARK: Entry = (_END, 0.0)
_FIRST, _SECOND = frozenset((_I, _IVE, _WE)), frozenset((_YOU, _YOURE))
_POSSESSIVE = frozenset((_MY, _YOUR))
_PERSONS = _FIRST | _SECOND
_BREAKS = frozenset((_END, _BUT))
_VERBAL = frozenset((_BE, _NOT, *range(_LAST_HIT + 1)))  # what makes the "you" before it a subject
_COPULA = frozenset(("is", "was", "are", "were", "looks", "sounds", "feel", "feels"))
_OBJECT = frozenset(("me", "myself", "us"))
_JOINTS = frozenset(("and", "while", "as", "because", "when", "that", "then", "so"))
_OH = frozenset(("oh", "wow", "great", "nice", "yeah", "sure", "well"))
_CURT = frozenset(("k", "kk", "ok", "meh", "whatever", "nvm", "hm", "mhm", "fine", "sure", "idc", "ㅇㅇ", "ㅇㅋ"))
_IMPERATIVE = frozenset(("stop", "do", "write", "give", "get", "go", "shut", "make", "answer", "finish", "fix", "tell"))
_SOUR_WORDS = frozenset(("again", "another", "because", "as", "broke", "late", "typical"))
_SOUR_DEEDS = (acts.INSULT, acts.HOSTILITY, acts.DISMISSAL, acts.USER_MISFORTUNE, acts.USER_FEAR, acts.USER_WRONGED)
# What relief names only to say that it is over.
_OVERCOME = (acts.OWN_DANGER, acts.USER_FEAR, acts.USER_MISFORTUNE, acts.OTHERS_MISFORTUNE, acts.OWN_MISFORTUNE)
_NOMINATIVE = frozenset(("he", "she", "they", "he's", "she's", "they're"))
_SCOPE = 4  # tokens that a negation reaches


def appraise(text: str, source: Source, params: Params, state: State) -> Reading:
    """What `text` means to the character, told by the user, narrated to it, or thought by itself.

    Any text: what is not understood is neutral with low confidence. Never raises.
    """
    if len(text) > _HEAD + _TAIL:
        text = text[:_HEAD] + "\n" + text[-_TAIL:]
    words = tokens(text)
    if not words:
        return _UNKNOWN
    weights = _scan(words, source)
    if acts.USER_SAFE in weights:
        for deed in _OVERCOME:
            weights.pop(deed, None)
    if source == "user":
        _tone(words, weights)
    elif acts.OWN_WRONG in weights:  # what follows from one's own wrong is part of it
        for deed in (acts.OTHERS_MISFORTUNE, acts.OWN_MISFORTUNE, acts.OTHERS_WRONG):
            weights[acts.OWN_WRONG] += weights.pop(deed, 0.0)
    return _blend(weights, words, params, state)


def _scan(words: list[str], source: Source) -> dict[int, float]:  # noqa: C901, PLR0912, PLR0915 - one pass, because a call per token would be most of its cost
    """Deed -> weight of everything that the words do."""
    book = lexicon()
    get, phrases = book.words.get, book.phrases
    deed_of = acts.told if source == "user" else acts.happens
    first, second = (acts.SELF, acts.USER) if source == "internal" else (acts.USER, acts.SELF)
    weights: dict[int, float] = {}
    hits: list[tuple[int, float]] = []
    subject = touched = scope = 0
    before = before_touched = 0  # what the last clause was about: "My dog died. Terrible." insults nobody
    boost = 1.0
    said = False
    i, n = 0, len(words)
    while i < n:
        word = words[i]
        i += 1
        entry: Entry | None = None
        if word in phrases:
            for others, found in phrases[word]:
                end = i + len(others)
                if words[i] == others[0] if len(others) == 1 and i < n else tuple(words[i:end]) == others:
                    entry = found
                    subject, touched = _inside(get, (word, *others), subject, touched, first, second)
                    i = end
                    break
        if entry is None:
            entry = get(word)
            if entry is None:
                if "가" <= word[0] <= "힣":
                    entry, used = korean(word, words[i : i + 3], book)
                    i += used
                if entry is None:
                    if scope:
                        scope -= 1
                    continue
        kind, value = entry
        if kind <= _LAST_HIT:
            if scope:
                value *= -0.5
            hits.append((kind, value * boost))
            boost = 1.0
        elif kind == _FILLER:
            continue
        elif kind == _NOT:
            scope = _SCOPE
        elif kind == _VERY:
            boost = 1.3 if boost <= 1.0 else 1.5
        elif kind == _BIT:
            boost = 0.6
        elif kind == _BE:
            if not subject and i > 1 and word in _COPULA and (i >= n or get(words[i], _NONE)[0] not in _PERSONS):
                subject = acts.OTHER  # an unknown noun: "the weather is"
        elif kind == _YOU and (subject or hits) and (said or i >= n or get(words[i], _NONE)[0] not in _VERBAL):
            touched |= second
        elif kind == _SAID:
            said = subject == acts.OTHER
        elif kind == _SEE:
            if source != "user" and subject == acts.SELF:
                subject = touched = 0
        elif said and kind != _END:  # what somebody else says is still theirs
            touched |= first if kind in _FIRST else second if kind in _SECOND else acts.TOUCHES_OTHER
        elif kind in _POSSESSIVE:
            who = first if kind == _MY else second
            touched |= who
            subject = subject or who
        elif kind == _OTHER and word not in _NOMINATIVE:
            if not subject or (not hits and get(words[i - 2], _NONE)[0] in _POSSESSIVE):
                subject = acts.OTHER
            elif words[i - 2] in _JOINTS:
                if hits:
                    _settle(weights, hits, deed_of, subject, touched, before, before_touched)
                    hits.clear()
                    before, before_touched = subject, touched
                subject = acts.OTHER
                touched &= first
            else:
                touched |= acts.TOUCHES_OTHER
        elif kind == _USER or word in _OBJECT:
            touched |= first if word in _OBJECT else acts.TOUCHES_USER
        else:  # a new subject, or an end
            if hits:
                _settle(weights, hits, deed_of, subject, touched, before, before_touched)
                hits.clear()
                before, before_touched = subject or before, touched
            elif kind == _END and word == "?" and subject != acts.OTHER:
                weights[acts.REQUEST] = weights.get(acts.REQUEST, 0.0) + 0.3
            said, boost = False, 1.0
            if kind == _BUT:
                for deed in weights:
                    weights[deed] *= 0.4  # what comes after "but" is what is meant
            if kind in _BREAKS:
                subject = touched = scope = 0
            elif kind in _FIRST:
                subject, touched = first, 0
            elif kind in _SECOND:
                subject, touched = second, touched & first
            else:
                subject = acts.OTHER
                touched &= first
    if hits:
        _settle(weights, hits, deed_of, subject, touched, before, before_touched)
    return weights


def _inside(
    get: Callable[[str], Entry | None], phrase: tuple[str, ...], subject: int, touched: int, first: int, second: int
) -> tuple[int, int]:
    """(subject, touched) with the persons that a phrase names."""
    for at, word in enumerate(phrase):
        kind = (get(word) or _NONE)[0]
        if kind in _SECOND or kind == _YOUR:
            touched |= second
        elif kind in _FIRST or kind == _MY:
            touched |= first
            if at == 0 and not subject:
                subject = first
    return subject, touched


def _settle(
    weights: dict[int, float],
    hits: list[tuple[int, float]],
    deed_of: Callable[[int, float, int, int], int],
    subject: int,
    touched: int,
    before: int,
    before_touched: int,
) -> None:
    """Adds the deeds of one clause."""
    share = 1.0
    if not subject and not touched & acts.TOUCHES_SELF and before:
        if before != acts.SELF and not before_touched & acts.TOUCHES_SELF:
            subject, touched = before, touched | before_touched
        share = 0.7
    for kind, value in hits:
        deed = deed_of(kind, value, subject, touched)
        weights[deed] = weights.get(deed, 0.0) + share * (value if value > 0.0 else -value or 0.2)


def _tone(words: list[str], weights: dict[int, float]) -> None:
    """Teasing, sarcasm, dismissal and orders: what the words do is not what they say."""
    get = weights.get
    harsh = get(acts.INSULT, 0.0) + get(acts.HOSTILITY, 0.0)
    kind_words = get(acts.PRAISE, 0.0) + get(acts.AFFECTION, 0.0)
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
    if acts.DISMISSAL in weights:
        weights.pop(acts.APOLOGY, None)
    if words[0] in _CURT and len(words) <= 2:
        weights[acts.DISMISSAL] = 0.7
    if words[0] in _IMPERATIVE and "now" in words and "please" not in words:
        weights[acts.ORDER] = weights.get(acts.ORDER, 0.0) + 0.8


def _sour(words: list[str], weights: dict[int, float]) -> bool:
    return any(deed in weights for deed in _SOUR_DEEDS) or not _SOUR_WORDS.isdisjoint(words)


def _blend(weights: dict[int, float], words: list[str], params: Params, state: State) -> Reading:
    """One reading of all deeds, each by its share, seen from where the character stands."""
    if not weights:
        return _at_rest(words, params)
    if len(weights) > 1 and acts.REQUEST in weights:
        weights[acts.REQUEST] *= 0.3  # a question around a deed is only its form
    total = sum(weights.values())
    strongest = max(weights.values())
    full = strongest if strongest < 1.0 else 1.0
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
    known = sum(1 for word in words if get(word, _MARK)[0] != _END)
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
