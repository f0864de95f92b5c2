"""What a power cut leaves of a data folder: contents that were synced, and of names those of their folder's last fsync.

A file that was made since is gone, one that was removed since is back: so is the rollback journal that SQLite removes
to commit, unless its folder is synced afterwards. SQLite itself syncs the folder once, when it has made that journal.
An image of what would be left is made after every step of a fold. Here is no knowledge of what should be left.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from molroo_actor.storage import fold, layout
from molroo_actor.storage.rows import Change
from tests.kit.rows import Store


class PowerCut:
    """Follows one store. `images` is what a cut after each step would leave: (the step, a data folder)."""

    def __init__(self, it: Store, images: Path) -> None:
        self.images: list[tuple[str, Path]] = []
        self._data = it.ledger.folder.root
        self._to = images
        self._links = images / "links"
        self._links.mkdir(parents=True)
        self._names = {folder: _names(folder) for folder in it.ledger.folder.sessions.iterdir()}
        self._store = it

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Images are made of every step in this block. Switches that break the steps go inside of it."""
        with (
            mock.patch.object(fold, "_move", self._moving(fold._move)),
            mock.patch.object(fold, "fsync_folder", self._syncing(layout.fsync_folder)),
            mock.patch.object(self._store.folding, "_commit", self._committing(self._store.folding._commit)),
        ):
            yield

    def _moving(self, move: Callable[..., fold.Folded]) -> Callable[..., fold.Folded]:
        def moved(sql: Any, session: int, *args: Any) -> fold.Folded:
            folded = move(sql, session, *args)
            path = self._store.path(session)
            journal = path.with_name(path.name + "-journal")
            link = self._links / journal.name
            link.unlink(missing_ok=True)
            os.link(journal, link)  # what SQLite writes into it until it removes it is seen here too
            self._names[path.parent] = _names(path.parent)
            return folded

        return moved

    def _syncing(self, fsync: Callable[[Path], None]) -> Callable[[Path], None]:
        def synced(folder: Path) -> None:
            fsync(folder)
            self._names[folder] = _names(folder)
            self._image("the file's commit and its folder's fsync")

        return synced

    def _committing(
        self, commit: Callable[[Sequence[Change]], Awaitable[None]]
    ) -> Callable[[Sequence[Change]], Awaitable[None]]:
        async def committed(changes: Sequence[Change]) -> None:
            await commit(changes)
            self._image("a commit of the ledger")

        return committed

    def _image(self, step: str) -> None:
        image = self._to / str(len(self.images))
        shutil.copytree(self._data, image / "data", ignore=shutil.ignore_patterns("*-shm", "lock"))
        for folder, names in self._names.items():
            copy = image / "data" / folder.relative_to(self._data)
            for made in _names(copy) - names:
                (copy / made).unlink()
            for removed in names - _names(copy):
                shutil.copyfile(self._links / removed, copy / removed)
        self.images.append((step, image))


def _names(folder: Path) -> frozenset[str]:
    return frozenset(entry.name for entry in folder.iterdir())
