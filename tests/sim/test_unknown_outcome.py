"""A commit of which nobody can tell: nobody is told that it did not happen, and nothing is served from then on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from molroo_actor.errors import Overloaded
from tests.kit.doubles import RecordingAsker, SlowAppraiser
from tests.kit.node import Node, glad_turn, node, said
from tests.kit.virtual_loop import quiet, virtual


async def _lost(it: Node) -> list[RecordingAsker]:
    """A turn of alice's in the lost append, one of bob's behind it."""
    for name in ("alice", "bob"):
        await it.create(name)
        await it.ask(glad_turn(), name)
    it.disk.open = False
    first = it.deliver(await it.slot("alice"), glad_turn("a"))
    append = await it.disk.next()
    behind = it.deliver(await it.slot("bob"), glad_turn("b"))
    await quiet()
    append.lose()
    await quiet()
    return [first, behind]


@virtual
async def test_everybody_in_the_gate_hears_that_the_outcome_is_unknown(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        askers = await _lost(it)
        assert [asker.verdict for asker in askers] == ["OVERLOADED", "OVERLOADED"]
        assert [asker.error and asker.error.details for asker in askers] == [{"outcome": "unknown"}] * 2
        assert it.host.doomed.is_set()


@virtual
async def test_nothing_is_taken_or_written_after_it(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await _lost(it)
        later = it.deliver(await it.slot("alice"), glad_turn("c"))
        await quiet()
        assert later.verdict == "OVERLOADED"
        assert later.error is not None
        assert later.error.details == {"reason": "disk"}
        with pytest.raises(Overloaded) as refusal:
            await it.create("carol")
        assert refusal.value.details == {"reason": "disk"}
        assert it.disk.waiting == []


@virtual
async def test_no_reader_sees_the_row_in_doubt(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await _lost(it)
        assert (await it.host.snapshot(await it.slot("alice"))).seq == 1


@virtual
async def test_a_creation_in_doubt_says_so(tmp_path: Path) -> None:
    async with node(tmp_path, gated=True) as it:
        creation = asyncio.create_task(it.create())
        (await it.disk.next()).lose()
        with pytest.raises(Overloaded) as refusal:
            await creation
        assert refusal.value.details == {"outcome": "unknown"}
        assert it.host.doomed.is_set()


@virtual
async def test_a_turn_that_waits_for_its_appraisal_is_answered_too(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser) as it:
        await it.create("carol")
        carol = await it.slot("carol")
        thinking, letter = it.deliver(carol, said("hello")), it.deliver(carol, glad_turn())
        await quiet()
        await _lost(it)
        assert letter.verdict == "OVERLOADED"
        appraiser.answer("hello", 0.5)
        await quiet()
        assert thinking.verdict == "OVERLOADED"
