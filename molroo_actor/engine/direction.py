"""What a director would say about a state: which keys into the sentences of prompts/ it calls for.

Here: what the feeling is about, where it comes from, what stands between the two, how much is let out. Functions of
a moment alone; None where there is nothing worth saying. Not here: the sentences, their order and their number.
"""

from msgspec import Struct

from molroo_actor.engine import contact, cusp
from molroo_actor.engine.params import Params
from molroo_actor.engine.phrases import Phrases
from molroo_actor.engine.state import State
from molroo_actor.engine.values import Regulation

FAINT, CLEAR, STRONG, OVERWHELMING = 0.12, 0.34, 0.60, 0.80  # displayed intensities from which the words begin
GLAD = frozenset(
    "joy excitement contentment love gratitude pride amusement relief trust calm hope surprise neutral".split()
)
# What is not acted on but stayed with; anger, fear and disgust are not among them.
TENDER = frozenset(
    "compassion concern sadness loneliness hurt disappointment shame guilt embarrassment numbness".split()
)
AFRAID = frozenset(("fear", "anxiety"))
CRUSHED = frozenset(("Stressed", "Overwhelmed", "Breaking Point", "Collapse"))

_H_MS, _MIN_MS = 3_600_000, 60_000
_NEED_LOW = 0.36
_WORN = 0.35  # mask below which one can hold back no longer
# Feelings that a text speaks of when it is meant for the character, and when it is about somebody else.
_MEANT_WELL = frozenset(("love", "gratitude", "pride", "trust", "hope", "amusement"))
_MEANT_ILL = frozenset(("hurt", "anger", "annoyance"))
_FOR_THEM = frozenset(("concern", "compassion"))
_WITHDRAWN = frozenset(("sadness", "shame", "numbness", "boredom", "contempt"))


class Moment(Struct, frozen=True, gc=False):
    """A state as a director looks at it.

    paces: which variant is told, at each of three paces, counted on and on; valence as felt, [-1, 1]; strength as
    displayed, [0, 1]; mask [0, 1].
    """

    params: Params
    s: State
    say: Phrases
    paces: tuple[int, int, int]
    primary: str
    secondary: str | None
    valence: float
    strength: float
    mask: float
    stage: str
    active: Regulation | None


def cause(moment: Moment) -> str | None:
    """What the feeling is about, while that is fresh enough to be on one's mind.

    A cause that came with the user's last turn has that turn's time. Who is meant, the character or somebody it was
    told of, only what the text itself said can tell; a bare vector is taken as meant for the character.
    """
    s = moment.s
    if s.c_i < 0.1 or s.at_ms - s.c_ms > _H_MS or moment.primary == "neutral" or -0.15 < s.c_gc < 0.15:
        return None
    told = s.c_ms == s.met_ms
    glad = moment.primary in GLAD
    if s.c_gc > 0.0:
        if not glad:
            return "yet_dark" if told and _FOR_THEM.isdisjoint(s.c_ev) else None
        return _fortune(s, told)
    if glad:
        return "yet_bright" if told and not _MEANT_ILL.isdisjoint(s.c_ev) else None
    return _misfortune(s, told)


def _fortune(s: State, told: bool) -> str | None:
    ev = s.c_ev
    if s.c_ag > 0.2:
        return "own_good"
    if not told:
        return "fate_good"
    if not ev:
        return "you_good" if s.c_nc > 0.3 else "fate_good"
    if not _MEANT_WELL.isdisjoint(ev):
        return "you_good"
    if "excitement" in ev or "relief" in ev:
        return "theirs_good"
    return "you_good" if "joy" in ev else None


def _misfortune(s: State, told: bool) -> str | None:
    ev = s.c_ev
    if s.c_ag > 0.2:
        return "own_wrong" if s.c_nc < -0.3 or s.c_is < -0.3 else "own_failure"
    if told and not _FOR_THEM.isdisjoint(ev):
        if s.c_loss > 0.5:
            return "theirs_loss"
        return "theirs_wronged" if "anger" in ev else "theirs_bad"
    if "boredom" in ev:
        return None
    if "disgust" in ev:
        return "wrong"
    if s.c_loss > 0.6:
        return "loss"
    if (s.c_ur > 0.75 and s.c_ct < 0.35) or ("fear" in ev and not told):
        return "danger"
    if (s.c_nc < -0.2 and s.c_ag < -0.3) or not _MEANT_ILL.isdisjoint(ev):
        return "you_bad" if told else "harm"
    return "fate_bad"


def on_the_brink(moment: Moment) -> bool:
    """A dark feeling that may throw the character out of its composure, where the stage does not say so already."""
    if moment.strength < CLEAR or moment.primary in GLAD or moment.stage in CRUSHED:
        return False
    s = moment.s
    return cusp.catastrophe(moment.params, s.a, s.d, s.stress, moment.mask).risk == "high"


