"""What clients do after a restart: repeat what was not answered, and doubt what was.

Each call is safe to be killed in the middle: what it did not get answered stays open in the ledger.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Iterable

from tests.crash import audit
from tests.crash.client import HISTORY_KEPT, Socket
from tests.crash.ledger import Ledger, Session, Turn
from tests.crash.life import Cut, Life, Refused

AT_ONCE = 12
WITHIN_KEPT = HISTORY_KEPT - 40  # room for the turns that others add meanwhile
RECENT_SAMPLE = 40
OLD_SAMPLE = 10
SESSIONS_SAMPLE = 6
CREATIONS_SAMPLE = 3
TRIES = 5


async def run(life: Life, rng: random.Random) -> None:
    """Creations first, since turns need their sessions; then all open turns, then samples."""
    ledger = life.ledger
    for creation in list(ledger.open_creations):
        await life.create(creation)
    keyed = [creation for creation in ledger.creations if creation.key and creation.session]
    for creation in rng.sample(keyed, min(CREATIONS_SAMPLE, len(keyed))):
        await life.create(creation)
    await repeat(life, list(ledger.open_turns.values()))
    await repeat(life, sample(ledger, rng))
    touched = sorted({turn.session for turn in ledger.recent})
    chosen = [ledger.sessions[name] for name in rng.sample(touched, min(SESSIONS_SAMPLE, len(touched)))]
    await _all(audit.history(life, session) for session in chosen)
    await _all(resume(life, session, rng) for session in chosen)
    ledger.recent.clear()


async def repeat(life: Life, turns: Iterable[Turn]) -> None:
    """Send turns again by id, each over the way it first went; one socket a session."""
    over_ws: dict[str, list[Turn]] = defaultdict(list)
    over_rest: list[Turn] = []
    for turn in turns:
        if turn.via == "ws":
            over_ws[turn.session].append(turn)
        else:
            over_rest.append(turn)
    await _all(_by_socket(life, life.ledger.sessions[name], those) for name, those in over_ws.items())
    await _all(_retried(life, turn) for turn in over_rest)


def sample(ledger: Ledger, rng: random.Random) -> list[Turn]:
    """Acknowledged turns whose answer the server still keeps: mostly of the life that just ended."""
    recent = rng.sample(ledger.recent, min(RECENT_SAMPLE, len(ledger.recent)))
    names = list(ledger.sessions)
    sessions = [ledger.sessions[name] for name in rng.sample(names, min(OLD_SAMPLE, len(names)))]
    old = [rng.choice(list(session.at_seq.values())) for session in sessions if session.at_seq]
    unique = {turn.id: turn for turn in recent + old}
    return [turn for turn in unique.values() if (turn.seq or 0) > ledger.sessions[turn.session].revealed - WITHIN_KEPT]


async def resume(life: Life, session: Session, rng: random.Random) -> None:
    """Come back as a client that had seen everything up to some seq; the socket itself checks what it is given."""
    after = rng.randint(max(0, session.revealed - WITHIN_KEPT), session.revealed)
    socket = await Socket.opened(life, session, after=after)
    await socket.close()


async def _by_socket(life: Life, session: Session, turns: list[Turn]) -> None:
    socket = await Socket.opened(life, session, after=None)
    try:
        for turn in turns:
            for _ in range(TRIES):
                try:
                    await socket.turn(turn)
                    break
                except Refused:
                    await life.pause(0.1)
    finally:
        await socket.close()


async def _retried(life: Life, turn: Turn) -> None:
    for _ in range(TRIES):
        try:
            await life.turn(turn)
        except Refused:
            await life.pause(0.1)
        else:
            return


async def _all(jobs: Iterable[Awaitable[None]]) -> None:
    """Run a few at a time, all to their end, then say whether the server died under them."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(job: Awaitable[None]) -> None:
        async with slots:
            await job

    ended = await asyncio.gather(*(one(job) for job in jobs), return_exceptions=True)
    for error in ended:
        if isinstance(error, Refused):
            continue
        if error is not None:
            raise error if not isinstance(error, Cut) else Cut("killed during the recheck")
