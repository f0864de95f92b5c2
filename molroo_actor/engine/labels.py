"""What a feeling is called: thirty-one labels, scored by where the emotion is and what it is about.

Score = nearness in (V, A, D) to the label (Russell & Mehrabian 1977) + what the appraisal of the cause speaks
for, fading since then + what the text itself said + the state. Valence, arousal and dominance alone cannot
name feelings, and an hour-old anger drifts: the label keeps its cause. Not here: sentences about feelings.
"""

from math import exp
from types import MappingProxyType

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

# -|e - p|^2 / (2 * .42^2) without the part that all labels share: three weights and a constant a label.
_TWICE_VARIANCE = 2 * 0.42**2
_TERMS = tuple(
    (
        2 * p / _TWICE_VARIANCE,
        2 * a / _TWICE_VARIANCE,
        2 * d / _TWICE_VARIANCE,
        -(p * p + a * a + d * d) / _TWICE_VARIANCE,
    )
    for p, a, d in PAD.values()
)
_GATE = 13.0  # how much an event of full intensity outweighs the place of the emotion
_EVIDENCE = 6.0
_FADE = 0.6931471805599453 / (3 * 3_600_000.0)

(
    _JOY, _EXCITEMENT, _CONTENTMENT, _LOVE, _GRATITUDE, _PRIDE, _AMUSEMENT, _RELIEF, _TRUST, _CALM, _HOPE, _COMPASSION,
    _CONCERN, _SURPRISE, _SADNESS, _LONELINESS, _HURT, _DISAPPOINTMENT, _ANGER, _ANNOYANCE, _DISGUST, _CONTEMPT, _FEAR,
    _ANXIETY, _SHAME, _GUILT, _EMBARRASSMENT, _BOREDOM, _NUMBNESS, _NEUTRAL,
) = range(len(LABELS))  # fmt: skip


def fade(state: State) -> float:
    """What is left of the cause, (0, 1]: it fades over three half-lives of the emotion it raised."""
    return exp((state.c_ms - state.at_ms) * _FADE / state.half_h)


def name(params: Params, state: State) -> tuple[str, str | None]:
    """(primary, secondary or None) of the state at its own time. The same state has the same name, always."""
    s = state
    left = fade(s)
    strength = s.c_i * left
    gate = _GATE * strength
    place = 1.0 - 0.6 * strength  # while the cause is fresh, where the emotion stands says less
    v, a, d = s.v * place, s.a * place, s.d * place
    score = [pw * v + aw * a + dw * d + rest for pw, aw, dw, rest in _TERMS]
    if gate > 0.3:
        (_good if s.c_gc >= 0.0 else _bad)(score, s, gate, params.guilt)
    for label, weight in s.c_ev.items():
        at = INDEX.get(label)  # an appraiser from outside may speak of feelings that have no name here
        if at is not None:
            score[at] += _EVIDENCE * weight * left
    _state_terms(score, s)
    top = max(score)
    first = score.index(top)
    score[first] = -99.0
    runner_up = max(score)
    if first == _NEUTRAL or top - runner_up > 1.6:
        return LABELS[first], None
    return LABELS[first], LABELS[score.index(runner_up)]


def _good(score: list[float], s: State, gate: float, _guilt: float) -> None:
    """Adds what a welcome or indifferent cause speaks for."""
    gr, gc, ex, ct, nc, ur = s.c_gr, s.c_gc, s.c_ex, s.c_ct, s.c_nc, s.c_ur
    own = s.c_ag if s.c_ag > 0.0 else 0.0
    sudden = 0.6 - ex if ex < 0.6 else 0.0
    mild = 1.0 - gr
    score[_JOY] += gate * (1.3 * gc * gr + 0.3 * nc * gr)
    score[_EXCITEMENT] += gate * (2.2 * sudden * gc + 1.2 * (ur - 0.4) * gc)
    score[_CONTENTMENT] += gate * (0.45 * gc + 1.0 * mild * gc - 0.6 * (ur - 0.3) + 0.3 * (ex - 0.5))
    score[_PRIDE] += gate * (1.2 * own * gc)
    score[_TRUST] += gate * (0.4 * nc + 1.2 * (ct - 0.5) + 0.8 * (ex - 0.5))
    score[_SURPRISE] += gate * (2.0 * sudden * (1.0 - gc))
    if s.c_v < -0.1:
        score[_RELIEF] += gate * (1.8 * gc * (-s.c_v + 0.3))


def _bad(score: list[float], s: State, gate: float, guilt: float) -> None:
    """Adds what an unwelcome cause speaks for."""
    gr, ex, ct, ur, loss = s.c_gr, s.c_ex, s.c_ct, s.c_ur, s.c_loss
    bad = -s.c_gc
    own, other = (s.c_ag, 0.0) if s.c_ag > 0.0 else (0.0, -s.c_ag)
    wrong = -s.c_nc if s.c_nc < 0.0 else 0.0
    own_wrong = -s.c_is if s.c_is < 0.0 else 0.0
    helpless = 1.0 - ct
    slight = 1.0 if bad < 0.2 else (0.35 - bad) / 0.15 if bad < 0.35 else 0.0
    score[_ANGER] += gate * (0.9 * wrong * ct + 0.7 * (ur - 0.5) * ct + 0.25 * bad * (0.4 + ct))
    score[_DISGUST] += gate * (1.8 * wrong * (s.c_is + 0.2) - 0.3 * (ur - 0.4))
    score[_FEAR] += gate * (2.0 * (ur - 0.5) * helpless * bad + 0.4 * helpless * bad - 0.6 * own_wrong)
    score[_ANXIETY] += gate * (0.8 * (ur - 0.4) * helpless + 0.5 * helpless * (0.7 - bad))
    score[_SADNESS] += gate * (0.9 * loss + 0.9 * (0.5 - ur) * bad + 0.6 * (ex - 0.5) * bad + 0.2 * helpless * bad)
    score[_GUILT] += gate * guilt * (0.9 * own_wrong + 0.5 * own * wrong)
    score[_SHAME] += gate * guilt * (1.1 * own_wrong * wrong + 0.6 * own_wrong * helpless + 0.2 * own * wrong)
    score[_HURT] += gate * (0.4 * other * bad * (0.4 + wrong))
    if slight > 0.0 and not s.c_ev:  # what is small, can be handled and says no more leaves one calm
        score[_CALM] += 20.0 * slight * (ct if ct < s.c_ap else s.c_ap) * (gr if gr < 0.4 else 0.4)
    if s.c_v > 0.1:
        score[_DISAPPOINTMENT] += gate * 0.4 * bad * (s.c_v + 0.3)


def _state_terms(score: list[float], s: State) -> None:
    """Adds what body and needs speak for, whatever happened last."""
    if s.relatedness < 0.36:
        lack = 30.0 * (0.36 - s.relatedness)
        score[_LONELINESS] += lack if lack < 3.5 else 3.5
    if s.energy > 0.15 or s.at_ms - s.c_ms < 3_600_000:
        score[_NUMBNESS] -= 6.0


def level(strength: float) -> Intensity:
    """The word for an intensity in [0, 1]."""
    return "low" if strength < 0.34 else "moderate" if strength < 0.67 else "high"
