"""From disk to an actor: what one wake reads, and what it makes of it. Knows files through the ledger only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from molroo_actor import faultpoints
from molroo_actor.engine import Params, derive
from molroo_actor.errors import Damaged
from molroo_actor.protocol.record import Record, decode_persona, decode_record
from molroo_actor.storage import catalog
from molroo_actor.storage.readers import LedgerConnection
from molroo_actor.storage.rows import History
from molroo_actor.storage.session_file import read_history


@lru_cache(maxsize=256)
def params_of(persona: bytes) -> Params:
    """What a stored persona comes to. Sessions of one persona share it: it is the larger part of an awake actor."""
    return derive(decode_persona(persona))


class Waking(NamedTuple):
    """Everything an actor begins with."""

    params: Params
    record: Record
    history: History


def read(ledger: LedgerConnection, path: Path, session: int, rowids: Sequence[int], kept: int) -> Waking | None:
    """Reads a session, in a reading thread. None when it is gone. Raises Damaged, NewerFormat."""
    if faultpoints.ARMED:
        faultpoints.passing("wake", OSError)
    found = catalog.beginning(ledger, session)
    if found is None:
        return None
    persona, origin = found
    try:
        history = read_history(ledger, path, session, rowids, kept)
    except (TypeError, OverflowError) as error:  # no number where one was written
        raise Damaged(f"history: {error}") from error
    if history.last is None:
        record = decode_record(origin)
    elif history.last.state_after is None:
        raise Damaged("history: the newest state is missing")
    else:
        record = decode_record(history.last.state_after)
    return Waking(params_of(persona), record.without_answer(), history)
