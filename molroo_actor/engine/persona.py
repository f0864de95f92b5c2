"""Who a character is: the persona that a client sends, and the presets.

Here: Persona and its checks (msgspec constraints, nothing else validates), the resting emotion of a
personality, presets.toml. Not here: the numbers that every turn uses (params.py).
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated

from msgspec import Meta, Struct, convert

from molroo_actor.engine.values import Signed, Unit

_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Line = Annotated[str, Meta(max_length=500)]
_LongText = Annotated[str, Meta(max_length=4000)]
_Text = Annotated[str, Meta(max_length=2000)]
_Lines = Annotated[tuple[_Line, ...], Meta(max_length=32)]


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


class Preset(Struct, frozen=True, kw_only=True):
    """A built-in persona, less its texts."""

    id: str
    name: str
    description: str
    personality: Personality
    goals: tuple[Goal, ...]
    emotion_config: EmotionConfig = EmotionConfig()
    identity: Identity


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


@cache
def presets() -> Mapping[str, Preset]:
    """The built-in personas by id, read once from presets.toml; read-only."""
    table = tomllib.loads(files(__package__).joinpath("presets.toml").read_text(encoding="utf-8"))
    made = {key: convert({"id": key, **entry}, Preset) for key, entry in table.items()}
    return MappingProxyType(made)
