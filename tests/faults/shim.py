"""The preloaded shim: built once a process with the system's compiler, and the page of memory that steers it.

The layout is shim.c's `struct control`. One page a server; a fault that is armed is in force with the next call.
"""

from __future__ import annotations

import functools
import mmap
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

SOURCE: Final = Path(__file__).with_name("shim.c")
COMPILER: Final = shutil.which("cc")
NO_COMPILER: Final = "cc is missing: nothing builds the shim that stands between the server and the disk"

Op = Literal["write", "sync", "truncate", "unlink", "read", "open"]
Place = Literal["node.db", "node.db-wal", "session", "session-journal", "folder", "other"]
How = Literal["fail", "tear", "short", "lie"]
"""A call fails; writes half and fails; writes half and says so; an fsync says that it did what it did not."""

_OPS: Final[dict[Op, int]] = {"write": 1, "sync": 2, "truncate": 4, "unlink": 8, "read": 16, "open": 32}
_PLACES: Final[dict[Place, int]] = {
    "node.db": 1, "node.db-wal": 2, "session": 4, "session-journal": 8, "folder": 16, "other": 32,
}  # fmt: skip
_HOW: Final[dict[How, int]] = {"fail": 0, "tear": 1, "short": 2, "lie": 3}
_FIELDS: Final = ("ops", "kinds", "mode", "error", "skip", "times", "done", "clock_ns")
_WORD: Final = struct.Struct("=q")


@functools.cache
def built() -> Path:
    """The shared object. Needs COMPILER."""
    assert COMPILER is not None, NO_COMPILER
    folder = Path(tempfile.mkdtemp(prefix="molroo-shim-"))
    library = folder / "shim.so"
    command = [COMPILER, "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(library), str(SOURCE)]
    subprocess.run([*command, "-lpthread"], check=True, capture_output=True)
    return library


class Shim:
    """The shim of one server: its environment, and what it is told while the server runs."""

    def __init__(self, data: Path, log: Path | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="molroo-fault-"))
        page = self._folder / "control"
        page.write_bytes(bytes(len(_FIELDS) * _WORD.size))
        with page.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), 0)
        self.env: Mapping[str, str] = {
            "LD_PRELOAD": str(built()),
            "FAULT_DATA": str(data.absolute()),
            "FAULT_CONTROL": str(page),
            **({"FAULT_LOG": str(log)} if log else {}),
        }

    def _set(self, field: str, value: int) -> None:
        _WORD.pack_into(self._page, _FIELDS.index(field) * _WORD.size, value)

    @property
    def done(self) -> int:
        """Calls that were made to fail so far."""
        (value,) = _WORD.unpack_from(self._page, _FIELDS.index("done") * _WORD.size)
        return int(value)

    def arm(
        self, ops: set[Op], places: set[Place], error: int, *, how: How = "fail", skip: int = 0, times: int = -1
    ) -> None:
        """After `skip` more such calls on files of such places, `times` of them fail; all with -1."""
        self.disarm()
        self._set("kinds", sum(_PLACES[place] for place in places))
        self._set("mode", _HOW[how])
        self._set("error", error)
        self._set("skip", skip)
        self._set("times", times)
        self._set("ops", sum(_OPS[op] for op in ops))

    def disarm(self) -> None:
        """Every call does what it should; idempotent."""
        self._set("ops", 0)

    def wall(self, ahead_s: float) -> None:
        """The server's wall clock is so far ahead of the machine's, at once."""
        self._set("clock_ns", round(ahead_s * 1e9))

    def close(self) -> None:
        """Forgets the page; what is armed stays so in a server that still runs."""
        self._page.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
