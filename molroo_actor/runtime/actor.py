"""One awake incarnation of a session: its state, its clock and the ids it has seen. Plain and synchronous.

It makes rows and believes them at once, but shows the world only what was released. When an append fails the whole
incarnation is thrown away: nothing here is ever rolled back.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from typing import Final

import msgspec

from molroo_actor import ids
from molroo_actor.engine import (
    Params,
    ProactiveHint,
    Reading,
    Source,
    State,
    Stimulus,
    Urge,
    flow,
    step,
    unrecovered,
)
from molroo_actor.engine.labels import name
from molroo_actor.engine.report import emotion_of
from molroo_actor.errors import Conflict, NotFound, Overloaded
from molroo_actor.protocol import record as blobs
from molroo_actor.protocol.commands import TEN_YEARS_S, Preferences, TurnCommand
from molroo_actor.protocol.outreach import CLOSED_KEPT, Outreach
from molroo_actor.protocol.record import Record
from molroo_actor.runtime import reaching_out
from molroo_actor.runtime.mailbox import Answer, Asker
from molroo_actor.runtime.reaching_out import Span, Verdict
from molroo_actor.storage import catalog
from molroo_actor.storage.rows import Change, History, Row, new_row, row_bytes

TEN_YEARS_MS: Final = TEN_YEARS_S * 1000


class Pending:
    """A row on its way through the output gate, and who hears of it."""

    __slots__ = (
        "actor", "answer", "asker", "before", "changes", "deliveries", "due_ms", "duplicates", "row", "since_s",
    )  # fmt: skip

    def __init__(self, actor: Actor, row: Row, answer: Answer, asker: Asker) -> None:
        self.actor = actor
        self.row = row
        self.answer = answer
        """What the asker hears once the row is durable."""
        self.asker = asker
        self.duplicates: list[Asker] | None = None
        """Repeats of this turn that came while it was in flight."""
        self.before: State | None = None
        """What a turn went on from."""
        self.changes: tuple[Change, ...] = ()
        """What else belongs into the row's commit: the alarm, deliveries."""
        self.deliveries = False
        """Whether webhooks hear of it."""
        self.due_ms: int | None = None
        """When the session wants to be woken, by the wall."""
        self.since_s = 0.0

    def keep_bytes(self) -> None:
        """Everything that went into the row is at hand and warm: a socket's answer is rendered now, and what waits
        for the commit is a few strings of bytes instead of hundreds of objects that have grown cold by then.
        """
        attachment = self.asker.attachment
        if attachment is not None and self.row.kind == "turn":
            self.answer.keep_bytes(with_prompt=attachment.connection.with_prompt)
            self.before = None


