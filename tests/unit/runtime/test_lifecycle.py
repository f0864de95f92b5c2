"""The life of an actor is a table; what is not in it raises and changes nothing."""

from __future__ import annotations

import itertools

import pytest

from molroo_actor.errors import IllegalTransition
from molroo_actor.runtime.lifecycle import Life, Signal, advance
from molroo_actor.runtime.slot import Slot
from tests.kit.rows import an_entry

LEGAL = {
    (Life.ASLEEP, Signal.WAKE): Life.WAKING,
    (Life.BROKEN, Signal.WAKE): Life.WAKING,
    (Life.WAKING, Signal.WOKEN): Life.AWAKE,
    (Life.WAKING, Signal.WAKE_FAILED): Life.ASLEEP,
    (Life.AWAKE, Signal.HIBERNATE): Life.ASLEEP,
    (Life.AWAKE, Signal.BREAK): Life.BROKEN,
}
PAIRS = list(itertools.product(Life, Signal))


@pytest.mark.parametrize(("life", "signal"), PAIRS, ids=lambda part: part.name)
def test_every_pair_leads_where_the_table_says_or_raises_and_changes_nothing(life: Life, signal: Signal) -> None:
    slot = Slot(an_entry(1))
    slot.life = life
    following = LEGAL.get((life, signal))
    if following is None:
        with pytest.raises(IllegalTransition, match=f"^{signal.name} while {life.name}$"):
            slot.signal(signal)
        assert slot.life is life
    else:
        slot.signal(signal)
        assert (slot.life, advance(life, signal)) == (following, following)
