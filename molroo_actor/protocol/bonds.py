"""The relationship as clients see it: the engine's report with moments of the wall in place of the session's clock."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from molroo_actor.engine import RelationshipReport
from molroo_actor.engine.contact import UnhealthyPatterns
from molroo_actor.engine.relationship_report import Relationship
from molroo_actor.engine.values import TrustReason, Unit
from molroo_actor.protocol.views import Moment, Seq, iso


class TrustChange(Struct, frozen=True):
    """A notable change: trust after it, by how much, and why."""

    timestamp: Moment
    trust: Unit
    delta: float
    reason: TrustReason


class RelationshipView(Struct, frozen=True):
    """How things stand between the character and its user; seq is the last durable change that it includes."""

    relationship: Relationship
    trust_history: list[TrustChange]
    unhealthy_patterns: UnhealthyPatterns
    trust_description: str
    attachment_description: str
    seq: Seq
    as_of: Moment


def relationship_view(
    report: RelationshipReport, seq: int, wall_ms: int, wall_of: Callable[[int], int]
) -> RelationshipView:
    """wall_of tells the moment of the wall for one of the session's clock."""
    return RelationshipView(
        report.relationship,
        [
            TrustChange(iso(wall_of(change.at_ms)), change.trust, change.delta, change.reason)
            for change in report.trust_history
        ],
        report.unhealthy_patterns,
        report.trust_description,
        report.attachment_description,
        seq,
        iso(wall_ms),
    )
