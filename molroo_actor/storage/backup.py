"""A copy of a whole data folder that a server can start on, taken while the node goes on.

Session files are copied first and node.db last, in one step. Folding moves rows from the journal into files meanwhile;
two things make every copied history whole all the same:

- From before the first file is copied until node.db is, no folded row leaves the journal. A row that a file did not
  have yet when it was copied is therefore in the copied journal.
- The copied catalog is told what the copied files hold. The node's own says more for a session that was folded between
  its file's copy and the ledger's, and a file that ends before `folded_seq` is damage to whoever reads it.

The copy has another name until it is whole and durable. What a restored folder does first is in ledger.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

import msgspec

from molroo_actor.errors import BackupFailed, Damaged
from molroo_actor.settings import Settings
from molroo_actor.storage import catalog
from molroo_actor.storage.layout import SHARDS, DataFolder, fsync_folder
from molroo_actor.storage.node_db import connect
from molroo_actor.storage.rows import CatalogEntry
from molroo_actor.storage.session_file import opened

PARTIAL: Final = ".partial"
"""Ends the name of a copy that is not whole; nothing removes one that a killed process left."""
_PAGE: Final = 100
"""Session files between two looks at the journal and the disk: about 0.1 s."""
_SHARDS: Final = 16
"""Shard folders that are made durable between two words of progress."""
_BUSY_S: Final = 2.0
"""How long a file may be held by whoever folds it, or by somebody's sqlite3; then the backup is given up."""
_NAMED: Final = 20
"""Damaged sessions that are named."""


class Made(msgspec.Struct, frozen=True):
    """A finished backup."""

    sessions: int
    files: int
    bytes: int
    journal_rows: int
    damaged: list[tuple[CatalogEntry, str]]
    """Sessions that are damaged here, and therefore there, and why; the first of them."""
    damaged_count: int


class Hold(Protocol):
    """Who keeps folded rows in the journal meanwhile: a server that is asked to, or a lock with which none runs."""

    def check(self) -> None:
        """Returns when all rows were kept until now. Raises BackupFailed."""

    def release(self) -> None:
        """Lets them go; idempotent."""


def make(folder: DataFolder, settings: Settings, target: Path, hold: Hold) -> Generator[str | Made, None, None]:
    """Progress in words, then what was made. Raises BackupFailed with the reason, and leaves nothing behind.

    For a process of its own: a server's would have its turns wait for the interpreter. `hold` is in force already.
    Close the iterator to give up.
    """
    copy = _Copy(folder, target)
    try:
        yield from _steps(copy, settings, hold)
    except (OSError, sqlite3.Error, Damaged) as error:
        raise BackupFailed(str(error)) from error
    finally:
        copy.close()


def _steps(copy: _Copy, settings: Settings, hold: Hold) -> Iterator[str | Made]:
    copy.begin()
    while copy.some_files():
        hold.check()
        _check_room(copy, settings)
        yield f"{copy.files:,} session files copied"
    copy.ledger()
    hold.check()
    hold.release()
    copy.reconcile()
    for first in range(0, SHARDS, _SHARDS):
        copy.settle(range(first, first + _SHARDS))
        yield f"{copy.settled:,} of {copy.files:,} session files written out"
    yield copy.finish()


def _check_room(copy: _Copy, settings: Settings) -> None:
    """A backup must not be what fills the node's disk."""
    free = shutil.disk_usage(copy.half.root).free
    if free < settings.free_bytes_min:
        raise BackupFailed(f"{free:,} bytes free beside {copy.target}, the limit is {settings.free_bytes_min:,}")


