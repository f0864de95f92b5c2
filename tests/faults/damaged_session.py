"""A session's file goes bad while its session sleeps: it says 503 session_damaged or stays right, and no other notices.

Afterwards the file is put back, as doctor advises, and the session must go on as if nothing had been. SQLite has no
checksums over what its pages hold: a change inside a stored value can pass for what was written. That is counted apart
(UNDETECTED), and the session is looked at no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import Any, Final

from molroo_actor.cli.operator import ask_live
from molroo_actor.runtime.admin import Request
from molroo_actor.storage.layout import DataFolder
from tests.crash import audit, load
from tests.crash.ledger import Json, Ledger, Session, Turn
from tests.crash.life import Life, Refused
from tests.faults.harm import HARMS
from tests.faults.patience import until
from tests.faults.trial import FaultLedger, Trial, first_life, last_life, living, under_load

VICTIMS: Final = 6
VICTIMS_MIN: Final = 3
TURNS: Final = 25
ASLEEP_WITHIN_S: Final = 10.0
LATER: Final = {"MOLROO_FOLD_AGE_S": "3600", "MOLROO_HIBERNATE_AFTER_S": "0.1"}
"""What is said to a damaged session stays in the journal, so that the file can be put back."""
TRIES: Final = 20
CONFLICT: Final = 409
FOR_EVER: Final = 0
"""In place of a status: refused as if it would pass, again and again."""


async def run(trial: Trial, times: int) -> None:
    """Harms by chance, to one of a few sessions, under load of the others."""
    await first_life(trial)
    while trial.count < times:
        victims = FaultLedger()
        await _grow(trial, victims)
        async with living(trial, LATER) as life:
            hurt = Life(life.server, life.http, victims, life.over)
            async with under_load(trial, life):
                whole = list(victims.sessions.values())
                while len(whole) >= VICTIMS_MIN and trial.count < times:
                    session = trial.rng.choice(whole)
                    if await _harm(trial, hurt, session) == "UNDETECTED":
                        whole.remove(session)
        trial.ledger.broken.update(victims.broken)
        trial.ledger.breaches += victims.breaches
        for session in victims.sessions.values():
            if session in whole:
                trial.ledger.sessions[session.id] = session  # audited with the others in the end
            else:
                trial.deletions.asked.append(session.id)
    await last_life(trial, stops=1)


async def _grow(trial: Trial, victims: FaultLedger) -> None:
    """Sessions with a history that is folded."""
    async with living(trial) as life:
        mine = Life(life.server, life.http, victims, life.over)
        tester = load.Tester(victims, trial.next_seed())
        for _ in range(VICTIMS):
            await mine.create(tester.creation())
        for session in victims.sessions.values():
            for _ in range(TURNS):
                await mine.turn(tester.turn(session, "rest"))
        async with asyncio.timeout(ASLEEP_WITHIN_S):
            grown = list(victims.sessions.values())
            await until(lambda: all(_file(trial.data, session)[1] == TURNS for session in grown), 0.05)
        life.over.set()
        await asyncio.to_thread(life.server.stop)


def _file(data: Path, session: Session) -> tuple[Path, int]:
    with contextlib.closing(sqlite3.connect(f"file:{data}/node.db?mode=ro", uri=True)) as sql:
        inner_id, folded = sql.execute(
            "SELECT inner_id, folded_seq FROM session WHERE id = ?", (session.id,)
        ).fetchone()
    return DataFolder(data).session_file(inner_id), folded or 0


async def _asleep(life: Life, session: Session) -> None:
    async with asyncio.timeout(ASLEEP_WITHIN_S):
        while (await life.rest("GET", f"/v1/persona/{session.id}")).body["status"] != "hibernated":
            await life.pause(0.02)


async def _harm(trial: Trial, life: Life, session: Session) -> str:
    """One harm, what the session says, and the file put back. Answers the outcome."""
    what = trial.rng.choice(list(HARMS))
    path, _ = _file(trial.data, session)
    await _asleep(life, session)
    whole = path.read_bytes()
    HARMS[what](path, trial.rng)
    if path.exists() and path.read_bytes() == whole:
        return "nothing"  # zeros where there were zeros
    trial.injected[what] += 1
    try:
        outcome = await _asked(trial, life, session)
        trial.outcomes[outcome if outcome != "UNDETECTED" else f"UNDETECTED after {what}"] += 1
        if outcome == "refused":
            await _listed(trial, life, session)
    finally:
        await _asleep(life, session)
        path.write_bytes(whole)
        path.with_name(path.name + "-journal").unlink(missing_ok=True)
    if outcome != "UNDETECTED":
        began_s = asyncio.get_running_loop().time()
        await life.state(session)
        trial.recovered_s.append(asyncio.get_running_loop().time() - began_s)
        await audit.history(life, session)
    return outcome


async def _asked(trial: Trial, life: Life, session: Session) -> str:
    """What the session says: its history, its state, an old turn again, a new one."""
    old: Turn = trial.rng.choice(list(session.at_seq.values())[-TURNS:])
    new = load.Tester(life.ledger, trial.next_seed()).turn(session, "rest")
    answers = [
        await _status(life, "GET", f"/v1/history/{session.id}?limit=200"),
        await _status(life, "GET", f"/v1/state/{session.id}"),
        await _turn(life, old),
        await _turn(life, new),
    ]
    taken = answers[3]
    if taken[0] == 200:
        new.sends = 1
        life.ledger.acknowledged(new, taken[1]["seq"], taken[1], duplicate=False)
    else:
        session.turns.pop(new.id)
        life.ledger.open_turns.pop(new.id)
    if answers[2][0] == CONFLICT and f"already applied as turn {old.seq};" in answers[2][1]["error"]["message"]:
        answers[2] = (503, "it happened, and the answer of then is lost")
    statuses = {status for status, _ in answers}
    for status, body in answers:
        if status not in {200, 503}:
            life.ledger.breach("refused", f"{session.id}, damaged, answers {status} {body}")
            return f"answered {status}"
    if statuses == {503}:
        return "refused"
    if _wrong(life, session, answers, old, new):
        return "UNDETECTED"
    return "right" if statuses == {200} else "partly refused, else right"


def _wrong(life: Life, session: Session, answers: list[tuple[int, Any]], old: Turn, new: Turn) -> bool:
    """Whether anything that was answered is not what was written."""
    found = Ledger()
    found.sessions = life.ledger.sessions
    history, state, repeated, _ = answers
    owed = {seq: turn for seq, turn in session.at_seq.items() if turn is not new}
    shown = max(owed)
    if history[0] == 200:
        audit.compare(found, session, history[1]["items"], owed, shown)
    if repeated[0] == 200:
        found.acknowledged(old, repeated[1]["seq"], repeated[1], duplicate=repeated[1]["seq"] == old.seq)
    return bool(found.broken) or (state[0] == 200 and state[1]["seq"] != shown)


async def _turn(life: Life, turn: Turn) -> tuple[int, Any]:
    path = "/v1/turn/appraisal" if "appraisal" in turn.body else "/v1/turn"
    return await _status(life, "POST", f"{path}?prompt_data=false", {"sessionId": turn.session, **turn.body}, turn.id)


async def _status(
    life: Life, method: str, path: str, body: Json | None = None, key: str | None = None
) -> tuple[int, Any]:
    """The answer, once it is none that asks to come again."""
    for _ in range(TRIES):
        try:
            answer = await life.rest(method, path, body, key)
        except Refused:
            await life.pause(0.05)
            continue
        return answer.status, answer.body
    return FOR_EVER, "refused as if it would pass"


async def _listed(trial: Trial, life: Life, session: Session) -> None:
    answer = await asyncio.to_thread(ask_live, DataFolder(trial.data), Request("doctor"))
    assert answer is not None
    if not any(f"session {session.id} " in finding for finding in answer["result"]["findings"]):
        life.ledger.breach("changed", f"doctor does not list {session.id}: {answer['result']['findings']}")
