"""What was sent and what was acknowledged, and every way in which the two may disagree.

Clients write into it, the audits read it. A breach is a sentence with a kind; nothing raises here, so that a run
ends with its whole list. No sockets and no clock.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

Via = Literal["ws", "rest"]
Kind = Literal["lost", "doubled", "gap", "changed", "never sent", "leaked", "refused", "resume", "creation"]
Json = dict[str, Any]

BREACHES_KEPT = 200


@dataclass
class Turn:
    """One turn that a client wants to happen exactly once, under its id, however often it is sent."""

    id: str
    session: str
    via: Via
    body: Json
    sends: int = 0
    seq: int | None = None
    answer: bytes = b""
    emotion: tuple[float, ...] = ()


@dataclass
class Session:
    """What is known of one session. `revealed` is the highest seq that the server has shown to anybody."""

    id: str
    turns: dict[str, Turn] = field(default_factory=dict)
    at_seq: dict[int, Turn] = field(default_factory=dict)
    pushed: dict[int, tuple[float, ...]] = field(default_factory=dict)
    revealed: int = 0
    epoch: str | None = None
    bookmark: int | None = None


@dataclass
class Creation:
    """One session that a client wants, under an Idempotency-Key, under an id of its own, or both."""

    key: str | None
    own_id: str | None
    body: Json
    sends: int = 0
    session: str | None = None


def digest(answer: Json) -> bytes:
    """Of a turn's answer without prompt_data, which a repeat may render anew."""
    kept = {name: value for name, value in answer.items() if name != "prompt_data"}
    return hashlib.blake2b(msgspec.json.encode(kept, order="deterministic"), digest_size=16).digest()


def numbers(emotion: Json) -> tuple[float, ...]:
    return tuple(float(emotion[axis]) for axis in "VAD")


class Ledger:
    """All sessions, all turns, all creations, and the breaches found so far."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.open_turns: dict[str, Turn] = {}
        self.recent: list[Turn] = []
        self.creations: list[Creation] = []
        self.open_creations: list[Creation] = []
        self.breaches: list[str] = []
        self.broken: Counter[Kind] = Counter()
        self.counts: Counter[str] = Counter()

    def breach(self, kind: Kind, what: str) -> None:
        self.broken[kind] += 1
        if len(self.breaches) < BREACHES_KEPT:
            self.breaches.append(f"{kind}: {what}")

    def wanted(self, turn: Turn) -> Turn:
        """A turn about to be sent for the first time."""
        self.sessions[turn.session].turns[turn.id] = turn
        self.open_turns[turn.id] = turn
        self.counts["turns sent"] += 1
        return turn

    def acknowledged(self, turn: Turn, seq: int, answer: Json, *, duplicate: bool) -> None:
        """An answer came. The first one is kept; each later one must be the same, and say that it is a repeat."""
        if turn.seq is not None:
            self._repeated(turn, seq, answer, duplicate=duplicate)
            return
        if duplicate and turn.sends == 1:
            self.breach("doubled", f"{turn.session} {turn.id} was sent once and answered as a duplicate (seq {seq})")
        turn.seq, turn.answer, turn.emotion = seq, digest(answer), numbers(answer["new_emotion"])
        self.open_turns.pop(turn.id, None)
        self.recent.append(turn)
        self.counts["turns acknowledged"] += 1
        if turn.sends > 1:
            self.counts["unacknowledged repeated: stored" if duplicate else "unacknowledged repeated: fresh"] += 1
        session = self.sessions[turn.session]
        other = session.at_seq.setdefault(seq, turn)
        if other is not turn:
            self.breach("doubled", f"{turn.session} gave seq {seq} to {other.id} and to {turn.id}")
        self.revealed(session, seq)

    def _repeated(self, turn: Turn, seq: int, answer: Json, *, duplicate: bool) -> None:
        self.counts["repeats checked"] += 1
        where = f"{turn.session} {turn.id} over {turn.via}, acknowledged at seq {turn.seq}"
        if not duplicate:
            self.breach("doubled", f"{where}, was applied again at seq {seq}")
        elif seq != turn.seq:
            self.breach("changed", f"{where}, was repeated with seq {seq}")
        elif digest(answer) != turn.answer:
            self.breach("changed", f"{where}, was repeated with another answer")
        else:
            self.counts["repeats answered as stored"] += 1

    def pushed(self, session: Session, seq: int, answer: Json, *, how: str) -> None:
        """A client saw this turn of somebody, live or replayed: from now on it must stay what it was."""
        emotion = numbers(answer["new_emotion"])
        if session.pushed.setdefault(seq, emotion) != emotion:
            self.breach("changed", f"{session.id} seq {seq} was shown before with other numbers ({how})")
        known = session.at_seq.get(seq)
        if known and known.emotion != emotion:
            self.breach("changed", f"{session.id} seq {seq} was acknowledged with other numbers ({how})")
        if how == "replayed" and known and known.via == "ws" and digest(answer) != known.answer:
            self.breach("changed", f"{session.id} seq {seq} was replayed with another answer")
        self.revealed(session, seq)

    def revealed(self, session: Session, seq: int) -> None:
        """Somebody was shown that the session has come to `seq`: a restart must not take it back."""
        session.revealed = max(session.revealed, seq)

    def created(self, creation: Creation, session_id: str, *, replayed: bool) -> None:
        """A creation was answered. A repeat must name the same session."""
        if creation.own_id is not None and session_id != creation.own_id:
            self.breach("creation", f"asked for {creation.own_id}, got {session_id}")
        if creation.session is not None:
            self.counts["creations repeated"] += 1
            if session_id != creation.session or not replayed:
                self.breach("creation", f"{creation.key} gave {creation.session}, then {session_id} ({replayed=})")
            return
        if session_id in self.sessions:
            self.breach("creation", f"{session_id} was given out twice")
        creation.session = session_id
        self.sessions.setdefault(session_id, Session(session_id))
        if creation in self.open_creations:
            self.open_creations.remove(creation)
        self.counts["sessions created"] += 1
