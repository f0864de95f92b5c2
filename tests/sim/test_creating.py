"""Making and listing sessions: once for each Idempotency-Key, newest first, waking nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from molroo_actor.errors import Conflict, Overloaded
from molroo_actor.protocol import personas
from tests.kit.clock import START_MS
from tests.kit.doubles import SlowAppraiser
from tests.kit.node import TENANT, glad_turn, node, said
from tests.kit.virtual_loop import quiet, virtual


@virtual
async def test_a_key_makes_one_session_however_often_and_however_close_together_it_is_sent(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        command = personas.create(b'{"preset": "companion"}')
        made = await asyncio.gather(*(it.sessions.create(TENANT, False, command, "k") for _ in range(4)))
        assert sorted(replayed for _, replayed in made) == [False, True, True, True]
        assert len({entry.inner_id for entry, _ in made}) == it.sessions.count == 1
        other, replayed = await it.sessions.create(TENANT, False, command, "l")
        assert (other.inner_id == made[0][0].inner_id, replayed) == (False, False)
        assert (await it.sessions.create("others", False, command, "k"))[1] is False


@virtual
async def test_a_key_used_for_another_body_is_a_conflict_and_so_is_one_whose_session_is_gone(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        await it.create("alice", key="k")
        with pytest.raises(Conflict, match="this Idempotency-Key was used for another body"):
            await it.create("bob", key="k")
        await it.sessions.delete(await it.slot("alice"))
        with pytest.raises(Conflict, match="was deleted since; take a new key"):
            await it.create("alice", key="k")


@virtual
async def test_keys_are_forgotten_after_a_day(tmp_path: Path) -> None:
    async with node(tmp_path, creation_keys_kept_s=86_400) as it:
        await it.create("alice", key="k")
        it.clock.advance(86_400)
        it.sweep()
        await quiet()
        with pytest.raises(Conflict, match="another body"):
            await it.create("bob", key="k")
        it.clock.advance(600.001)
        it.sweep()
        await quiet()
        assert (await it.create("bob", key="k")).id == "bob"


@virtual
async def test_two_that_want_the_same_name_at_once_get_it_once(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        results = await asyncio.gather(*(it.create("alice") for _ in range(3)), return_exceptions=True)
        assert [isinstance(result, Conflict) for result in results] == [False, True, True]
        assert (it.sessions.count, (await it.ask(glad_turn(), "alice")).seq) == (1, 1)


@virtual
async def test_a_list_tells_what_memory_knows_and_wakes_nobody(tmp_path: Path) -> None:
    appraiser = SlowAppraiser()
    async with node(tmp_path, appraiser) as it:
        for name in ("asleep", "idle", "active"):
            await it.create(name)
            it.clock.advance(1)
        for name in ("idle", "active"):
            await it.ask(glad_turn(), name)
        it.clock.advance(1)
        await it.ask(glad_turn(), "idle")
        it.deliver(await it.slot("active"), said("hm"))
        await quiet()
        page = await it.sessions.page(TENANT, False, None, 2)
        rest = await it.sessions.page(TENANT, False, (START_MS + 1_000, "idle"), 2)
        assert [(item.id, item.status, item.lastActive - START_MS) for item in (*page.items, *rest.items)] == [
            ("active", "active", 3_000), ("idle", "idle", 4_000), ("asleep", "hibernated", 0),
        ]  # fmt: skip
        assert (page.cursor is None, rest.cursor, it.observer.wakes) == (False, None, 2)


@virtual
async def test_the_time_scale_is_fixed_when_a_session_is_made_and_live_ones_go_with_the_wall(tmp_path: Path) -> None:
    async with node(tmp_path, time_scale=60.0) as it:
        test, live = await it.create("test"), await it.create("live", live=True)
        assert (test.time_scale, live.time_scale) == (60.0, 1.0)
    async with node(tmp_path, time_scale=2.0) as it:
        it.clock.advance(10)
        assert (await it.ask(glad_turn(), "test")).record.state.at_ms == 600_000


@virtual
async def test_on_a_full_disk_nothing_is_made_and_nothing_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with node(tmp_path) as it:
        folder = it.ledger.folder
        folder.ballast_given_up = True
        monkeypatch.setattr(folder, "free_bytes", lambda: -1)
        with pytest.raises(Overloaded) as refusal:
            await it.create()
        assert refusal.value.details == {"reason": "disk_full"}
        assert not it.host.doomed.is_set()
