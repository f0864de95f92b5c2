"""A disk that forgets: of what was written to a file after its last fsync, and of names that no fsync of their folder
made durable, chance decides what is there after a power cut.

It takes the calls of a recording one by one and can be asked for an image at any moment. It is harsher than common file
systems: writes survive by sector and in any order, cuts of a file's end too, and a new file's name may go although its
contents were synced.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from tests.faults.recording import Call, Event

SECTORS: Final = (512, 4096)


class _Change(NamedTuple):
    """A write at an offset; without content the file is cut (or stretched) there."""

    number: int
    offset: int
    content: bytes | None


class Survival(NamedTuple):
    """How one power cut goes."""

    sector: int
    written: float
    """How likely a sector survives that no fsync covers."""
    named: float
    """The same of a name."""
    in_order: bool
    """Whether what survives of a folder's names is the beginning of what happened to them."""

    @classmethod
    def drawn(cls, rng: random.Random) -> Survival:
        """Nothing, all, and shares in between."""
        return cls(
            rng.choice(SECTORS), rng.choice((0.0, 0.1, 0.5, 0.9, 1.0)), rng.choice((0.0, 0.5, 1.0)), rng.random() < 0.5
        )


@dataclass(eq=False)
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[_Change] = field(default_factory=list)

    def settle(self, before: int) -> None:
        """An fsync that began at this number has ended."""
        kept = [change for change in self.pending if change.number >= before]
        for change in self.pending:
            if change.number < before:
                _apply(self.durable, change.offset, change.content)
        self.pending = kept

    def survivor(self, how: Survival, rng: random.Random) -> bytes:
        content = bytearray(self.durable)
        for change in self.pending:
            if change.content is None:
                if rng.random() < how.written:
                    _apply(content, change.offset, None)
                continue
            start, end = change.offset, change.offset + len(change.content)
            while start < end:
                border = min(end, (start // how.sector + 1) * how.sector)
                if rng.random() < how.written:
                    piece = change.content[start - change.offset : border - change.offset]
                    _apply(content, start, piece)
                start = border
        return bytes(content)


def _apply(content: bytearray, offset: int, new: bytes | None) -> None:
    if new is None:
        del content[offset:]
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    if new is not None:
        content[offset : offset + len(new)] = new


@dataclass(eq=False)
class _Folder:
    durable: dict[str, _File | _Folder] = field(default_factory=dict)
    now: dict[str, _File | _Folder] = field(default_factory=dict)
    pending: list[tuple[int, dict[str, _File | _Folder | None]]] = field(default_factory=list)
    """Changes of names, each whole: a renaming is one."""

    def change(self, number: int, names: dict[str, _File | _Folder | None]) -> None:
        self.pending.append((number, names))
        _rename(self.now, names)

    def settle(self, before: int) -> None:
        for number, names in self.pending:
            if number < before:
                _rename(self.durable, names)
        self.pending = [each for each in self.pending if each[0] >= before]

    def survivor(self, how: Survival, rng: random.Random) -> dict[str, _File | _Folder]:
        names = dict(self.durable)
        if how.in_order:
            count = sum(rng.random() < how.named for _ in self.pending)
            survive = [change for _, change in self.pending[:count]]
        else:
            survive = [change for _, change in self.pending if rng.random() < how.named]
        for change in survive:
            _rename(names, change)
        return names


def _rename(names: dict[str, _File | _Folder], change: dict[str, _File | _Folder | None]) -> None:
    for name, node in change.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


class Disk:
    """One folder, as written and as durable."""

    def __init__(self, root: Path) -> None:
        self._root = str(root.absolute())
        self._top = _Folder()
        self._open: dict[int, _File | _Folder] = {}
        self._syncing: dict[int, int] = {}
        self._number = 0

    def take(self, event: Event) -> None:
        """One call that changed something, or began or ended to make it durable."""
        self._number += 1
        if event.call in {Call.UNLINK, Call.RENAME, Call.MKDIR}:
            self._name(event)
        else:
            self._content(event)

    def _content(self, event: Event) -> None:
        match event.call:
            case Call.OPEN:
                self._open[event.fd] = node = self._opened(event.content.decode())
                if event.offset and isinstance(node, _File):  # opened to be written anew
                    node.pending.append(_Change(self._number, 0, None))
            case Call.WRITE:
                self._file(event.fd).pending.append(_Change(self._number, event.offset, event.content))
            case Call.TRUNCATE:
                self._file(event.fd).pending.append(_Change(self._number, event.offset, None))
            case Call.SYNC:
                self._syncing[event.fd] = self._number
            case Call.SYNCED:
                self._open[event.fd].settle(self._syncing.pop(event.fd))
            case Call.CLOSE:
                self._open.pop(event.fd, None)
            case _:
                raise AssertionError(event.call)

    def _name(self, event: Event) -> None:
        match event.call:
            case Call.UNLINK:
                folder, name = self._place(event.content.decode())
                folder.change(self._number, {name: None})
            case Call.RENAME:
                before, _, after = event.content.decode().partition("\0")
                folder, name = self._place(before)
                other, new = self._place(after)
                assert folder is other, "only within a folder is a renaming one change"
                folder.change(self._number, {name: None, new: folder.now[name]})
            case Call.MKDIR:
                folder, name = self._place(event.content.decode())
                if folder is not self._top or name:
                    folder.change(self._number, {name: _Folder()})
            case _:
                raise AssertionError(event.call)

    def _file(self, fd: int) -> _File:
        node = self._open[fd]
        assert isinstance(node, _File)
        return node

    def _place(self, path: str) -> tuple[_Folder, str]:
        inside = path[len(self._root) :].strip("/")
        *folders, name = inside.split("/")
        folder = self._top
        for each in folders:
            node = folder.now[each]
            assert isinstance(node, _Folder)
            folder = node
        return folder, name

    def _opened(self, path: str) -> _File | _Folder:
        folder, name = self._place(path)
        if not name:
            return self._top
        if name not in folder.now:
            folder.change(self._number, {name: _File()})
        return folder.now[name]

    def image(self, to: Path, how: Survival, rng: random.Random) -> None:
        """What is there after a power cut now, written into an empty folder. Changes nothing here."""
        self._write(self._top, to, how, rng)

    def _write(self, folder: _Folder, to: Path, how: Survival, rng: random.Random) -> None:
        to.mkdir(exist_ok=True)
        for name, node in folder.survivor(how, rng).items():
            if isinstance(node, _Folder):
                self._write(node, to / name, how, rng)
            elif name.endswith("-shm"):
                (to / name).write_bytes(rng.randbytes(rng.choice((0, 32_768))))  # shared memory: it means nothing
            else:
                descriptor = os.open(to / name, os.O_WRONLY | os.O_CREAT, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(node.survivor(how, rng))
