"""How things stand between the character and its user, for whoever looks without touching.

Here: `relationship_report` and what only it shows: the stage of the relationship, what attachment makes of it, and
both in words (relationship.toml). Not here: how the bond moves (relationship.py) and what contact shows (contact.py).
"""

import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from msgspec import Struct, convert

from molroo_actor.engine import contact, dynamics, relationship
from molroo_actor.engine.contact import UnhealthyPatterns
from molroo_actor.engine.params import Params
from molroo_actor.engine.state import State
from molroo_actor.engine.values import AttachmentStyle, TrustReason, Unit

RelationshipStage = Literal[
    "stranger", "acquaintance", "friend", "close_friend", "confidant", "strained", "estranged"
]  # fmt: skip

_DAY_MS = 86_400_000.0
_STRAINED, _ESTRANGED = 0.12, 0.25  # of an open rift; of the trust left under it
_STAGES: tuple[tuple[float, float, RelationshipStage], ...] = (  # least intimacy, least trust
    (0.88, 0.85, "confidant"),
    (0.68, 0.74, "close_friend"),
    (0.46, 0.55, "friend"),
    (0.24, 0.00, "acquaintance"),
)
_TRUST_WORDS: tuple[tuple[float, str], ...] = ((0.80, "deep"), (0.62, "good"), (0.42, "some"), (0.20, "little"))


class Relationship(Struct, frozen=True, gc=False):
    """The bond in numbers, each in [0, 1] but the days >= 0 and the count.

    positive_ratio: welcome turns among those that were welcome or unwelcome, .5 before any. intimacy: trust, rapport
    and familiarity together (Reis & Shaver 1988). secure_base: how far the character can lean on the user;
    proximity_need: how much it wants the user near (Bowlby 1969, 1988).
    """

    duration_days: float
    trust_level: Unit
    attachment_style: AttachmentStyle
    interaction_count: int
    positive_ratio: Unit
    stage: RelationshipStage
    intimacy: Unit
    secure_base: Unit
    proximity_need: Unit


class TrustEntry(Struct, frozen=True, gc=False):
    """A notable change of trust: ms of the session's clock (whole seconds), trust after it, the change, and why."""

    at_ms: int
    trust: Unit
    delta: float
    reason: TrustReason


class RelationshipReport(Struct, frozen=True):
    """The relationship at one moment, the newest sixteen changes of trust, patterns, and words for it."""

    relationship: Relationship
    trust_history: list[TrustEntry]
    unhealthy_patterns: UnhealthyPatterns
    trust_description: str
    attachment_description: str


class _Words(Struct, frozen=True):
    """The sentences of one language."""

    trust: dict[str, str]
    rift: dict[str, str]
    attachment: dict[str, str]


@cache
def _languages() -> MappingProxyType[str, _Words]:
    text = files(__package__).joinpath("relationship.toml").read_text(encoding="utf-8")
    return MappingProxyType(convert(tomllib.loads(text), dict[str, _Words]))


def relationship_report(params: Params, state: State, now_ms: int) -> RelationshipReport:
    """The relationship as it stands at `now_ms` of the session's clock. Changes nothing; repeatable."""
    s = dynamics.flow(params, state, now_ms)
    style = relationship.attachment_style(s.anxiety, s.avoidance)
    stage = relationship_stage(s)
    told = s.good + s.bad
    return RelationshipReport(
        Relationship(
            duration_days=(s.at_ms - s.born_ms) / _DAY_MS,
            trust_level=s.trust,
            attachment_style=style,
            interaction_count=s.talks,
            positive_ratio=s.good / told if told else 0.5,
            stage=stage,
            intimacy=intimacy(s),
            secure_base=s.trust * (1.0 - 0.5 * (s.anxiety + s.avoidance)),
            proximity_need=proximity_need(s),
        ),
        [
            TrustEntry(1000 * each.at_s, each.trust / 1000.0, each.delta / 1000.0, relationship.REASONS[each.reason])
            for each in s.trust_log
        ],
        contact.unhealthy_patterns(s),
        _trust_in_words(params, s, stage),
        _attachment_in_words(params, style),
    )


def intimacy(s: State) -> float:
    """How close they are, [0, 1]: the geometric mean of trust, rapport and familiarity, so that each is needed."""
    return float((s.trust * s.rapport * s.familiarity) ** (1.0 / 3.0))


def proximity_need(s: State) -> float:
    """How much the character wants the user near, [0, 1]: what closeness lacks, more when anxious."""
    need = (1.0 - s.relatedness) * (0.4 + 0.6 * s.anxiety) * (1.0 - 0.4 * s.avoidance)
    return need if need < 1.0 else 1.0


def relationship_stage(s: State) -> RelationshipStage:
    """What the two are to each other. A rift that has not healed shows before anything else."""
    if contact.rift(s, s.at_ms) >= _STRAINED:
        return "estranged" if s.trust < _ESTRANGED else "strained"
    close = intimacy(s)
    for least_close, least_trust, stage in _STAGES:
        if close >= least_close and s.trust >= least_trust:
            return stage
    return "stranger"


def _trust_in_words(params: Params, s: State, stage: RelationshipStage) -> str:
    say = _words(params)
    word = next((word for least, word in _TRUST_WORDS if s.trust >= least), "none")
    sentence = say.trust[word].format(name=params.persona.identity.name)
    return f"{sentence} {say.rift[stage]}" if stage in say.rift else sentence


def _attachment_in_words(params: Params, style: AttachmentStyle) -> str:
    return _words(params).attachment[style].format(name=params.persona.identity.name)


def _words(params: Params) -> _Words:
    return _languages()[params.language]
