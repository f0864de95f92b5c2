"""Exactly once: Idempotency-Key over REST, ids over the socket, both in one namespace, also after a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.wire import GLAD, PERSONA, Node, Reply, serving

TURN = "/v1/turn?prompt_data=false"
VECTOR = "/v1/turn/appraisal?prompt_data=false"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data"), history_kept=5) as started:
        yield started


def at_once(node: Node, count: int, path: str, body: Any, key: str) -> list[Reply]:
    """The same request from many clients at the same time."""
    start, replies = threading.Barrier(count), list[Reply]()

    def client() -> None:
        start.wait(10)
        replies.append(node.api.post(path, body, Idempotency_Key=key))

    threads = [threading.Thread(target=client) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return replies


@pytest.mark.parametrize(("path", "body"), [(TURN, {"message": "hello"}), (VECTOR, {"appraisal": GLAD})])
def test_a_repeated_turn_is_answered_again_and_not_applied(node: Node, path: str, body: dict[str, Any]) -> None:
    session = "once-" + str(len(path))
    node.api.create(session)
    first, second = (node.api.post(path, {"sessionId": session, **body}, Idempotency_Key="k") for _ in range(2))
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json == first.json
    assert len(node.api.get(f"/v1/history/{session}").json["items"]) == 1


def test_a_repeated_create_answers_with_the_same_session(node: Node) -> None:
    first, second = (node.api.post("/v1/persona", PERSONA, Idempotency_Key="create") for _ in range(2))
    assert [first.status, second.status] == [201, 201]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json == first.json


@pytest.mark.parametrize("path", ["/v1/persona", TURN, VECTOR])
def test_a_key_with_another_body_is_a_conflict(node: Node, path: str) -> None:
    node.api.create(f"other-{len(path)}") if path != "/v1/persona" else None
    body: dict[str, Any] = {"sessionId": f"other-{len(path)}"} if path != "/v1/persona" else {}
    one, two = {
        "/v1/persona": (PERSONA, {**PERSONA, "identity": {"name": "Noa"}}),
        TURN: ({"message": "hello"}, {"message": "hallo"}),
        VECTOR: ({"appraisal": GLAD}, {"appraisal": {**GLAD, "agency": 0}}),
    }[path]
    assert node.api.post(path, {**body, **one}, Idempotency_Key="used").status < 300
    reply = node.api.post(path, {**body, **two}, Idempotency_Key="used")
    assert (reply.status, reply.error["code"]) == (409, "CONFLICT")
    assert node.api.post(path, {**body, **two}, Idempotency_Key="unused").status < 300


def test_words_and_a_vector_under_one_key_are_a_conflict(node: Node) -> None:
    node.api.create("mixed")
    assert node.api.post(TURN, {"sessionId": "mixed", "message": "x"}, Idempotency_Key="k").status == 200
    assert node.api.post(VECTOR, {"sessionId": "mixed", "appraisal": GLAD}, Idempotency_Key="k").status == 409


@pytest.mark.parametrize(("path", "body"), [(TURN, {"message": "hello"}), (VECTOR, {"appraisal": GLAD})])
def test_many_at_once_with_one_key_are_one_turn(node: Node, path: str, body: dict[str, Any]) -> None:
    session = "many-" + str(len(path))
    node.api.create(session)
    replies = at_once(node, 8, path, {"sessionId": session, **body}, "k")
    assert [reply.status for reply in replies] == [200] * 8
    assert len({reply.body for reply in replies}) == 1
    assert sorted(reply.headers.get("Idempotent-Replayed", "") for reply in replies) == [""] + ["true"] * 7
    assert len(node.api.get(f"/v1/history/{session}").json["items"]) == 1


def test_many_creates_at_once_with_one_key_are_one_session(node: Node) -> None:
    before = node.api.get("/v1/health").json["sessions"]
    replies = at_once(node, 8, "/v1/persona", PERSONA, "herd")
    assert [reply.status for reply in replies] == [201] * 8
    assert len({reply.json["sessionId"] for reply in replies}) == 1
    assert sorted(reply.headers.get("Idempotent-Replayed", "") for reply in replies) == [""] + ["true"] * 7
    assert node.api.get("/v1/health").json["sessions"] == before + 1


def test_the_key_is_the_sessions_own(node: Node) -> None:
    for session in ("one", "two"):
        node.api.create(session)
        reply = node.api.post(TURN, {"sessionId": session, "message": "hello"}, Idempotency_Key="same")
        assert (reply.status, reply.json["seq"]) == (200, 1)
        assert "Idempotent-Replayed" not in reply.headers


@pytest.mark.parametrize("key", ["", "x" * 65])
@pytest.mark.parametrize("path", ["/v1/persona", TURN, VECTOR])
def test_a_key_has_one_to_sixty_four_characters(node: Node, path: str, key: str) -> None:
    body = {"sessionId": "one", "message": "x", "appraisal": GLAD} if path != "/v1/persona" else PERSONA
    reply = node.api.post(path, body, Idempotency_Key=key)
    assert (reply.status, reply.error["code"]) == (400, "VALIDATION_ERROR")
    assert "1 to 64" in reply.error["message"]
    assert node.api.post(path, {"sessionId": "nobody", **PERSONA}, Idempotency_Key="x" * 64).status != 500


def test_ids_of_sockets_and_keys_of_rest_are_one_namespace(node: Node) -> None:
    node.api.create("shared")
    with node.live("shared") as talk:
        answer = talk.ask(type="turn", message="hello", id="both")
        again = node.api.post(TURN, {"sessionId": "shared", "message": "hello"}, Idempotency_Key="both")
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json["seq"] == answer["seq"] == 1
        assert node.api.post(TURN, {"sessionId": "shared", "message": "x"}, Idempotency_Key="both").status == 409
        assert (
            node.api.post(VECTOR, {"sessionId": "shared", "appraisal": GLAD}, Idempotency_Key="rest").json["seq"] == 2
        )
        assert talk.hear()["seq"] == 2
        repeated = talk.ask(type="appraisal", appraisal=GLAD, id="rest")
        assert (repeated["seq"], repeated["duplicate"], repeated["reply_to"]) == (2, True, "rest")
        assert "own" not in repeated
        refused = talk.ask(type="turn", message="other", id="rest")
        assert (refused["type"], refused["code"], refused["reply_to"]) == ("error", "CONFLICT", "rest")
        assert talk.quiet() == []


def test_spelling_does_not_make_another_body(node: Node) -> None:
    node.api.create("spelled")
    for body in ({"sessionId": "spelled", "elapsedSeconds": 5}, {"session_id": "spelled", "elapsed_seconds": 5.0}):
        assert node.api.post(TURN, {**body, "message": "hi"}, Idempotency_Key="k").json["seq"] == 1


def test_a_turn_too_long_ago_is_a_conflict_that_names_it(node: Node) -> None:
    node.api.create("old")
    for number in range(7):
        node.api.post(VECTOR, {"sessionId": "old", "appraisal": GLAD}, Idempotency_Key=f"k{number}")
    assert node.api.post(VECTOR, {"sessionId": "old", "appraisal": GLAD}, Idempotency_Key="k2").json["seq"] == 3
    reply = node.api.post(VECTOR, {"sessionId": "old", "appraisal": GLAD}, Idempotency_Key="k1")
    assert (reply.status, reply.error["code"]) == (409, "CONFLICT")
    assert "already applied as turn 2" in reply.error["message"]
    assert node.api.get("/v1/state/old").json["seq"] == 7


def test_all_of_it_holds_after_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as node:
        node.api.create("mia")
        asked = [
            ("/v1/persona", PERSONA),
            (TURN, {"sessionId": "mia", "message": "hello"}),
            (VECTOR, {"sessionId": "mia", "appraisal": GLAD}),
        ]
        first = [node.api.post(path, body, Idempotency_Key=f"k-{path}") for path, body in asked]
        node.restart()
        second = [node.api.post(path, body, Idempotency_Key=f"k-{path}") for path, body in asked]
        assert [reply.json for reply in second] == [reply.json for reply in first]
        assert [reply.headers["Idempotent-Replayed"] for reply in second] == ["true"] * 3
        assert node.api.post(TURN, {"sessionId": "mia", "message": "x"}, Idempotency_Key=f"k-{TURN}").status == 409
        assert node.api.get("/v1/state/mia").json["seq"] == 2
        assert node.api.get("/v1/health").json["sessions"] == 2


def test_a_create_whose_session_was_deleted_is_a_conflict(node: Node) -> None:
    made = node.api.post("/v1/persona", PERSONA, Idempotency_Key="deleted").json
    node.api.delete(f"/v1/persona/{made['sessionId']}")
    reply = node.api.post("/v1/persona", PERSONA, Idempotency_Key="deleted")
    assert (reply.status, reply.error["code"]) == (409, "CONFLICT")


def test_a_refused_request_does_not_use_up_its_key(node: Node) -> None:
    node.api.create("fresh")
    assert node.api.post(TURN, {"sessionId": "fresh"}, Idempotency_Key="k").status == 400
    assert node.api.post("/v1/persona", {**PERSONA, "sessionId": "fresh"}, Idempotency_Key="c").status == 409
    assert node.api.post(TURN, {"sessionId": "fresh", "message": "x"}, Idempotency_Key="k").json["seq"] == 1
    assert node.api.post("/v1/persona", PERSONA, Idempotency_Key="c").status == 201
