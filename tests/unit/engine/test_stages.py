"""The table of the soul stages: what leads where, what keeps it from trembling, and how time alone moves it."""

import pytest
from msgspec.structs import replace

from molroo_actor.engine import State
from molroo_actor.engine.stages import NAMES, TABLE, advance, completes, growth, progress, settle

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def test_every_stage_has_a_way_out_and_only_to_stages_that_exist() -> None:
    assert set(TABLE) == set(range(1, 16))
    assert all(rows for rows in TABLE.values())
    assert {row[-1] for rows in TABLE.values() for row in rows} <= set(range(1, 16))


def test_crisis_is_reached_from_strain_and_recovery_from_crisis_alone() -> None:
    into = {stage: {s for s, rows in TABLE.items() for row in rows if row[-1] == stage} for stage in TABLE}
    assert into[7] == {6, 10, 11, 12}
    assert (into[8], into[9]) == ({7}, {8})
    assert into[10] <= {7, 8, 9}
    assert (into[11], into[12]) == ({10}, {11})
    assert into[13] == {1, 3, 12, 14}
    assert (into[14], into[15]) == ({13, 15}, {14})


def test_growth_waits_for_a_completed_recovery(fresh: State) -> None:
    happy = replace(fresh, trust=0.9, autonomy=0.8, competence=0.8, relatedness=0.8)
    assert growth(happy) == 0.0
    assert growth(replace(happy, recovered=1)) == pytest.approx(0.85)
    assert growth(replace(happy, stage=12)) == pytest.approx(0.85)
    assert growth(replace(happy, recovered=1, relatedness=0.3)) == pytest.approx(0.6)


def test_a_recovery_is_complete_where_crisis_and_recovery_are_left() -> None:
    assert [completes(12, after) for after in (3, 4, 13)] == [True] * 3
    assert completes(9, 3)  # a long silence passes all of it at once
    assert not any(completes(before, after) for before, after in ((12, 7), (9, 10), (6, 4), (13, 3), (3, 13)))


def test_a_threshold_down_lies_below_the_one_that_led_up() -> None:
    """Hysteresis: no value of the measure both enters a stage and leaves it downwards again."""
    for stage, rows in TABLE.items():
        for measure, rises, threshold, _stay, after in rows:
            back = [row for row in TABLE[after] if row[0] == measure and not row[1] and row[-1] == stage]
            assert not rises or all(row[2] < threshold for row in back)


def test_a_shock_carries_up_at_once_and_calm_takes_its_least_stay() -> None:
    assert advance(1, 0, 0, (0.5, 0.1, 0.0)) == (4, 0)
    assert advance(4, 0, 299_999, (0.0, 0.0, 0.0)) == (4, 0)
    assert advance(4, 0, 300_000, (0.15, 0.0, 0.0)) == (3, 300_000)


def test_a_crisis_takes_one_stage_a_turn() -> None:
    assert advance(1, 0, 0, (0.9, 1.0, 0.0)) == (6, 0)
    assert advance(6, 0, 0, (0.9, 1.0, 0.0)) == (7, 0)


def test_a_quiet_span_passes_stages_right_after_their_least_stay() -> None:
    stage, since = settle(9, 0, 6 * HOUR_MS, (0.0, 0.0, 0.3))
    assert (NAMES[stage], since) == ("Rebuilding", 6 * HOUR_MS)
    assert settle(9, 0, HOUR_MS - 1, (0.0, 0.0, 0.3)) == (9, 0)


def test_a_shock_waits_for_an_event_however_long_the_silence() -> None:
    assert settle(1, 0, DAY_MS, (0.9, 0.9, 0.0)) == (1, 0)


def test_growth_out_of_rest_takes_six_quiet_hours() -> None:
    assert settle(1, 0, 6 * HOUR_MS - 1, (0.0, 0.0, 0.63)) == (1, 0)
    assert settle(1, 0, 6 * HOUR_MS, (0.0, 0.0, 0.63)) == (13, 6 * HOUR_MS)


def test_progress_is_how_near_the_first_way_out_is() -> None:
    assert progress(1, (0.07, 0.0, 0.0)) == pytest.approx(0.5)
    assert progress(1, (0.5, 0.0, 0.0)) == 1.0
