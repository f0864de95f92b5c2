"""A turn that waits for its appraisal: only its own session waits with it, and not for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

from molroo_actor.engine import Reading, appraise
from molroo_actor.runtime.lifecycle import Life
from tests.kit.clock import START_MS
from tests.kit.doubles import SlowAppraiser
from tests.kit.node import Node, glad_turn, node, said
from tests.kit.virtual_loop import quiet, virtual


async def _awake(it: Node, *names: str) -> None:
    for name in names:
        await it.create(name)
        await it.ask(glad_turn(), name)


@virtual
async def test_only_its_own_session_waits(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser) as it:
        await _awake(it, "alice", "bob")
        alice = await it.slot("alice")
        thinking, behind = it.deliver(alice, said("hello")), it.deliver(alice, glad_turn())
        assert (await it.ask(glad_turn(), "bob")).seq == 2
        assert (await it.host.snapshot(alice)).seq == 1
        assert (thinking.verdict, behind.verdict, alice.depth) == ("nothing", "nothing", 1)
        appraiser.answer("hello", 0.7)
        await quiet()
        assert (thinking.verdict, behind.verdict) == ("2", "3")
        assert thinking.answer is not None
        assert thinking.answer.result.appraisal.goal_congruence == 0.7


@virtual
async def test_the_turn_takes_its_time_when_the_appraisal_is_in(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser) as it:
        await _awake(it, "alice")
        thinking = it.deliver(await it.slot(), said("hello"))
        await asyncio.sleep(5)
        appraiser.answer("hello", 0.7)
        await quiet()
        assert thinking.answer is not None
        assert thinking.answer.record.wall_ms == START_MS + 5_000
        assert thinking.answer.record.state.at_ms == 5_000


@virtual
async def test_at_the_deadline_the_embedded_appraiser_answers(tmp_path: Path) -> None:
    async with node(tmp_path, SlowAppraiser(), appraiser_deadline_s=10) as it:
        await _awake(it, "alice")
        slot = await it.slot()
        assert slot.actor is not None
        expected = appraise("you are wonderful", "user", slot.actor.params, slot.actor.record.state)
        thinking = it.deliver(slot, said("you are wonderful"))
        await asyncio.sleep(9.999)
        assert thinking.verdict == "nothing"
        await asyncio.sleep(0.002)
        assert thinking.answer is not None
        assert (thinking.answer.seq, thinking.answer.result.appraisal) == (2, expected.appraisal)


@virtual
async def test_an_appraiser_that_fails_is_answered_for_by_the_embedded_one_at_once(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser) as it:
        await _awake(it, "alice")
        thinking = it.deliver(await it.slot(), said("hello"))
        await quiet()
        appraiser.fail("hello")
        await quiet()
        assert thinking.verdict == "2"


@virtual
async def test_a_reading_for_an_incarnation_that_is_gone_is_dropped(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser) as it:
        await _awake(it, "alice")
        alice = await it.slot()
        await it.join(alice)  # with a socket the slot stays, and the next incarnation lives in it
        it.disk.open = False
        it.deliver(alice, glad_turn())
        append = await it.disk.next()
        lost = it.deliver(alice, said("first"))
        await quiet()
        append.fail()
        await quiet()
        assert (lost.verdict, alice.life) == ("OVERLOADED", Life.BROKEN)

        it.disk.open = True
        later = it.deliver(await it.slot(), said("second"))
        await quiet()
        appraiser.answer("first", -1.0)
        await quiet()
        assert (later.verdict, (await it.host.snapshot(await it.slot())).seq) == ("nothing", 1)
        appraiser.answer("second", 1.0)
        await quiet()
        assert later.answer is not None
        assert (later.answer.seq, later.answer.result.appraisal.goal_congruence) == (2, 1.0)


@virtual
async def test_a_repeat_behind_the_turn_that_it_repeats_is_answered_with_it(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser) as it:
        await _awake(it, "alice")
        alice = await it.slot()
        first, again = it.deliver(alice, said("hello", "a")), it.deliver(alice, said("hello", "a"))
        await quiet()
        assert list(appraiser.waiting) == ["hello"]
        appraiser.answer("hello", 0.7)
        await quiet()
        assert (first.verdict, again.verdict, appraiser.waiting) == ("2", "2 again", {})


@virtual
async def test_a_deletion_waits_for_the_turn_before_it(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser) as it:
        await _awake(it, "alice")
        alice = await it.slot()
        thinking = it.deliver(alice, said("goodbye"))
        deletion = asyncio.create_task(it.sessions.delete(alice))
        await quiet()
        assert not deletion.done()
        appraiser.answer("goodbye", -0.7)
        await deletion
        assert (thinking.verdict, it.sessions.count) == ("2", 0)


@virtual
async def test_a_reading_that_breaks_the_turn_is_a_bug_of_that_turn_only(tmp_path: Path) -> None:
    class Odd(SlowAppraiser):
        def answer(self, text: str, congruence: float) -> None:
            self.waiting.pop(text).set_result(Reading(None))  # type: ignore[arg-type]

    appraiser = Odd()
    async with node(tmp_path, appraiser) as it:
        await _awake(it, "alice")
        thinking, behind = it.deliver(await it.slot(), said("hello")), it.deliver(await it.slot(), glad_turn())
        await quiet()
        appraiser.answer("hello", 0)
        await quiet()
        assert (thinking.verdict, behind.verdict) == ("INTERNAL", "2")
