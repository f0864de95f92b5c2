"""Turns over REST: what may be sent, and every field of the answer with its type and range."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.shapes import PROMPT, TURN, fits
from tests.e2e.wire import GLAD, Node, serving

HARD: dict[str, float] = {
    "goal_relevance": 1,
    "goal_congruence": -1,
    "expectedness": 0,
    "controllability": 0,
    "agency": -1,
    "norm_compatibility": -1,
}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        for session in ("mia", "noa", "time", "shown", "texts"):
            started.api.create(session)
        yield started


def post(node: Node, path: str, **body: Any) -> Any:
    reply = node.api.post(path, body)
    assert reply.status == 200, reply
    return reply.json


@pytest.mark.parametrize(
    "body",
    [
        {"message": "I really missed you today"},
        {"message": ""},
        {"event": {"description": "it began to rain", "source": "system"}},
        {"event": {"description": "", "source": "internal"}, "event_context": "on a mountain"},
        {"message": "hello", "elapsedSeconds": 0},
        {"message": "hello", "elapsed_seconds": 315_576_000, "eventContext": "much later"},
        {"message": "hello", "event": None, "elapsedSeconds": None, "event_context": None, "unknown": [1]},
    ],
)
def test_a_turn_in_words_answers_every_field(node: Node, body: dict[str, Any]) -> None:
    fits({**TURN, "prompt_data": PROMPT}, post(node, "/v1/turn", sessionId="mia", **body))


@pytest.mark.parametrize("spelling", ["sessionId", "session_id"])
def test_a_turn_from_a_vector_echoes_it_unchanged(node: Node, spelling: str) -> None:
    answer = post(node, "/v1/turn/appraisal", **{spelling: "noa"}, appraisal=GLAD)
    assert answer["appraisal"] == GLAD
    fits({**TURN, "prompt_data": PROMPT}, answer)


def test_optional_dimensions_come_back_when_they_were_given(node: Node) -> None:
    given = {**GLAD, "internal_standards": -0.5, "urgency": 1}
    answer = post(node, "/v1/turn/appraisal", sessionId="noa", appraisal={**given, "adjustment_potential": None})
    assert answer["appraisal"] == given
    full = {**given, "adjustment_potential": 0}
    assert post(node, "/v1/turn/appraisal", sessionId="noa", appraisal=full)["appraisal"] == full


def test_keys_inside_a_vector_may_be_camel_case(node: Node) -> None:
    camel = {"goalRelevance": 0.8, "goalCongruence": 0.6, "expectedness": 0.5, "controllability": 0.5}
    camel |= {"agency": -0.4, "normCompatibility": 0.3}
    assert post(node, "/v1/turn/appraisal", sessionId="noa", appraisal=camel)["appraisal"] == GLAD
    twice = node.api.post("/v1/turn/appraisal", {"sessionId": "noa", "appraisal": {**GLAD, "goalRelevance": 0.8}})
    assert (twice.status, twice.error["details"]["path"]) == (400, "$.appraisal.goal_relevance")


def test_every_range_holds_under_the_hardest_turns(node: Node) -> None:
    for _ in range(20):
        fits({**TURN, "prompt_data": PROMPT}, post(node, "/v1/turn/appraisal", sessionId="noa", appraisal=HARD))
    glad = {**HARD, "goal_congruence": 1, "norm_compatibility": 1, "agency": 1, "controllability": 1}
    for _ in range(20):
        fits({**TURN, "prompt_data": PROMPT}, post(node, "/v1/turn/appraisal", sessionId="noa", appraisal=glad))


def test_the_seq_counts_the_sessions_turns(node: Node) -> None:
    before = node.api.get("/v1/state/mia?prompt_data=false").json["seq"]
    assert [node.api.turn("mia")["seq"] - before for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("value", ["false", "0", "False"])
def test_prompt_data_is_left_out_on_wish(node: Node, value: str) -> None:
    reply = node.api.post(f"/v1/turn?prompt_data={value}", {"sessionId": "mia", "message": "hello"})
    fits(TURN, reply.json)
    reply = node.api.post(f"/v1/turn/appraisal?prompt_data={value}", {"sessionId": "mia", "appraisal": GLAD})
    fits(TURN, reply.json)
    assert "prompt_data" in post(node, "/v1/turn?prompt_data=true", sessionId="mia", message="hello")


TEXT_PLACES: dict[str, tuple[str, Callable[[str], dict[str, Any]], str]] = {
    "message": ("/v1/turn", lambda text: {"message": text}, "$.message"),
    "description": ("/v1/turn", lambda text: {"event": {"description": text, "source": "user"}}, "$.event.description"),
    "event_context": ("/v1/turn", lambda text: {"message": "x", "event_context": text}, "$.event_context"),
    "context": ("/v1/turn/appraisal", lambda text: {"appraisal": GLAD, "context": text}, "$.context"),
}


@pytest.mark.parametrize("place", TEXT_PLACES)
@pytest.mark.parametrize(("letter", "most"), [("x", 16_384), ("é", 8_192), ("한", 5_461), ("😀", 4_096)])
def test_a_text_may_have_sixteen_kib_of_utf8_and_not_a_byte_more(
    node: Node, place: str, letter: str, most: int
) -> None:
    path, body, where = TEXT_PLACES[place]
    fine = node.api.post(path, {"sessionId": "texts", **body(letter * most)})
    assert fine.status == 200, fine
    over = node.api.post(path, {"sessionId": "texts", **body(letter * (most + 1))})
    assert (over.status, over.error["details"]["path"]) == (400, where)
    assert "16 KiB" in over.error["message"]
    assert place in over.error["message"]


def test_the_context_of_a_turn_is_shown_in_its_prompt(node: Node) -> None:
    by_words = post(node, "/v1/turn", sessionId="shown", message="hi", event_context="under an oak")
    assert by_words["prompt_data"]["context"]["event_context"] == "under an oak"
    by_vector = post(node, "/v1/turn/appraisal", sessionId="shown", appraisal=GLAD, context="by the sea")
    assert by_vector["prompt_data"]["context"]["event_context"] == "by the sea"
    assert post(node, "/v1/turn", sessionId="shown", message="hi")["prompt_data"]["context"]["event_context"] is None


def test_elapsed_seconds_stand_for_the_servers_clock_and_it_goes_on_from_now(node: Node) -> None:
    rest = node.api.get("/v1/state/time?prompt_data=false").json["emotion"]
    moved = node.api.feel("time", goal_congruence=1.0, goal_relevance=1.0)["new_emotion"]
    assert moved["V"] > rest["V"] + 0.1
    at_once = node.api.get("/v1/state/time?prompt_data=false").json["emotion"]
    assert at_once["V"] == pytest.approx(moved["V"], abs=0.02)
    node.api.turn("time", "", elapsedSeconds=315_576_000)
    later = node.api.get("/v1/state/time?prompt_data=false").json
    assert later["emotion"]["V"] == pytest.approx(rest["V"], abs=0.05)
    assert node.api.feel("time", goal_congruence=1.0, goal_relevance=1.0)["new_emotion"]["V"] > rest["V"] + 0.1


def test_the_formatted_texts_are_whole_and_show_no_raw_number(node: Node) -> None:
    prompt = post(node, "/v1/turn", sessionId="mia", message="you are wonderful")["prompt_data"]
    assert prompt["formatted"] == {
        **prompt["system"]["formatted"],
        **prompt["context"]["formatted"],
        **prompt["instruction"]["formatted"],
    }
    emotion = prompt["context"]["emotion"]
    block = prompt["formatted"]["context_block"]
    assert block.startswith(f"[Emotion: {emotion['primary']} ({emotion['intensity_level']})]")
    for text in prompt["formatted"].values():
        assert not any(letter.isdigit() for letter in text), text


def test_words_move_the_heart_in_their_direction(node: Node) -> None:
    node.api.create("loved")
    node.api.create("hurt")
    assert node.api.turn("loved", "I really missed you today")["appraisal"]["goal_congruence"] > 0
    assert node.api.turn("hurt", "you are useless and I hate you")["appraisal"]["goal_congruence"] < 0
