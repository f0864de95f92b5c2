"""A short run of the soak; the long one is `make soak`. It is too short to judge slopes: what it shows is that nothing
is lost, that everybody comes to rest, and that both backups restore equal.
"""

from __future__ import annotations

import random

import pytest

from tests.soak import report
from tests.soak.run import run

SESSIONS = 20
MINUTES = 0.03


@pytest.mark.timeout(120)
async def test_a_few_seconds_of_use_lose_nothing_and_both_backups_restore_equal() -> None:
    soak = await run(MINUTES, SESSIONS, random.SystemRandom().randrange(1 << 32))
    counts = soak.ledger.counts
    assert soak.sound, "\n".join(report.lines(soak))
    assert counts["turns checked in history"] > 0
    assert counts["backup live: sessions equal"] >= SESSIONS
    assert counts["backup stopped: sessions equal"] >= SESSIONS
    assert counts["clients refused a resume"] > 0
    assert {verdict.what: verdict.flat for verdict in soak.verdicts}["slots at rest"]
