"""Sessions that are left alone: made, spoken to once, and looked at when they act."""

from __future__ import annotations

import asyncio

from molroo_actor.protocol.commands import Preferences, SetPreferences
from molroo_actor.protocol.outreach import Action
from molroo_actor.storage import catalog
from molroo_actor.storage.rows import CatalogEntry
from tests.kit.node import Node, glad_turn
from tests.kit.virtual_loop import quiet

HOUR_A_SECOND = 3_600.0
ON = Preferences(enabled=True, cooldown_hours=0)


async def alone(it: Node, preferences: Preferences = ON, session_id: str = "alice") -> tuple[CatalogEntry, int]:
    """A session with one turn that may act; returns (entry, when its alarm is due)."""
    entry = await it.create(session_id)
    await it.ask(glad_turn(), session_id)
    await it.ask(SetPreferences(preferences), session_id)
    return entry, (await alarm(it, entry))[0]


async def alarm(it: Node, entry: CatalogEntry) -> tuple[int, int, int]:
    """(due_ms, set_seq, attempt) in the ledger."""
    (found,) = [each for each in await it.ledger.read(catalog.alarms, 0, 100) if each.entry.id == entry.id]
    return found.due_ms, found.set_seq, found.attempt


async def until(it: Node, wall_ms: int) -> None:
    """Time goes on to just after this moment of the wall."""
    await asyncio.sleep(max(0.0, (wall_ms + 1 - it.clock.wall_ms()) / 1000))
    await quiet()


async def pending(it: Node, session_id: str = "alice") -> tuple[Action, ...]:
    """What a client would be shown."""
    return (await it.host.snapshot(await it.slot(session_id))).pending()


async def kinds(it: Node, session_id: str = "alice") -> list[str]:
    """Of all its rows."""
    return [row.kind for row in await it.host.repeats.rows(await it.slot(session_id), 0, 100)]
