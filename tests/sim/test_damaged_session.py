"""A session whose file is not what was written says so, for itself only, and its file is never replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from molroo_actor.errors import SessionDamaged
from molroo_actor.runtime.lifecycle import Life
from tests.kit.node import Node, glad_turn, node
from tests.kit.virtual_loop import quiet, virtual

DAMAGES: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(b"garbage " * 2000),
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "missing": lambda path: path.unlink(),
}


async def _folded(it: Node) -> Path:
    """alice with turns in her file, asleep; bob awake."""
    entry = await it.create("alice")
    for _ in range(3):
        await it.ask(glad_turn(), "alice")
    await it.fold()
    await it.sleep_all()
    await it.create("bob")
    await it.ask(glad_turn(), "bob")
    return it.session_file(entry)


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("damage", list(DAMAGES))
@virtual
async def test_a_damaged_session_answers_so_and_all_others_run_on(tmp_path: Path, damage: str, at_once: bool) -> None:
    async with node(tmp_path, wake_at_once=at_once) as it:
        path = await _folded(it)
        DAMAGES[damage](path)
        content = path.read_bytes() if path.exists() else None
        slot = await it.slot("alice")
        letter = it.deliver(slot, glad_turn())
        with pytest.raises(SessionDamaged) as refusal:
            await it.host.snapshot(slot)
        assert letter.error is not None
        assert (letter.verdict, letter.error.retryable, letter.error.details) == (
            "OVERLOADED", False, {"reason": "session_damaged"},
        )  # fmt: skip
        assert refusal.value.retry_after_s is None
        assert (slot.life, list(it.host.registry.damaged)) == (Life.ASLEEP, [slot.inner_id])
        assert (await it.ask(glad_turn(), "bob")).seq == 2
        assert (path.read_bytes() if path.exists() else None) == content


@virtual
async def test_a_file_put_back_wakes_again_and_is_no_longer_listed(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        path = await _folded(it)
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(SessionDamaged):
            await it.ask(glad_turn(), "alice")
        path.write_bytes(content)
        assert (await it.ask(glad_turn(), "alice")).seq == 4
        assert it.host.registry.damaged == {}


@virtual
async def test_an_awake_session_goes_on_while_its_file_is_gone_and_loses_nothing(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        path = await _folded(it)
        await it.ask(glad_turn(), "alice")
        content = path.read_bytes()
        path.unlink()
        assert (await it.ask(glad_turn(), "alice")).seq == 5
        await it.fold()
        assert (path.exists(), list(it.folding.damaged)) == (False, [1])
        path.write_bytes(content)
        await it.fold()
        await it.sleep_all()
        assert (await it.ask(glad_turn(), "alice")).seq == 6
        assert it.folding.damaged == {}


@virtual
async def test_a_blob_of_a_newer_program_is_not_guessed_at(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create()
        await it.ask(glad_turn())
        await it.sleep_all()
        it.ledger.node.sql.execute("UPDATE journal SET state_after = x'81a17663'")  # {"v": 99}
        letter = it.deliver(await it.slot(), glad_turn())
        await quiet()
        assert letter.error is not None
        assert letter.error.details == {"reason": "session_damaged"}
        assert it.host.registry.damaged == {
            1: "a blob has format 99, this program knows up to 3: run a newer molroo-actor"
        }
