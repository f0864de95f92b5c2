"""Who a character is: the persona that a client sends, the presets, and what follows from both.

Here: Persona and its checks (msgspec constraints, nothing else validates), presets.toml, and `derive`,
which turns a persona into the numbers that every turn uses. Not here: anything that changes with time.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated

from msgspec import Meta, Struct, convert

from molroo_actor.engine.lexicon import stems
from molroo_actor.engine.values import Signed, Unit

_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Line = Annotated[str, Meta(max_length=500)]
_LongText = Annotated[str, Meta(max_length=4000)]
_Text = Annotated[str, Meta(max_length=2000)]
_Lines = Annotated[tuple[_Line, ...], Meta(max_length=32)]

_LN2 = 0.6931471805599453


class Identity(Struct, frozen=True):
    """How the character is called and speaks. language: BCP 47; what is not known becomes English."""

    name: _Name
    role: _Line | None = None
    core_values: _Lines = ()
    speaking_style: _Text | None = None
    language: Annotated[str, Meta(max_length=35)] = "en"


class Personality(Struct, frozen=True):
    """HEXACO (Ashton & Lee 2007), each in [0, 1], 0.5 is the average person."""

    O: Unit  # noqa: E741 - the letters are the literature's and the wire's
    C: Unit
    E: Unit
    A: Unit
    N: Unit
    H: Unit = 0.5
    facets: Annotated[dict[Annotated[str, Meta(max_length=64)], Unit], Meta(max_length=64)] | None = None


class Goal(Struct, frozen=True):
    """Something the character wants; a text that touches it matters more."""

    content: _Line
    priority: Unit = 0.5
    mutable: bool = True


class Baseline(Struct, frozen=True):
    """Where the feeling rests: V and D in [-1, 1], A in [0, 1]."""

    V: Signed
    A: Unit
    D: Signed


class EmotionConfig(Struct, frozen=True):
    """How the character's feelings move, where the personality alone should not decide.

    baseline: None = from the personality. reactivity and persistence multiply impulses and half-lives.
    expressiveness [0, 1]: how much of the feeling is let out; None = from E.
    """

    baseline: Baseline | None = None
    reactivity: Annotated[float, Meta(ge=0.1, le=3.0)] = 1.0
    persistence: Annotated[float, Meta(ge=0.1, le=5.0)] = 1.0
    expressiveness: Unit | None = None


class Calibration(Struct, frozen=True):
    """Body budget and pace: share of the missing energy regained per hour, its floor, factor on elapsed time."""

    budgetRecoveryPerHour: Annotated[float, Meta(ge=0.0, le=10.0)] | None = None  # noqa: N815 - the wire's names
    budgetMinimum: Annotated[float, Meta(ge=0.0, le=0.9)] | None = None  # noqa: N815
    turnScale: Annotated[float, Meta(ge=0.0, le=1000.0)] | None = None  # noqa: N815


class Persona(Struct, frozen=True):
    """Everything a client says about a character. `msgspec.convert(mapping, Persona)` is its validation."""

    identity: Identity
    personality: Personality
    goals: Annotated[tuple[Goal, ...], Meta(max_length=32)] = ()
    emotion_config: EmotionConfig = EmotionConfig()
    calibration: Calibration = Calibration()
    character_backstory: _LongText | None = None
    behavior_rules: _Text | None = None
    user_profile: _Text | None = None
    scene_context: _Text | None = None


class Preset(Struct, frozen=True):
    """A built-in persona, less its texts."""

    id: str
    name: str
    description: str
    personality: Personality
    goals: tuple[Goal, ...]
    emotion_config: EmotionConfig
    identity: Identity


class Params(Struct, frozen=True):
    """What every turn needs of a persona, computed once (`derive`). Rates per hour, half-lives in hours.

    bv ba bd baseline (arousal centred) · gain_up, gain_down factors on good and bad impulses · half_up,
    half_down half-lives of the emotion · rate_m rate of the mood · half_max keeps the emotion faster than it.
    """

    persona: Persona
    language: str
    bv: float
    ba: float
    bd: float
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
    anxiety: float
    avoidance: float
    trust: float
    warmth: float
    neuroticism: float
    goals: tuple[tuple[frozenset[str], float], ...]


def _clip(x: float, lo: float, hi: float) -> float:
    return lo if x < lo else min(x, hi)


def baseline_of(p: Personality) -> tuple[float, float, float]:
    """Resting (V, A centred, D) of a personality: Mehrabian (1996) on Big Five rotated from HEXACO (Ashton & Lee).

    S is stability, the opposite of Neuroticism: most public ports have that sign wrong.
    """
    z_o, z_c, z_e, z_a, z_n, z_h = (2 * x - 1 for x in (p.O, p.C, p.E, p.A, p.N, p.H))
    agreeable = 0.60 * z_a + 0.30 * z_h + 0.20 * z_n
    stable = -(0.70 * z_n - 0.25 * z_a - 0.25 * z_e)
    pleasure = 0.21 * z_e + 0.59 * agreeable + 0.19 * stable
    arousal = 0.15 * z_o + 0.30 * agreeable - 0.57 * stable
    dominance = 0.25 * z_o + 0.17 * z_c + 0.60 * z_e - 0.32 * agreeable
    return 0.35 * pleasure, 0.35 * arousal, 0.35 * dominance


def derive(persona: Persona) -> Params:
    """Everything that follows from the persona alone. Pure; keep the result as long as the persona."""
    p, config, calibration = persona.personality, persona.emotion_config, persona.calibration
    z_o, z_c, z_e, z_a, z_n, z_h = (2 * x - 1 for x in (p.O, p.C, p.E, p.A, p.N, p.H))
    rest = config.baseline
    bv, ba, bd = (rest.V, 2 * rest.A - 1, rest.D) if rest else baseline_of(p)
    half_up = 0.5 * (1 + 0.20 * z_e) * config.persistence
    half_down = 0.667 * (1 + 0.35 * z_n) * config.persistence
    mood_h = 18.0 * (1 + 0.15 * z_n) * config.persistence
    recovery = calibration.budgetRecoveryPerHour
    return Params(
        persona=persona,
        language="ko" if persona.identity.language.lower().split("-")[0] == "ko" else "en",
        bv=_clip(bv, -0.9, 0.9),
        ba=_clip(ba, -0.9, 0.9),
        bd=_clip(bd, -0.9, 0.9),
        gain_up=0.80 * (1 + 0.15 * z_e + 0.25 * z_n) * config.reactivity,
        gain_down=0.80 * (1 + 0.40 * z_n) * config.reactivity,
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
        guilt=1 + 0.3 * z_h,
        expressiveness=0.5 + 0.3 * z_e if config.expressiveness is None else config.expressiveness,
        regulation_skill=1 + 0.4 * z_c - 0.2 * z_n,
        anxiety=_clip(0.5 + 0.35 * z_n - 0.15 * z_e, 0.0, 1.0),
        avoidance=_clip(0.5 - 0.30 * z_e - 0.25 * z_a, 0.0, 1.0),
        trust=_clip(0.5 + 0.10 * z_a - 0.08 * z_n, 0.2, 0.8),
        warmth=_clip(0.5 + 0.4 * z_a, 0.05, 1.0),
        neuroticism=p.N,
        goals=tuple((found, goal.priority) for goal in persona.goals if (found := stems(goal.content))),
    )


@cache
def presets() -> Mapping[str, Preset]:
    """The built-in personas by id, read once from presets.toml; read-only."""
    table = tomllib.loads(files(__package__).joinpath("presets.toml").read_text(encoding="utf-8"))
    made = {key: convert({"id": key, **entry}, Preset) for key, entry in table.items()}
    return MappingProxyType(made)
