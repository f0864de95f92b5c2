"""Stored rows as answers: repeats of a turn by its id, replays, time travel. Applies nothing, changes nothing."""

from __future__ import annotations

import asyncio

from molroo_actor.errors import Conflict, WireError
from molroo_actor.protocol.commands import TurnCommand
from molroo_actor.protocol.record import decode_input, decode_record
from molroo_actor.runtime.actor import Actor, check_repeat
from molroo_actor.runtime.connection import Attachment
from molroo_actor.runtime.mailbox import Answer, Asker
from molroo_actor.runtime.registry import Registry, shutting_down
from molroo_actor.runtime.slot import Slot
from molroo_actor.storage.rows import Row
from molroo_actor.storage.session_file import find_id, read_rows


class Repeats:
    """Reads what was answered before."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._ledger = registry.ledger

    def answer(self, slot: Slot, actor: Actor, asker: Asker, command: TurnCommand) -> bool:
        """Whether this id was used before; then its answer is on the way, Conflict for another body."""
        digest = command.id_digest
        assert digest is not None
        pending = actor.in_flight(digest)
        if pending is not None:
            try:
                check_repeat(command, pending.row.msg_id, pending.row.body_hash, pending.row.seq)
            except Conflict as conflict:
                asker = _ConflictAsker(asker, conflict)
            pending.duplicates = [*(pending.duplicates or ()), asker]
            return True
        seq = actor.used(digest)
        if seq is None:
            return False
        self._registry.spawn(self._answer_again(slot, actor, asker, command, seq))
        return True

    async def _answer_again(self, slot: Slot, actor: Actor, asker: Asker, command: TurnCommand, seq: int) -> None:
        try:
            if seq == 0:
                raise await self._used_long_ago(slot, command)
            row = (await self.rows(slot, seq - 1, 1))[0]
            check_repeat(command, row.msg_id, row.body_hash, row.seq)
            answer = self.answer_of(actor, row)
        except asyncio.CancelledError:
            asker.refused(shutting_down())
            raise
        except Exception as error:  # noqa: BLE001 - translated, whatever it is
            asker.refused(self._registry.translate(slot, error))
        else:
            asker.answered(answer, duplicate=True)

    async def _used_long_ago(self, slot: Slot, command: TurnCommand) -> WireError:
        assert command.msg_id is not None
        assert command.id_digest is not None
        path = self._ledger.folder.session_file(slot.inner_id)
        rowids = self._ledger.journal.rowids(slot.inner_id)
        seq = await self._ledger.read(find_id, path, slot.inner_id, rowids, command.id_digest, command.msg_id)
        if seq is None:  # two ids with one 64-bit digest: nobody sees this happen, but it must not be a lie
            return Conflict("this id cannot be told from one used before; take another random id")
        return Conflict(f"already applied as turn {seq}; its answer is no longer kept")

    async def rows(self, slot: Slot, after_seq: int, limit: int) -> list[Row]:
        """Durable rows with seq > after_seq, ascending, at most `limit`. Raises Damaged, Unavailable."""
        path = self._ledger.folder.session_file(slot.inner_id)
        rowids = self._ledger.journal.rowids(slot.inner_id)
        return await self._ledger.read(read_rows, path, slot.inner_id, rowids, after_seq, limit)

    def answer_of(self, actor: Actor, row: Row) -> Answer:
        """A stored row as an answer. Raises Conflict when its state is no longer kept."""
        if row.state_after is None:
            raise Conflict(f"already applied as turn {row.seq}; its answer is no longer kept")
        shown = decode_input(row.input).shown_context if row.kind == "turn" and row.input is not None else None
        return Answer(actor.params, row.seq, decode_record(row.state_after), shown)


class _ConflictAsker:
    """Asked with another body while the turn with this id waits for its commit: that there is a conflict, and with
    which row, is true once that row is durable. Without it the id is free.
    """

    __slots__ = ("_asker", "_conflict", "attachment")

    def __init__(self, asker: Asker, conflict: Conflict) -> None:
        self.attachment: Attachment | None = asker.attachment
        self._asker = asker
        self._conflict = conflict

    def answered(self, answer: Answer, *, duplicate: bool) -> None:  # noqa: ARG002 - it is not the one that was asked for
        self._asker.refused(self._conflict)

    def refused(self, error: WireError) -> None:
        self._asker.refused(error)
