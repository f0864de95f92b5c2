"""The judge is judged: what grows is found in noise, and noise alone is not."""

from __future__ import annotations

import random

import pytest

from tests.soak import flatness
from tests.soak.flatness import MIB, Points


def sampled(level: float, each_hour: float, noise: float, *, seconds: int = 240, seed: int = 1) -> Points:
    """A figure every two seconds, with noise around its line and a spike now and then."""
    rng = random.Random(seed)
    return [
        (float(at), level + each_hour * at / 3600 + rng.gauss(0, noise) + (20 * noise if rng.random() < 0.1 else 0))
        for at in range(0, seconds, 2)
    ]


def test_a_slope_is_not_moved_by_a_third_of_wild_points() -> None:
    line = [(float(x), 2.0 * x + (500.0 if x % 4 == 0 else 0.0)) for x in range(40)]
    assert flatness.slope(line) == pytest.approx(2.0, abs=0.3)
    assert flatness.slope([(1.0, 5.0)]) == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_memory_that_only_trembles_is_flat(seed: int) -> None:
    assert flatness.memory("m", sampled(70 * MIB, 0, 0.3 * MIB, seed=seed)).flat


@pytest.mark.parametrize("seed", range(5))
def test_memory_that_leaks_is_found_in_the_noise(seed: int) -> None:
    assert not flatness.memory("m", sampled(70 * MIB, 60 * MIB, 0.3 * MIB, seed=seed)).flat


def test_a_slow_leak_is_found_by_a_longer_run() -> None:
    assert flatness.memory("m", sampled(70 * MIB, 12 * MIB, 0.1 * MIB, seconds=240)).flat
    assert not flatness.memory("m", sampled(70 * MIB, 12 * MIB, 0.1 * MIB, seconds=1200)).flat


def test_memory_that_warms_up_and_then_stays_is_flat() -> None:
    warming = [(float(at), 50 * MIB + min(at, 100) * MIB / 5) for at in range(0, 240, 2)]
    assert flatness.memory("m", warming).flat


def test_a_count_that_comes_back_is_flat_and_one_that_does_not_is_not() -> None:
    assert flatness.back("handles", [(0, 20), (1, 22), (2, 21), (3, 22)], 2).flat
    assert not flatness.back("handles", [(0, 20), (1, 22), (2, 25), (3, 28)], 2).flat
    assert not flatness.back("threads", [(0, 8), (1, 8), (2, 9), (3, 9)], 0).flat


def test_lag_that_rises_with_time_is_not_flat() -> None:
    assert flatness.lag("lag", [(0, 0.005), (20, 0.012), (40, 0.004), (60, 0.006)]).flat
    assert not flatness.lag("lag", [(float(at), 0.002 + at * 0.001) for at in range(0, 240, 20)]).flat


def test_a_size_that_comes_to_its_limit_is_not_flat() -> None:
    assert flatness.under("wal", [1, 5, 2], 6).flat
    assert not flatness.under("wal", [1, 6, 2], 6).flat
