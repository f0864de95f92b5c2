"""The checker is checked: each promise, broken on purpose, is found by the simulation and called by its name."""

from __future__ import annotations

import pytest

from tests.kit import sabotage, sabotage_disk
from tests.kit.sabotage import Switch
from tests.simulation import run
from tests.simulation.checker import RULES, violations

FIRST_SEED = 7_000
SEEDS_MAX = 200

CAUGHT: dict[str, tuple[Switch, str]] = {
    "reply before commit": (sabotage.reply_before_commit, "leak"),
    "skip the repeat check": (sabotage.skip_the_repeat_check, "doubled"),
    "resume off by one": (sabotage.resume_off_by_one, "resume"),
    "fold deletes first": (sabotage_disk.fold_deletes_first, "lost"),
    "count before commit": (sabotage.count_before_commit, "leak"),
    "broken actors go on": (sabotage.broken_actors_go_on, "works again"),
    "broken actors write on": (sabotage.broken_actors_write_on, "sequence"),
    "a bug in a push": (sabotage.bug_in_a_push, "error"),
    "repeats stay unanswered": (sabotage.repeats_stay_unanswered, "answers"),
    "answers come twice": (sabotage.answers_come_twice, "answers"),
    "stored answers differ": (sabotage.stored_answers_differ, "changed"),
    "snapshots lag behind": (sabotage.snapshots_lag_behind, "stale"),
    "the backlog is forgotten": (sabotage.backlog_is_forgotten, "hole"),
    "pushes come one late": (sabotage.pushes_come_one_late, "order"),
    "actions come twice": (sabotage.actions_come_twice, "told twice"),
    "acknowledgements are forgotten": (sabotage.acknowledgements_are_forgotten, "acknowledged"),
    "actions are not spent": (sabotage.actions_are_not_spent, "alarm"),
    "alarms are lost": (sabotage.alarms_are_lost, "alarm"),
    "actors sleep too early": (sabotage.actors_sleep_before_their_rows_are_durable, "actors"),
    "rows hold what nobody asked": (sabotage.rows_hold_what_nobody_asked, "never asked"),
    "a restart forgets the journal": (sabotage_disk.restart_forgets_the_journal, "rewritten"),
    "appends lose rows": (sabotage_disk.appends_lose_rows, "lost"),
}


def first_caught(switch: Switch, rule: str) -> int | None:
    """The first seed whose story breaks the rule with the switch on."""
    with run.opened() as theatre, switch():
        for seed in range(FIRST_SEED, FIRST_SEED + SEEDS_MAX):
            if any(each.rule == rule for each in violations(theatre.play_seed(seed))):
                return seed
    return None


@pytest.mark.parametrize(("switch", "rule"), CAUGHT.values(), ids=CAUGHT)
def test_a_promise_that_is_broken_on_purpose_is_called_by_its_name(switch: Switch, rule: str) -> None:
    assert first_caught(switch, rule) is not None, f"{SEEDS_MAX} stories kept `{rule}`, which was broken"


def test_every_rule_was_seen_to_fire() -> None:
    assert {rule for _, rule in CAUGHT.values()} == set(RULES)
