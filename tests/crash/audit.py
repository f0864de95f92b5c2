"""The whole history of a session against the ledger: each seq once, each acknowledged turn there, and nothing else."""

from __future__ import annotations

from typing import Any

from tests.crash.ledger import Json, Ledger, Session, Turn, numbers
from tests.crash.life import Life


async def history(life: Life, session: Session, *, final: bool = False) -> None:
    """Fetch all pages and compare. `final` says that nothing is under way: then all that was sent is there, once."""
    acknowledged = dict(session.at_seq)
    shown = session.revealed
    items = await life.history(session)
    if items is not None:
        compare(life.ledger, session, items, acknowledged, shown)
        life.ledger.counts["histories checked"] += 1
        if final:
            life.ledger.counts["turns checked in history"] += len(acknowledged)
            _complete(life.ledger, session, items)


def compare(ledger: Ledger, session: Session, items: list[Json], acknowledged: dict[int, Turn], shown: int) -> None:
    """`acknowledged` and `shown` are of the moment before the history was asked for."""
    seqs = [item["seq"] for item in items]
    if seqs != list(range(1, len(items) + 1)):
        ledger.breach("gap", f"{session.id}: its history runs {_odd(seqs)}")
    if len(items) < shown:
        ledger.breach("leaked", f"{session.id} had shown seq {shown}, its history ends at {len(items)}")
    found: dict[str, int] = {}
    for item in items:
        _compare_item(ledger, session, item, found)
    for seq, turn in acknowledged.items():
        if turn.id not in found:
            ledger.breach("lost", f"{session.id} {turn.id}, acknowledged at seq {seq}, is not in its history")
        elif found[turn.id] != seq:
            ledger.breach("changed", f"{session.id} {turn.id}, acknowledged at seq {seq}, stands at {found[turn.id]}")


def _compare_item(ledger: Ledger, session: Session, item: Json, found: dict[str, int]) -> None:
    seq, turn = item["seq"], session.turns.get(named(item["input"]))
    where = f"{session.id} seq {seq}"
    if turn is None or item["kind"] != "turn":
        ledger.breach("never sent", f"{where}: {item['kind']} {item['input']}")
        return
    if turn.id in found:
        ledger.breach("doubled", f"{where}: {turn.id} stands at seq {found[turn.id]} too")
    found.setdefault(turn.id, seq)
    if not _same_input(turn.body, item["input"]):
        ledger.breach("changed", f"{where}: sent {turn.body}, stored {item['input']}")
    emotion = numbers(item["emotion"])
    if turn.seq == seq and turn.emotion != emotion:
        ledger.breach("changed", f"{where}: acknowledged as {turn.emotion}, stored as {emotion}")
    if session.pushed.get(seq, emotion) != emotion:
        ledger.breach("changed", f"{where}: pushed as {session.pushed[seq]}, stored as {emotion}")


def _complete(ledger: Ledger, session: Session, items: list[Json]) -> None:
    there = {named(item["input"]) for item in items}
    for turn in session.turns.values():
        if turn.id not in there:
            ledger.breach("lost", f"{session.id} {turn.id}, repeated until answered, is not in its history")


async def listing(life: Life) -> None:
    """Every session that was wanted is listed once, and no other."""
    listed = await life.listed()
    wanted = set(life.ledger.sessions)
    life.ledger.counts["creations checked"] = len(wanted)
    if len(listed) != len(set(listed)):
        life.ledger.breach("creation", "a session is listed twice")
    for name in wanted - set(listed):
        life.ledger.breach("lost", f"session {name} is not listed")
    for name in set(listed) - wanted:
        life.ledger.breach("doubled", f"session {name} is listed, and no creation was answered with it")


def named(said: Json) -> str:
    """The id that a turn's text or context carries, whoever stored it."""
    return str(said.get("message") or said.get("context") or "").rpartition("#")[2]


def _same_input(sent: Json, stored: dict[str, Any]) -> bool:
    vector = stored.get("appraisal") or {}
    return (
        sent.get("message") == stored.get("message")
        and sent.get("context") == stored.get("context")
        and all(vector.get(name) == value for name, value in sent.get("appraisal", {}).items())
    )


def _odd(seqs: list[int]) -> str:
    for place, seq in enumerate(seqs, start=1):
        if seq != place:
            return f"… {seqs[max(0, place - 3) : place + 3]} … at place {place}"
    return "as it should"
