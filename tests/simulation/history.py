"""What a story has come to, as the checker reads it: who asked what and heard what, what stood on disk after each life.

Everything is noted in the moment in which it happens, with how much was durable then. Nothing here judges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from molroo_actor.errors import WireError
from tests.simulation.wire import Told


@dataclass
class Ask:
    """A durable change that somebody asked for, and what was heard of it."""

    name: str
    """The session's, as clients call it."""
    kind: str
    msg_id: str | None
    mark: str
    """What its row can be told by."""
    life: int
    at_s: float
    inner: int | None = None
    """Which session of that name it reached, where that is known: REST only."""
    answers: list[tuple[int, bool, bytes]] = field(default_factory=list)
    """(seq, duplicate, data) of each answer."""
    refusals: list[str] = field(default_factory=list)
    line: int | None = None
    """The socket it came by."""


@dataclass
class Written:
    """A message that the server let go of; durable: how much of its session was, then."""

    told: Told
    durable: int
    at_s: float


@dataclass
class Line:
    """One socket from its upgrade to its end."""

    number: int
    client: int
    name: str
    life: int
    last_seq: int | None
    """What it resumed from."""
    epoch_wanted: str | None
    epoch: str | None = None
    inner: int = 0
    """Which session it turned out to be; 0 before `connected`."""
    written: list[Written] = field(default_factory=list)
    received: int = 0
    """How many of those the client has read."""
    asked: dict[str, int] = field(default_factory=dict)
    """By reply_to, how many answers are due."""
    ended: bool = False
    close_code: int | None = None
    calm: bool = False
    """Whether it was open to the very end, with everything read."""
    opened_s: float = 0.0
    acknowledged_before: frozenset[str] = frozenset()
    """Actions whose acknowledgement somebody had heard of when it was opened."""


@dataclass
class Shown:
    """An answer to a reading by REST: the highest seq that it reveals, and how much was durable then."""

    what: str
    inner: int | None
    seq: int
    durable: int
    life: int
    actions: tuple[str, ...] = ()
    acknowledged_before: frozenset[str] = frozenset()
    seqs: tuple[int, ...] = ()
    seqs_wanted: tuple[int, ...] = ()


@dataclass(frozen=True)
class Row:
    """A row on disk."""

    seq: int
    at_ms: int
    kind: str
    msg_id: str | None
    mark: str
    """What it was asked with: a turn's mark, the action of an acknowledgement or of an action."""
    digest: bytes
    """Of everything in it that must never change."""
    reason: str = ""
    """Why the character acted by itself."""


@dataclass(frozen=True)
class OnDisk:
    """One session as it stands on disk; twice: seqs that stand in journal and file and differ."""

    inner: int
    name: str
    epoch: str
    deleting: bool
    rows: tuple[Row, ...]
    twice: tuple[int, ...]
    alarm: tuple[int, int] | None
    """(due_ms, set_seq)"""
    broken: str | None
    """What is wrong with the file."""


@dataclass(frozen=True)
class Audit:
    """The whole disk between two lives, or at the end."""

    life: int
    at_s: float
    wall_ms: int
    sessions: dict[int, OnDisk]


@dataclass
class Put:
    """A row that an actor handed to the gate."""

    life: int
    inner: int
    actor: int
    seq: int
    durable: int
    others_under_way: bool
    """Whether the disk was about to write rows that another actor of the session made."""


@dataclass
class History:
    """Of one story."""

    lines: list[Line] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)
    created: dict[int, tuple[int, bool]] = field(default_factory=dict)
    """inner id -> the life in which its creation was answered, and whether it was durable then."""
    deleted: dict[int, int] = field(default_factory=dict)
    """inner id -> the life in which its deletion was answered."""
    acknowledged: set[str] = field(default_factory=set)
    """Actions whose acknowledgement was answered."""
    probes: list[Ask] = field(default_factory=list)
    """Turns that were asked for at the very end, when nothing was wrong any more."""
    complaints: list[str] = field(default_factory=list)
    """Of the loop, and errors that the product logged."""
    calm_life: int = -1
    """The life whose end was waited for: everything asked in it must be answered."""
    alarms_in_the_end: dict[int, int] = field(default_factory=dict)
    """How late each session's alarm was, in ms, when nothing had happened for a while."""
    alarms_may_wait_ms: int = 0
    """How late one may be then, after what happened in that life."""
    stopped_lives: set[int] = field(default_factory=set)
    """Those that ended as a server should."""
    log: list[tuple[float, int, str, Any]] = field(default_factory=list)
    """(virtual seconds, life, who, what), for people."""

    def note(self, at_s: float, life: int, who: str, what: Any) -> None:
        """A line of the story; made into words only when it is shown."""
        self.log.append((at_s, life, who, what))

    def story(self) -> list[str]:
        """The log in words."""
        return [f"{at_s:9.3f} s  life {life}  {who:<14} {in_words(what)}" for at_s, life, who, what in self.log]


def in_words(what: Any) -> str:
    """A note, short."""
    match what:
        case Told():
            parts = [what.type, *(f"{name}={value}" for name in ("seq", "reply_to", "recovered", "code") if
                                  (value := getattr(what, name)) is not None)]  # fmt: skip
            return " ".join([*parts, *(name for name in ("own", "duplicate", "replayed") if getattr(what, name))])
        case WireError():
            return f"refused {what.code}: {what.message}"
        case _:
            return str(what)
