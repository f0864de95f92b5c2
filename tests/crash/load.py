"""The load: what a dozen or two of clients do to the server for as long as it lives.

Sockets that send bursts of turns, idle until their session hibernates, wake it, drop in mid-air and resume; REST
turns; creations; reads. Each client is a coroutine that ends with its life.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from tests.crash.client import Socket
from tests.crash.ledger import Creation, Json, Ledger, Session, Turn, Via
from tests.crash.life import Cut, Life, Refused

WS_CLIENTS = 12
REST_CLIENTS = 4
HOT = 30  # the newest sessions, which most clients share
HOT_SHARE = 0.7
UNDER_WAY = 5  # turns of one socket at a time; the server takes 8
HIBERNATES_WITHIN_S = 0.75
PRESETS = ("cheerful_companion", "stoic_mentor", "anxious_helper", "playful_trickster", "empathetic_listener")
SAID = (
    "I really missed you today",
    "my boss said I am useless",
    "thank you for waiting",
    "I am not angry any more",
    "오늘은 정말 즐거웠어",
    "leave me alone",
)
AXES = (("goal_relevance", 0), ("goal_congruence", -1), ("expectedness", 0), ("controllability", 0))
MORE_AXES = (("agency", -1), ("norm_compatibility", -1))


class Tester:
    """Makes up what is sent: ids that never repeat within a run, bodies that carry theirs so that history names it."""

    def __init__(self, ledger: Ledger, seed: str) -> None:
        self.ledger = ledger
        self.rng = random.Random(seed)

    def new_id(self, kind: str) -> str:
        return f"{kind}{self.rng.getrandbits(80):020x}"

    def turn(self, session: Session, via: Via) -> Turn:
        turn_id = self.new_id("t")
        return self.ledger.wanted(Turn(turn_id, session.id, via, self._body(turn_id)))

    def _body(self, turn_id: str) -> Json:
        if self.rng.random() < 0.5:
            return {"message": f"{self.rng.choice(SAID)} #{turn_id}"}
        vector = {name: round(self.rng.uniform(low, 1), 4) for name, low in AXES + MORE_AXES}
        return {"appraisal": vector, "context": f"#{turn_id}"}

    def creation(self) -> Creation:
        """With a key, with an id of one's own, or with both: without either nobody could ask again."""
        own_id = self.new_id("own-") if self.rng.random() < 0.6 else None
        key = self.new_id("k") if own_id is None or self.rng.random() < 0.5 else None
        body: Json = {"preset": self.rng.choice(PRESETS)} | ({"sessionId": own_id} if own_id else {})
        creation = Creation(key, own_id, body)
        self.ledger.creations.append(creation)
        self.ledger.open_creations.append(creation)
        return creation

    def session(self) -> Session | None:
        sessions = list(self.ledger.sessions.values())
        if not sessions:
            return None
        hot = self.rng.random() < HOT_SHARE
        return self.rng.choice(sessions[-HOT:] if hot else sessions)


async def run(life: Life, seed: str) -> None:
    """All clients, until the life is over."""
    clients: list[Callable[[Life, Tester], Awaitable[None]]] = [create_sessions, read]
    clients += [use_sockets] * WS_CLIENTS + [use_rest] * REST_CLIENTS
    async with asyncio.TaskGroup() as group:
        for number, client in enumerate(clients):
            group.create_task(until_over(client, life, Tester(life.ledger, f"{seed}/{number}")))


async def until_over(client: Callable[[Life, Tester], Awaitable[None]], life: Life, tester: Tester) -> None:
    """One client again and again, whatever becomes of its server, until the life is over."""
    while not life.over.is_set():
        try:
            await client(life, tester)
        except (Cut, Refused):
            await asyncio.sleep(0.02)


async def create_sessions(life: Life, tester: Tester) -> None:
    await life.create(tester.creation())
    await life.pause(tester.rng.uniform(0.02, 0.2))


async def use_rest(life: Life, tester: Tester) -> None:
    if session := tester.session():
        await life.turn(tester.turn(session, "rest"))
    await life.pause(tester.rng.uniform(0, 0.02))


async def read(life: Life, tester: Tester) -> None:
    session = tester.session()
    await life.pause(tester.rng.uniform(0, 0.05))
    if session is None:
        return
    match tester.rng.randrange(3):
        case 0:
            await life.state(session)
        case 1:
            await life.history(session)
        case _:
            await life.rest("GET", "/v1/persona?limit=20")


async def use_sockets(life: Life, tester: Tester) -> None:
    """One connection: bursts of turns, with pauses in which the session may fall asleep."""
    session = tester.session()
    if session is None:
        await life.pause(0.05)
        return
    after = session.bookmark if tester.rng.random() < 0.8 else None
    socket = await Socket.opened(life, session, after=after, prompt=tester.rng.random() < 0.2)
    abruptly = False
    try:
        for _ in range(tester.rng.randint(1, 4)):
            await burst(socket, tester)
            if tester.rng.random() < 0.3:
                await socket.state()
            if tester.rng.random() < 0.25:
                await life.pause(tester.rng.uniform(0.3, HIBERNATES_WITHIN_S))
        if abruptly := tester.rng.random() < 0.25:
            await drop_in_mid_air(socket, tester)
    finally:
        await socket.close(abruptly=abruptly)


async def burst(socket: Socket, tester: Tester) -> None:
    """A few turns under way at once on one socket."""
    turns = [tester.turn(socket.session, "ws") for _ in range(tester.rng.randint(1, UNDER_WAY))]
    ended = await asyncio.gather(*(socket.turn(turn) for turn in turns), return_exceptions=True)
    for error in ended:
        if error is not None:
            raise error


async def drop_in_mid_air(socket: Socket, tester: Tester) -> None:
    """Send, hang up before the answer, come back resuming, and repeat by id."""
    turns = [tester.turn(socket.session, "ws") for _ in range(2)]
    sending = [asyncio.create_task(socket.turn(turn)) for turn in turns]
    await asyncio.sleep(tester.rng.uniform(0, 0.004))
    await socket.close(abruptly=True)
    await asyncio.gather(*sending, return_exceptions=True)
    again = await Socket.opened(socket.life, socket.session, after=socket.session.bookmark)
    try:
        for turn in turns:
            await again.turn(turn)
    finally:
        await again.close()
