"""From the tokens of a text to deeds: who does what to whom, negated or not, and in which mood.

One pass cuts the tokens into clauses; each clause makes deeds of its words by their frames (frames.py). Not here:
the words (lexicon.toml), what deeds mean to the character (speech_acts.py), irony and tone (tone.py).
"""

from typing import Final

from molroo_actor.engine import speech_acts as acts
from molroo_actor.engine.frames import (
    AGAIN,
    ASKED,
    BITS,
    CAUSES,
    FUTURE,
    IF,
    NOBODY,
    ORDER,
    OTHER,
    SAID,
    SELF,
    STOP,
    THAN,
    THING,
    TO_OTHER,
    USER,
    WANT,
    WISH,
)
from molroo_actor.engine.lexicon import BY_BEGINNING, KINDS, STRANGE, heads, korean, lexicon
from molroo_actor.engine.moods import Hit, settle
from molroo_actor.engine.values import Source

_LAST_HIT, _LAST_PERSON, _LAST_BREAK = KINDS["dull"], KINDS["it"], KINDS["end"]  # kinds are numbered in groups
_END, _COMMA, _BUT, _JOINT, _NOT, _NONE, _STOP = (
    KINDS[k] for k in ("end", "comma", "but", "joint", "not", "none", "stop")
)
_VERY, _BIT, _BE, _WILL, _WANT, _AGAIN, _WISH, _IF = (
    KINDS[k] for k in ("very", "bit", "be", "will", "want", "again", "wish", "if")
)
_YOU, _YOURE, _YOUR, _I, _IVE, _MY, _WE, _ME = (
    KINDS[k] for k in ("you", "youre", "your", "i", "ive", "my", "we", "me")
)  # fmt: skip
_OTHER, _HE, _HIM, _USER, _SELF, _IT, _SAID, _SEE, _CAUSE, _PREP, _THAN, _THE, _OPEN, _FILLER = (
    KINDS[k]
    for k in (
        "other",
        "he",
        "him",
        "user",
        "self",
        "it",
        "said",
        "see",
        "cause",
        "prep",
        "than",
        "the",
        "open",
        "filler",
    )
)
_TRANSITIVE = frozenset(KINDS[k] for k in ("harm", "wrong", "discard", "hostile", "warm", "benefit", "give", "contact"))
_AGENTIVE = _TRANSITIVE - {KINDS["contact"]}
_PASSIVE = frozenset(
    ("be", "been", "being", "was", "were", "is", "are", "am", "got", "get", "gets", "getting", "im", "i'm", "you're")
)
_ASKING = frozenset(
    (
        "can",
        "could",
        "would",
        "will",
        "do",
        "did",
        "does",
        "are",
        "were",
        "is",
        "was",
        "have",
        "has",
        "should",
        "didn't",
        "don't",
    )
)
_VERBAL = frozenset((_BE, _WILL, _NOT, _CAUSE, _SEE, _SAID, _WANT, *range(_LAST_HIT + 1)))
_APOLOGY, _THANKS, _QUALITY = (KINDS[k] for k in ("apology", "thanks", "quality"))
_FIRSTS = frozenset((_I, _IVE, _MY, _WE, _ME))
_SECONDS = frozenset((_YOU, _YOURE, _YOUR))
_SUBJECTS = frozenset((_I, _IVE, _WE))
_PERSONS = _FIRSTS | _SECONDS | {_OTHER, _HE, _HIM, _USER, _SELF, _NONE, _IT, _THE}
_QUOTED = _FIRSTS | _SECONDS | {_OTHER, _HE}
_COPULA = frozenset((_BE, _WILL, _NOT, _CAUSE))
_CARRIED = WISH | IF | SAID  # moods that reach a clause within the clause
_COURTESY, _AUXILIARY, _PAUSES = frozenset((_APOLOGY, _THANKS)), frozenset((_BE, _WILL)), frozenset((_COMMA, _JOINT))
_POSSESSIVE, _YOUS, _CLIPPED = frozenset((_MY, _YOUR)), frozenset((_YOU, _YOURE)), frozenset((_IVE, _YOURE))
_NAMED = frozenset((_OTHER, _USER, _SELF))
_AFTERWARDS = frozenset("않아")  # Korean negates what stands before
_RAISING = frozenset(("think", "thought", "thinks", "guess", "suppose", "bet"))
_SCOPE: Final = 4  # tokens that a negation reaches


