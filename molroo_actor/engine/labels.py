"""What a feeling is called: thirty-one labels, scored by where the emotion is and what it is about.

Score = nearness in (V, A, D) to the label (Russell & Mehrabian 1977) + what the appraisal of the cause speaks
for, fading since then + what the text itself said + the state. Valence, arousal and dominance alone cannot
name feelings, and an hour-old anger drifts: the label keeps its cause. Not here: sentences about feelings.
"""

from collections.abc import Callable
from math import exp
from types import MappingProxyType

from molroo_actor.engine.dynamics import felt, missed
from molroo_actor.engine.params import Params
from molroo_actor.engine.state import State
from molroo_actor.engine.values import Intensity

# label -> (pleasure, arousal, dominance), each in [-1, 1]: Russell & Mehrabian (1977) where they list the word
# or a near one (gratitude: grateful; annoyance: mildly annoyed; hurt: rejected), judgement elsewhere.
PAD = MappingProxyType(
    {
        "joy": (0.76, 0.48, 0.35),
        "excitement": (0.62, 0.75, 0.38),
        "contentment": (0.60, -0.10, 0.20),
        "love": (0.75, 0.30, 0.05),
        "gratitude": (0.64, 0.16, -0.15),
        "pride": (0.70, 0.38, 0.65),
        "amusement": (0.60, 0.40, 0.20),
        "relief": (0.50, -0.25, 0.05),
        "trust": (0.55, -0.05, 0.05),
        "calm": (0.30, -0.35, 0.10),
        "hope": (0.51, 0.23, 0.14),
        "compassion": (-0.10, 0.00, 0.05),
        "concern": (-0.20, 0.20, -0.05),
        "surprise": (0.20, 0.67, -0.13),
        "sadness": (-0.63, -0.27, -0.33),
        "loneliness": (-0.60, -0.43, -0.32),
        "hurt": (-0.60, 0.15, -0.30),
        "disappointment": (-0.50, -0.05, -0.15),
        "anger": (-0.51, 0.59, 0.25),
        "annoyance": (-0.35, 0.30, 0.15),
        "disgust": (-0.60, 0.35, 0.11),
        "contempt": (-0.35, 0.31, 0.29),
        "fear": (-0.64, 0.70, -0.43),
        "anxiety": (-0.40, 0.55, -0.30),
        "shame": (-0.57, 0.01, -0.34),
        "guilt": (-0.57, 0.28, -0.34),
        "embarrassment": (-0.46, 0.54, -0.24),
        "boredom": (-0.35, -0.62, -0.20),
        "numbness": (-0.45, -0.60, -0.30),
        "neutral": (0.00, 0.00, 0.00),
    }
)
LABELS = tuple(PAD)
INDEX = MappingProxyType({label: i for i, label in enumerate(LABELS)})

_GATE = 13.0  # how much an event of full intensity outweighs the place of the emotion
_EVIDENCE = 7.0
_LEAD = 0.6
_NUMB_MS = 3_600_000
_AT_REST = 0.15
_UNTOLD = {"compassion": 1.5, "concern": 1.0}  # both are about others, and only words tell of others
_FADE = 0.6931471805599453 / (3 * 3_600_000.0)


def _nearness() -> Callable[[float, float, float], list[float]]:
    """(V, A, D) -> a score for each label: -|e - p|^2 / (2 * .42^2) without the part that all labels share.

    Three weights and a constant a label; written out with the numbers in it, it takes half the time of a loop.
    """
    spread = 2 * 0.42**2
    terms = (
        f"{2 * p / spread!r} * v + {2 * a / spread!r} * a + {2 * d / spread!r} * d"
        f" - {(p * p + a * a + d * d) / spread + _UNTOLD.get(label, 0.0)!r}"
        for label, (p, a, d) in PAD.items()
    )
    made: Callable[[float, float, float], list[float]] = eval(f"lambda v, a, d: [{', '.join(terms)}]")  # noqa: S307 - our own numbers
    return made


