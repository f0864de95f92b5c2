"""How the user comes and goes: compact running figures of the contact, and the patterns that do no good.

Here: what a turn of the user adds to the figures (all of them as of that turn, fading when read), and the three
unhealthy patterns that they show. Attachment theory's names (Bowlby 1973; Mikulincer & Shaver 2007); thresholds
are judgement. The session's clock knows no time of day: who never pauses for seven hours does not sleep.
"""

from math import exp
from typing import Literal

from msgspec import Struct

from molroo_actor.engine.state import State

Pattern = Literal["excessive_dependency", "avoidant_withdrawal", "anxious_avoidant_oscillation"]

_LN2 = 0.6931471805599453
_MS_PER_H = 3_600_000.0
_FAST, _SLOW, _RIFT = _LN2 / 48.0, _LN2 / 336.0, _LN2 / 720.0  # rates per hour
_GONE_H = 60.0  # an absence that counts as withdrawal
_MOVE = 0.25  # relevance times congruence from which a turn is an approach or a withdrawal
_DAY_MS = 86_400_000


class RecommendedAction(Struct, frozen=True, rename="camel", gc=False):
    """What would do the relationship good, each in [0, 1]: firm boundaries, support, initiative of the character."""

    boundary_firmness: float
    support_intensity: float
    initiative_level: float


class UnhealthyPatterns(Struct, frozen=True, rename="camel", omit_defaults=True):
    """The strongest unhealthy pattern, if one is there, its severity in [0, 1] and what would help."""

    pattern_detected: bool
    severity: float
    pattern_type: Pattern | None = None
    recommended_action: RecommendedAction | None = None


def meet(s: State, now_ms: int, gr: float, gc: float) -> tuple[float, float, float, float, int, float]:
    """(k_fast, k_slow, k_pause, k_tone, k_pole, k_swing) after a turn of the user of that relevance and congruence.

    `s` may be flowed already: everything is reckoned from its met_ms. Hours and counts >= 0, tone in [-1, 1].
    """
    gap_h = (now_ms - s.met_ms) / _MS_PER_H if s.talks else 0.0
    fast, slow = exp(-_FAST * gap_h), exp(-_SLOW * gap_h)
    paused = s.k_pause * fast * fast  # half the half-life
    weight = gr * gc
    pole, swing = s.k_pole, s.k_swing * slow
    if gap_h > _GONE_H and pole > 0:
        pole = -1
        swing += 1.0
    move = 1 if weight > _MOVE else -1 if weight < -_MOVE else 0
    if move and move != pole:
        swing += 1.0 if pole else 0.0
        pole = move
    return (
        s.k_fast * fast + 1.0,
        s.k_slow * slow + 1.0,
        gap_h if gap_h > paused else paused,
        s.k_tone + 0.1 * (gc - s.k_tone),
        pole,
        swing,
    )


def rift(s: State, now_ms: int) -> float:
    """What is left at `now_ms` of trust lost and not made good, [0, 1]; half of it heals in thirty days alone."""
    return s.rift * exp(-_RIFT * (now_ms - s.met_ms) / _MS_PER_H) if s.rift else 0.0


def mend(rift: float, change: float) -> float:
    """The rift after trust changed by `change`, [0, 1]: losses open it, and gains close it twice over."""
    rift += -change if change < 0.0 else -2.0 * change
    return 0.0 if rift < 0.0 else rift if rift < 1.0 else 1.0


def _ramp(x: float, low: float, high: float) -> float:
    """0 at `low`, 1 at `high` (which may be the smaller), straight between."""
    share = (x - low) / (high - low)
    return 0.0 if share < 0.0 else min(share, 1.0)


def _dependency(s: State, per_day: float, pause_h: float) -> float:
    """Talking all day, day after day, without a night between."""
    if per_day < 30.0 or pause_h >= 7.0 or s.at_ms - s.born_ms < 3 * _DAY_MS:
        return 0.0
    return 0.25 + 0.40 * _ramp(per_day, 30.0, 120.0) + 0.20 * _ramp(pause_h, 7.0, 2.0) + 0.15 * s.anxiety


def _withdrawal(s: State, per_day: float, before: float) -> float:
    """Contact that was there and has all but ended, where it was not warm or closeness is shunned."""
    if s.k_slow < 20.0 or per_day > 0.3 * before or (s.k_tone > 0.1 and s.avoidance <= 0.55):
        return 0.0
    left = per_day / before if before > 0.0 else 0.0  # after a lifetime of absence both are zero
    return 0.25 + 0.35 * _ramp(left, 0.3, 0.0) + 0.20 * _ramp(s.k_tone, 0.1, -0.4) + 0.20 * s.avoidance


def _oscillation(s: State, swing: float) -> float:
    """Warm and cold by turns."""
    if swing < 5.0:
        return 0.0
    return 0.25 + 0.50 * _ramp(swing, 5.0, 20.0) + 0.125 * (s.anxiety + s.avoidance)


def unhealthy_patterns(s: State) -> UnhealthyPatterns:
    """The strongest unhealthy pattern of a state at its own time."""
    gap_h = (s.at_ms - s.met_ms) / _MS_PER_H
    slow = exp(-_SLOW * gap_h)
    fast = exp(-_FAST * gap_h)
    per_day = 24.0 * _FAST * s.k_fast * fast
    before = 24.0 * _SLOW * s.k_slow * slow
    paused = s.k_pause * fast * fast
    found: list[tuple[float, Pattern]] = [
        (_dependency(s, per_day, paused if paused > gap_h else gap_h), "excessive_dependency"),
        (_withdrawal(s, per_day, before), "avoidant_withdrawal"),
        (_oscillation(s, s.k_swing * slow), "anxious_avoidant_oscillation"),
    ]
    severity, pattern = max(found)
    if severity <= 0.0:
        return UnhealthyPatterns(False, 0.0)
    return UnhealthyPatterns(True, severity, pattern, _advice(pattern, severity))


def _advice(pattern: Pattern, severity: float) -> RecommendedAction:
    """Boundaries and less initiative for dependency, gentle initiative for withdrawal, steadiness for swings."""
    match pattern:
        case "excessive_dependency":
            return RecommendedAction(0.40 + 0.50 * severity, 0.60 - 0.20 * severity, 0.30 * (1.0 - severity))
        case "avoidant_withdrawal":
            return RecommendedAction(0.20, 0.50 + 0.20 * severity, 0.40 + 0.40 * severity)
        case "anxious_avoidant_oscillation":
            return RecommendedAction(0.50 + 0.30 * severity, 0.50 + 0.30 * severity, 0.40 - 0.20 * severity)
