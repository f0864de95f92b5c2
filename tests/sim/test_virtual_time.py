"""The virtual loop itself: time costs nothing, a wait for nothing fails by name, and threads keep their order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from tests.kit.virtual_loop import Deadlock, Endless, quiet, run_virtual, running, virtual


def _run(story: Callable[[], Coroutine[object, object, None]], limit_s: float = 3600) -> None:
    run_virtual(story(), limit_s=limit_s)


def test_a_year_passes_at_once_and_exactly() -> None:
    async def story() -> None:
        await asyncio.sleep(365 * 86_400)
        assert running().time() == 365 * 86_400

    _run(story, limit_s=1e9)


def test_a_wait_that_nothing_can_end_fails_by_name() -> None:
    async def waits_for_nobody() -> None:
        await asyncio.get_running_loop().create_future()

    async def story() -> None:
        await asyncio.sleep(1.5)
        await waits_for_nobody()

    with pytest.raises(Deadlock, match=r"no timer is set at 1.5 s; waiting: .* at .*waits_for_nobody:\d+"):
        _run(story)


def test_a_story_that_only_comes_round_is_ended() -> None:
    async def story() -> None:
        for _ in range(1_000):
            await asyncio.sleep(1)

    with pytest.raises(Endless, match="virtual time passed 10 s"):
        _run(story, limit_s=10)


def test_a_task_that_outlives_the_story_fails_it() -> None:
    async def story() -> None:
        forgotten = asyncio.get_running_loop().create_task(asyncio.sleep(5), name="forgotten")
        await asyncio.sleep(0)
        assert not forgotten.done()

    with pytest.raises(AssertionError, match=r"tasks outlive the story: .*forgotten"):
        _run(story)


def test_an_error_that_nobody_heard_fails_the_story() -> None:
    def bug() -> None:
        raise ValueError("nobody heard")

    async def story() -> None:
        asyncio.get_running_loop().call_soon(bug)
        await asyncio.sleep(1)

    with pytest.raises(AssertionError, match="nobody heard"):
        _run(story)


@virtual
async def test_quiet_comes_before_time_passes() -> None:
    seen: list[str] = []
    running().call_later(0.001, seen.append, "later")
    running().call_soon(running().call_soon, seen.append, "soon")
    await quiet()
    assert (seen, running().time()) == (["soon"], 0)


@virtual
async def test_work_of_one_thread_keeps_its_order_and_threads_do_not_wait_for_each_other() -> None:
    delays = iter([0.3, 0.1, 0.1])
    running().delay_s = lambda: next(delays)
    seen: list[tuple[str, float]] = []
    one, two = object(), object()

    def job(name: str) -> Callable[[], None]:
        return lambda: seen.append((name, round(running().time(), 6)))

    await asyncio.gather(running().work(one, job("a")), running().work(one, job("b")), running().work(two, job("c")))
    assert seen == [("c", 0.1), ("a", 0.3), ("b", 0.4)]
