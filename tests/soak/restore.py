"""A backup is compared with what it was taken from: every session's history and state, as servers on both tell them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sqlite3
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.crash.ledger import Json, Ledger, Session
from tests.crash.life import Life
from tests.kit.server import ROOT

AT_ONCE = 12
COMMAND_WITHIN_S = 240.0


@dataclass(frozen=True)
class Command:
    """What a command of `molroo-actor` came to."""

    code: int
    said: str
    seconds: float

    @property
    def json(self) -> Json:
        found = msgspec.json.decode(self.said)
        assert isinstance(found, dict)
        return found


async def command(data: Path, *arguments: str) -> Command:
    """`molroo-actor ARGUMENTS --data DATA --json`, as an operator runs it."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "molroo_actor", *arguments, "--data", str(data), "--json"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), COMMAND_WITHIN_S)
    finally:
        if process.returncode is None:
            process.kill()
    return Command(process.returncode or 0, said.decode(), loop.time() - began_s)


def seqs(data: Path) -> dict[str, int]:
    """By session, the last seq in a folder that no server has."""
    with contextlib.closing(sqlite3.connect(data / "node.db")) as sql:
        return dict(
            sql.execute(
                "SELECT id, max(ifnull(folded_seq, 0), ifnull(last, 0)) FROM session"
                " LEFT JOIN (SELECT session, max(seq) AS last FROM journal GROUP BY session) ON session = inner_id"
                " WHERE deleting = 0"
            ).fetchall()
        )


async def told(life: Life, upto: Mapping[str, int]) -> dict[str, bytes]:
    """By session, a digest of what a server says of its history up to a seq, and of its state right after that seq."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, seq: int) -> tuple[str, bytes]:
        async with slots:
            return name, await _told(life, name, seq)

    return dict(await asyncio.gather(*(one(name, seq) for name, seq in upto.items())))


async def _told(life: Life, name: str, seq: int) -> bytes:
    items = await life.history(Session(name))
    if items is None:
        return b"refused"
    said: list[object] = [items[:seq]]
    if seq > 0:
        state = await life.rest("GET", f"/v1/state/{name}?at_seq={seq}")
        said.append(state.body)
        life.ledger.counts["states told"] += state.status == 200
    life.ledger.counts["rows told"] += len(items[:seq])
    return hashlib.blake2b(msgspec.json.encode(said, order="deterministic"), digest_size=16).digest()


def compare(ledger: Ledger, what: str, original: Mapping[str, bytes], copy: Mapping[str, bytes]) -> None:
    """`original` is of sessions that were there to the end: one that was deleted since has nothing to stand beside."""
    for name, digest in original.items():
        if name in copy and copy[name] != digest:
            ledger.breach("changed", f"{what}: the copy of {name} tells another story")
    ledger.counts[f"{what}: sessions equal"] += sum(copy.get(name) == digest for name, digest in original.items())


def complete(ledger: Ledger, what: str, floor: Mapping[str, int], copy: Mapping[str, int]) -> None:
    """Everything that had been shown to anybody before the backup began is in it."""
    for name, seq in floor.items():
        if copy.get(name, -1) < seq:
            ledger.breach("lost", f"{what}: {name} had come to {seq} and is at {copy.get(name)} in the copy")


async def refuses_to_resume(life: Life, sessions: Iterable[Session]) -> None:
    """A client of the first server comes to the copy: it must not be told that it missed nothing."""
    for session in sessions:
        url = f"{life.server.ws_url}/v1/ws/{session.id}?token={life.server.key}&last_seq=1&epoch={session.epoch}"
        async with life.http.ws_connect(url) as ws:
            hello = msgspec.json.decode((await ws.receive()).data)
        if hello.get("recovered") is not False or hello.get("epoch") == session.epoch:
            life.ledger.breach("resume", f"{session.id} resumed on a copy: {hello}")
        life.ledger.counts["clients refused a resume"] += 1
