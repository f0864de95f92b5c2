"""State over REST: every field, no change by looking, and the states after past turns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.shapes import PROMPT, STATE, fits
from tests.e2e.wire import Node, eventually, serving


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data"), history_kept=10, fold_age_s=0.05) as started:
        yield started


def test_a_new_session_has_a_whole_state_after_no_turn(node: Node) -> None:
    node.api.create("new")
    state = node.api.get("/v1/state/new").json
    fits({**STATE, "prompt_data": PROMPT}, state)
    assert state["seq"] == 0


def test_a_state_is_whole_after_many_turns_and_with_or_without_prompts(node: Node) -> None:
    node.api.create("many")
    for congruence in (-1.0, -1.0, 1.0, -1.0, 0.5, -1.0, -1.0, -1.0):
        node.api.feel("many", goal_congruence=congruence, goal_relevance=1.0, controllability=0.0)
    state = node.api.get("/v1/state/many").json
    fits({**STATE, "prompt_data": PROMPT}, state)
    assert state["seq"] == 8
    fits(STATE, node.api.get("/v1/state/many?prompt_data=false").json)
    assert sum(state["regulation"]["strategy_weights"].values()) == pytest.approx(1)


def test_looking_changes_nothing(node: Node) -> None:
    node.api.create("seen")
    node.api.feel("seen")
    first = node.api.get("/v1/state/seen?at_seq=1").body
    for _ in range(5):
        assert node.api.get("/v1/state/seen").json["seq"] == 1
    assert node.api.get("/v1/state/seen?at_seq=1").body == first
    assert len(node.api.get("/v1/history/seen").json["items"]) == 1


def test_a_past_state_is_the_one_that_its_turn_answered(node: Node) -> None:
    node.api.create("past")
    answers = [node.api.feel("past", goal_congruence=value) for value in (0.9, -0.9, 0.1)]
    for answer in answers:
        state = node.api.get(f"/v1/state/past?at_seq={answer['seq']}").json
        fits({**STATE, "prompt_data": PROMPT}, state)
        assert state["seq"] == answer["seq"]
        for there, here in (("new_emotion", "emotion"), ("body_budget", "body_budget"), ("soul_stage", "soul_stage")):
            assert state[here] == pytest.approx(answer[there])
        assert state["discrete_emotion"] == answer["discrete_emotion"]


def test_states_outside_the_kept_history_are_not_found_and_the_range_is_told(node: Node) -> None:
    node.api.create("long")
    reply = node.api.get("/v1/state/long?at_seq=1")
    assert (reply.status, reply.error["message"]) == (404, "no state after turn 1: there is none yet")
    for _ in range(15):
        node.api.feel("long")
    # The kept history is told the same whether its rows stand in the journal, in the file, or in both.
    for seq in (0, 5, 16, 10**9):
        reply = node.api.get(f"/v1/state/long?at_seq={seq}")
        assert (reply.status, reply.error["code"]) == (404, "NOT_FOUND")
        assert "6 to 15" in reply.error["message"]
    assert node.api.get("/v1/state/long?at_seq=6").json["seq"] == 6
    eventually(lambda: node.look(lambda: not node.server._ledger.journal.tails))
    assert node.api.get("/v1/state/long?at_seq=6").json["seq"] == 6
    assert node.api.get("/v1/state/long?at_seq=15").json["seq"] == 15
    assert node.api.get("/v1/state/long?at_seq=5").status == 404


def test_preferences_take_a_seq_and_have_a_state_after_them(node: Node) -> None:
    node.api.create("prefs")
    node.api.feel("prefs")
    node.api.put("/v1/proactive/prefs/preferences", {"enabled": True})
    assert node.api.get("/v1/state/prefs").json["seq"] == 2
    assert node.api.get("/v1/state/prefs?at_seq=2").json["seq"] == 2
    assert node.api.feel("prefs")["seq"] == 3