_near = _nearness()
(
    _JOY, _EXCITEMENT, _CONTENTMENT, _LOVE, _GRATITUDE, _PRIDE, _AMUSEMENT, _RELIEF, _TRUST, _CALM, _HOPE, _COMPASSION,
    _CONCERN, _SURPRISE, _SADNESS, _LONELINESS, _HURT, _DISAPPOINTMENT, _ANGER, _ANNOYANCE, _DISGUST, _CONTEMPT, _FEAR,
    _ANXIETY, _SHAME, _GUILT, _EMBARRASSMENT, _BOREDOM, _NUMBNESS, _NEUTRAL,
) = range(len(LABELS))  # fmt: skip


def fade(state: State) -> float:
    """What is left of the cause, (0, 1]: it fades over three half-lives of the emotion it raised."""
    return exp((state.c_ms - state.at_ms) * _FADE / state.half_h)


def name(params: Params, state: State) -> tuple[str, str | None]:
    """(primary, secondary or None) of the state at its own time. The same state has the same name, always.

    What the feeling was called at the last turn keeps a small lead while its cause lasts, so that a hair's breadth
    does not rename it back and forth; the secondary is chosen without that lead.
    """
    lack = missed(state.relatedness, state.used)
    return called(params, state, felt(state.v, state.energy, lack), lack)


def called(params: Params, s: State, v: float, lack: float) -> tuple[str, str | None]:
    """`name` of a state whose valence is felt as `v` while `lack` is missed: whoever asks for a name knows both."""
    left = fade(s)
    strength = s.c_i * left
    gate = _GATE * strength
    place = 1.0 - 0.6 * strength  # while the cause is fresh, where the emotion stands says less
    score = _near(v * place, s.a * place, s.d * place)
    spent = 0.35 - s.energy if s.at_ms - s.c_ms >= _NUMB_MS else 0.0
    if spent > 0.0:  # only a spent body long left alone is numb, and what it was about matters less
        gate *= 1.0 - 2.0 * spent
        numb = 40.0 * spent
    else:
        numb = -6.0
    if gate > 0.3:
        (_good if s.c_gc >= 0.0 else _bad)(score, s, gate, params)
    for label, weight in s.c_ev.items():
        at = INDEX.get(label)  # an appraiser from outside may speak of feelings that have no name here
        if at is not None:
            score[at] += _EVIDENCE * weight * left
    # What body, needs and habit speak for, whatever happened last.
    if lack > 0.04:
        score[_LONELINESS] += 90.0 * (lack - 0.04) if lack < 0.08 else 3.6
    score[_NUMBNESS] += numb
    if s.x_gr < 0.25 and s.x_ex > 0.6:  # nothing matters and nothing surprises (Smith & Ellsworth 1985)
        score[_BOREDOM] += 60.0 * (0.25 - s.x_gr) * (s.x_ex - 0.6)

    if strength < 0.03:  # whoever is at its own rest, wherever that lies, feels nothing special
        away = abs(s.v - params.bv) + abs(s.a - params.ba) + abs(s.d - params.bd)
        if away < _AT_REST:
            score[_NEUTRAL] += 2.0 * (1.0 - away / _AT_REST)

    known = s.label
    score[known] += _LEAD * left
    first = score.index(max(score))
    score[known] -= _LEAD * left
    if first == _NEUTRAL:
        return "neutral", None
    top = score[first]
    score[first] = -99.0
    runner_up = max(score)
    if top - runner_up > 1.6:
        return LABELS[first], None
    return LABELS[first], LABELS[score.index(runner_up)]


