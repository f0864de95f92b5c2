"""A short run of the crash tool over sessions left alone; the long one is `python -m tests.crash proactive`."""

from __future__ import annotations

import random

import pytest

from tests.crash import alone

SCALE = 100_000.0


@pytest.mark.timeout(60)
async def test_over_a_kill_each_that_is_left_alone_acts_once_and_is_heard_of() -> None:
    ended = await alone.run(1, random.SystemRandom().randrange(1 << 32), SCALE)
    assert ended.sound, "\n".join(alone.lines(ended))
    assert ended.ledger.counts["sessions audited"] > 1
