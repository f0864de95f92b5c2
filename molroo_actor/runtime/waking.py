"""From disk to an actor: what one wake reads, and what it makes of it. Knows files through the ledger only.

A wake is read in a reading thread, or on the loop's own while the disk is quick: two hand-overs less, which are more
than half of what a wake costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from molroo_actor import faultpoints
from molroo_actor.engine import Params, derive
from molroo_actor.errors import Damaged
from molroo_actor.protocol.record import decode_live, decode_persona
from molroo_actor.storage import catalog
from molroo_actor.storage.readers import LedgerConnection
from molroo_actor.storage.rows import History
from molroo_actor.storage.session_file import AT_ONCE, IN_A_THREAD, Effort, read_history

AT_ONCE_LIMIT_S: Final = 0.002
"""A wake that takes longer than this was not worth the loop's time."""
AT_ONCE_PENANCE_MAX: Final = 256
"""Wakes that go through a reading thread after a slow one, at most."""


@lru_cache(maxsize=256)
def params_of(persona: bytes) -> Params:
    """What a stored persona comes to. Sessions of one persona share it: it is the larger part of an awake actor."""
    return derive(decode_persona(persona))


class Waking(NamedTuple):
    """Everything an actor begins with."""

    params: Params
    record: bytes
    """As it is stored, in whatever format; it can be read."""
    history: History


def read_at_once(ledger: LedgerConnection, path: Path, session: int, rowids: Sequence[int], kept: int) -> Waking | None:
    """As `read`, but waits for nobody and reads no long history: whatever it raises decides nothing."""
    return read(ledger, path, session, rowids, kept, AT_ONCE)


def read(
    ledger: LedgerConnection,
    path: Path,
    session: int,
    rowids: Sequence[int],
    kept: int,
    effort: Effort = IN_A_THREAD,
) -> Waking | None:
    """Reads a session, in a reading thread. None when it is gone. Raises Damaged, NewerFormat."""
    if faultpoints.ARMED:
        faultpoints.passing("wake", OSError)
    found = catalog.beginning(ledger, session)
    if found is None:
        return None
    persona, origin = found
    try:
        history = read_history(ledger, path, session, rowids, kept, effort)
    except (TypeError, OverflowError) as error:  # no number where one was written
        raise Damaged(f"history: {error}") from error
    if history.last is None:
        record = origin
    elif history.last.state_after is None:
        raise Damaged("history: the newest state is missing")
    else:
        record = history.last.state_after
    decode_live(record)
    return Waking(params_of(persona), record, history)