class Actor:
    """The live state of one session. Rows made here must go to the gate in the order in which they were made."""

    __slots__ = (
        "_expire_h", "_in_flight", "_kept", "_older_ids", "_recent_ids", "_record", "_released", "_row_bytes_max",
        "epoch", "params", "released_seq", "seq", "session", "time_scale",
    )  # fmt: skip

    def __init__(
        self,
        session: int,
        epoch: str,
        params: Params,
        time_scale: float,
        record: bytes,
        history: History,
        *,
        kept: int,
        row_bytes_max: int,
        expire_h: float,
    ) -> None:
        """record is one as it is stored, in whatever format, that can be read."""
        self.session = session
        self.epoch = epoch
        self.params = params
        self._record = self._released = record
        self.seq = history.last_seq
        self.released_seq = history.last_seq
        self.time_scale = time_scale
        self._kept = kept
        self._row_bytes_max = row_bytes_max
        self._expire_h = expire_h
        self._recent_ids = dict(history.recent_ids)
        """digest -> seq, in the order of seq."""
        self._older_ids = array("q", history.older_ids)
        self._in_flight: dict[int, Pending] = {}

    # The state is kept as it is stored. A third of the memory, and a kilobyte that lies together is read faster than
    # sixty numbers scattered among those of a thousand other sessions: measured 10 % more turns at 512 sockets.

    @property
    def record(self) -> Record:
        """What the next turn goes on from, whether it is durable yet or not."""
        return blobs.decode_live(self._record)

    @property
    def released(self) -> Record:
        """What the world may see."""
        return blobs.decode_live(self._released)

    # -- repeats -------------------------------------------------------------------------------------------------------

    def used(self, digest: int) -> int | None:
        """The seq of the kept row that used this id, 0 when an older row did, None when no row did."""
        seq = self._recent_ids.get(digest)
        if seq is not None and seq > self.seq - self._kept:
            return seq
        self._age_ids()
        place = bisect_left(self._older_ids, digest)
        return 0 if place < len(self._older_ids) and self._older_ids[place] == digest else None

    def _age_ids(self) -> None:
        recent = self._recent_ids
        while recent:
            digest = next(iter(recent))
            if recent[digest] > self.seq - self._kept:
                return
            del recent[digest]
            insort(self._older_ids, digest)

    def in_flight(self, digest: int) -> Pending | None:
        """The turn with this id that waits for its commit."""
        return self._in_flight.get(digest)

    # -- changes -------------------------------------------------------------------------------------------------------

    def session_ms(self, record: Record, wall_ms: int) -> int:
        """The session's clock at a moment of the wall; never before the record's own."""
        span = min(max(wall_ms - record.wall_ms, 0), TEN_YEARS_MS)
        return record.state.at_ms + int(span * self.time_scale)

    def take_turn(
        self,
        command: TurnCommand,
        reading: Reading,
        source: Source,
        wall_ms: int,
        asker: Asker,
        record: Record | None = None,
    ) -> Pending:
        """One turn. Raises Overloaded for a row above its limit; then nothing has changed.

        record: what `record` gave just before; decoded when None.
        """
        given = command.input
        record = record or self.record
        if given.elapsed_seconds is None:
            now_ms = self.session_ms(record, wall_ms)
        else:
            now_ms = record.state.at_ms + round(given.elapsed_seconds * 1000)  # 1.001 s are 1001 ms
        outcome = step(self.params, record.state, Stimulus(reading, source), now_ms)
        result = outcome.result
        outreach, verdict = record.outreach, None
        if record.preferences.enabled:
            # What had recovered before this turn may be acted for again.
            rested = unrecovered(self.params, flow(self.params, record.state, now_ms), outreach.spent)
            span = Span(outcome.state.at_ms, wall_ms, self.time_scale)
            verdict = self._consider(record, msgspec.structs.replace(outreach, spent=rested), outcome.state, span)
            outreach = verdict.outreach
            result = msgspec.structs.replace(result, proactive_hint=_hint(result.proactive_hint, verdict, wall_ms))
        after = Record(wall_ms, outcome.state, result, record.preferences, outreach)
        digest = command.id_digest
        blob = blobs.encode_record(after)
        row = new_row(
            (
                self.session,
                self.seq + 1,
                wall_ms,
                "turn",
                command.msg_id,
                digest,
                command.body_hash,
                command.input_blob,
                blobs.encode_appraisal(result.appraisal),
                blobs.encode_emotion(result.new_emotion),
                result.discrete_emotion.primary,
                blob,
            )
        )
        shown = given.shown_context
        fired = None if verdict is None else verdict.fired
        answer = Answer(self.params, row.seq, after, shown, blob=blob, fired=fired)
        pending = self._take(row, answer, asker, verdict)
        pending.before = record.state
        if digest is not None:
            self._in_flight[digest] = pending
            self._recent_ids[digest] = row.seq
            self._age_ids()
        return pending

    def take_preferences(self, preferences: Preferences, wall_ms: int, asker: Asker) -> Pending:
        """New preferences; the feeling stays as it is, and the alarm is planned anew at once."""
        record = self.record
        after = msgspec.structs.replace(record, preferences=preferences)
        verdict = self._replanned(after, wall_ms)
        after = msgspec.structs.replace(after, outreach=verdict.outreach)
        return self._take_quietly("prefs", blobs.encode_preferences_input(preferences), after, wall_ms, asker, verdict)

    def take_acknowledgement(self, action_id: str, wall_ms: int, asker: Asker) -> Pending | None:
        """An action that does not pend any more; None when it was acknowledged before. Raises NotFound."""
        record = self.record
        outreach = record.outreach
        found = next((action for action in outreach.pending_at(wall_ms) if action.id == action_id), None)
        if found is None:
            if any(ids.action_id(seq, self.epoch) == action_id for seq in outreach.closed):
                return None
            raise NotFound(f"no action {action_id[:64]}")
        left = msgspec.structs.replace(
            outreach,
            pending=tuple(action for action in outreach.pending if action is not found),
            closed=(*outreach.closed[-(CLOSED_KEPT - 1) :], found.seq),
        )
        after = msgspec.structs.replace(record, outreach=left)
        verdict = self._replanned(after, wall_ms) if record.preferences.enabled else None
        if verdict is not None:
            after = msgspec.structs.replace(after, outreach=verdict.outreach)
        return self._take_quietly("ack", blobs.encode_acknowledgement_input(action_id), after, wall_ms, asker, verdict)

    def take_alarm(self, wall_ms: int, asker: Asker, message: str | None) -> Pending | int | None:
        """What the character does by itself now; without an action, when to look again (None: never).

        message: what it says if it acts; composed when None.
        """
        record = self.record
        if not record.preferences.enabled:
            return None
        span = Span(self.session_ms(record, wall_ms), wall_ms, self.time_scale)
        verdict = self._consider(record, record.outreach, self._origin(record), span, message)
        if verdict.fired is None:
            return verdict.due_ms
        after = msgspec.structs.replace(record, outreach=verdict.outreach)
        return self._take_quietly("proactive", blobs.encode_action_input(verdict.fired), after, wall_ms, asker, verdict)

    def wanted(self, wall_ms: int) -> tuple[Urge, State] | None:
        """What would urge the character to act now as far as its preferences allow it, and how it is; decides
        nothing.
        """
        record = self.record
        state = self._now(record, wall_ms)
        urge = reaching_out.wanted(
            self.params, record.preferences, record.outreach, self._origin(record), state, wall_ms
        )
        return None if urge is None else (urge, state)

    def _now(self, record: Record, wall_ms: int) -> State:
        return flow(self.params, record.state, self.session_ms(record, wall_ms))

    def _replanned(self, record: Record, wall_ms: int) -> Verdict:
        span = Span(self.session_ms(record, wall_ms), wall_ms, self.time_scale)
        return reaching_out.replan(self.params, record.preferences, record.outreach, self._origin(record), span)

    def _origin(self, record: Record) -> State:
        """How it was when it last acted or was spoken to: from there on what it acted for may recover."""
        fired_ms = record.outreach.fired_ms
        return self._now(record, fired_ms[-1]) if fired_ms else record.state

    def _consider(
        self, record: Record, outreach: Outreach, origin: State, span: Span, message: str | None = None
    ) -> Verdict:
        return reaching_out.consider(
            self.params,
            record.preferences,
            outreach,
            origin,
            span,
            self.seq + 1,
            self.epoch,
            self._expire_h,
            message,
        )

    def _take_quietly(
        self, kind: str, given: bytes, after: Record, wall_ms: int, asker: Asker, verdict: Verdict | None
    ) -> Pending:
        """A row that is no turn: it moves neither feeling nor clock, it has no id, and nobody repeats it."""
        state = self._now(after, wall_ms)
        row = Row(
            self.session,
            self.seq + 1,
            wall_ms,
            kind,
            None,
            None,
            None,
            given,
            None,
            blobs.encode_emotion(emotion_of(state)),
            name(self.params, state)[0],
            blobs.encode_record(after),
        )
        fired = None if verdict is None else verdict.fired
        return self._take(row, Answer(self.params, row.seq, after, None, state=state, fired=fired), asker, verdict)

    def _take(self, row: Row, answer: Answer, asker: Asker, verdict: Verdict | None) -> Pending:
        size = row_bytes(row)
        if size > self._row_bytes_max:
            raise Overloaded(f"this would take {size:,} bytes in the journal, the limit is {self._row_bytes_max:,}")
        assert row.state_after is not None, "every row that is made has its state"
        self._record = row.state_after
        self.seq = row.seq
        pending = Pending(self, row, answer, asker)
        if verdict is not None:
            pending.due_ms = verdict.due_ms
            pending.changes = (catalog.set_alarm(self.session, verdict.due_ms, row.seq),)
        return pending

    def release(self, pending: Pending) -> None:
        """The row is durable: from here on the world may see it. Call it in the order of the rows."""
        assert pending.row.seq == self.released_seq + 1, "rows are released in order"
        assert pending.row.state_after is not None, "it was made here"
        self._released = pending.row.state_after
        self.released_seq = pending.row.seq
        if pending.row.id_digest is not None:
            self._in_flight.pop(pending.row.id_digest, None)

    @property
    def settled(self) -> bool:
        """Nothing waits for its commit."""
        return self.released_seq == self.seq


def check_repeat(command: TurnCommand, msg_id: str | None, body_hash: bytes | None, seq: int) -> None:
    """Raises Conflict unless the row that used this id is the same turn."""
    if msg_id != command.msg_id or body_hash != command.body_hash:
        raise Conflict(f"this id was used for another body (turn {seq}); take a new random id for a new turn")


def _hint(hint: ProactiveHint, verdict: Verdict, wall_ms: int) -> ProactiveHint:
    """What the engine would look at, with what the preferences make of it."""
    after_ms = None if verdict.due_ms is None else verdict.due_ms - wall_ms
    return ProactiveHint(after_ms, hint.potential_triggers, [action.id for action in verdict.outreach.pending])
