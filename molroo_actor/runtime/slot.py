"""A slot: what the host keeps for a session that is awake, wanted or connected. It outlives the actor.

It owns the mailbox and the attachments. Without an actor, a connection or a letter it is forgotten.
"""

from __future__ import annotations

import asyncio
import sys

from molroo_actor.runtime.actor import Actor
from molroo_actor.runtime.connection import Attachment
from molroo_actor.runtime.lifecycle import Life, Signal, advance
from molroo_actor.runtime.mailbox import Envelope, Mailbox
from molroo_actor.storage.rows import CatalogEntry


class Slot:
    """One session's place in memory. Small: most slots are a sleeping session with an open socket."""

    __slots__ = (
        "actor", "attachments", "deleting", "epoch", "id", "incarnation", "inner_id", "life", "live", "mailbox",
        "queued", "readers", "tenant", "thinking", "time_scale", "used_s",
    )  # fmt: skip

    def __init__(self, entry: CatalogEntry) -> None:
        self.inner_id = entry.inner_id
        self.tenant = sys.intern(entry.tenant)
        self.live = entry.live
        self.id = entry.id
        self.epoch = entry.epoch
        self.time_scale = entry.time_scale
        self.life = Life.ASLEEP
        self.actor: Actor | None = None
        self.incarnation = 0
        """Counts actors: what was begun for an earlier one is not for this one."""
        self.mailbox: Mailbox | None = None
        self.readers: list[asyncio.Future[None]] | None = None
        """Who waits for it to wake; they do not take a place in the mailbox."""
        self.attachments: tuple[Attachment, ...] = ()
        self.thinking: Envelope | None = None
        """The turn whose appraisal is awaited; later ones wait behind it."""
        self.queued = False
        """Whether it stands in the host's run queue."""
        self.deleting = False
        self.used_s = 0.0

    @property
    def name(self) -> tuple[str, bool, str]:
        """How clients find it."""
        return self.tenant, self.live, self.id

    @property
    def depth(self) -> int:
        """Letters that wait."""
        return len(self.mailbox) if self.mailbox else 0

    def box(self) -> Mailbox:
        """The mailbox, made when first needed."""
        if self.mailbox is None:
            self.mailbox = []
        return self.mailbox

    def signal(self, signal: Signal) -> None:
        """Moves along the lifecycle table. Raises IllegalTransition."""
        self.life = advance(self.life, signal)

    @property
    def at_rest(self) -> bool:
        """Whether the actor may hibernate: nothing waits, nothing is under way."""
        return (
            self.life is Life.AWAKE
            and not self.mailbox
            and self.thinking is None
            and not self.deleting
            and self.actor is not None
            and self.actor.settled
        )

    @property
    def forgettable(self) -> bool:
        """Whether nothing would be lost without this slot."""
        idle = self.life is Life.ASLEEP or self.life is Life.BROKEN
        return idle and not self.mailbox and not self.attachments and not self.readers and not self.deleting

    def take_readers(self) -> list[asyncio.Future[None]]:
        """Everybody who waits for waking, once."""
        waiting, self.readers = self.readers or [], None
        return waiting
