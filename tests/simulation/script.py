"""What happens in one simulated story, as plain data: made from a seed, shortened by leaving steps out.

A step stands by itself: where what it speaks of is not there (no socket, no session) nothing happens. Nothing here
knows the product.
"""

from __future__ import annotations

import random
from typing import Final, Literal

from msgspec import Struct

SESSIONS: Final = 3
CLIENTS: Final = 5
STEPS: Final = (10, 40)
_GAPS_MS: Final = (0, 0, 0, 1, 2, 5, 20, 80, 300, 900)
_DEATHS: Final[tuple[Death, ...]] = (
    "now",
    "before a job",
    "after a job",
    "after a job",
    "before a fold",
    "after a fold",
)
_BY_REST: Final[tuple[Reading, ...]] = ("state", "history", "pending", "list")
_BY_SOCKET: Final[tuple[Reading, ...]] = ("state", "state", "state", "ping")
_COOLDOWNS_H: Final = (0.0, 0.0, 6.0)
_IDS: Final = "abcdef"

How = Literal["vector", "text", "slow", "hanging", "failing", "huge"]
Reading = Literal["state", "ping", "history", "pending", "list"]
Trouble = Literal["fail", "full", "apart", "lost", "written", "torn", "dead", "slow"]
Death = Literal["now", "before a job", "after a job", "before a fold", "after a fold"]


class Step(Struct, frozen=True):
    """One thing that somebody does at a moment of the story."""

    at_ms: int


class Create(Step, frozen=True):
    """A session is made, with the given id; refused while that is taken."""

    session: int


class Delete(Step, frozen=True):
    """A session is deleted."""

    session: int


class Open(Step, frozen=True):
    """A client opens a socket, in place of the one that it has; resume: from where it left off."""

    client: int
    session: int
    resume: bool
    unread_ms: int = 0
    """For so long it does not read what it is sent."""


class Leave(Step, frozen=True):
    """A client goes: with a close frame, or without a word."""

    client: int
    politely: bool


class Stall(Step, frozen=True):
    """A client does not read for a while."""

    client: int
    span_ms: int


class Say(Step, frozen=True):
    """A turn, by the client's socket or (client None) by REST. A turn with an id has a body of two; without, its own.

    again: sent so many times at once.
    """

    client: int | None
    session: int
    id: str | None
    body: int
    how: How
    again: int = 1


class Look(Step, frozen=True):
    """A reading of what is durable, by the client's socket or (client None) by REST."""

    client: int | None
    session: int
    what: Reading


class Prefer(Step, frozen=True):
    """Preferences for acting by itself."""

    client: int | None
    session: int
    enabled: bool
    cooldown_hours: float


class Acknowledge(Step, frozen=True):
    """An action that was heard of is acknowledged: the newest, or an older one."""

    client: int | None
    session: int
    back: int


class Disturb(Step, frozen=True):
    """What the next append meets."""

    trouble: Trouble
    pick: int


class Kill(Step, frozen=True):
    """SIGKILL: now, or just before or after the disk's next work, or the folding's; up again after a while."""

    death: Death
    down_ms: int


class Restart(Step, frozen=True):
    """SIGTERM, and up again."""

    down_ms: int


class Jump(Step, frozen=True):
    """The wall clock is set."""

    span_ms: int


def made(seed: int) -> list[Step]:
    """The steps of a seed, in order of time."""
    chance = random.Random(seed)
    body = 10
    sessions = chance.randint(1, SESSIONS)
    clients = chance.randint(1, CLIENTS)
    steps: list[Step] = [Create(0, session) for session in range(sessions)]
    if chance.random() < 0.3:
        steps.append(Look(0, None, 0, "list"))
    steps += [
        Prefer(30, None, session, True, chance.choice(_COOLDOWNS_H)) for session in range(chance.randint(0, sessions))
    ]
    steps += [Open(40, client, chance.randrange(sessions), resume=False) for client in range(clients)]
    at_ms = 40
    for _ in range(chance.randint(*STEPS)):
        at_ms += chance.choice(_GAPS_MS)
        body += 1
        steps.append(_step(chance, at_ms, chance.randrange(sessions), chance.randrange(clients), body))
    return steps


def _step(chance: random.Random, at_ms: int, session: int, client: int, body: int) -> Step:
    asking = client if chance.random() < 0.65 else None
    match chance.choices(range(10), weights=(38, 12, 7, 6, 7, 8, 7, 8, 2, 5))[0]:
        case 0:
            return _say(chance, at_ms, asking, session, body)
        case 1:
            return Open(at_ms, client, session, chance.random() < 0.8, chance.choice((0, 0, 50, 400)))
        case 2:
            return Leave(at_ms, client, politely=chance.random() < 0.3)
        case 3:
            return Stall(at_ms, client, chance.choice((50, 400, 3_000)))
        case 4:
            return Look(at_ms, asking, session, chance.choice(_BY_REST if asking is None else _BY_SOCKET))
        case 5:
            return Disturb(at_ms, chance.choice(TROUBLES), chance.randrange(8))
        case 6:
            return Prefer(at_ms, asking, session, chance.random() < 0.85, chance.choice(_COOLDOWNS_H))
        case 7:
            return Acknowledge(at_ms, asking, session, chance.choice((0, 0, 1, 2)))
        case 8:
            return Delete(at_ms, session) if chance.random() < 0.5 else Create(at_ms, session)
        case _:
            return _end_of_life(chance, at_ms)


TROUBLES: Final[tuple[Trouble, ...]] = ("fail", "full", "apart", "lost", "written", "torn", "dead", "slow", "slow")


def _say(chance: random.Random, at_ms: int, client: int | None, session: int, body: int) -> Say:
    how: How = chance.choices(("vector", "text", "slow", "hanging", "failing", "huge"), (70, 10, 8, 2, 6, 4))[0]
    again = chance.choice((12, 30)) if chance.random() < 0.04 else 1
    if again == 1 and chance.random() < 0.5:
        name = chance.choice(_IDS)
        how = "slow" if name == "a" else "text" if name == "b" else "vector"
        return Say(at_ms, client, session, name, int(chance.random() < 0.12), how)
    return Say(at_ms, client, session, None, body, "vector" if again > 1 else how, again)


def _end_of_life(chance: random.Random, at_ms: int) -> Step:
    down_ms = chance.choice((0, 100, 2_000))
    match chance.randrange(8):
        case 0:
            return Jump(at_ms, chance.choice((-7_200_000, -1_000, 3_000, 60_000)))
        case 1 | 2:
            return Restart(at_ms, down_ms)
        case _:
            return Kill(at_ms, chance.choice(_DEATHS), down_ms)
