"""Ways to break the product on purpose, for tests of its checkers: each switch breaks one promise while it is on.

Nothing of this lives in the product: a switch replaces a piece of it from outside for the length of a `with` block.
What must not live here: a word about who notices. Switches of the disk are in sabotage_disk.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import msgspec

from molroo_actor.engine import VAD
from molroo_actor.protocol.commands import TurnCommand, TurnInput
from molroo_actor.protocol.outreach import Action
from molroo_actor.protocol.record import Record
from molroo_actor.protocol.resume import Plan
from molroo_actor.runtime import host as host_module
from molroo_actor.runtime import reaching_out
from molroo_actor.runtime import repeats as repeats_module
from molroo_actor.runtime.actor import Actor, Pending
from molroo_actor.runtime.alarms import Alarms
from molroo_actor.runtime.connection import Attachment
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.lifecycle import Life
from molroo_actor.runtime.mailbox import Answer
from molroo_actor.runtime.output_gate import OutputGate
from molroo_actor.runtime.repeats import Repeats
from molroo_actor.runtime.sessions import Sessions
from molroo_actor.runtime.slot import Slot
from molroo_actor.runtime.snapshot import Snapshot
from molroo_actor.storage.journal import Journal
from molroo_actor.transport.askers import SocketAsker

Switch = Callable[[], contextlib.AbstractContextManager[None]]


def replaced(owner: Any, name: str, wrap: Callable[[Any], Any]) -> Switch:
    """A switch that puts something else in the place of `owner.name`; `wrap` gets what was there."""

    @contextlib.contextmanager
    def switch() -> Iterator[None]:
        with mock.patch.object(owner, name, wrap(getattr(owner, name))):
            yield

    return switch


# -- the gate ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def reply_before_commit() -> Iterator[None]:
    """A row is released in the moment in which it is made."""
    put, release = OutputGate.put, Host._release
    released: set[Pending] = set()

    def put_and_release(self: OutputGate, pending: Pending) -> None:
        put(self, pending)
        self._release(pending)

    def release_once(self: Host, pending: Pending) -> None:
        if pending not in released:
            released.add(pending)
            release(self, pending)

    with mock.patch.object(OutputGate, "put", put_and_release), mock.patch.object(Host, "_release", release_once):
        yield


def _count_first(create: Any) -> Any:
    async def counted_first(self: Sessions, *args: Any) -> Any:
        self.count += 1
        try:
            entry = await create(self, *args)
        finally:
            self.count -= 1
        return entry

    return counted_first


count_before_commit = replaced(Sessions, "_create", _count_first)
"""A session counts before it is durable."""

broken_actors_go_on = replaced(OutputGate, "_break", lambda _: lambda self, sessions: None)
"""After a failed append the incarnations that made its rows stay awake."""


@contextlib.contextmanager
def broken_actors_write_on() -> Iterator[None]:
    """They stay awake, and the journal takes rows that do not follow."""
    with broken_actors_go_on(), mock.patch.object(Journal, "_refuse_gaps", return_value={}):
        yield


def _faulty(push: Any) -> Any:
    def failing(self: Host, slot: Slot, answer: Answer, asking: Attachment | None) -> None:
        push(self, slot, answer, asking)
        raise KeyError("a bug")

    return failing


bug_in_a_push = replaced(Host, "_push", _faulty)
"""An exception where nobody expects one."""


# -- repeats and resumes -----------------------------------------------------------------------------------------------

skip_the_repeat_check = replaced(Repeats, "answer", lambda _: lambda self, slot, actor, asker, command: False)
"""A turn whose id was used is taken again."""


def _silent(_: Any) -> Any:
    async def never(self: Repeats, *args: Any) -> None:
        """Nobody is told anything."""

    return never


repeats_stay_unanswered = replaced(Repeats, "_answer_again", _silent)
"""A repeat is taken and never answered."""


def _another(decode: Any) -> Any:
    def another(blob: bytes) -> Record:
        record: Record = decode(blob)
        if record.result is None:
            return record
        return msgspec.structs.replace(record, result=msgspec.structs.replace(record.result, new_emotion=VAD(0, 0, 0)))

    return another


stored_answers_differ = replaced(repeats_module, "decode_record", _another)
"""What is answered again is not what was answered first."""


def _off_by_one(plan: Any) -> Any:
    def later(*args: Any) -> Plan:
        planned: Plan = plan(*args)
        after = planned.replay_after
        return planned if after is None else msgspec.structs.replace(planned, replay_after=after + 1)

    return later


resume_off_by_one = replaced(host_module, "plan", _off_by_one)
"""A replay begins one row too late."""


def _behind(snapshot: Any) -> Any:
    def one_behind(self: Host, actor: Actor) -> Snapshot:
        found: Snapshot = snapshot(self, actor)
        return found._replace(seq=max(0, found.seq - 1))

    return one_behind


snapshots_lag_behind = replaced(Host, "_snapshot", _behind)
"""What a reading shows is one row old."""


# -- the live stream ---------------------------------------------------------------------------------------------------


def _forgetful(go_live: Any) -> Any:
    def without_backlog(self: Attachment) -> None:
        self._backlog = None
        go_live(self)

    return without_backlog


backlog_is_forgotten = replaced(Attachment, "go_live", _forgetful)
"""What came while a socket caught up does not follow."""


@contextlib.contextmanager
def pushes_come_one_late() -> Iterator[None]:
    """Each push waits for the next one."""
    push = Attachment.push
    held: dict[Attachment, bytes] = {}

    def late(self: Attachment, message: bytes) -> None:
        before = held.get(self)
        held[self] = message
        if before is not None:
            push(self, before)

    with mock.patch.object(Attachment, "push", late):
        yield


def _twice(answered: Any) -> Any:
    def again(self: SocketAsker, answer: Answer, *, duplicate: bool) -> None:
        answered(self, answer, duplicate=duplicate)
        self.attachment.unanswered += 1
        answered(self, answer, duplicate=True)

    return again


answers_come_twice = replaced(SocketAsker, "answered", _twice)
"""A socket's turn is answered two times."""


