"""The soul stages: fifteen in a table of transitions with thresholds, hysteresis and a least stay.

Baseline 1-3, rising 4-6, crisis 7-9, recovery 10-12 (only reached from crisis), growth 13-15 (only after a
completed recovery, out of the last of it or out of rest at any later time: Tedeschi & Calhoun 2004). Here: names and
transitions. How a stage is played is in the prompts.
"""

from types import MappingProxyType

from molroo_actor.engine.params import Params
from molroo_actor.engine.state import State

NAMES = (
    "",
    "Calm",
    "Alert",
    "Attentive",
    "Engaged",
    "Activated",
    "Stressed",
    "Overwhelmed",
    "Breaking Point",
    "Collapse",
    "Stabilizing",
    "Recovering",
    "Rebuilding",
    "Reflective",
    "Integrated",
    "Transcendence",
)

_MIN, _H = 60_000, 3_600_000
_LEAPS, _CRISIS = 4, 6
_FIRST_OF_CRISIS, _LAST_OF_RECOVERY = 7, 12
ACT, STRAIN, GROWTH = 0, 1, 2  # what a transition looks at, see measures()

# stage -> (measure, rises?, threshold, least stay in ms, next stage); the first row that holds is taken.
# Ways up have no least stay: a shock does not wait. Thresholds down lie below those up (hysteresis).
_ROWS: tuple[tuple[int, int, bool, float, int, int], ...] = (
    (1, STRAIN, True, 0.46, 0, 6),
    (1, GROWTH, True, 0.62, 6 * _H, 13),
    (1, ACT, True, 0.14, 0, 2),
    (2, STRAIN, True, 0.46, 0, 6),
    (2, ACT, True, 0.24, 0, 3),
    (2, ACT, False, 0.08, 2 * _MIN, 1),
    (3, STRAIN, True, 0.46, 0, 6),
    (3, GROWTH, True, 0.62, 6 * _H, 13),
    (3, ACT, True, 0.36, 0, 4),
    (3, ACT, False, 0.10, 5 * _MIN, 1),
    (4, STRAIN, True, 0.46, 0, 6),
    (4, ACT, True, 0.60, 0, 5),
    (4, ACT, False, 0.24, 5 * _MIN, 3),
    (5, STRAIN, True, 0.46, 0, 6),
    (5, ACT, False, 0.45, 5 * _MIN, 4),
    (6, STRAIN, True, 0.60, 0, 7),
    (6, STRAIN, False, 0.34, 10 * _MIN, 4),
    (7, STRAIN, True, 0.72, 0, 8),
    (7, STRAIN, False, 0.45, 20 * _MIN, 10),
    (8, STRAIN, True, 0.82, 0, 9),
    (8, STRAIN, False, 0.50, 30 * _MIN, 10),
    (9, STRAIN, False, 0.50, _H, 10),
    (10, STRAIN, True, 0.64, 0, 7),
    (10, STRAIN, False, 0.30, _H, 11),
    (11, STRAIN, True, 0.66, 0, 7),
    (11, STRAIN, False, 0.22, 4 * _H, 12),
    (12, STRAIN, True, 0.62, 0, 7),
    (12, GROWTH, True, 0.46, 12 * _H, 13),
    (12, STRAIN, False, 0.12, 24 * _H, 3),
    (13, STRAIN, True, 0.50, 0, 6),
    (13, GROWTH, True, 0.56, 24 * _H, 14),
    (13, GROWTH, False, 0.36, 12 * _H, 3),
    (14, STRAIN, True, 0.54, 0, 6),
    (14, GROWTH, True, 0.68, 72 * _H, 15),
    (14, GROWTH, False, 0.44, 12 * _H, 13),
    (15, STRAIN, True, 0.58, 0, 6),
    (15, GROWTH, False, 0.56, 12 * _H, 14),
)
TABLE = MappingProxyType(
    {stage: tuple(row[1:] for row in _ROWS if row[0] == stage) for stage in range(1, len(NAMES))},
)

