"""From a text to what it means to the character: the embedded appraiser, English first, Korean by its own words.

grammar.py makes deeds of the words, tone.py turns those that are not meant; where they say little, hunch.py and
scorer.py say what the words alone suggest; perspective.py sees it all from where the character stands. No network, no
model. Not here: the words (lexicon.toml).
"""

from molroo_actor.engine import perspective
from molroo_actor.engine import speech_acts as acts
from molroo_actor.engine.goals import touched
from molroo_actor.engine.grammar import scan
from molroo_actor.engine.hunch import hunch
from molroo_actor.engine.lexicon import denials, tokens
from molroo_actor.engine.params import Params
from molroo_actor.engine.perspective import REST
from molroo_actor.engine.scorer import valence
from molroo_actor.engine.state import State
from molroo_actor.engine.tone import tone
from molroo_actor.engine.values import Appraisal, Reading, Source

_HEAD, _TAIL = 1200, 400  # characters that are read of a long text: its beginning and its end say what it is
_KNOWN_MIN = 0.34  # share of known words below which a text is in no language that is read here

_UNKNOWN = Reading(Appraisal(*REST[:6]), 0.0, 0.1)


def appraise(text: str, source: Source, params: Params, state: State) -> Reading:
    """What `text` means to the character, told by the user, narrated to it, or thought by itself.

    Any text: what is not understood is neutral with low confidence. Never raises.
    """
    if len(text) > _HEAD + _TAIL:
        text = text[:_HEAD] + "\n" + text[-_TAIL:]
    words = tokens(text)
    if not words:
        return _UNKNOWN
    told = source == "user"
    weights = scan(words, source)
    tone(words, weights, told)
    known = 1.0
    if perspective.says_little(weights, told):
        felt, known = valence(words)
        if known >= _KNOWN_MIN:
            perspective.guess(weights, hunch(words, told), felt, told, not denials().isdisjoint(words))
        elif len(weights) == 1:
            weights.pop(acts.REQUEST, None)  # a question mark is understood in any language, the question is not
    goal = touched(words, weights, params) if params.goals else (0.0, 0.0)
    return perspective.see(weights, goal, params, state) if weights else _at_rest(known, goal[0])


def _at_rest(known: float, goal: float) -> Reading:
    """The reading of a text that does nothing: neutral, somewhat relevant when it touches a goal."""
    gr, gc, ex, ct, ag, nc, _ur, _loss = REST
    gr += (1.0 - gr) * 0.4 * goal
    return Reading(Appraisal(gr, gc, ex, ct, ag, nc), 0.0, 0.1 + 0.3 * known)
