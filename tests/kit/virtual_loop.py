"""An event loop in virtual time: nobody waits, and a wait that nothing can end fails by name.

When nothing is ready, the clock jumps to the next timer. When there is no timer either, nothing can ever happen again:
that is a deadlock and raises. Work for threads (the disk) runs in the loop's own thread, in order, after a delay that
the test chooses: every interleaving can be repeated. Here is no knowledge of the product.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
Main = Coroutine[Any, Any, None]

LIMIT_S = 3600.0
"""Of virtual time: a story that takes longer has a timer that comes round for ever and nothing else."""


class Deadlock(Exception):
    """Nothing is ready, no timer is set, and the story is not over. Names the tasks that wait."""


class Endless(Exception):
    """The story goes on beyond its limit of virtual time."""


class _Jump(selectors.SelectSelector):
    """Polls; when nothing is ready the loop's clock jumps instead of waiting."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout != 0 and not self.loop.tell_quiet():
            self.loop.jump(timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` begins at 0. `delay_s` says how long the next work of a thread takes; 0 is within the same moment."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._now_s = 0.0
        self._limit_s = limit_s
        self._quiet: list[asyncio.Future[None]] = []
        self._free_at: dict[int, float] = {}
        self.delay_s: Callable[[], float] = lambda: 0.0
        self.complaints: list[str] = []
        """What the loop's exception handler was told: a test that leaves some fails."""
        selector = _Jump()
        selector.loop = self
        super().__init__(selector)
        self._clock_resolution = 1e-6
        self.set_exception_handler(lambda _, context: self.complaints.append(repr(context)))

    def time(self) -> float:
        return self._now_s

    # -- what the selector asks ----------------------------------------------------------------------------------------

    def tell_quiet(self) -> bool:
        """Wakes whoever waits for the moment in which nothing is ready."""
        waiting, self._quiet = self._quiet, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
        return bool(waiting)

    def jump(self, span_s: float | None) -> None:
        """To the next timer. Raises Deadlock without one, Endless beyond the limit."""
        if span_s is None:
            waiting = ", ".join(sorted(_where(task) for task in asyncio.all_tasks(self)))
            raise Deadlock(f"nothing is ready and no timer is set at {self._now_s:g} s; waiting: {waiting or 'nobody'}")
        self._now_s += span_s
        if self._now_s > self._limit_s:
            raise Endless(f"virtual time passed {self._limit_s:g} s")

    # -- threads -------------------------------------------------------------------------------------------------------

    def work(self, thread: object, job: Callable[[], T]) -> asyncio.Future[T]:
        """Runs `job` as that thread would: after what it was given before, outside of any coroutine."""
        future: asyncio.Future[T] = self.create_future()
        delay_s = self.delay_s()
        begin_s = max(self._now_s, self._free_at.get(id(thread), 0.0))
        if delay_s == 0 and begin_s == self._now_s:
            self.call_soon(_do, future, job)
        else:
            self._free_at[id(thread)] = begin_s + delay_s
            self.call_at(begin_s + delay_s, _do, future, job)
        return future

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        return self.work(executor, functools.partial(func, *args))


def _do(future: asyncio.Future[T], job: Callable[[], T]) -> None:
    try:
        result = job()
    except Exception as error:  # noqa: BLE001 - as an executor does
        if not future.done():
            future.set_exception(error)
    else:
        if not future.done():
            future.set_result(result)


def _where(task: asyncio.Task[Any]) -> str:
    """The task's name and the innermost coroutine that it waits in."""
    awaited: Any = task.get_coro()
    while asyncio.iscoroutine(inner := getattr(awaited, "cr_await", None)):
        awaited = inner
    frame = getattr(awaited, "cr_frame", None)
    return f"{task.get_name()} at {awaited.__qualname__}:{frame.f_lineno if frame else 'end'}"


def running() -> VirtualLoop:
    """The virtual loop that runs this."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


async def quiet() -> None:
    """Returns when nothing is ready: everything that can happen without time passing has happened."""
    loop = running()
    future: asyncio.Future[None] = loop.create_future()
    loop._quiet.append(future)
    await future


async def _checked(main: Main) -> None:
    """Also fails when a task outlives the story."""
    await main
    left = [_where(task) for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, f"tasks outlive the story: {left}"


def run_virtual(main: Main, *, limit_s: float = LIMIT_S) -> None:
    """Runs a story to its end in a loop of its own."""
    loop = VirtualLoop(limit_s)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(_checked(main))
    assert not loop.complaints, loop.complaints


def virtual(story: Callable[P, Main]) -> Callable[P, None]:
    """Makes a plain test function of a coroutine function; it runs in virtual time."""

    @functools.wraps(story)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        run_virtual(story(*args, **kwargs))

    return test
