"""A short run of every kind of hostile client; the long one is `make hostile`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile import report
from tests.hostile.kinds import KINDS
from tests.hostile.run import run_kind

SCALE = 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_little_of_each_kind_does_no_harm(tmp_path: Path, kind: str) -> None:
    tally = run_kind(tmp_path, kind, SCALE, seed=7)
    assert tally.sound, "\n".join(report.lines([tally]))
    assert tally.cases or kind == "contract", tally.notes
