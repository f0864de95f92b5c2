"""One session against a plain list: whatever happens between two turns, seq runs 1, 2, 3 …, no id stands twice,
and the same question has the same answer.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from molroo_actor.protocol.commands import Preferences, SetPreferences
from molroo_actor.protocol.record import Record
from molroo_actor.runtime.mailbox import Envelope
from tests.kit.disk import Append
from tests.kit.doubles import RecordingAsker
from tests.kit.node import Node, glad_turn, tiny
from tests.kit.virtual_loop import VirtualLoop, quiet

T = TypeVar("T")
KEPT = 5
IDS = st.sampled_from("abcdefgh")
BODIES = st.sampled_from([-0.5, 0.5])


class Taken(NamedTuple):
    """One row as the model has it; answer None: it was taken while nobody listened."""

    msg_id: str | None
    body: float | None
    answer: Record | None


class Session(RuleBasedStateMachine):
    """The real node below, the list above."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop(limit_s=1e9)
        self.folder = tempfile.TemporaryDirectory()
        self.model: list[Taken] = []
        self.node: Node

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(story)

    @initialize()
    def begin(self) -> None:
        self.run(self._open())
        self.run(self.node.create())

    async def _open(self) -> None:
        self.node = Node(tiny(Path(self.folder.name), history_kept=KEPT), None)
        await self.node.open()

    def teardown(self) -> None:
        if hasattr(self, "node"):
            self.run(self.node.close())
        assert self.loop.complaints == []
        self.loop.close()
        self.folder.cleanup()

    # -- turns ---------------------------------------------------------------------------------------------------------

    async def _deliver(self, msg_id: str | None, body: float) -> RecordingAsker:
        asker = self.node.deliver(await self.node.slot(), glad_turn(msg_id, goal_congruence=body))
        await quiet()
        return asker

    def _used(self, msg_id: str) -> int | None:
        return next((seq for seq, taken in enumerate(self.model, start=1) if taken.msg_id == msg_id), None)

    def _take(self, asker: RecordingAsker, msg_id: str | None, body: float) -> None:
        assert asker.answer is not None, asker.error
        assert (asker.answer.seq, asker.duplicate) == (len(self.model) + 1, False)
        self.model.append(Taken(msg_id, body, asker.answer.record))

    @rule(body=BODIES)
    def turn_without_an_id(self, body: float) -> None:
        self._take(self.run(self._deliver(None, body)), None, body)

    @rule(msg_id=IDS, body=BODIES)
    def turn_with_an_id(self, msg_id: str, body: float) -> None:
        seq = self._used(msg_id)
        asker = self.run(self._deliver(msg_id, body))
        if seq is None:
            self._take(asker, msg_id, body)
        elif seq <= len(self.model) - KEPT or self.model[seq - 1].body != body:
            assert asker.verdict == "CONFLICT"
        else:
            assert asker.verdict == f"{seq} again"
            assert asker.answer is not None
            assert self.model[seq - 1].answer in (None, asker.answer.record)

    @rule(enabled=st.booleans())
    def preferences(self, enabled: bool) -> None:
        async def ask() -> RecordingAsker:
            asker = RecordingAsker()
            command = SetPreferences(Preferences(enabled=enabled))
            self.node.host.deliver(await self.node.slot(), Envelope(command, asker))
            await quiet()
            return asker

        asker = self.run(ask())
        assert asker.verdict == str(len(self.model) + 1)
        self.model.append(Taken(None, None, None))

    # -- trouble with the disk -----------------------------------------------------------------------------------------

    async def _held(self, msg_id: str, body: float) -> tuple[RecordingAsker, RecordingAsker, Append]:
        """A turn and one behind it, with the append of the first under way."""
        await self._deliver_awake()
        self.node.disk.open = False
        slot = await self.node.slot()
        first = self.node.deliver(slot, glad_turn(msg_id, goal_congruence=body))
        append = await self.node.disk.next()
        return first, self.node.deliver(slot, glad_turn()), append

    async def _deliver_awake(self) -> None:
        await self.node.host.snapshot(await self.node.slot())

    @precondition(lambda self: self._used("x") is None)
    @rule(body=BODIES)
    def a_failed_append(self, body: float) -> None:
        async def story() -> list[str]:
            first, behind, append = await self._held("x", body)
            append.fail()
            self.node.disk.open = True
            await quiet()
            return [first.verdict, behind.verdict]

        assert self.run(story()) == ["OVERLOADED", "OVERLOADED"]

    @precondition(lambda self: self._used("y") is None)
    @rule(body=BODIES, written=st.booleans())
    def an_unknown_outcome_and_a_restart(self, body: float, written: bool) -> None:
        async def story() -> list[str]:
            first, behind, append = await self._held("y", body)
            await quiet()
            append.lose(written=written)
            await quiet()
            verdicts = [str(asker.error and asker.error.details) for asker in (first, behind)]
            await self.node.close()
            await self._open()
            return verdicts

        assert self.run(story()) == ["{'outcome': 'unknown'}"] * 2
        if written:
            self.model.append(Taken("y", body, None))

    @precondition(lambda self: self._used("z") is None)
    @rule(body=BODIES)
    def a_client_that_goes_away(self, body: float) -> None:
        async def story() -> None:
            await self._deliver_awake()
            self.node.disk.open = False
            asking = asyncio.create_task(self.node.ask(glad_turn("z", goal_congruence=body)))
            append = await self.node.disk.next()
            asking.cancel()
            await quiet()
            self.node.disk.open = True
            append.commit()
            await quiet()

        self.run(story())
        self.model.append(Taken("z", body, None))

    # -- what time and operators do ------------------------------------------------------------------------------------

    @rule()
    def hibernate(self) -> None:
        self.run(self.node.sleep_all())
        assert self.node.host.residency.residents == 0

    @rule()
    def fold(self) -> None:
        self.run(self.node.fold())

    @rule()
    def fold_and_be_killed_before_the_ledger_hears_of_it(self) -> None:
        async def story() -> None:
            self.node.disk.open = False
            folding = asyncio.create_task(self.node.fold())
            await quiet()
            for append in self.node.disk.waiting:
                append.fail()
            self.node.disk.open = True
            await folding
            await self.node.close()
            await self._open()

        self.run(story())

    @rule()
    def restart(self) -> None:
        self.run(self.node.close())
        self.run(self._open())

    @rule(span_ms=st.sampled_from([-7_200_000, -1, 1_000, 86_400_000]))
    def set_the_wall(self, span_ms: int) -> None:
        self.node.clock.jump_wall_ms(span_ms)

    # -- what always holds ---------------------------------------------------------------------------------------------

    @invariant()
    def the_history_is_the_model(self) -> None:
        async def rows() -> list[tuple[int, str | None, bool]]:
            found = await self.node.host.repeats.rows(await self.node.slot(), 0, 10_000)
            return [(row.seq, row.msg_id, row.state_after is not None) for row in found]

        if hasattr(self, "node"):
            found = self.run(rows())
            assert [row[:2] for row in found] == [(seq, taken.msg_id) for seq, taken in enumerate(self.model, start=1)]
            assert all(whole for _, _, whole in found[-KEPT:]), "the kept history is whole"

    @invariant()
    def the_answers_are_those_that_were_given(self) -> None:
        if self.model and self.model[-1].answer is not None and self.node.host.residency.residents:
            snapshot, answer = self.run(self._snapshot()), self.model[-1].answer
            assert (snapshot.state, snapshot.preferences) == (answer.state, answer.preferences)

    async def _snapshot(self) -> Record:
        return (await self.node.host.snapshot(await self.node.slot())).record


TestSession = Session.TestCase
TestSession.settings = settings(max_examples=25, stateful_step_count=20)
