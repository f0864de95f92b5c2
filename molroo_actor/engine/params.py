"""The numbers and texts that follow from a persona alone, computed once and used by every turn.

Here: Params and `derive`. Not here: anything that changes with time.
"""

from msgspec import Struct

from molroo_actor.engine.lexicon import stems
from molroo_actor.engine.persona import Persona, baseline_of
from molroo_actor.engine.sheet import language_of, system_of
from molroo_actor.engine.values import SystemPrompt

_LN2 = 0.6931471805599453


class Params(Struct, frozen=True):
    """What every turn needs of a persona, computed once (`derive`). Rates per hour, half-lives in hours.

    bv ba bd baseline (arousal centred), each in [-.9, .9]; open_* the same where pushes add up (dynamics.shift) ·
    gain_up, gain_down, gain_other factors > 0 on good and bad impulses and on arousal and dominance · novelty how
    much a surprise lowers what is taken as expected · half_up, half_down half-lives of the emotion, half_max keeps
    it faster than the mood, rate_m rate of the mood · rate_energy, energy_min recovery and floor of the energy,
    pace factor on elapsed time · stress_gain, guilt, regulation_skill, composure factors > 0 · expressiveness,
    rumination, anxiety, avoidance, trust, warmth, neuroticism in [0, 1] · goals stems and priority of each.
    """

    persona: Persona
    system: SystemPrompt
    language: str
    bv: float
    ba: float
    bd: float
    open_v: float
    open_a: float
    open_d: float
    gain_up: float
    gain_down: float
    gain_other: float
    novelty: float
    half_up: float
    half_down: float
    half_max: float
    rate_m: float
    rate_energy: float
    energy_min: float
    pace: float
    stress_gain: float
    guilt: float
    expressiveness: float
    regulation_skill: float
    rumination: float
    composure: float
    anxiety: float
    avoidance: float
    trust: float
    warmth: float
    neuroticism: float
    goals: tuple[tuple[frozenset[str], float], ...]


def _clip(x: float, lo: float, hi: float) -> float:
    return lo if x < lo else min(x, hi)


def derive(persona: Persona) -> Params:
    """Everything that follows from the persona alone. Pure; keep the result as long as the persona.

    Neuroticism amplifies what is bad most (Larsen & Ketelaar 1991; Suls & Martin 2005) and, as general
    arousability, everything; extraversion what is good. Attachment after Noftle & Shaver (2006). The average
    person's half-lives are 30 minutes for good and 40 for bad events and 18 hours for the mood (judgement).
    """
    p, config, calibration = persona.personality, persona.emotion_config, persona.calibration
    z_o, z_c, z_e, z_a, z_n, z_h = (2 * x - 1 for x in (p.O, p.C, p.E, p.A, p.N, p.H))
    rest = config.baseline
    bv, ba, bd = (rest.V, 2 * rest.A - 1, rest.D) if rest else baseline_of(p)
    half_up = 0.5 * (1 + 0.20 * z_e) * config.persistence
    half_down = 0.667 * (1 + 0.35 * z_n) * config.persistence
    mood_h = 18.0 * (1 + 0.15 * z_n) * config.persistence
    recovery = calibration.budgetRecoveryPerHour
    bv, ba, bd = _clip(bv, -0.9, 0.9), _clip(ba, -0.9, 0.9), _clip(bd, -0.9, 0.9)
    return Params(
        persona=persona,
        language=language_of(persona),
        bv=bv,
        ba=ba,
        bd=bd,
        open_v=bv / (1.0 - abs(bv)),
        open_a=ba / (1.0 - abs(ba)),
        open_d=bd / (1.0 - abs(bd)),
        gain_up=0.80 * (1 + 0.15 * z_e + 0.25 * z_n) * config.reactivity,
        gain_down=0.80 * (1 + 0.45 * z_n) * config.reactivity,
        gain_other=0.80 * (1 + 0.35 * z_n) * config.reactivity,
        novelty=0.45 * (1 - 0.2 * z_o),
        half_up=half_up,
        half_down=half_down,
        half_max=0.6 * mood_h,
        rate_m=_LN2 / mood_h,
        rate_energy=_LN2 / 6 if recovery is None else recovery,
        energy_min=0.05 if calibration.budgetMinimum is None else calibration.budgetMinimum,
        pace=1.0 if calibration.turnScale is None else calibration.turnScale,
        stress_gain=0.25 * (1 + 0.4 * z_n),
        system=system_of(persona),
        guilt=1 + 0.3 * z_h,
        expressiveness=0.5 + 0.3 * z_e if config.expressiveness is None else config.expressiveness,
        regulation_skill=1 + 0.4 * z_c - 0.2 * z_n,
        rumination=_clip(0.6 * z_n - 0.2 * z_c, 0.0, 1.0),
        composure=0.9 + 0.2 * z_c - 0.1 * z_n,
        anxiety=_clip(0.5 + 0.35 * z_n - 0.15 * z_e, 0.0, 1.0),
        avoidance=_clip(0.5 - 0.30 * z_e - 0.25 * z_a, 0.0, 1.0),
        trust=_clip(0.5 + 0.10 * z_a - 0.08 * z_n, 0.2, 0.8),
        warmth=_clip(0.5 + 0.4 * z_a, 0.05, 1.0),
        neuroticism=p.N,
        goals=tuple((found, goal.priority) for goal in persona.goals if (found := stems(goal.content))),
    )
