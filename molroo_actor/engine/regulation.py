"""What a character does about a feeling it does not want: Gross's five families (1998) and their phases.

Begins above a threshold of distress, is chosen by intensity, control and energy (distraction when high,
reappraisal when low: Sheppes 2011), pulls valence towards the baseline and never past it, and ends with relief.
Strengths are half the effect sizes of Webb, Miles & Sheeran (2012).
"""

from types import MappingProxyType

from molroo_actor.engine.params import Params
from molroo_actor.engine.state import Regulated, State
from molroo_actor.engine.values import Regulation

BEGIN, END = 0.30, 0.12  # distress in valence: far apart, so that one bad hour is one regulation
KEPT = 5

STRENGTH = MappingProxyType(
    {
        "situation_selection": 0.10,
        "situation_modification": 0.15,
        "attentional_deployment": 0.13,
        "cognitive_reappraisal": 0.18,
        "response_modulation": 0.0,  # holds back what shows (0.16), not what is felt
    }
)
SUPPRESSION = 0.16


def choose(distress: float, control: float, energy: float, trust: float) -> str:
    """The strategy for a distress in (0, 2] with control, energy and trust in [0, 1]."""
    if energy < 0.20:
        return "response_modulation" if control > 0.4 else "situation_selection"
    if distress > 0.60:
        return "attentional_deployment"
    if control > 0.60:
        return "situation_modification"
    if trust < 0.20:
        return "situation_selection"
    return "cognitive_reappraisal"


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
    """Valence after one turn of regulation: nearer to the baseline, never past it, nothing if not below it."""
    gap = params.bv - v
    if gap <= 0.0:
        return v
    return v + gap * STRENGTH[strategy] * params.regulation_skill


def ended(state: State, v: float) -> tuple[Regulated, ...]:
    """The record with the present regulation added as ended, the oldest beyond five dropped."""
    assert state.reg is not None
    done = Regulated(state.reg, state.reg_ms, v - state.reg_v)
    return (*state.reg_log[-(KEPT - 1) :], done)


def tendencies(params: Params, state: State) -> dict[str, float]:
    """What this character leans to in its present shape; five weights that add up to 1."""
    calm, energy, trust = 1.0 - state.stress, state.energy, state.trust
    raw = {
        "situation_selection": 0.15 + 0.5 * state.avoidance * (1.0 - trust),
        "situation_modification": 0.15 + 0.5 * state.autonomy * energy,
        "attentional_deployment": 0.15 + 0.5 * state.stress,
        "cognitive_reappraisal": 0.15 + 0.5 * calm * energy * params.regulation_skill,
        "response_modulation": 0.15 + 0.5 * (1.0 - energy) + 0.2 * (1.0 - params.expressiveness),
    }
    total = sum(raw.values())
    return {name: weight / total for name, weight in raw.items()}
