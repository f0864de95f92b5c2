"""The load: people who keep a socket open while their character sleeps, who come and go, who use REST, who only look,
who make characters for a minute, and characters that are left alone and reach out.

Turns of the first four kinds are in the ledger, and only turns move their sessions on. Characters of the last two
kinds have lives of their own; what is owed to them is kept here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.crash import load
from tests.crash.client import Socket
from tests.crash.ledger import Creation, Session
from tests.crash.life import Cut, Life, Refused
from tests.crash.load import Tester

HIBERNATES_WITHIN_S = 0.8
"""By the server's settings in run.py: half a second of silence, and the sweep."""
STAYING_SHARE = 10
"""One session in so many has somebody who stays."""
GUESTS, REST_USERS, READERS, MAKERS = 12, 6, 3, 2
LEFT_ALONE_EVERY_S = 12.0
MADE_KEPT = 5
PREFERENCES = {"enabled": True, "cooldown_hours": 0}
Client = Callable[[Life, Tester], Awaitable[None]]


@dataclass
class LeftAlone:
    """A character that may reach out: what was acknowledged to whoever talks to it now and then."""

    id: str
    turns: set[int] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)


@dataclass
class Town:
    """All people and characters of a run."""

    seed: int
    left_alone: list[LeftAlone] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    """Characters that were made for a minute; others may be there, whose making was cut off."""
    deleted: set[str] = field(default_factory=set)

    async def use(self, life: Life, phase: int) -> None:
        """Everybody, until the life is over."""
        staying = max(4, len(life.ledger.sessions) // STAYING_SHARE)
        kinds: list[Client] = [*[stay] * staying, *[come_and_go] * GUESTS]
        kinds += [use_rest] * REST_USERS + [look] * READERS + [self._make] * MAKERS
        async with asyncio.TaskGroup() as group:
            for number, kind in enumerate(kinds):
                group.create_task(_until_over(kind, life, Tester(life.ledger, f"{self.seed}/{phase}/{number}")))
            for each in self.left_alone:
                group.create_task(_until_over(self._visiting(each), life, Tester(life.ledger, f"{phase}/{each.id}")))

    def _visiting(self, each: LeftAlone) -> Client:
        async def visit(life: Life, tester: Tester) -> None:
            await life.pause(tester.rng.uniform(0.5, 1.5) * LEFT_ALONE_EVERY_S)
            for action in (await life.rest("GET", f"/v1/proactive/{each.id}")).body:
                if action["id"] in each.acknowledged:
                    life.ledger.breach("doubled", f"{each.id}: {action['id']} was acknowledged and came back")
                await life.rest("POST", f"/v1/proactive/{each.id}/{action['id']}/ack")
                each.acknowledged.add(action["id"])
                life.ledger.counts["actions acknowledged"] += 1
            answer = await life.rest(
                "POST", "/v1/turn?prompt_data=false", {"sessionId": each.id, "message": "I am back"}
            )
            if answer.status != 200:
                life.ledger.breach("refused", f"{each.id}: {answer}")
                return
            each.turns.add(answer.body["seq"])

        return visit

    async def _make(self, life: Life, tester: Tester) -> None:
        name = tester.new_id("brief-")
        await life.rest("POST", "/v1/persona", {"preset": "stoic_mentor", "sessionId": name})
        self.made.add(name)
        for _ in range(tester.rng.randint(1, 3)):
            await life.rest("POST", "/v1/turn?prompt_data=false", {"sessionId": name, "message": "hello"})
        await life.pause(tester.rng.uniform(0.2, 1))
        if len(self.made) > MADE_KEPT:
            await self._delete(life, tester.rng.choice(sorted(self.made - {name})))

    async def _delete(self, life: Life, name: str) -> None:
        self.made.discard(name)
        answer = await life.rest("DELETE", f"/v1/persona/{name}")
        if answer.status not in {200, 404}:  # a deletion that was cut off may have happened
            life.ledger.breach("refused", f"DELETE {name}: {answer}")
            return
        self.deleted.add(name)
        life.ledger.counts["sessions deleted"] += answer.status == 200
        if (await life.rest("GET", f"/v1/state/{name}")).status != 404:
            life.ledger.breach("doubled", f"{name} was deleted and is there")


async def _until_over(kind: Client, life: Life, tester: Tester) -> None:
    while not life.over.is_set():
        try:
            await kind(life, tester)
        except (Cut, Refused):
            await asyncio.sleep(0.02)


def any_session(tester: Tester) -> Session:
    return tester.rng.choice(list(tester.ledger.sessions.values()))


async def stay(life: Life, tester: Tester) -> None:
    """One socket through a sleep of its session: it hears, falls silent, and wakes it by a turn."""
    await life.pause(tester.rng.uniform(0, 0.5))
    session = any_session(tester)
    socket = await Socket.opened(life, session, after=session.bookmark, prompt=tester.rng.random() < 0.2)
    abruptly = False
    try:
        for _ in range(2):
            await load.burst(socket, tester)
            await life.pause(tester.rng.uniform(1, 2) * HIBERNATES_WITHIN_S)
        await socket.state()
        abruptly = tester.rng.random() < 0.2
    finally:
        await socket.close(abruptly=abruptly)


async def come_and_go(life: Life, tester: Tester) -> None:
    """A burst, a goodbye or none; now and then the same turns again, over the next connection."""
    await life.pause(tester.rng.uniform(0, 0.3))
    session = any_session(tester)
    socket = await Socket.opened(life, session, after=session.bookmark)
    try:
        await load.burst(socket, tester)
        if tester.rng.random() < 0.3:
            await load.drop_in_mid_air(socket, tester)
        elif session.at_seq and tester.rng.random() < 0.3:
            newest = session.at_seq[max(session.at_seq)]
            if newest.via == "ws":
                await socket.turn(newest)
    finally:
        await socket.close(abruptly=tester.rng.random() < 0.2)


async def use_rest(life: Life, tester: Tester) -> None:
    """A turn by REST, sometimes twice under its key."""
    turn = tester.turn(any_session(tester), "rest")
    for _ in range(1 + (tester.rng.random() < 0.1)):
        await life.turn(turn)
    await life.pause(tester.rng.uniform(0, 0.1))


async def look(life: Life, tester: Tester) -> None:
    """A state, a history, or a page of sessions."""
    await life.pause(tester.rng.uniform(0, 0.1))
    session = any_session(tester)
    match tester.rng.randrange(3):
        case 0:
            await life.state(session)
        case 1:
            await life.history(session)
        case _:
            await life.rest("GET", "/v1/persona?limit=20")


async def settle(life: Life, town: Town, sessions: int) -> None:
    """Makes the characters that are there to the end."""
    tester = Tester(life.ledger, f"{town.seed}/first")
    slots = asyncio.Semaphore(16)

    async def one(work: Callable[[], Awaitable[None]]) -> None:
        async with slots:
            await work()

    def leave_alone(each: LeftAlone) -> Callable[[], Awaitable[None]]:
        async def make() -> None:
            await life.rest("POST", "/v1/persona", {"preset": "anxious_helper", "sessionId": each.id})
            await life.rest("PUT", f"/v1/proactive/{each.id}/preferences", PREFERENCES)

        return make

    town.left_alone = [LeftAlone(f"alone-{number}") for number in range(max(3, sessions // 20))]
    creations = [tester.creation() for _ in range(sessions)]
    work: list[Callable[[], Awaitable[None]]] = [_creating(life, creation) for creation in creations]
    work += [leave_alone(each) for each in town.left_alone]
    random.Random(town.seed).shuffle(work)
    await asyncio.gather(*(one(each) for each in work))


def _creating(life: Life, creation: Creation) -> Callable[[], Awaitable[None]]:
    async def create() -> None:
        await life.create(creation)

    return create