class _Copy:
    """The work: begin, some_files until False, ledger, reconcile, settle all shards, finish; close."""

    def __init__(self, source: DataFolder, target: Path) -> None:
        self._source = source
        self.target = target
        self.half = DataFolder(target.with_name(target.name + PARTIAL))
        self.files = 0
        self.settled = 0
        self._bytes = 0
        self._after = 0
        self._unread: dict[int, str] = {}
        """Sessions whose file could not be read, and why."""
        self._begun = False
        self._live: sqlite3.Connection | None = None

    def begin(self) -> None:
        """Raises BackupFailed for a target that cannot be one."""
        target = self.target
        if target.is_relative_to(self._source.root):
            raise BackupFailed(f"{target} is inside the data folder; choose a place outside")
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise BackupFailed(f"{target} is there and not an empty folder; choose another name")
        if target.is_mount():
            raise BackupFailed(f"{target} is where a disk is mounted; name a folder inside it")
        try:
            self.half.root.mkdir(mode=0o700)
        except FileExistsError:
            raise BackupFailed(
                f"{self.half.root} is there: another backup is being made, or one was cut short; then remove it"
            ) from None
        self._begun = True
        self.half.make()
        self._live = connect(self._source.node_db, "rw")
        self._live.execute("PRAGMA query_only = 1")

    def some_files(self) -> bool:
        """Copies the next page of session files; False when there are no more."""
        assert self._live is not None
        entries = catalog.after(self._live, self._after, _PAGE)
        for entry in entries:
            if entry.folded_seq is None or entry.deleting:
                continue  # all its rows are in the journal, also if its first fold comes now; or it is on its way out
            try:
                self._copy_file(entry.inner_id, entry.folded_seq)
                self.files += 1
            except Damaged as error:  # it may also have been deleted by now: the catalog's copy tells
                self._unread[entry.inner_id] = str(error)
            except sqlite3.Error as error:
                path = self._source.session_file(entry.inner_id)
                raise BackupFailed(f"{path} could not be copied: {error}") from error
        if entries:
            self._after = entries[-1].inner_id
        return bool(entries)

    def _copy_file(self, inner_id: int, folded_seq: int) -> None:
        """Through SQLite, which holds the file's lock meanwhile and knows what a killed process left half done."""
        copy = self.half.session_file(inner_id)
        with opened(self._source.session_file(inner_id), _BUSY_S) as file, _writing(copy) as into:
            last = _last_seq(file)
            file.backup(into)
        if last < folded_seq:
            self._unread[inner_id] = f"session file ends at {last}, the ledger says {folded_seq}"

    def ledger(self) -> None:
        """Copies node.db, in one step: one that lets others write in between begins anew each time."""
        assert self._live is not None
        with contextlib.closing(connect(self.half.node_db, "rwc")) as into:
            self._live.execute("BEGIN")
            self._live.execute("SELECT 1 FROM node LIMIT 1").fetchall()
            self._live.backup(into)
            self._live.execute("COMMIT")

    def reconcile(self) -> None:
        """Makes the copied catalog say what the copied files hold, and leaves word for the first start."""
        with contextlib.closing(connect(self.half.node_db, "rw")) as sql:
            sql.execute("BEGIN IMMEDIATE")
            # Whatever was folded since the rows are kept still has them in the journal.
            folded = sql.execute(
                "SELECT DISTINCT session FROM journal JOIN session ON inner_id = session WHERE seq <= folded_seq"
            ).fetchall()
            for (inner_id,) in folded:
                if inner_id not in self._unread:
                    sql.execute(
                        "UPDATE session SET folded_seq = ? WHERE inner_id = ?", (self._holds(inner_id), inner_id)
                    )
            self._check_joined(sql)
            catalog.mark_restored(sql)
            sql.execute("COMMIT")

    def _holds(self, inner_id: int) -> int | None:
        """The last seq in a copied file; None when none was copied."""
        path = self.half.session_file(inner_id)
        if not path.exists():
            return None
        with opened(path) as file:
            return _last_seq(file)

    def _check_joined(self, sql: sqlite3.Connection) -> None:
        holes = sql.execute(
            "SELECT inner_id FROM journal JOIN session ON inner_id = session WHERE seq > ifnull(folded_seq, 0)"
            " GROUP BY inner_id HAVING min(seq) != ifnull(folded_seq, 0) + 1 OR count(*) != max(seq) - min(seq) + 1"
        ).fetchall()
        for (inner_id,) in holes:
            if inner_id not in self._unread:
                raise BackupFailed(f"a bug: the copied history of session {inner_id} has a hole; the node's has none")

    def settle(self, shards: Iterable[int]) -> None:
        """Removes the files of sessions that were deleted meanwhile, makes the others durable."""
        with contextlib.closing(connect(self.half.node_db, "rw")) as sql:
            for shard in shards:
                folder = self.half.sessions / f"{shard:02x}"
                paths = {int(path.stem, 16): path for path in folder.iterdir()}
                if paths:
                    self._settle(sql, paths)
                    fsync_folder(folder)

    def _settle(self, sql: sqlite3.Connection, paths: Mapping[int, Path]) -> None:
        found = sql.execute(
            "SELECT inner_id FROM session WHERE deleting = 0 AND inner_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(paths)),),
        ).fetchall()
        alive = {inner_id for (inner_id,) in found}
        for inner_id, path in paths.items():
            if inner_id not in alive:
                path.unlink()
                self.files -= 1
                continue
            self._bytes += path.stat().st_size
            self.settled += 1
            _fsync(path)

    def finish(self) -> Made:
        """Gives the copy its name."""
        with contextlib.closing(connect(self.half.node_db, "rw")) as sql:
            (sessions,) = sql.execute("SELECT count(*) FROM session WHERE deleting = 0").fetchone()
            (rows,) = sql.execute("SELECT count(*) FROM journal").fetchone()
            damaged = [(entry, why) for inner_id, why in self._unread.items() for entry in catalog.of(sql, inner_id)]
        _fsync(self.half.node_db)
        fsync_folder(self.half.sessions)
        fsync_folder(self.half.root)
        self.half.root.rename(self.target)
        self._begun = False
        fsync_folder(self.target.parent)
        size = self._bytes + (self.target / self.half.node_db.name).stat().st_size
        return Made(sessions, self.settled, size, rows, damaged[:_NAMED], len(damaged))

    def close(self) -> None:
        """Removes what is not finished; idempotent."""
        if self._live is not None:
            self._live.close()
            self._live = None
        if self._begun:
            shutil.rmtree(self.half.root, ignore_errors=True)
            self._begun = False


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A new file, not durable until `settle`: until then nobody counts on it. Goes away when it was not written."""
    try:
        with contextlib.closing(connect(path, "rwc")) as sql:
            sql.execute("PRAGMA synchronous = OFF")
            sql.execute("PRAGMA journal_mode = OFF").fetchall()
            yield sql
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _last_seq(file: sqlite3.Connection) -> int:
    (last,) = file.execute("SELECT ifnull(max(seq), 0) FROM turn").fetchone()
    return int(last)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