def course(moment: Moment) -> str | None:
    """Where the feeling comes from: turned from its opposite, grown, or left over from earlier."""
    s = moment.s
    if moment.strength < FAINT or moment.primary == "neutral":
        return None
    now = s.v
    side = "bright" if now > 0.0 else "dark"
    age = s.at_ms - s.c_ms
    if age > _H_MS:
        return f"lasting_{side}"
    off = s.c_v - moment.params.bv  # what was felt before, if it was more than the usual mood
    if age > 10 * _MIN_MS or -0.1 < off < 0.1 or (now > 0.0) != (moment.primary in GLAD):
        return None
    if now * off < 0.0:
        return f"turned_{side}" if now * s.c_v <= 0.0 else None
    return f"growing_{side}" if (now - s.c_v) * now > 0.1 * abs(now) else None


def mood(moment: Moment) -> str | None:
    """The longer mood, where it differs from the feeling or deepens it."""
    off = moment.s.mv - moment.params.bv
    if -0.08 < off < 0.08 or moment.strength < FAINT:
        return None
    if moment.primary in GLAD:
        return "dark_under_bright" if off < 0.0 else "bright_all" if off > 0.15 else None
    return "bright_under_dark" if off > 0.0 else "dark_all" if off < -0.15 else None


UNREMARKABLE = frozenset(("some_new", "some_some"))  # bonds that go without saying


def bond(moment: Moment, about: str | None) -> str:
    """Trust and acquaintance; otherwise told when the trusted one has just done the character wrong."""
    s = moment.s
    if s.trust < 0.40:
        trust = "none" if s.trust < 0.20 else "little"
    else:
        trust = "some" if s.trust < 0.65 else "much"
        if about == "you_bad":
            trust = f"struck_{trust}"
    return f"{trust}_{'new' if s.familiarity < 0.2 else 'some' if s.familiarity < 0.6 else 'old'}"


def between(moment: Moment, about: str | None) -> str | None:
    """What stands between the two beyond trust and acquaintance."""
    s = moment.s
    if contact.rift(s, s.at_ms) > 0.12:
        if about in {"you_good", "yet_dark"}:
            return "mending"
        return "broken_new" if s.familiarity < 0.2 else "broken"
    return "easy" if s.rapport > 0.45 and s.trust > 0.5 else None


def absence(moment: Moment) -> str | None:
    """How long the user has been silent, or was before coming back, if long enough to be felt."""
    s = moment.s
    if not s.talks:
        return None
    h = (s.at_ms - s.met_ms) / _H_MS
    if h < 6.0:
        # The longest pause of late is the one that has just ended, as long as hardly a word has followed it.
        return "back" if s.k_pause > 40.0 and s.k_fast < 2.5 else None
    if h < 40.0:
        return "hours" if h < 20.0 else "day"
    if h < 192.0:
        return "days"
    return "weeks" if h < 1440.0 else "months"


def manner(moment: Moment) -> str:
    """How much is let out: by nature; less while it is held back; more where one can hold it back no longer."""
    out = moment.params.expressiveness
    if moment.primary not in GLAD and moment.strength >= FAINT:
        active = moment.active
        held = active is not None and active.strategy == "response_modulation"
        if moment.mask < _WORN and (held or out <= 0.6):
            return "slipping"
        if held:
            return "held"
    return "open" if out > 0.6 else "closed" if out < 0.38 else "even"


def length(moment: Moment) -> str:
    """How long the answer should be: little from whoever is spent or withdrawn, much from the glad and talkative."""
    params, s, strength, stage = moment.params, moment.s, moment.strength, moment.stage
    if s.energy < 0.12 or stage in {"Collapse", "Breaking Point"}:
        return "least"
    withdrawn = moment.primary in _WITHDRAWN and strength > 0.25
    if s.energy < 0.30 or stage in CRUSHED or withdrawn:
        return "short"
    if params.expressiveness < 0.4 and s.v < params.bv - 0.2:
        return "short"
    talkative = params.expressiveness > 0.55 and s.trust >= 0.4
    return "long" if talkative and strength > 0.4 and s.v > 0.2 else "normal"


def need(moment: Moment) -> str | None:
    """The needs that press, alone or together."""
    s = moment.s
    pressing = []
    if s.autonomy < _NEED_LOW:
        pressing.append("autonomy")
    if s.competence < _NEED_LOW:
        pressing.append("competence")
    if s.relatedness < _NEED_LOW:
        pressing.append("relatedness")
    if not pressing:
        return None
    return "all" if len(pressing) == 3 else "_".join(pressing)