# The shortest stay after which time alone may carry a stage on, in ms: before it there is nothing to settle.
SETTLES_MS = tuple(
    min((row[3] for row in TABLE.get(stage, ()) if row[3]), default=float("inf")) for stage in range(len(NAMES))
)


def measures(
    params: Params, v: float, a: float, d: float, strength: float, energy: float, stress: float
) -> tuple[float, float]:
    """(activation, strain), each in [0, 1], of an emotion of that strength in a body of that energy and stress."""
    low = params.bv - v
    strain = 0.50 * stress + (0.40 * low if low > 0.0 else 0.0) + 0.30 * (1.0 - energy)
    rise = a - params.ba
    act = 0.75 * strength + (0.35 * rise if rise > 0.0 else 0.0)
    if d < -0.3:
        strain += 0.1 * (-0.3 - d)
    return (act if act < 1.0 else 1.0, strain if strain < 1.0 else 1.0)


def growth(state: State) -> float:
    """How far trust and the least met need carry beyond recovery, [0, 1]; 0 where there was no crisis to grow from."""
    if not state.recovered and state.stage < _LAST_OF_RECOVERY:
        return 0.0
    least = min(state.autonomy, state.competence, state.relatedness)
    return 0.5 * state.trust + 0.5 * least


def completes(before: int, after: int) -> bool:
    """Whether a recovery was completed between two stages: the only way out of crisis and recovery is its end."""
    return _FIRST_OF_CRISIS <= before <= _LAST_OF_RECOVERY and not _FIRST_OF_CRISIS <= after <= _LAST_OF_RECOVERY


def advance(stage: int, since_ms: int, now_ms: int, values: tuple[float, float, float]) -> tuple[int, int]:
    """(stage, since) after an event: as far up as it carries, into and through a crisis one stage a turn.

    The same pair when no transition holds. `values`: activation, strain, growth.
    """
    for _ in range(_LEAPS):
        for measure, rises, threshold, stay_ms, after in TABLE[stage]:
            x = values[measure]
            if (x > threshold if rises else x < threshold) and now_ms - since_ms >= stay_ms:
                stage, since_ms = after, now_ms
                break
        else:
            return stage, since_ms
        if stage >= _CRISIS:
            return stage, since_ms
    return stage, since_ms


def settle(stage: int, since_ms: int, now_ms: int, values: tuple[float, float, float]) -> tuple[int, int]:
    """(stage, since) after a quiet span: every transition that takes time, each right after its least stay.

    Does nothing directly after a turn, because each of those transitions asks for a stay.
    """
    for _ in range(len(NAMES)):
        for measure, rises, threshold, stay_ms, after in TABLE[stage]:
            x = values[measure]
            if stay_ms and (x > threshold if rises else x < threshold) and now_ms - since_ms >= stay_ms:
                stage, since_ms = after, since_ms + stay_ms
                break
        else:
            return stage, since_ms
    return stage, since_ms


def stand(params: Params, state: State, strength: float) -> tuple[int, int]:
    """(stage, since ms) that the state, whose displayed intensity is `strength`, has come to since its last turn."""
    s = state
    if s.at_ms - s.stage_ms < SETTLES_MS[s.stage]:
        return s.stage, s.stage_ms
    act, strain = measures(params, s.v, s.a, s.d, strength, s.energy, s.stress)
    return settle(s.stage, s.stage_ms, s.at_ms, (act, strain, growth(s)))


def progress(stage: int, values: tuple[float, float, float]) -> float:
    """How near the first way out of the stage is, [0, 1]."""
    best = 0.0
    for measure, rises, threshold, _stay, _after in TABLE[stage]:
        x = values[measure]
        near = x / threshold if rises else (1.0 - x) / (1.0 - threshold)
        best = near if near > best else best
    return best if best < 1.0 else 1.0