def scan(words: list[str], source: Source) -> dict[int, float]:  # noqa: C901, PLR0912, PLR0915 - one pass, because a call per token would be most of its cost
    """Deed -> weight of everything that the words do."""
    entries = list(map(heads().__getitem__, words))
    told = source == "user"
    first, second = (SELF, USER) if source == "internal" else (USER, SELF)
    to_first, to_second = BITS[first], BITS[second]
    weights: dict[int, float] = {}
    hits: list[Hit] = []
    subject = objects = owners = mood = scope = 0
    before = before_objects = 0  # what the last clause was about: "My dog died. Terrible." insults nobody
    boost = 1.0
    tentative = verbed = governed = joined = noun = False
    opens = True  # nothing of the clause has been read yet
    raised = False
    opened = -1  # where a word stands that a clause within the clause follows
    someone = OTHER  # whom "he", "she" and "they" mean
    n = len(words)
    # A word: where it stands, where the next one does, what it brings along, itself, the next one.
    ahead = zip(range(n), range(1, n + 1), entries, words, [*words[1:], ""], strict=False)
    for at, i, (kind, value, more), word, after in ahead:
        if more is not None:
            if more is BY_BEGINNING:
                entry, used = korean(word, words[i : i + 3], lexicon())
                if used:
                    i = next(ahead)[1]  # noqa: PLW2901 - what is read of a phrase is passed over
                if entry is not None:
                    kind, value = entry  # noqa: PLW2901 - what the word is where it stands
            elif after in more:
                entry, thirds, longer = more[after]
                end = i + 1
                if i + 1 < n and words[i + 1] in thirds:
                    for rest, meant in longer:
                        if tuple(words[i + 1 : i + 1 + len(rest)]) == rest:
                            entry, end = meant, i + 1 + len(rest)
                            break
                if entry is not None:
                    kind, value = entry  # noqa: PLW2901
                    if kind <= _LAST_HIT:
                        for place in range(at, end):
                            part = entries[place][0]
                            if part in _SECONDS:
                                objects |= to_second
                            elif part in _FIRSTS:
                                objects |= to_first
                                if not subject and words[place] == word and part in _SUBJECTS:
                                    subject = first
                    while i < end:
                        i = next(ahead)[1]  # noqa: PLW2901
        if kind < 0:
            if scope:
                scope -= 1
            if kind == STRANGE:
                noun, opens, governed = True, False, False
        elif kind <= _LAST_HIT:
            passive = False
            if kind in _TRANSITIVE:
                passive = (
                    at > 0
                    and (
                        words[at - 1] in _PASSIVE
                        or (at > 1 and words[at - 2] in _PASSIVE and words[at - 1][-2:] == "ly")
                    )
                    and word[-3:] != "ing"
                    and words[i - 1][-3:] != "ing"
                )
                if kind in _AGENTIVE:
                    if tentative and noun and subject == (first if told else SELF):
                        subject, tentative = OTHER, False  # "my flatmate broke": whoever it is
                    if not subject and not passive:
                        if noun:
                            subject = OTHER
                        elif opens:
                            mood |= ORDER
            hits.append((kind, value * boost, scope > 0, passive))
            boost = 1.0
            if kind in _COURTESY and i < n and entries[i][0] == _PREP:  # "sorry for …", "thanks for …"
                settle(weights, hits, told, subject, objects, owners, mood, before, before_objects)
                subject = (USER if kind == _APOLOGY else SELF) if told else subject
                next(ahead)
            opens, governed, joined, verbed = False, False, False, True
        elif kind <= _LAST_BREAK:
            if kind == _ME:
                objects |= to_first
                governed = opens = False
            elif kind == _YOU and (
                governed
                or (
                    opened != at
                    and (subject or hits or verbed)
                    and not (mood & ASKED and not subject and not hits)
                    and (
                        entries[at - 1][0] in _TRANSITIVE
                        or (mood & CAUSES and not hits)
                        or i >= n
                        or (entries[i][0] not in _VERBAL)
                    )
                )
            ):
                objects |= to_second
                governed = False
            elif kind == _HIM:
                objects |= BITS[someone]
                governed = opens = False
            elif mood & SAID and kind in _QUOTED:
                objects |= to_first if kind in _FIRSTS else to_second if kind in _SECONDS else TO_OTHER
                governed = False
            elif kind in _POSSESSIVE:
                who = first if kind == _MY else second
                if joined and hits and not governed:
                    settle(weights, hits, told, subject, objects, owners, mood, before, before_objects)
                    before, before_objects = subject, objects
                    subject, objects, owners, mood, verbed, scope = 0, 0, 0, mood & _CARRIED, False, 0
                owners |= BITS[who]
                noun = False
                if not subject and not governed and not hits and not verbed:
                    subject, tentative = who, True
                opens = joined = False
            elif kind in _NAMED:
                who = OTHER if kind == _OTHER else USER if kind == _USER else SELF
                if kind == _USER:
                    someone = USER
                elif kind == _OTHER and not told:
                    someone = OTHER
                if governed:
                    objects |= BITS[who]
                    governed = False
                elif joined and (hits or verbed) and not tentative:
                    if hits:
                        settle(weights, hits, told, subject, objects, owners, mood, before, before_objects)
                        before, before_objects = subject, objects
                    subject, objects, mood, scope, verbed = who, objects & to_first, mood & _CARRIED, 0, False
                elif not subject or (tentative and not hits and not verbed):
                    subject, tentative = who, False
                else:
                    objects |= BITS[who]
                opens = joined = False
            elif kind == _IT and (subject or governed) and (i >= n or entries[i][0] not in _COPULA):
                governed = opens = False
                if opened == at and word == "that":
                    opened = i
            elif kind == _NONE and not opens and word == "nothing":
                scope = _SCOPE
            else:  # a new subject, or an end
                if hits:
                    asked = mood | ASKED if word == "?" else mood
                    reach = objects
                    if opened == at and kind in _SECONDS:
                        reach |= to_second  # "I love what you did"
                    settle(weights, hits, told, subject, reach, owners, asked, before, before_objects)
                    before, before_objects = subject or before, objects
                    mood &= IF
                elif kind == _END and word == "?" and subject != OTHER:
                    weights[acts.REQUEST] = weights.get(acts.REQUEST, 0.0) + 0.3
                elif subject:
                    mood &= _CARRIED
                boost = 1.0
                if kind > _LAST_PERSON:
                    if kind == _BUT:
                        for deed in weights:
                            weights[deed] *= 0.4  # what comes after "but" is what is meant
                    subject = objects = owners = scope = 0
                    mood = IF if kind == _IF else 0
                    tentative = verbed = governed = joined = noun = False
                    opens = True
                    continue
                if joined:
                    mood &= ~IF  # the main clause follows the comma
                scope = _SCOPE if raised and opened == at else 0
                verbed = opens = noun = governed = tentative = joined = False
                if kind in _SUBJECTS:
                    subject, objects, owners = first, 0, 0
                elif kind in _YOUS:
                    subject, objects, owners = second, objects & to_first, 0
                elif kind == _NONE:
                    subject, objects, owners, scope = OTHER, 0, 0, _SCOPE
                elif kind == _HE:
                    subject, objects = someone, objects & to_first
                else:
                    subject, objects, owners, noun = NOBODY, 0, 0, True
                    mood |= THING
                if kind in _CLIPPED:
                    verbed = True
                    if word[-3:] == "'ll":
                        mood |= FUTURE
        elif kind == _THE:
            pass
        elif kind == _PREP:
            governed = True
        elif kind in _PAUSES:
            joined, governed = True, False
            if kind == _COMMA:
                scope, noun = 0, False
        elif kind in _AUXILIARY:
            if opens and opened != at and i < n and entries[i][0] in _PERSONS and word in _ASKING:
                mood |= ASKED
            elif not subject and noun:
                subject = OTHER
                mood |= THING
            if kind == _WILL:
                mood |= FUTURE
            opens, governed, verbed = False, False, verbed or not mood & ASKED
        elif kind == _FILLER:
            if scope and word == "say":
                opened, raised = i, True
            elif opened == at:
                opened = i
        elif kind == _VERY:
            boost = 1.3 if boost <= 1.0 else 1.5
        elif kind == _NOT:
            if hits and word[0] in _AFTERWARDS:
                last = hits[-1]
                hits[-1] = (last[0], last[1], not last[2], last[3])
            else:
                scope = _SCOPE
            verbed = verbed or not opens
        elif kind == _BIT:
            boost = 0.6
        elif kind == _OPEN:
            # "I don't think you are boring"
            raised = (scope > 0 and word in _RAISING) or (raised and opened == at)
            opened, governed = i, False
        elif kind == _WANT:
            mood |= WANT
            opens, governed, verbed = False, False, True
        elif kind == _AGAIN:
            mood |= AGAIN
        elif kind == _CAUSE:
            if hits and i < n and entries[i][0] not in _PERSONS:
                continue
            if not subject and noun:
                subject = OTHER
            mood |= CAUSES
            opens, governed, verbed = False, False, True
        elif kind == _SAID:
            if subject == OTHER or (not told and subject == USER):
                mood |= SAID
            elif not subject and noun:
                subject = OTHER
                mood |= SAID
            elif scope and word == "saying":
                opened, raised = i, True
            opens, governed, verbed = False, False, True
        elif kind == _SEE:
            if not told and subject == SELF and not hits:
                subject = objects = owners = 0
                opens = True
                noun = verbed = False
            else:
                opens, governed, verbed = False, False, True
        elif kind == _THAN:
            if i > at + 1 or (i < n and entries[i][0] in _SECONDS):
                if not mood & THAN and not hits and subject != SELF and told:
                    hits.append((_QUALITY, 0.7, scope > 0, False))  # "has more wit than you"
                mood |= THAN
            governed = True
        elif kind == _WISH:
            mood |= WISH
            opens, verbed = False, True
        else:  # "stop"
            if opens:
                mood |= STOP | ORDER
                subject = SELF if told else subject
                tentative = False
            else:
                scope = _SCOPE
            opens, verbed = False, True
    if hits:
        settle(weights, hits, told, subject, objects, owners, mood, before, before_objects)
    return weights
