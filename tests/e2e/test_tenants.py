"""Tenants and kinds of key: what belongs to another is not there, on every route and on the socket."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.e2e.wire import GLAD, KEY, PERSONA, Api, Node, serving

ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/v1/persona/{id}", None),
    ("DELETE", "/v1/persona/{id}", None),
    ("POST", "/v1/turn", {"sessionId": "{id}", "message": "hello"}),
    ("POST", "/v1/turn/appraisal", {"sessionId": "{id}", "appraisal": GLAD}),
    ("GET", "/v1/state/{id}", None),
    ("GET", "/v1/state/{id}?at_seq=1", None),
    ("GET", "/v1/history/{id}", None),
    ("GET", "/v1/proactive/{id}", None),
    ("PUT", "/v1/proactive/{id}/preferences", {"enabled": True}),
    ("POST", "/v1/proactive/{id}/act_1/ack", None),
    ("GET", "/v1/relationship/{id}", None),
    ("POST", "/v1/webhook/{id}", {"url": "https://example.org/hook", "events": ["proactive"]}),
    ("GET", "/v1/webhook/{id}", None),
    ("DELETE", "/v1/webhook/{id}/wh_1", None),
]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        started.api.create("hidden")
        started.api.turn("hidden")
        yield started


@pytest.fixture(scope="module", params=["another tenant", "the same tenant's other kind"])
def outsider(node: Node, request: pytest.FixtureRequest) -> str:
    if request.param == "another tenant":
        return node.key("outside")
    return node.key("default", live=True)


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=lambda part: str(part) if part else "-")
def test_what_belongs_to_another_is_answered_as_what_does_not_exist(
    node: Node, outsider: str, method: str, path: str, body: Any
) -> None:
    def asked(session: str) -> Any:
        sent = body and {**body, **({"sessionId": session} if "sessionId" in body else {})}
        reply = Api(node.server.url, outsider).call(method, path.format(id=session), sent)
        return reply.status, {**reply.error, "message": reply.error["message"].replace(session, "ID")}

    assert asked("hidden") == asked("nobody")
    status, error = asked("hidden")
    assert (status, error["code"], error["status"]) == (404, "NOT_FOUND", 404)
    assert node.api.get("/v1/state/hidden").json["seq"] == 1


def test_a_socket_to_what_belongs_to_another_ends_as_one_to_nothing(node: Node, outsider: str) -> None:
    for session in ("hidden", "nobody"):
        with node.join(session, outsider) as talk:
            with contextlib.suppress(ConnectionClosed):
                talk.send(type="ping")
            code, reason, heard = talk.ended()
            assert (code, reason) == (4404, "NOT_FOUND")
            assert [(message["type"], message["code"]) for message in heard] == [("error", "NOT_FOUND")]
            assert heard[0]["message"] == f"no session {session}"


def test_lists_show_only_ones_own(node: Node, outsider: str) -> None:
    theirs = Api(node.server.url, outsider).get("/v1/persona").json["items"]
    assert "hidden" not in [item["id"] for item in theirs]
    assert "hidden" in [item["id"] for item in node.api.get("/v1/persona").json["items"]]


def test_two_tenants_with_one_session_id_do_not_notice_each_other(node: Node, outsider: str) -> None:
    theirs, session = Api(node.server.url, outsider), f"session_{outsider[3:7]}"
    node.api.create(session, **PERSONA)
    theirs.create(session, **{**PERSONA, "identity": {"name": "Noa"}})
    with node.live(session, KEY) as mine, node.live(session, outsider) as other:
        assert mine.say(id="same-id")["seq"] == 1
        assert other.quiet() == []
        assert other.say("good day", id="same-id")["seq"] == 1
        assert mine.quiet() == []
        assert mine.say()["seq"] == 2
        assert theirs.get(f"/v1/persona/{session}").json["personaName"] == "Noa"
        assert theirs.delete(f"/v1/persona/{session}").json == {"deleted": True}
        assert other.ended()[0] == 4404
        assert mine.say()["seq"] == 3
    assert node.api.get(f"/v1/history/{session}").json["items"][0]["input"] == {"message": "hello"}


def test_a_webhook_of_another_is_not_seen_and_not_ended_by_its_id(node: Node, outsider: str) -> None:
    theirs, session = Api(node.server.url, outsider), f"hooked_{outsider[3:7]}"
    body = {"url": "https://example.org/hook", "events": ["proactive"]}
    made = {}
    for name, api in (("mine", node.api), ("theirs", theirs)):
        api.create(session)
        made[name] = api.post(f"/v1/webhook/{session}", body).json["id"]
    assert theirs.delete(f"/v1/webhook/{session}/{made['mine']}").status == 404
    assert [each["id"] for each in theirs.get(f"/v1/webhook/{session}").json["webhooks"]] == [made["theirs"]]
    assert [each["id"] for each in node.api.get(f"/v1/webhook/{session}").json["webhooks"]] == [made["mine"]]


def test_creates_of_two_tenants_may_share_an_idempotency_key(node: Node, outsider: str) -> None:
    theirs = Api(node.server.url, outsider)
    replies = [api.post("/v1/persona", PERSONA, Idempotency_Key="shared") for api in (node.api, theirs)]
    assert [reply.status for reply in replies] == [201, 201]
    assert replies[0].json["sessionId"] != replies[1].json["sessionId"]
    assert "Idempotent-Replayed" not in replies[1].headers
