"""Where things lie in the data folder, who may open it, and the small rites of durable files.

    DATA/node.db   DATA/sessions/<shard>/<inner id>.db   DATA/lock   DATA/admin.sock   DATA/ballast

No SQL here.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from molroo_actor.errors import DataInUse

SHARDS: Final = 256
_SOCKET_PATH_MAX: Final = 100


def fsync_folder(folder: Path) -> None:
    """Makes the folder's entries durable: a created, renamed or unlinked name is not until this."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DataFolder:
    """The paths of one DATA, its lock, its ballast."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()
        self.node_db = self.root / "node.db"
        self.sessions = self.root / "sessions"
        self.admin_socket = self.root / "admin.sock"
        self.ballast = self.root / "ballast"
        self._lock_path = self.root / "lock"
        self._lock: int | None = None
        self.ballast_given_up = False
        """Whether the disk was full: what is free then is for folds and deletes, until the ballast is back."""

    def session_file(self, inner_id: int) -> Path:
        """The file of a session; consecutive ids spread over the shards."""
        return self.sessions / f"{inner_id % SHARDS:02x}/{inner_id:010x}.db"

    def make(self) -> None:
        """Creates what is missing, durably. The shards are made at once, so that a fold never makes folders."""
        self.root.mkdir(parents=True, exist_ok=True)
        if not self.sessions.is_dir():
            making = self.root / "sessions.making"
            for shard in range(SHARDS):
                (making / f"{shard:02x}").mkdir(parents=True, exist_ok=True)
            fsync_folder(making)
            making.rename(self.sessions)
            fsync_folder(self.root)

    def lock(self) -> None:
        """Takes the folder for this process until `unlock` or its end. Raises DataInUse."""
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise DataInUse(
                f"{self.root} is in use by another process (pid {pid}); stop it or choose another --data"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock = descriptor

    def unlock(self) -> None:
        """Gives the folder back; idempotent."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def keep_ballast(self, size: int) -> None:
        """Reserves `size` bytes to give up on a full disk. Nothing happens where there is no room for it."""
        if self.ballast.exists() or size == 0:
            self.ballast_given_up = False
            return
        try:
            descriptor = os.open(self.ballast, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, size)
            finally:
                os.close(descriptor)
            self.ballast_given_up = False
        except OSError:
            self.give_up_ballast()

    def give_up_ballast(self) -> None:
        """Frees the reserve; idempotent."""
        self.ballast_given_up = True
        with contextlib.suppress(FileNotFoundError):
            self.ballast.unlink()

    @contextlib.contextmanager
    def short_socket_path(self) -> Iterator[str]:
        """The admin socket's path, short enough for a socket address (108 bytes) however long the folder's path is."""
        path = str(self.admin_socket)
        descriptors = Path("/proc/self/fd")
        if len(path.encode()) < _SOCKET_PATH_MAX or not descriptors.exists():
            yield path
            return
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield str(descriptors / str(descriptor) / self.admin_socket.name)
        finally:
            os.close(descriptor)

    def is_full(self, ballast_bytes: int) -> bool:
        """Whether what is free is left for folds and deletes: the ballast is gone and there is no room for it yet."""
        return self.ballast_given_up and self.free_bytes() < 2 * ballast_bytes

    def free_bytes(self) -> int:
        """Space that this process may still use."""
        status = os.statvfs(self.root)
        return status.f_bavail * status.f_frsize
