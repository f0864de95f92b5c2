"""Disks that do what the test says: an append that waits for its verdict, a writer that fails, virtual threads.

Faults are put where SQLite would report them: the product's own code above them is whole.
"""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from collections.abc import Callable, Generator, Sequence
from typing import Any, ParamSpec, TypeVar, cast

from molroo_actor.errors import AppendFailed, OutcomeUnknown
from molroo_actor.runtime import output_gate
from molroo_actor.storage.ledger import Ledger
from molroo_actor.storage.rows import Change, Row
from tests.kit import virtual_loop

P = ParamSpec("P")
T = TypeVar("T")


class Append:
    """One append under way. The test ends it: `commit`, `fail` or `lose`."""

    def __init__(self, rows: Sequence[Row], changes: Sequence[Change]) -> None:
        self.rows = tuple(rows)
        self.changes = tuple(changes)
        self.verdict: asyncio.Future[dict[int, Exception]] = asyncio.get_running_loop().create_future()
        self.written = False

    @property
    def seqs(self) -> list[tuple[int, int]]:
        """(session, seq) of every row, in order."""
        return [(row.session, row.seq) for row in self.rows]

    def commit(self, absent: dict[int, Exception] | None = None) -> None:
        """It is durable, but for the sessions named."""
        self.verdict.set_result(absent or {})

    def fail(self) -> None:
        """It is certainly absent."""
        self.verdict.set_exception(AppendFailed("the disk said no"))

    def lose(self, *, written: bool = False) -> None:
        """Nobody can tell. With written=True it is durable all the same, as a restart will find."""
        self.written = written
        self.verdict.set_exception(OutcomeUnknown("the disk said no, twice"))


class GatedJournal:
    """The gate's Journal port over another journal: nothing is durable before the test says so.

    `commit` of an append writes it for real below. While `open` is set appends pass at once.
    """

    def __init__(self, below: output_gate.Journal | None = None) -> None:
        self.below = below
        self.appends: list[Append] = []
        self.open = False

    async def append(self, rows: Sequence[Row], changes: Sequence[Change]) -> dict[int, Exception]:
        absent: dict[int, Exception] = {}
        if not self.open:
            append = Append(rows, changes)
            self.appends.append(append)
            try:
                absent = await append.verdict
            except OutcomeUnknown:
                if append.written and self.below is not None:
                    await self.below.append(rows, changes)
                raise
        if self.below is None:
            return absent
        rows = [row for row in rows if row.session not in absent]
        changes = [change for change in changes if change.session not in absent]
        return absent | await self.below.append(rows, changes)

    def append_at_once(self, rows: Sequence[Row], changes: Sequence[Change]) -> dict[int, Exception] | None:
        return self.below.append_at_once(rows, changes) if self.open and self.below is not None else None

    @property
    def waiting(self) -> list[Append]:
        """Appends without a verdict."""
        return [append for append in self.appends if not append.verdict.done()]

    async def next(self) -> Append:
        """The one that waits, once everything that can happen has happened."""
        await virtual_loop.quiet()
        (append,) = self.waiting
        return append


class FaultySql:
    """A sqlite3 connection for the journal's writer that fails when told, before or after a statement ran."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql
        self.statements: list[str] = []
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None

    @property
    def in_transaction(self) -> bool:
        return self._sql.in_transaction

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        self.statements.append(statement.split(" VALUES", maxsplit=1)[0])
        self.before(statement)
        cursor = self._sql.execute(statement, *values)
        self.after(statement)
        return cursor

    def executemany(self, statement: str, values: Any) -> sqlite3.Cursor:
        return self._sql.executemany(statement, values)


def io_error(code: int = sqlite3.SQLITE_IOERR) -> sqlite3.OperationalError:
    """An error as SQLite raises it."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


def make_faulty(ledger: Ledger) -> FaultySql:
    """Puts a FaultySql under the journal's writer of an open ledger."""
    faulty = FaultySql(ledger.node.sql)
    ledger.node.sql = cast(sqlite3.Connection, faulty)
    return faulty


class FixedAtOnce:
    """Whether something is done on the loop's own thread, fixed: the product goes by the machine's own clock."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick

    def timed(self, _parts: int, write: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return write(*args, **kwargs)


class VirtualConnection:
    """What node_db.ThreadedConnection offers, on a thread of the virtual loop."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        self._connector = connector
        self._sql: sqlite3.Connection | None = None

    def __await__(self) -> Generator[Any, None, VirtualConnection]:
        return self._connect().__await__()

    async def _connect(self) -> VirtualConnection:
        self._sql = self._connector()
        return self

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await virtual_loop.running().work(self, functools.partial(function, *args, **kwargs))

    async def close(self) -> None:
        if self._sql is not None:
            self._sql.close()
            self._sql = None