def _good(score: list[float], s: State, gate: float, params: Params) -> None:
    """Adds what a welcome or indifferent cause speaks for."""
    gr, gc, ex, ct, nc, ur = s.c_gr, s.c_gc, s.c_ex, s.c_ct, s.c_nc, s.c_ur
    own, other = (s.c_ag, 0.0) if s.c_ag > 0.0 else (0.0, -s.c_ag)
    sudden = 0.6 - ex if ex < 0.6 else 0.0
    kind = nc if nc > 0.0 else 0.0
    mild = 1.0 - gr
    score[_JOY] += gate * gr * (1.5 * gc + 0.3 * nc)
    score[_EXCITEMENT] += gate * (sudden * (2.75 * gc + 0.3 * kind) + 1.35 * (ur - 0.4) * gc)
    score[_CONTENTMENT] += gate * ((0.45 + 1.15 * mild) * gc - 0.7 * (ur - 0.3) + 0.65 * (ex - 0.5))
    score[_PRIDE] += gate * 1.4 * own * gc
    score[_TRUST] += gate * (0.45 * nc + 1.85 * (ct - 0.5) + 0.9 * (ex - 0.5))
    score[_SURPRISE] += gate * sudden * (1.0 - gc) * (1.6 + 1.7 * ur)
    if ur < 0.6:
        score[_AMUSEMENT] += gate * 10.0 * sudden * mild * gc * (0.6 - ur)
    score[_NEUTRAL] -= gate * 0.5 * gc
    if other > 0.35:  # who was given something thanks for it
        score[_GRATITUDE] += gate * 1.1 * (other - 0.35) * (0.4 + gc) * (0.5 + kind)
        if s.rapport > 0.2:  # and loves who has long been kind
            score[_LOVE] += gate * 9.0 * (other - 0.35) * gc * kind * (s.rapport - 0.2) * s.trust
    if ct < 0.45:  # what is good and not in one's hands is hoped for
        score[_HOPE] += gate * 2.5 * (0.45 - ct) * (1.0 - gc) * (0.3 + gc)
    low = (params.bv if params.bv < 0.0 else 0.0) - s.c_v
    if low > 0.1:
        score[_RELIEF] += gate * 2.2 * gc * (1.3 - gc) * (low + 0.2 + s.c_dread)


def _bad(score: list[float], s: State, gate: float, params: Params) -> None:
    """Adds what an unwelcome cause speaks for."""
    ex, ct, ur, blame = s.c_ex, s.c_ct, s.c_ur, s.c_is
    bad = -s.c_gc
    own, other = (s.c_ag, 0.0) if s.c_ag > 0.0 else (0.0, -s.c_ag)
    wrong = -s.c_nc if s.c_nc < 0.0 else 0.0
    helpless = 1.0 - ct
    score[_ANGER] += gate * (0.9 * wrong * ct + 0.8 * (ur - 0.5) * ct + 0.25 * bad * (0.4 + ct))
    score[_DISGUST] += gate * (2.2 * wrong * (blame + 0.2) - 0.3 * (ur - 0.4))
    score[_CONTEMPT] += gate * 3.0 * wrong * other * (ct - 0.4) * (0.7 - ur)
    score[_FEAR] += gate * helpless * bad * (2.5 * (ur - 0.5) + 0.55)
    score[_ANXIETY] += gate * helpless * (1.1 * (ur - 0.4) + 0.8 * (0.7 - bad))
    score[_SADNESS] += gate * (s.c_loss + bad * (1.65 * (0.5 - ur) + 0.95 * (ex - 0.5) + 0.3 * helpless))
    score[_HURT] += gate * 0.7 * other * bad * (0.4 + wrong) * (1.2 - ct)
    score[_NEUTRAL] -= gate * 0.5 * bad
    if bad < 0.6:
        score[_ANNOYANCE] += gate * 0.9 * (0.6 - bad) * ct
    if blame < -0.15:
        fault = -0.15 - blame
        mine = gate * params.guilt * fault
        score[_GUILT] += mine * 1.55
        score[_SHAME] += mine * (1.6 * wrong + 0.85 * helpless)
        score[_EMBARRASSMENT] += mine * 8.0 * (0.6 - ex) * (0.7 - bad)
        score[_FEAR] -= gate * 0.6 * fault
    if own > 0.0 and blame < 0.3:
        mine = gate * params.guilt * own
        score[_GUILT] += mine * (0.5 * wrong + 0.4 * bad)
        score[_SHAME] += mine * (0.2 * wrong + 0.2 * bad * helpless)
    if bad < 0.45 and not s.c_ev:  # what is slight, can be handled and says no more leaves one calm
        slight = (0.45 - bad) / 0.20 if bad > 0.25 else bad / 0.06 if bad < 0.06 else 1.0
        score[_CALM] += 20.0 * slight * (ct if ct < s.c_ap else s.c_ap) * (s.c_gr if s.c_gr < 0.4 else 0.4)
    if s.c_v > 0.1:
        score[_DISAPPOINTMENT] += gate * 0.9 * bad * (s.c_v + 0.3) * (1.0 - wrong) * (1.2 - ur)


def level(strength: float) -> Intensity:
    """The word for an intensity in [0, 1]."""
    return "low" if strength < 0.34 else "moderate" if strength < 0.67 else "high"
