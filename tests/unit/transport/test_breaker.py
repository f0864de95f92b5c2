"""When an endpoint is left alone, and when it is tried again."""

from __future__ import annotations

import random

import pytest

from molroo_actor.transport.breaker import Breaker


class Middle(random.Random):
    """Jitter that is none."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def breaker(failures_max: int = 3, randomness: random.Random | None = None) -> Breaker:
    return Breaker(failures_max, 10.0, 60.0, randomness or Middle())


def opened() -> Breaker:
    """Open since 0 s, until 10 s."""
    it = breaker(1)
    it.failed(0.0, trial=False)
    return it


def fail_trial(it: Breaker, now_s: float) -> None:
    assert it.verdict(now_s) == "try"
    it.begin_trial()
    it.failed(now_s, trial=True)


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    it = breaker()
    for _ in range(2):
        it.failed(0.0, trial=False)
    assert it.verdict(0.0) == "go"
    it.succeeded()
    for _ in range(2):
        it.failed(0.0, trial=False)
    assert (it.verdict(0.0), it.open) == ("go", False)
    it.failed(0.0, trial=False)
    assert (it.verdict(0.0), it.open) == ("wait", True)


def test_after_the_pause_one_may_try_and_the_others_wait() -> None:
    it = opened()
    assert [it.verdict(now_s) for now_s in (9.99, 10.0)] == ["wait", "try"]
    it.begin_trial()
    assert it.verdict(10.0) == it.verdict(1e9) == "wait"


def test_a_trial_that_succeeds_closes_it_and_forgets_the_past() -> None:
    it = opened()
    fail_trial(it, 10.0)
    it.begin_trial()
    it.succeeded()
    assert (it.verdict(11.0), it.failures) == ("go", 0)
    it.failed(100.0, trial=False)
    assert [it.verdict(now_s) for now_s in (109.9, 110.0)] == ["wait", "try"]


def test_pauses_double_up_to_their_limit() -> None:
    it = opened()
    now_s, pauses = 10.0, []
    for _ in range(4):
        fail_trial(it, now_s)
        pause_s = next(s for s in range(1, 100) if it.verdict(now_s + s) == "try")
        pauses.append(pause_s)
        now_s += pause_s
    assert pauses == [20, 40, 60, 60]


def test_a_trial_that_says_nothing_leaves_the_next_one_to_try() -> None:
    it = opened()
    it.begin_trial()
    it.dropped(trial=True)
    assert it.verdict(10.0) == "try"


def test_calls_that_began_before_the_pause_change_nothing_when_they_fail() -> None:
    it = opened()
    for _ in range(5):
        it.failed(9.0, trial=False)
    assert it.verdict(10.0) == "try"
    it.begin_trial()
    it.failed(10.0, trial=False)
    assert it.verdict(10.0) == "wait", "the trial is still under way"


def test_what_the_endpoint_asks_for_opens_at_once_and_has_a_limit() -> None:
    it = breaker()
    it.failed(0.0, trial=False, pause_s=30.0)
    assert [it.verdict(now_s) for now_s in (29.9, 30.0)] == ["wait", "try"]
    it = breaker()
    it.failed(0.0, trial=False, pause_s=1e9)
    assert [it.verdict(now_s) for now_s in (59.9, 60.0)] == ["wait", "try"]


@pytest.mark.parametrize("seed", range(20))
def test_the_pause_is_jittered_by_a_fifth(seed: int) -> None:
    it = breaker(1, random.Random(seed))
    it.failed(0.0, trial=False)
    assert [it.verdict(now_s) for now_s in (7.9, 12.1)] == ["wait", "try"]


def test_the_jitter_differs() -> None:
    def length(seed: int) -> str:
        it = breaker(1, random.Random(seed))
        it.failed(0.0, trial=False)
        return it.verdict(10.0)

    assert {length(seed) for seed in range(20)} == {"wait", "try"}


def test_a_year_of_failures_does_not_overflow() -> None:
    it = opened()
    now_s = 10.0
    for _ in range(5_000):
        fail_trial(it, now_s)
        now_s += 60.0
    assert it.verdict(now_s) == "try"
