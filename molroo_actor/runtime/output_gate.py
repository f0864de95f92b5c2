"""The output gate: nothing that reveals a row leaves before its commit is durable. Group commit for all sessions.

Rows wait here, one append is under way at a time, in a task that no client can cancel. What a failed append means is
decided here and carried out by the host before anything else runs.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from molroo_actor import faultpoints
from molroo_actor.clock import Clock
from molroo_actor.errors import AppendFailed, OutcomeUnknown, Overloaded, StorageError, WireError
from molroo_actor.runtime.actor import Pending
from molroo_actor.runtime.observer import Observer
from molroo_actor.storage.rows import Change, Row

log = logging.getLogger(__name__)


class Journal(Protocol):
    """The port to the disk. Here it is SQLite; a replicated log would say the same."""

    async def append(self, rows: Sequence[Row], changes: Sequence[Change]) -> dict[int, Exception]:
        """Durable when it returns, but for the sessions that it names. Raises AppendFailed, OutcomeUnknown."""

    def append_at_once(self, rows: Sequence[Row], changes: Sequence[Change]) -> dict[int, Exception] | None:
        """As `append`, when that is quicker than waiting for it; None: nobody knows before `append` was asked for the
        same.
        """


def outcome_unknown() -> Overloaded:
    """What askers hear when nobody can tell whether their change is on disk."""
    return Overloaded(
        "the disk failed while this was being written: it may have happened. Ask again with the same id,"
        " never with a new one",
        details={"outcome": "unknown"},
        retry_after_s=5,
    )


class OutputGate:
    """The one gate of a host. `put` and `commit` hand in, `flush` starts an append when none is under way."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        observer: Observer,
        *,
        rows_max: int,
        commit_rows_max: int,
        release: Callable[[Pending], None],
        broke: Callable[[int, WireError], None],
        doomed: Callable[[], None],
        beside: Callable[[Pending], None],
    ) -> None:
        """beside: adds to a row's changes what else belongs into its commit. release: a row is durable. broke: a
        session's rows are not, its actor must go. doomed: nobody knows, end the process.
        """
        self._journal = journal
        self._clock = clock
        self._observer = observer
        self._rows_max = rows_max
        self._commit_rows_max = commit_rows_max
        self._release = release
        self._broke = broke
        self._doomed = doomed
        self._beside = beside
        self._rows: list[Pending] = []
        self._changes: list[tuple[Change, asyncio.Future[None]]] = []
        self._durable: deque[
            tuple[Sequence[Pending], Sequence[tuple[Change, asyncio.Future[None]]], dict[int, Exception]]
        ]
        self._durable = deque()
        self._task: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self.fate: StorageError | None = None
        """Set for good when an outcome is unknown: from then on everything is refused."""
        self.failing: str | None = None
        """Why the last append failed; None once one succeeds. For /readyz."""

    @property
    def depth(self) -> int:
        """Rows that wait for an append."""
        return len(self._rows)

    @property
    def full(self) -> bool:
        """Whether turns must be refused because the disk is behind."""
        return len(self._rows) >= self._rows_max

    @property
    def appending(self) -> bool:
        """Whether a commit is under way."""
        return self._task is not None

    def put(self, pending: Pending) -> None:
        """Takes a row. It is appended by the next `flush`."""
        pending.since_s = self._clock.monotonic_s()
        self._beside(pending)
        self._rows.append(pending)

    async def commit(self, changes: Sequence[Change]) -> None:
        """Makes changes durable, together with whatever else waits. Raises what broke them, AppendFailed,
        OutcomeUnknown.

        Cancelling the caller cancels nothing but its wait.
        """
        if self.fate is not None:
            raise self.fate
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[None]] = []
        for change in changes:
            future: asyncio.Future[None] = loop.create_future()
            futures.append(future)
            self._changes.append((change, future))
        self.flush()
        results = await asyncio.gather(*futures, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def commit_asked(self, change: Change) -> None:
        """Makes a change durable that a client waits for. Raises what broke it if that is the client's, else
        Overloaded.
        """
        try:
            await self.commit([change])
        except StorageError as error:
            raise (outcome_unknown() if self.fate is not None else _lost(error)) from error

    def flush(self) -> None:
        """Starts appending what waits unless that goes on already."""
        if self._task is None and (self._rows or self._changes) and self.fate is None and not self._append_at_once():
            self._idle.clear()
            self._task = asyncio.get_running_loop().create_task(self._append_all(), name="append")

    async def idle(self) -> None:
        """Returns when nothing waits and nothing is under way."""
        await self._idle.wait()

    async def _append_all(self) -> None:
        loop = asyncio.get_running_loop()
        tried = True  # by `flush`, which began this
        try:
            while (self._rows or self._changes) and self.fate is None:
                if not tried and self._append_at_once():
                    continue
                tried = False
                batch = self._rows[: self._commit_rows_max]
                del self._rows[: len(batch)]
                changes, self._changes = self._changes, []
                failed = await self._append(batch, changes)
                if failed is None:
                    continue
                self._durable.append((batch, changes, failed))
                if self._rows or self._changes:
                    # The next commit starts before the answers of this one are written: both take about as long.
                    loop.call_soon(self._release_durable)
                else:
                    self._release_durable()
        finally:
            self._task = None
            loop.call_soon(self._settle)

    def _append_at_once(self) -> bool:
        """Whether the rows that wait are durable and released: no task, no second thread, no pass in between."""
        batch = self._rows
        if not batch or self._changes:
            return False
        began_s = self._clock.monotonic_s()
        failed = self._journal.append_at_once([pending.row for pending in batch], _beside(batch))
        if failed is None:
            return False
        self._rows = []
        self._appended(batch, failed, began_s)
        self._durable.append((batch, (), failed))
        self._release_durable()
        return True

    def _appended(self, batch: Sequence[Pending], failed: dict[int, Exception], began_s: float) -> None:
        self.failing = None
        self._observer.committed(len(batch), self._clock.monotonic_s() - began_s)
        if failed:
            self._break({session: error for session, error in failed.items() if session})

    def _settle(self) -> None:
        if self._task is None:
            self._idle.set()

    def _release_durable(self) -> None:
        """Everything that is durable and not released yet, in the order of the commits."""
        if faultpoints.ARMED:
            faultpoints.passing("before_reply")
        while self._durable:
            self._release_all(*self._durable.popleft())

    async def _append(
        self, batch: Sequence[Pending], changes: Sequence[tuple[Change, asyncio.Future[None]]]
    ) -> dict[int, Exception] | None:
        began_s = self._clock.monotonic_s()
        try:
            beside = _beside(batch)
            beside.extend(change for change, _ in changes)
            failed = await self._journal.append([pending.row for pending in batch], beside)
        except OutcomeUnknown as error:
            self._doom(batch, changes, error)
            return None
        except Exception as error:
            cause = error if isinstance(error, AppendFailed) else AppendFailed(repr(error))
            if cause is not error:
                log.exception("append failed in a way that it should not")
            self._fail(batch, changes, cause)
            return None
        self._appended(batch, failed, began_s)
        return failed

    # -- what follows; all of it synchronous -------------------------------------------------------------------

    def _release_all(
        self,
        batch: Sequence[Pending],
        changes: Sequence[tuple[Change, asyncio.Future[None]]],
        failed: dict[int, Exception],
    ) -> None:
        turns = 0
        for pending in batch:
            if pending.row.session not in failed:
                turns += 1
                self._release(pending)
        if turns:
            self._observer.released(turns, self._clock.monotonic_s() - batch[0].since_s)
        for pending in batch:
            if pending.row.session in failed:
                _refuse(pending, _lost(failed[pending.row.session]))
        for change, future in changes:
            if future.done():
                continue
            error = failed.get(change.session)
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

    def _fail(
        self,
        batch: Sequence[Pending],
        changes: Sequence[tuple[Change, asyncio.Future[None]]],
        error: AppendFailed,
    ) -> None:
        self.failing = str(error)
        self._observer.commit_failed()
        log.error("append of %d rows failed: %s", len(batch), error)
        self._break({pending.row.session: error for pending in batch})
        for pending in batch:
            _refuse(pending, _lost(error))
        for _, future in changes:
            if not future.done():
                future.set_exception(error)

    def _break(self, sessions: dict[int, Exception]) -> None:
        """Rows of broken actors leave the queue: they followed rows that do not exist."""
        orphans = [pending for pending in self._rows if pending.row.session in sessions]
        if orphans:
            self._rows = [pending for pending in self._rows if pending.row.session not in sessions]
        for session, error in sessions.items():
            self._broke(session, _lost(error))
        for pending in orphans:
            _refuse(pending, _lost(sessions[pending.row.session]))

    def _doom(
        self,
        batch: Sequence[Pending],
        changes: Sequence[tuple[Change, asyncio.Future[None]]],
        error: OutcomeUnknown,
    ) -> None:
        self.fate = error
        self.failing = str(error)
        self._observer.commit_failed()
        log.critical("outcome of a commit unknown, ending: %s", error)
        waiting, self._rows = self._rows, []
        for pending in (*batch, *waiting):
            _refuse(pending, outcome_unknown())
        left, self._changes = self._changes, []
        for _, future in (*changes, *left):
            if not future.done():
                future.set_exception(error)
        self._doomed()


def _beside(batch: Sequence[Pending]) -> list[Change]:
    return [change for pending in batch for change in pending.changes]


def _lost(error: Exception) -> WireError:
    if isinstance(error, WireError):
        return error
    return Overloaded("this could not be written to disk and did not happen; try again", retry_after_s=1)


def _refuse(pending: Pending, error: WireError) -> None:
    pending.asker.refused(error)
    for asker in pending.duplicates or ():
        asker.refused(error)
