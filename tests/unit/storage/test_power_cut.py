"""A power cut after any step of a fold leaves every row: in the journal, in the file, or in both and equal."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from molroo_actor.errors import Damaged
from molroo_actor.storage import layout
from molroo_actor.storage.session_file import read_rows
from tests.kit import sabotage_disk
from tests.kit.power_cut import PowerCut
from tests.kit.rows import Store, rows_of, store
from tests.kit.sabotage import Switch

ROWS = 5


class Lost(AssertionError):
    """A row that was durable is gone after a power cut."""


@pytest.fixture(autouse=True)
def _few_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "SHARDS", 2)


async def cut_after_every_step(data: Path, switch: Switch) -> int:
    """Folds twice, and looks at what a cut after each step leaves. Raises Lost; returns how many steps there were."""
    looked_at = 0
    async with store(data / "node") as it:
        await it.add(1)
        power = PowerCut(it, data / "images")
        for first, last in ((1, 3), (4, ROWS)):
            await it.append(rows_of(1, first, last))
            with power.watching(), switch():
                await it.fold()
                await it.folding._trim(now=True)
            for number, (step, image) in enumerate(power.images[looked_at:], start=looked_at + 1):
                await _all_rows(image, last, f"after step {number}, {step}")
            looked_at = len(power.images)
    return looked_at


async def _all_rows(image: Path, last: int, when: str) -> None:
    async with store(image) as it:
        try:
            seqs = await _seqs(it)
        except Damaged as error:
            raise Lost(f"{when}: {error}") from error
    if seqs != list(range(1, last + 1)):
        raise Lost(f"{when}: of {last} rows {seqs} are left")


async def _seqs(it: Store) -> list[int]:
    rows = await it.ledger.read(read_rows, it.path(1), 1, it.journal.rowids(1), 0, 100)
    return [row.seq for row in rows]


async def test_a_power_cut_after_any_step_of_a_fold_loses_nothing(tmp_path: Path) -> None:
    assert await cut_after_every_step(tmp_path, contextlib.nullcontext) >= 6


async def test_without_the_folder_s_fsync_a_power_cut_loses_what_was_folded(tmp_path: Path) -> None:
    with pytest.raises(Lost, match="a commit of the ledger"):
        await cut_after_every_step(tmp_path, sabotage_disk.no_directory_fsync)


async def test_a_fold_that_deletes_first_loses_its_rows_to_a_power_cut(tmp_path: Path) -> None:
    with pytest.raises(Lost, match="a commit of the ledger"):
        await cut_after_every_step(tmp_path, sabotage_disk.fold_deletes_first)
