"""An id is used once: a repeat is answered with what was stored, and anything else under it is a conflict."""

from __future__ import annotations

from pathlib import Path

import pytest

from molroo_actor.errors import Conflict
from tests.kit.doubles import RecordingAsker
from tests.kit.node import Node, glad_turn, node, said
from tests.kit.virtual_loop import quiet, virtual


async def _ask(it: Node, msg_id: str, **changed: float) -> RecordingAsker:
    asker = it.deliver(await it.slot(), glad_turn(msg_id, **changed))
    await quiet()
    return asker


@pytest.mark.parametrize("where", ["journal", "file", "asleep"])
@virtual
async def test_a_repeat_is_answered_with_the_stored_answer_wherever_it_lies(tmp_path: Path, where: str) -> None:
    async with node(tmp_path) as it:
        await it.create()
        first = await it.ask(glad_turn("a", context="a walk"))
        await it.ask(glad_turn("b"))
        if where != "journal":
            await it.fold()
        if where == "asleep":
            await it.sleep_all()
        again = it.deliver(await it.slot(), glad_turn("a", context="a walk"))
        await quiet()
        assert again.answer is not None
        assert (again.verdict, again.answer.record) == ("1 again", first.record)
        assert again.answer.socket_data(with_prompt=True) == first.socket_data(with_prompt=True)
        assert (await it.host.snapshot(await it.slot())).seq == 2


@virtual
async def test_another_body_under_a_used_id_is_a_conflict_and_no_turn(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn("a"))
        it.disk.open = False
        it.deliver(await it.slot(), glad_turn("b"))
        append = await it.disk.next()
        kept, in_flight = await _ask(it, "a", goal_congruence=0.1), await _ask(it, "b", goal_congruence=0.1)
        assert [asker.verdict for asker in (kept, in_flight)] == ["CONFLICT", "nothing"]
        it.disk.open = True
        append.commit()
        await quiet()
        assert [asker.error and asker.error.message for asker in (kept, in_flight)] == [
            f"this id was used for another body (turn {seq}); take a new random id for a new turn" for seq in (1, 2)
        ]
        assert (await it.host.snapshot(await it.slot())).seq == 2


@virtual
async def test_another_body_is_no_conflict_with_a_turn_that_did_not_happen(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn("a"))
        it.disk.open = False
        first = it.deliver(await it.slot(), glad_turn("b"))
        append = await it.disk.next()
        other = await _ask(it, "b", goal_congruence=0.1)
        append.fail()
        it.disk.open = True
        await quiet()
        assert (first.verdict, other.verdict) == ("OVERLOADED", "OVERLOADED")
        assert (await _ask(it, "b", goal_congruence=0.1)).verdict == "2"


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("asleep", [False, True])
@virtual
async def test_an_id_older_than_the_kept_history_is_a_conflict_that_names_its_turn(
    tmp_path: Path, folded: bool, asleep: bool
) -> None:
    async with node(tmp_path, history_kept=2) as it:
        await it.create()
        for name in "abcd":
            await it.ask(glad_turn(name))
        if folded:
            await it.fold()
        if asleep:
            await it.sleep_all()
        verdicts = [await _ask(it, name) for name in "abcd"]
        assert [asker.verdict for asker in verdicts] == ["CONFLICT", "CONFLICT", "3 again", "4 again"]
        assert [asker.error.message for asker in verdicts if asker.error] == [
            f"already applied as turn {seq}; its answer is no longer kept" for seq in (1, 2)
        ]
        assert (await it.host.snapshot(await it.slot())).seq == 4


@virtual
async def test_the_same_id_means_another_turn_in_another_session(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        for name in ("alice", "bob"):
            await it.create(name)
            assert (await it.ask(glad_turn("same"), name)).seq == 1


@virtual
async def test_turns_without_an_id_are_never_repeats(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        assert [(await it.ask(glad_turn())).seq for _ in range(3)] == [1, 2, 3]


@virtual
async def test_a_text_is_not_appraised_again_for_a_repeat(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        first = await it.ask(said("I missed you", "a"))
        again, duplicate = await it.host.ask(await it.slot(), said("I missed you", "a"))
        assert (again.seq, duplicate, again.record) == (1, True, first.record)
        with pytest.raises(Conflict):
            await it.host.ask(await it.slot(), said("I missed you!", "a"))
