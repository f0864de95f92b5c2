"""The checker is checked: each kind of loss, put into a history or an answer on purpose, is found and named."""

from __future__ import annotations

import copy

import pytest

from tests.crash import audit
from tests.crash.ledger import Creation, Json, Ledger, Session, Turn


def answer(number: int) -> Json:
    return {"new_emotion": {"V": number / 100, "A": 0.5, "D": 0.0}, "body_budget": 0.9, "prompt_data": {"n": number}}


def said(number: int) -> Json:
    return {"message": f"hello #t{number}"}


def grown(turns: int) -> tuple[Ledger, Session, list[Json]]:
    """A session with that many acknowledged turns, and the history that a sound server would give."""
    ledger, session = Ledger(), Session("s")
    ledger.sessions["s"] = session
    for number in range(1, turns + 1):
        turn = ledger.wanted(Turn(f"t{number}", "s", "ws", said(number), sends=1))
        ledger.acknowledged(turn, number, answer(number), duplicate=False)
    items = [
        {"seq": number, "kind": "turn", "input": said(number), "emotion": answer(number)["new_emotion"]}
        for number in range(1, turns + 1)
    ]
    return ledger, session, items


def compared(ledger: Ledger, session: Session, items: list[Json]) -> list[str]:
    audit.compare(ledger, session, items, dict(session.at_seq), session.revealed)
    return [breach.partition(":")[0] for breach in ledger.breaches]


def test_a_sound_history_breaches_nothing() -> None:
    assert compared(*grown(3)) == []


def test_a_turn_cut_off_the_end_is_lost_and_had_been_shown() -> None:
    ledger, session, items = grown(3)
    assert compared(ledger, session, items[:2]) == ["leaked", "lost"]


def test_a_turn_missing_in_the_middle_is_a_gap() -> None:
    ledger, session, items = grown(3)
    assert compared(ledger, session, [items[0], items[2]]) == ["gap", "leaked", "lost"]


def test_a_turn_applied_twice_is_doubled() -> None:
    ledger, session, items = grown(2)
    again = {**copy.deepcopy(items[0]), "seq": 3}
    assert compared(ledger, session, [*items, again]) == ["doubled"]


def test_a_turn_that_nobody_sent_is_named() -> None:
    ledger, session, items = grown(1)
    assert compared(ledger, session, [*items, {**items[0], "seq": 2, "input": {"message": "who?"}}]) == ["never sent"]


@pytest.mark.parametrize("part", ["input", "emotion"])
def test_a_turn_stored_with_something_else_is_changed(part: str) -> None:
    ledger, session, items = grown(1)
    items[0][part] = {"message": "bye #t1"} if part == "input" else {"V": 0.9, "A": 0.5, "D": 0.0}
    assert compared(ledger, session, items) == ["changed"]


def test_two_turns_with_one_seq_are_doubled() -> None:
    ledger, _, _ = grown(1)
    other = ledger.wanted(Turn("t2", "s", "ws", said(2), sends=1))
    ledger.acknowledged(other, 1, answer(2), duplicate=False)
    assert ledger.broken == {"doubled": 1}


def test_a_repeat_with_the_stored_answer_is_sound_even_when_prompts_are_rendered_anew() -> None:
    ledger, session, _ = grown(1)
    ledger.acknowledged(session.turns["t1"], 1, {**answer(1), "prompt_data": {}}, duplicate=True)
    assert ledger.counts["repeats answered as stored"] == 1
    assert not ledger.broken


@pytest.mark.parametrize(
    ("seq", "number", "duplicate", "kind"),
    [(1, 2, True, "changed"), (2, 1, True, "changed"), (2, 1, False, "doubled")],
)
def test_a_repeat_with_anything_else_is_a_breach(seq: int, number: int, duplicate: bool, kind: str) -> None:
    ledger, session, _ = grown(1)
    ledger.acknowledged(session.turns["t1"], seq, answer(number), duplicate=duplicate)
    assert ledger.broken == {kind: 1}


def test_what_was_pushed_to_others_must_stay_what_it_was() -> None:
    ledger, session, items = grown(1)
    ledger.pushed(session, 2, answer(2), how="live")
    assert compared(ledger, session, items) == ["leaked"]


def test_a_creation_repeated_with_another_session_is_a_breach() -> None:
    ledger, creation = Ledger(), Creation("k", None, {})
    ledger.created(creation, "a", replayed=False)
    ledger.created(creation, "b", replayed=True)
    assert ledger.broken == {"creation": 1}
