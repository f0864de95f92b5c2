"""A short run of the crash tool; the long one is `make crash`."""

from __future__ import annotations

import random

import pytest

from tests.crash import report
from tests.crash.run import run

KILLS = 8


@pytest.mark.timeout(120)
async def test_nothing_acknowledged_is_lost_or_doubled_over_a_few_kills() -> None:
    ended = await run(KILLS, random.SystemRandom().randrange(1 << 32))
    assert ended.sound, "\n".join(report.lines(ended))
    assert ended.ledger.counts["turns checked in history"] > 0
    assert ended.ledger.counts["repeats checked"] > 0
