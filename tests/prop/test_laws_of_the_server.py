"""The laws that reach through a whole node: commands in, journal below, answers out. Time is the clock's or given."""

from __future__ import annotations

import atexit
import json
import tempfile
from collections.abc import Coroutine
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from molroo_actor.engine import Appraisal, StateReport, TurnResult
from molroo_actor.protocol import personas
from molroo_actor.protocol.commands import TurnCommand, appraisal_turn
from tests.kit.node import TENANT, Node, tiny
from tests.kit.virtual_loop import VirtualLoop
from tests.prop.law import law
from tests.prop.strategies import Case

T = TypeVar("T")

_SESSIONS_MAX = 400
law_of_the_server = partial(law, cases=30)  # a whole node takes part in each
_MONTH_MS = 30 * 86_400_000
_CROOKED_MS = [ms for ms in range(1, 65_536) if int(ms / 1000 * 1000) != ms]


class Served:
    """A node in virtual time that is opened anew now and then, so that no case pays for all before it."""

    def __init__(self) -> None:
        self.loop = VirtualLoop(limit_s=1e12)
        self._made = 0
        self._folder = tempfile.TemporaryDirectory()
        self.node = self.run(self._open())

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(story)

    async def _open(self) -> Node:
        node = Node(tiny(Path(self._folder.name)), None)
        await node.open()
        return node

    def close(self) -> None:
        self.run(self.node.close())
        self._folder.cleanup()

    def sessions(self, persona: bytes) -> tuple[str, str]:
        """Two new sessions of that persona."""
        self._made += 2
        if self._made % _SESSIONS_MAX == 0:
            self.close()
            self._folder = tempfile.TemporaryDirectory()
            self.node = self.run(self._open())
        names = (f"s{self._made}", f"s{self._made + 1}")
        for name in names:
            made = personas.create(json.dumps({**json.loads(persona), "sessionId": name}).encode())
            self.run(self.node.sessions.create(TENANT, False, made, None))
        return names

    def turn(self, session: str, appraisal: Appraisal, elapsed_ms: int | None, context: str | None) -> TurnResult:
        beside = {"elapsed_seconds": None if elapsed_ms is None else elapsed_ms / 1000, "context": context}
        given = {"appraisal": msgspec.to_builtins(appraisal), **{k: x for k, x in beside.items() if x is not None}}
        command: TurnCommand = appraisal_turn(given, None)
        result = self.run(self.node.ask(command, session)).record.result
        assert result is not None
        return result

    def look(self, session: str) -> StateReport:
        async def look() -> StateReport:
            return (await self.node.host.snapshot(await self.node.slot(session))).report()

        return self.run(look())

    def sleep(self) -> None:
        self.run(self.node.sleep_all())


@cache
def served() -> Served:
    server = Served()
    atexit.register(server.close)
    return server


def twins(case: Case) -> tuple[Served, str, str]:
    """Two sessions of one persona that have lived through the same."""
    server, persona = served(), msgspec.json.encode(case.persona())
    one, other = server.sessions(persona)
    case.story.append(persona)
    for _ in range(1 + case.byte() % 3):
        appraisal, span = case.appraisal(), case.span_ms(_MONTH_MS)
        case.story.append((appraisal, span))
        for session in (one, other):
            server.turn(session, appraisal, span, None)
    return server, one, other


@law_of_the_server
def test_through_the_api_too_many_small_steps_of_time_are_one_large_step(case: Case) -> None:
    """Each step is a turn that matters to nobody; while a regulation is at work, a turn goes on with it, so no case."""
    server, one, other = twins(case)
    if server.look(one).regulation.active_strategy is not None:
        case.none_here()
    # Half of the spans are among those that no fraction of a second holds exactly.
    k, span = case.whole(2, 5), case.one_of(_CROOKED_MS) if case.byte() & 1 else case.span_ms(_MONTH_MS)
    nothing = msgspec.structs.replace(case.appraisal(), goal_relevance=0.0)
    results = [server.turn(one, nothing, span, None) for _ in range(k)]
    results.append(server.turn(other, nothing, k * span, None))
    if any(result.regulation for result in results):
        case.none_here()
    small, large = results[-2:]
    for name in ("new_emotion", "body_budget", "stress"):
        assert near(getattr(small, name), getattr(large, name)), (name, small, large)
    now, then = server.look(one), server.look(other)
    for name in ("emotion", "mood", "need_state", "body_budget", "stress"):
        assert near(getattr(now, name), getattr(then, name)), (name, now, then)


@law_of_the_server
def test_whoever_looks_at_a_session_or_lets_it_sleep_changes_nothing(case: Case) -> None:
    """One is looked at and put to sleep while the clock goes on, the other is left alone."""
    server, one, other = twins(case)
    for _ in range(1 + case.byte() % 3):
        server.node.clock.advance(case.span_ms(_MONTH_MS) / 1000)
        assert server.look(one) == server.look(one)
        if case.byte() & 1:
            server.sleep()
    assert server.look(one) == server.look(other)
    appraisal = case.appraisal()
    assert server.turn(one, appraisal, None, None) == server.turn(other, appraisal, None, None)


@law_of_the_server
def test_the_same_appraisal_makes_the_same_turn_whatever_the_text_beside_it(case: Case) -> None:
    server, one, other = twins(case)
    appraisal, span = case.appraisal(), case.span_ms(_MONTH_MS)
    said = server.turn(one, appraisal, span, case.sentence())
    assert said == server.turn(other, appraisal, span, case.sentence())
    assert server.look(one) == server.look(other)


def near(x: object, y: object) -> bool:
    """Whether two values have the same numbers to the twelfth place."""
    return all(abs(a - b) <= 1e-12 for a, b in zip(_flat(x), _flat(y), strict=True))


def _flat(value: object) -> tuple[float, ...]:
    return (value,) if isinstance(value, float) else msgspec.structs.astuple(value)  # type: ignore[arg-type]
