"""What a character does about a feeling it does not want: Gross's five families (1998) and their phases.

Begins above a threshold of distress. Which family: what this character leans to in its present shape, by how well
that fits the distress and the control (distraction when high, reappraisal when low: Sheppes 2011). Pulls valence
towards the baseline at each turn and never past it, shortens what is left of the feeling, and ends with relief.
Strengths are half the effect sizes of Webb, Miles & Sheeran (2012). Not here: what holds back expression (cusp.py).
"""

from types import MappingProxyType

from molroo_actor.engine.params import Params
from molroo_actor.engine.state import Regulated, State
from molroo_actor.engine.values import Regulation, Risk

BEGIN, END = 0.30, 0.12  # distress in valence: far apart, so that one bad hour is one regulation
KEPT = 5

STRENGTH = MappingProxyType(
    {
        "situation_selection": 0.10,
        "situation_modification": 0.15,
        "attentional_deployment": 0.13,
        "cognitive_reappraisal": 0.18,
        "response_modulation": 0.0,  # holds back what shows, not what is felt
    }
)
SUPPRESSION = 0.16  # of the expression, by a whole mask
SUPPRESSION_COST = 0.015  # energy a turn (Richards & Gross 2000)
RUMINATION = 0.13


def choose(params: Params, state: State, distress: float, control: float, risk: Risk) -> str:
    """The strategy for a distress in (0, 2] over what can be controlled by `control` in [0, 1]."""
    heat = 0.5 if risk == "high" else 0.0  # no cool thought at the edge of an outburst
    fit = {
        "situation_selection": 1.0 - 0.5 * control,
        "situation_modification": 0.4 + 1.5 * control,
        "attentional_deployment": 0.6 + 1.2 * distress + heat,
        "cognitive_reappraisal": max(1.5 - 1.1 * distress - heat, 0.1),
        "response_modulation": 0.8 + 0.4 * (1.0 - control),
    }
    leaning = tendencies(params, state)
    return max(fit, key=lambda name: fit[name] * leaning[name])


def phase(progress: float) -> str:
    """The phase of a regulation whose progress is in [0, 1]."""
    if progress < 0.34:
        return "initiation"
    return "consolidation" if progress < 0.67 else "stabilization"


def active(params: Params, state: State) -> Regulation | None:
    """The regulation at work, or None once the distress it was for has gone: time alone may have done the rest."""
    if state.reg is None or params.bv - state.v <= END:
        return None
    return Regulation(state.reg, phase(state.reg_p), state.reg_p)


def relieve(params: Params, strategy: str, v: float) -> float:
    """Valence after one turn of regulation: nearer to the baseline, never past it, nothing if not below it.

    Who ruminates does not get his attention away from it.
    """
    gap = params.bv - v
    if gap <= 0.0:
        return v
    pull = STRENGTH[strategy] * params.regulation_skill
    if strategy == "attentional_deployment":
        pull *= 1.0 - params.rumination
    return v + gap * pull


def course(params: Params, strategy: str) -> float:
    """Factor on the half-life of a feeling that is regulated so, [.7, 1.3]: rumination prolongs it."""
    return 1.0 - STRENGTH[strategy] * params.regulation_skill + 2.0 * RUMINATION * params.rumination


def shown(strength: float, strategy: str | None, mask: float) -> float:
    """The displayed intensity, [0, 1]: less than the felt one while it is held back, as far as the mask carries."""
    return strength * (1.0 - SUPPRESSION * mask) if strategy == "response_modulation" else strength


def ended(state: State, v: float) -> tuple[Regulated, ...]:
    """The record with the present regulation added as ended, the oldest beyond five dropped."""
    assert state.reg is not None
    done = Regulated(state.reg, state.reg_ms, v - state.reg_v)
    return (*state.reg_log[-(KEPT - 1) :], done)


def tendencies(params: Params, state: State) -> dict[str, float]:
    """What this character leans to in its present shape; five weights that add up to 1.

    The avoidant leave, the reserved and the tired hold back (Gross & John 2003), the rested and able change things
    or see them in another light.
    """
    calm, energy, trust = 1.0 - state.stress, state.energy, state.trust
    reserve = 1.0 - params.expressiveness
    raw = {
        "situation_selection": 0.15 + 0.6 * state.avoidance * (1.0 - trust),
        "situation_modification": 0.15 + 0.5 * state.autonomy * energy,
        "attentional_deployment": 0.15 + 0.5 * state.stress + 0.2 * params.rumination,
        "cognitive_reappraisal": 0.15 + 0.5 * calm * energy * params.regulation_skill,
        "response_modulation": 0.10 + 0.5 * (1.0 - energy) + 0.4 * reserve * state.avoidance,
    }
    total = sum(raw.values())
    return {name: weight / total for name, weight in raw.items()}
