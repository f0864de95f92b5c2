"""What a reader is shown of a session: its last durable state, and what a new connection starts from."""

from __future__ import annotations

from typing import NamedTuple

from molroo_actor.engine import (
    PromptData,
    RelationshipReport,
    StateReport,
    flow,
    observe,
    relationship_report,
    render_prompt,
)
from molroo_actor.protocol.outreach import Action
from molroo_actor.protocol.record import Record
from molroo_actor.protocol.resume import Plan
from molroo_actor.runtime.actor import Actor
from molroo_actor.runtime.connection import Attachment


class Snapshot(NamedTuple):
    """The last durable state of a session."""

    actor: Actor
    seq: int
    record: Record
    session_ms: int
    wall_ms: int

    def report(self) -> StateReport:
        """The state as it is by now."""
        return observe(self.actor.params, self.record.state, self.session_ms)

    def relationship(self) -> RelationshipReport:
        """How things stand with the user by now."""
        return relationship_report(self.actor.params, self.record.state, self.session_ms)

    def wall_of(self, session_ms: int) -> int:
        """About when the session's clock stood there: it goes with the wall but for spans that turns gave."""
        return self.wall_ms - int((self.session_ms - session_ms) / self.actor.time_scale)

    def pending(self) -> tuple[Action, ...]:
        """Actions to hear of; none while the preferences say so."""
        return self.record.outreach.pending_at(self.wall_ms) if self.record.preferences.enabled else ()

    def prompt(self) -> PromptData:
        """The prompts of now."""
        params = self.actor.params
        return render_prompt(params, flow(params, self.record.state, self.session_ms), None)


class Welcome(NamedTuple):
    """What a new connection starts from: send `connected`, then what `plan` says up to `seq`, then
    `attachment.go_live`.
    """

    attachment: Attachment
    snapshot: Snapshot
    plan: Plan

    @property
    def seq(self) -> int:
        return self.snapshot.seq
