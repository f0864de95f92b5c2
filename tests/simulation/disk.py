"""The disk of a simulated process: its data folder in memory, faults under the gate, and what really is durable.

Faults are put where SQLite or the journal would report them; what is durable is asked of the files themselves, by a
connection of one's own. Work of threads stops for good when the process is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from molroo_actor.errors import AppendFailed, OutcomeUnknown, StorageError
from molroo_actor.runtime import output_gate
from molroo_actor.runtime.keyring import Keyring
from molroo_actor.storage.layout import DataFolder
from molroo_actor.storage.ledger import Ledger
from molroo_actor.storage.node_db import connect
from molroo_actor.storage.rows import Change
from molroo_actor.storage.rows import Row as JournalRow
from tests.kit.clock import FakeClock
from tests.kit.disk import FaultySql, io_error
from tests.kit.node import TENANT, tiny
from tests.kit.virtual_loop import VirtualLoop
from tests.simulation.history import OnDisk, Row
from tests.simulation.script import Death, Disturb

T = TypeVar("T")
KEY: Final = "mk_test_" + "0" * 32
SLOW_S: Final = 1.5
_MEMORY: Final = Path("/dev/shm")
_COLUMNS: Final = "seq, at_ms, kind, msg_id, body_hash, input, appraisal, emotion"
_decode: Final = msgspec.msgpack.Decoder(dict[str, Any]).decode


def made_folder() -> Path:
    """A folder in memory where there is such a thing."""
    return Path(tempfile.mkdtemp(prefix="simulation-", dir=_MEMORY if _MEMORY.is_dir() else None))


async def make_template(folder: Path) -> None:
    """An empty data folder with a key in it, to be copied for each story."""
    settings = tiny(folder)
    ledger = Ledger(settings)
    await ledger.open()
    await Keyring(ledger.keys, FakeClock(), ledger.commit).install(KEY, TENANT)
    await ledger.close()


def copy_template(template: Path, to: Path) -> None:
    """A fresh data folder."""
    data = to / "data"
    for shard in (template / "data" / "sessions").iterdir():
        (data / "sessions" / shard.name).mkdir(parents=True)
    shutil.copyfile(template / "data" / "node.db", data / "node.db")


class ProcessLoop(VirtualLoop):
    """The loop of one process. `die` ends it in the middle of whatever it does."""

    def __init__(self, begin_s: float) -> None:
        super().__init__(limit_s=begin_s + 3_600)
        self._now_s = begin_s
        self._selector.select = self._jump_only  # type: ignore[attr-defined]  # nothing here has a descriptor
        self._tasks: list[asyncio.Task[Any]] = []
        self.dead = False
        self.dies: Death | None = None
        """Set: the disk's next work (of its kind) is the last, done or not."""
        self.folding: object = None
        """The thread that folds."""

    def _jump_only(self, timeout: float | None = None) -> list[Any]:
        if timeout != 0 and not self.tell_quiet():
            self.jump(timeout)
        return []

    def create_task(self, coro: Any, **how: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = super().create_task(coro, **how)
        self._tasks.append(task)
        return task

    def left(self) -> list[asyncio.Task[Any]]:
        """Tasks that are not over. asyncio's own list is of all loops, those of dead processes too."""
        self._tasks = [task for task in self._tasks if not task.done()]
        return self._tasks

    def die(self) -> None:
        """From now on no work of a thread is done, and the loop stops."""
        self.dead = True
        self.stop()

    def work(self, thread: object, job: Callable[[], T]) -> asyncio.Future[T]:
        if self.dead:
            return self.create_future()
        kinds = ("job", "fold") if thread is self.folding else ("job",)
        before, after = [f"before a {kind}" for kind in kinds], [f"after a {kind}" for kind in kinds]

        def done() -> T:
            if self.dies in before:
                self.die()
            if self.dead:
                raise OSError("killed")
            result = job()
            if self.dies in after:
                self.die()
            return result

        return super().work(thread, done)


class FaultyJournal:
    """The gate's port over the real journal: each append meets the next trouble of the script, if there is one."""

    def __init__(self, below: output_gate.Journal, sql: FaultySql, delay_s: Callable[[], float]) -> None:
        self._below = below
        self._sql = sql
        self._delay_s = delay_s
        self.troubles: list[Disturb] = []
        self.met = 0
        """How many troubles there were."""
        self.under_way: Sequence[JournalRow] = ()

    async def append(self, rows: Sequence[JournalRow], changes: Sequence[Change]) -> dict[int, Exception]:
        self.under_way = rows
        try:
            return await self._append(rows, changes)
        finally:
            self.under_way = ()

    def append_at_once(self, rows: Sequence[JournalRow], changes: Sequence[Change]) -> dict[int, Exception] | None:
        """Where no trouble waits and the disk takes no time."""
        if self.troubles or self._delay_s() != 0:
            return None
        return self._below.append_at_once(rows, changes)

    async def _append(self, rows: Sequence[JournalRow], changes: Sequence[Change]) -> dict[int, Exception]:
        trouble = self.troubles.pop(0) if self.troubles else None
        self.met += trouble is not None
        await asyncio.sleep(self._delay_s())
        match trouble.trouble if trouble is not None else None:
            case "fail":
                raise AppendFailed("the disk said no")
            case "lost":
                raise OutcomeUnknown("the disk said no, twice")
            case "written":
                await self._below.append(rows, changes)
                raise OutcomeUnknown("the disk said no, and did it")
            case "apart":
                assert trouble is not None
                return await self._apart(rows, changes, trouble.pick)
            case "full":
                self._fail_once(sqlite3.SQLITE_FULL, after=False)
            case "torn" if rows:  # without rows the journal's probe could not tell, and SQLite does not fail so
                self._fail_once(sqlite3.SQLITE_IOERR, after=True)
            case "dead":
                self._sql.before = _dead
            case "slow":
                await asyncio.sleep(SLOW_S)
            case _:
                pass
        failed = await self._below.append(rows, changes)
        await asyncio.sleep(self._delay_s())
        return failed

    async def _apart(self, rows: Sequence[JournalRow], changes: Sequence[Change], pick: int) -> dict[int, Exception]:
        sessions = sorted({row.session for row in rows})
        if not sessions:
            return await self._below.append(rows, changes)
        out = sessions[pick % len(sessions)]
        failed = await self._below.append(
            [row for row in rows if row.session != out], [change for change in changes if change.session != out]
        )
        return failed | {out: StorageError("the disk does not like this one")}

    def _fail_once(self, code: int, *, after: bool) -> None:
        def fail(statement: str) -> None:
            if statement.startswith(("COMMIT", "INSERT INTO journal")):
                self._sql.before = self._sql.after = lambda _: None
                raise io_error(code)

        if after:
            self._sql.after = fail
        else:
            self._sql.before = fail


def _dead(_: str) -> None:
    raise io_error()


class Truth:
    """What is durable, asked of the files by a connection of its own. Open while the process runs."""

    def __init__(self, node_db: Path) -> None:
        self._sql = connect(node_db, "rw")
        self._highest: dict[int, int] = {}

    def durable(self, inner: int, wanted: int) -> int:
        """The highest durable seq of a session; looked up only when more is wanted than was known."""
        known = self._highest.get(inner, 0)
        if wanted <= known:
            return known
        (in_journal,) = self._sql.execute("SELECT max(seq) FROM journal WHERE session = ?", (inner,)).fetchone()
        folded = self._sql.execute("SELECT folded_seq FROM session WHERE inner_id = ?", (inner,)).fetchall()
        highest = max(known, in_journal or 0, (folded[0][0] if folded else 0) or 0)
        self._highest[inner] = highest
        return highest

    def sessions(self) -> int:
        """How many there are that nobody deletes."""
        (count,) = self._sql.execute("SELECT count(*) FROM session WHERE deleting = 0").fetchone()
        return int(count)

    def alarms(self) -> list[tuple[int, int]]:
        """(session, due_ms) of every alarm."""
        return self._sql.execute("SELECT session, due_ms FROM alarm").fetchall()

    def has(self, inner: int) -> bool:
        """Whether the catalog has this session."""
        return bool(self._sql.execute("SELECT 1 FROM session WHERE inner_id = ?", (inner,)).fetchall())

    def close(self) -> None:
        self._sql.close()


def read_all(data: Path) -> dict[int, OnDisk]:
    """Every session as it stands in the files, journal and file joined; no code of the product's."""
    found: dict[int, OnDisk] = {}
    with contextlib.closing(connect(data / "node.db", "rw")) as sql:
        sessions = sql.execute("SELECT inner_id, id, epoch, deleting, folded_seq FROM session").fetchall()
        alarms = {
            session: (due, seq) for session, due, seq in sql.execute("SELECT session, due_ms, set_seq FROM alarm")
        }
        for inner, name, epoch, deleting, folded_seq in sessions:
            rows: dict[int, Row] = {}
            twice: list[int] = []
            broken = _read_file(data, inner, folded_seq, rows)
            for raw in sql.execute(f"SELECT {_COLUMNS} FROM journal WHERE session = ? ORDER BY rowid", (inner,)):
                row = _row(raw)
                if row.seq in rows and rows[row.seq].digest != row.digest:
                    twice.append(row.seq)
                rows[row.seq] = row
            ordered = tuple(rows[seq] for seq in sorted(rows))
            found[inner] = OnDisk(inner, name, epoch, bool(deleting), ordered, tuple(twice), alarms.get(inner), broken)
    return found


def _read_file(data: Path, inner: int, folded_seq: int | None, rows: dict[int, Row]) -> str | None:
    path = DataFolder(data).session_file(inner)
    if not path.exists():
        return None if folded_seq is None else f"no file, and the ledger says {folded_seq}"
    with contextlib.closing(connect(path, "rw")) as sql:
        if not sql.execute("PRAGMA user_version").fetchone()[0]:
            return None if folded_seq is None else f"an empty file, and the ledger says {folded_seq}"
        for raw in sql.execute(f"SELECT {_COLUMNS} FROM turn ORDER BY seq"):
            row = _row(raw)
            rows[row.seq] = row
    if folded_seq is not None and folded_seq > max(rows, default=0):
        return f"the file ends at {max(rows, default=0)}, the ledger says {folded_seq}"
    return None


def _row(raw: tuple[Any, ...]) -> Row:
    seq, at_ms, kind, msg_id, *blobs = raw
    digest = hashlib.blake2b(repr((at_ms, kind, msg_id, *blobs)).encode(), digest_size=8).digest()
    plain = _decode(blobs[1])
    reason = str(plain["action"]["reason"]) if kind == "proactive" else ""
    return Row(seq, at_ms, kind, msg_id, _mark(kind, plain), digest, reason)


def _mark(kind: str, plain: dict[str, Any]) -> str:
    match kind:
        case "turn":
            return str(plain.get("context") or plain.get("event_context"))
        case "ack":
            return str(plain["action_id"])
        case "proactive":
            return str(plain["action"]["id"])
        case _:
            return ""
