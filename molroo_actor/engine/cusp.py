"""Thought against feeling: the cusp of a sudden outburst, the mask that hides it, and the blend of the answer.

Functions of the present body and emotion alone. Zeeman (1976) for the cusp, Metcalfe & Mischel (1999) for the hot
and the cool system; sizes are judgement. Not here: what is done about it (regulation.py).
"""

from math import sqrt

from molroo_actor.engine.params import Params
from molroo_actor.engine.values import BlendRatio, Catastrophe, Risk

_FOLD = sqrt(4.0 / 27.0)
_APART = 0.5  # beta from which the two sheets are far enough apart for a jump to be a catastrophe


def blend(a: float, strength: float, energy: float, mask: float) -> BlendRatio:
    """The rational share falls with arousal, intensity, tiredness and a worn mask; both shares in [0, 1]."""
    hot = 0.15 + 0.40 * (a if a > 0.0 else 0.0) + 0.35 * strength + 0.15 * (1.0 - energy) + 0.05 * (1.0 - mask)
    hot = hot if hot < 1.0 else 1.0
    return BlendRatio(1.0 - hot, hot)


def mask_of(params: Params, a: float, energy: float, stress: float) -> float:
    """What is left to hold back a feeling, [0, 1]: energy, less under stress and arousal, more with self-control.

    Holding back costs effort, and tired people hold back less (Richards & Gross 2000; Baumeister et al. 1998).
    """
    mask = params.composure * energy * (1.0 - 0.5 * stress) * (1.0 - 0.3 * (a if a > 0.0 else 0.0))
    return mask if mask < 1.0 else 1.0


def catastrophe(params: Params, a: float, d: float, stress: float, mask: float) -> Catastrophe:
    """The two controls of the cusp and the risk that follows from them, beside the mask.

    alpha in [-1, 1] is stress against control, beta in [0, 1] arousal and neuroticism.
    """
    alpha = stress - 0.5 * (d + 1.0) * (1.0 - 0.5 * stress)
    beta = 0.25 * (a + 1.0) + 0.5 * params.neuroticism
    return Catastrophe(alpha, beta, mask, risk_of(alpha, beta))


def risk_of(alpha: float, beta: float) -> Risk:
    """How near a sudden loss of composure is, by the bifurcation set 27 alpha^2 = 4 beta^3 (Zeeman 1976).

    Before it there is one calm state: low. Inside there are two, and a push may throw from one to the other:
    elevated, high in the quarter where the calm one is about to end. Beyond it the calm one is gone: high, or
    elevated where the sheets lie too close together for a jump.
    """
    fold = _FOLD * beta * sqrt(beta)
    if alpha <= -fold:
        return "low"
    if alpha < 0.5 * fold or beta < _APART:
        return "elevated"
    return "high"
