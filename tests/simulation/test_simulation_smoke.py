"""A short run of the simulation; the long one is `make sim`. And the same seed is the same story."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from tests.kit import sabotage
from tests.simulation import run, script
from tests.simulation.checker import violations
from tests.simulation.test_sabotage import first_caught

SEEDS = 200
ODD_SEED = 2_417


@pytest.mark.timeout(120)
def test_no_story_breaks_a_rule() -> None:
    first = random.SystemRandom().randrange(1 << 32)
    counts: Counter[str] = Counter()
    with run.opened() as theatre, run.garbage_in_bulk() as collect:
        for seed in range(first, first + SEEDS):
            history = theatre.play_seed(seed)
            counts.update(run.totals(history))
            broken = next(violations(history), None)
            assert broken is None, "\n".join([f"{seed=} {broken}", *script_of(seed, broken.rule)])
            collect()
    assert min(counts.values()) > 0, counts


def script_of(seed: int, rule: str) -> list[str]:
    """The shortest story found, within what a test may take."""
    return run.shortest_story(seed, rule, tries_max=100)


def test_the_same_seed_is_the_same_story_whatever_ran_before() -> None:
    def told(theatre: run.Theatre) -> list[str]:
        # Epochs are random, and so are the names of actions, which end with them.
        return [re.sub(r"_[0-9a-z]{8}\b", "", line) for line in theatre.play_seed(ODD_SEED).story()]

    with run.opened() as theatre:
        first = told(theatre)
        theatre.play_seed(1)
        assert told(theatre) == first


def test_a_story_that_breaks_a_rule_is_shortened_to_the_steps_that_it_takes() -> None:
    seed = first_caught(sabotage.skip_the_repeat_check, "doubled")
    assert seed is not None
    with sabotage.skip_the_repeat_check():
        told = run.shortest_story(seed, "doubled")
    assert int(told[0].split()[4]) <= 4, "a session and two turns with one id"
    assert sum(line.startswith("Say(") for line in told) == 2
    assert told[-1].startswith("breaks `doubled`")


def test_steps_left_out_leave_the_others_as_they_are() -> None:
    steps = script.made(ODD_SEED)
    with run.opened() as theatre:
        for kept in (steps[::2], steps[1::2], []):
            assert [each.rule for each in violations(theatre.play(kept, ODD_SEED))] == []
