"""Folding: rows of the journal move into their sessions' own files, many a fold, oldest first, in one worker.

A fold is two commits: first the file's, then the ledger's that says so; between them the rows stand in both, which
reading
and folding again both understand. Rows travel inside SQLite (the ledger and the file attached to one connection), not
through Python: the interpreter belongs to the turns.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from molroo_actor import faultpoints
from molroo_actor.clock import Clock
from molroo_actor.errors import BackupFailed, Damaged
from molroo_actor.settings import Settings
from molroo_actor.storage import catalog, journal, schema
from molroo_actor.storage.layout import DataFolder, fsync_folder
from molroo_actor.storage.node_db import FAST_DELETE, NodeDb
from molroo_actor.storage.rows import Change

log = logging.getLogger(__name__)

_RETRY_FIRST_S = 1.0
_RETRY_MAX_S = 300.0
_BUSY_S = 0.2
"""How long a file that somebody holds may hold up the one worker; the fold is tried again later anyway."""
_CHECKPOINT_BYTES = 4 * 1024 * 1024
_TRIM_EVERY_S = 1.0
_CACHE_KIB = 4096
"""Of the ledger's pages: those of one fold's rows, about a page each, are then read once and not once a statement."""
_CLOCK_WENT_BACK_MS = 3_600_000
"""A row from so far ahead was written before the wall clock went back: its age says nothing, so it is due."""


class Folded(NamedTuple):
    """What one fold did."""

    session: int
    seq: int
    at_ms: int
    through_rowid: int


class Folding:
    """The fold worker. `run` in a task until `stop`."""

    def __init__(
        self,
        folder: DataFolder,
        node: NodeDb,
        rows: journal.Journal,
        settings: Settings,
        clock: Clock,
        commit: Callable[[Sequence[Change]], Awaitable[None]],
    ) -> None:
        self._folder = folder
        self._node = node
        self._journal = rows
        self._settings = settings
        self._clock = clock
        self._commit = commit
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="molroo-fold")
        self._sql: sqlite3.Connection | None = None
        self._retry: dict[int, tuple[float, float]] = {}
        self._excluded: set[int] = set()
        self._in_round: frozenset[int] = frozenset()
        self._round_over = asyncio.Event()
        self._round_over.set()
        self._stopping = asyncio.Event()
        self._trimmed_s = 0.0
        self._emptied = -1
        """What the log had been given when it was last emptied; before that, a former life may have left something."""
        self._hold = 0
        self._kept_bytes: int | None = None
        """Of rows that were folded and are kept in the journal all the same; None when none are."""
        self.sessions_folded = 0
        self.rows_folded = 0
        self.failures = 0
        self.damaged: dict[int, str] = {}
        """Sessions whose file refused a fold for good, and why."""

    # -- the loop's side ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Folds what is due until `stop`."""
        while not self._stopping.is_set():
            due = self._due()
            if due:
                await self._round(due)
            await self._tend_log(idle=not due)
            if not due:
                await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(min(0.5, self._settings.fold_age_s / 4)):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _due(self) -> list[int]:
        """Sessions to fold now, the oldest rows first."""
        now_s = self._clock.monotonic_s()
        pressed = self._journal.size > self._settings.fold_bytes
        horizon_ms = self._clock.wall_ms() - round(self._settings.fold_age_s * 1000)
        due: list[int] = []
        for session, tail in self._journal.tails.items():
            if len(due) == self._settings.fold_sessions_max:
                break
            young = horizon_ms < tail.since_ms <= horizon_ms + _CLOCK_WENT_BACK_MS
            if young and not pressed:
                continue
            if session not in self._excluded and self._retry.get(session, (0.0, 0.0))[0] <= now_s:
                due.append(session)
        return due

    async def _round(self, sessions: Sequence[int]) -> None:
        work = [(session, self._journal.rowids(session)) for session in sessions]
        self._in_round = frozenset(sessions)
        self._round_over.clear()
        try:
            folded = await asyncio.get_running_loop().run_in_executor(self._thread, self._fold_all, work)
            await self._settle(folded)
        except Exception as error:  # noqa: BLE001 - whatever it is, the rows are safe in the journal
            log.warning("fold: the ledger did not take a round (%r); it is folded again", error)
            await self._pause()
        finally:
            self._in_round = frozenset()
            self._round_over.set()

    async def _settle(self, outcomes: Sequence[Folded | tuple[int, Exception]]) -> None:
        done = [outcome for outcome in outcomes if isinstance(outcome, Folded)]
        for outcome in outcomes:
            if not isinstance(outcome, Folded):
                self._failed(*outcome)
        # One by one, so that one that is refused is one; they share a commit all the same.
        marks = [self._commit([catalog.mark_folded(fold.session, fold.seq, fold.at_ms)]) for fold in done]
        for fold, error in zip(done, await asyncio.gather(*marks, return_exceptions=True), strict=True):
            if isinstance(error, Exception):
                self._failed(fold.session, error)
                continue
            self.sessions_folded += 1
            before = self._journal.size
            self._journal.folded(fold.session, fold.through_rowid)
            if self._kept_bytes is not None:
                self._kept_bytes += before - self._journal.size
            self._retry.pop(fold.session, None)
            self.damaged.pop(fold.session, None)
        await self._trim()

    async def _trim(self, *, now: bool = False) -> None:
        moment = self._clock.monotonic_s()
        if self._keeping() or (not now and moment - self._trimmed_s < _TRIM_EVERY_S):
            return
        stuck = frozenset(session for session in self._retry if session in self._journal.tails)
        below = self._journal.trimmable(stuck)
        if below is not None:
            await self._commit([journal.trim(below, stuck)])
            self._journal.trimmed(below, stuck)
        self._trimmed_s = moment

    def _failed(self, session: int, error: Exception) -> None:
        self.failures += 1
        _, delay_s = self._retry.get(session, (0.0, _RETRY_FIRST_S / 2))
        delay_s = min(delay_s * 2, _RETRY_MAX_S)
        self._retry[session] = (self._clock.monotonic_s() + delay_s, delay_s)
        if isinstance(error, Damaged):
            self.damaged[session] = str(error)
        if journal.is_disk_full(error):
            self._folder.give_up_ballast()
        log.warning("fold: session %s is folded again in %.0f s: %s", session, delay_s, error)

    async def _tend_log(self, *, idle: bool) -> None:
        """The log is emptied into the database now and then and written over from its front: its file stays."""
        logged = self._journal.logged
        fresh = logged - self._emptied
        try:
            if fresh > _CHECKPOINT_BYTES or (idle and fresh):
                await self._node.checkpoint()
                if fresh > _CHECKPOINT_BYTES:
                    await self._node.restart_log()
                self._emptied = logged
            if self._node.wal_bytes > self._settings.wal_bytes_max:
                await self._node.truncate_log()
        except sqlite3.Error as error:
            log.warning("fold: checkpoint failed (%s); the log grows until one succeeds", error)

    async def exclude(self, session: int) -> None:
        """From now on this session is not folded; returns when no fold of it is under way. For delete."""
        self._excluded.add(session)
        if session in self._in_round:
            await self._round_over.wait()

    def include(self, session: int) -> None:
        """Ends `exclude`; idempotent."""
        self._excluded.discard(session)
        self._retry.pop(session, None)
        self.damaged.pop(session, None)

    def keep_rows(self) -> int:
        """From now on folded rows stay in the journal, until `let_rows_go` or the journal comes to its limit. For a
        backup: what a file's copy lacks is there. Returns the number to ask `keeps_rows` with. Raises BackupFailed.
        """
        if self._kept_bytes is not None:
            raise BackupFailed("a backup is being made already; try again when it is done")
        self._kept_bytes = 0
        self._hold += 1
        return self._hold

    def keeps_rows(self, hold: int) -> bool:
        """Whether all rows were kept since `keep_rows` gave out this number."""
        return self._kept_bytes is not None and self._hold == hold

    def let_rows_go(self, hold: int) -> None:
        """Ends `keep_rows`; idempotent."""
        if self._hold == hold:
            self._kept_bytes = None

    def _keeping(self) -> bool:
        if self._kept_bytes is None:
            return False
        if self._journal.size + self._kept_bytes < self._settings.journal_bytes_max:
            return True
        log.warning("fold: the journal is at its limit; a backup that is being made must be made again")
        self._kept_bytes = None
        return False

    def stop(self) -> None:
        """Ends `run` at the next border between sessions; idempotent."""
        self._stopping.set()

    async def close(self) -> None:
        """Ends the thread; after `run` has returned."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    # -- the thread's side -------------------------------------------------------------------------------------

    def _connection(self) -> sqlite3.Connection:
        if self._sql is None:
            sql = sqlite3.connect(
                "file::memory:", uri=True, isolation_level=None, timeout=_BUSY_S, check_same_thread=False
            )
            sql.execute(FAST_DELETE).fetchall()  # what is attached takes it over
            sql.execute("ATTACH ? AS node", (f"{self._folder.node_db.as_uri()}?mode=ro",))
            sql.execute(f"PRAGMA node.cache_size = {-_CACHE_KIB}")
            self._sql = sql
        return self._sql

    def _disconnect(self) -> None:
        if self._sql is not None:
            self._sql.close()
            self._sql = None

    def _fold_all(self, work: Sequence[tuple[int, list[int]]]) -> list[Folded | tuple[int, Exception]]:
        outcomes: list[Folded | tuple[int, Exception]] = []
        for session, rowids in work:
            if self._stopping.is_set():
                break
            path = self._folder.session_file(session)
            try:
                outcome = fold_one(self._connection(), path, session, rowids, self._settings.history_kept)
                fsync_folder(path.parent)  # else a power cut may bring the rollback journal back and undo the fold
                if faultpoints.ARMED:
                    faultpoints.passing("fold", OSError)
                outcomes.append(outcome)
                self.rows_folded += len(rowids)
            except Exception as error:  # noqa: BLE001 - one session's trouble stays its own
                self._disconnect()
                outcomes.append((session, error))
        return outcomes


def fold_one(sql: sqlite3.Connection, path: Path, session: int, rowids: Sequence[int], kept: int) -> Folded:
    """Puts these journal rows into the session's file, in one commit of the file. `sql` has the ledger attached as
    `node`.

    Rows that stand there already, equal, are skipped: a kill between the two commits leaves them so. Raises Damaged
    when
    the file holds something else or a hole would come to be, sqlite3.Error when the disk refuses.
    """
    folded_seq = _catalog_seq(sql, session)
    mode = "rwc" if folded_seq is None else "rw"  # only the first fold may create the file
    if mode == "rw" and not path.exists():
        raise Damaged("session file: missing")
    attached = False
    try:
        sql.execute("ATTACH ? AS s", (f"{path.as_uri()}?mode={mode}",))
        attached = True
        sql.execute("PRAGMA s.synchronous = FULL")
        empty = schema.version(sql, "s") == 0
        if mode == "rw" and empty:
            raise Damaged("session file: empty")
        if not empty:
            schema.migrate(sql, schema.SESSION_MIGRATIONS, "the session file", "s")
        sql.execute("BEGIN IMMEDIATE")
        try:
            if empty:
                schema.create(sql, schema.SESSION_MIGRATIONS, "s")
            folded = _move(sql, session, folded_seq or 0, json.dumps(list(rowids)), kept)
            sql.execute("COMMIT")
        except BaseException:
            if sql.in_transaction:
                sql.execute("ROLLBACK")
            raise
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise Damaged(f"session file: {error}") from error
        raise
    finally:
        if attached:
            sql.execute("DETACH s")
    return folded._replace(through_rowid=rowids[-1])


def _catalog_seq(sql: sqlite3.Connection, session: int) -> int | None:
    found = sql.execute("SELECT folded_seq FROM node.session WHERE inner_id = ?", (session,)).fetchall()
    if not found:
        raise Damaged("the session is not in the catalog")
    seq: int | None = found[0][0]
    return seq


def _all_folded(sql: sqlite3.Connection, rowids: str, folded_seq: int) -> bool:
    """Whether the ledger said already that these rows are in the file: its commit held, and nobody heard of it."""
    there, asked, last = sql.execute(
        "SELECT count(j.rowid), count(*), max(j.seq) FROM json_each(?) r LEFT JOIN node.journal j ON j.rowid = r.value",
        (rowids,),
    ).fetchone()
    return there == asked and last is not None and last <= folded_seq


def _move(sql: sqlite3.Connection, session: int, folded_seq: int, rowids: str, kept: int) -> Folded:
    (there,) = sql.execute("SELECT ifnull(max(seq), 0) FROM s.turn").fetchone()
    if there < folded_seq:
        raise Damaged(f"session file ends at {there}, the ledger says {folded_seq}")
    if there == 0:
        sql.execute(
            "INSERT OR IGNORE INTO s.meta SELECT name, value FROM ("
            " SELECT 'session_id' AS name, id AS value, inner_id FROM node.session"
            " UNION ALL SELECT 'name', name, inner_id FROM node.session"
            " UNION ALL SELECT 'epoch', epoch, inner_id FROM node.session"
            " UNION ALL SELECT 'created_ms', created_ms, inner_id FROM node.session"
            " UNION ALL SELECT 'time_scale', time_scale, inner_id FROM node.session"
            " UNION ALL SELECT 'persona', persona, inner_id FROM node.session"
            " UNION ALL SELECT 'origin', origin, inner_id FROM node.session) WHERE inner_id = ?",
            (session,),
        )
    (differing,) = sql.execute(
        "SELECT count(*) FROM node.journal j LEFT JOIN s.turn t ON t.seq = j.seq"
        " WHERE j.rowid IN (SELECT value FROM json_each(?)) AND j.seq <= ? AND"
        " (t.at_ms IS NOT j.at_ms OR t.kind IS NOT j.kind OR t.msg_id IS NOT j.msg_id OR t.body_hash IS NOT j.body_hash"
        "  OR t.input IS NOT j.input OR t.appraisal IS NOT j.appraisal OR t.emotion IS NOT j.emotion)",
        (rowids, there),
    ).fetchone()
    if differing:
        raise Damaged("session file: it holds other rows than the journal")
    sql.execute(
        f"INSERT INTO s.turn ({schema.TURN_COLUMNS}) SELECT {schema.TURN_COLUMNS} FROM node.journal"
        " WHERE rowid IN (SELECT value FROM json_each(?)) AND session = ? AND seq > ? ORDER BY rowid",
        (rowids, session, there),
    )
    rows, last, at_ms = sql.execute(
        "SELECT count(*), max(seq), max(at_ms) FROM s.turn WHERE seq > ?", (folded_seq,)
    ).fetchone()
    if last is None and _all_folded(sql, rowids, folded_seq):
        return Folded(session, folded_seq, 0, 0)
    if last is None or last - folded_seq != rows:
        raise Damaged(f"history: {rows} rows from {folded_seq} to {last}")
    sql.execute(
        "INSERT INTO s.state SELECT seq, state_after FROM node.journal"
        " WHERE rowid IN (SELECT value FROM json_each(?)) AND session = ? AND seq > ? AND seq > ?",
        (rowids, session, there, last - kept),
    )
    sql.execute("DELETE FROM s.state WHERE seq <= ?", (last - kept,))
    return Folded(session, last, at_ms, 0)