def _repeated(push: Any) -> Any:
    def again(self: Host, slot: Slot, answer: Answer, action: Action) -> None:
        push(self, slot, answer, action)
        push(self, slot, answer, action)

    return again


actions_come_twice = replaced(Host, "_push_action", _repeated)
"""An action is pushed two times."""


# -- what the character does by itself ---------------------------------------------------------------------------------


@contextlib.contextmanager
def acknowledgements_are_forgotten() -> Iterator[None]:
    """What once pended is shown for ever."""
    pending = Snapshot.pending
    seen: dict[str, dict[str, Action]] = {}

    def all_of_them(self: Snapshot) -> tuple[Action, ...]:
        actions = seen.setdefault(self.actor.epoch, {})
        actions.update((action.id, action) for action in pending(self))
        return tuple(actions.values())

    with mock.patch.object(Snapshot, "pending", all_of_them):
        yield


actions_are_not_spent = replaced(reaching_out, "spend", lambda _: lambda params, state, reason, spent: spent)
"""What was acted for presses on as if nothing had been done."""

alarms_are_lost = replaced(Alarms, "_wake", lambda _: lambda self, alarm, now_ms: True)
"""An alarm that is due wakes nobody."""


# -- actors and rows ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def actors_sleep_before_their_rows_are_durable() -> Iterator[None]:
    """An actor may hibernate while its rows wait for a commit."""
    careless = property(lambda slot: slot.life is Life.AWAKE and not slot.mailbox and slot.thinking is None)
    with mock.patch.object(Slot, "at_rest", careless):
        yield


def _strange(take_turn: Any) -> Any:
    stranger = msgspec.msgpack.encode(TurnInput(1, message="hello", event_context="nobody's"))

    def take(self: Actor, command: TurnCommand, *args: Any) -> Pending:
        return take_turn(self, msgspec.structs.replace(command, input_blob=stranger), *args)  # type: ignore[no-any-return]

    return take


rows_hold_what_nobody_asked = replaced(Actor, "take_turn", _strange)
"""A row's input is not its turn's."""
