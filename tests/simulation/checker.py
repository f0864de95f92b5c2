"""What must hold of every history, rule by rule; each rule has a name that a failure is called by.

A rule looks at what the server let go of, at what the clients asked, and at the disk after each life. It knows the
contract, not the product's inside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from tests.simulation import rules_of_disk, rules_of_lines
from tests.simulation.history import History


class Violation(NamedTuple):
    """A rule that was broken, and how."""

    rule: str
    text: str


RULES: Final = {
    "error": rules_of_lines.no_bug_was_logged,
    "leak": rules_of_lines.nothing_leaves_before_it_is_durable,
    "order": rules_of_lines.live_turns_only_rise,
    "resume": rules_of_lines.a_resume_gives_exactly_the_gap,
    "hole": rules_of_lines.a_socket_misses_nothing,
    "stale": rules_of_lines.a_reading_shows_what_was_told_before,
    "answers": rules_of_lines.every_ask_is_answered_once,
    "works again": rules_of_lines.sessions_work_in_the_end,
    "changed": rules_of_lines.one_turn_has_one_answer,
    "acknowledged": rules_of_lines.what_was_acknowledged_does_not_come_back,
    "told twice": rules_of_lines.an_action_comes_once_a_connection,
    "sequence": rules_of_disk.rows_run_from_one_without_a_hole,
    "rewritten": rules_of_disk.history_only_grows,
    "lost": rules_of_disk.what_was_answered_is_on_disk,
    "doubled": rules_of_disk.every_effect_is_there_once,
    "never asked": rules_of_disk.every_row_was_asked_for,
    "alarm": rules_of_disk.an_alarm_has_its_effect_once_and_in_time,
    "actors": rules_of_disk.a_session_has_one_actor,
}


def violations(history: History) -> Iterator[Violation]:
    """Everything that is wrong with a history, rule by rule."""
    for name, rule in RULES.items():
        for text in rule(history):
            yield Violation(name, text)


def counted(found: Iterable[Violation]) -> Counter[str]:
    """How often each rule was broken."""
    return Counter(each.rule for each in found)
