"""The contract: valid by itself, whole, and true of what a server takes and answers; and the page to read it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from molroo_actor.protocol.answers import CODES
from molroo_actor.transport.docs_page import curl
from molroo_actor.transport.entrance import STATUS
from molroo_actor.transport.openapi import STATUSES
from tests.e2e.wire import GLAD, PERSONA, Api, Node, Reply, serving

SOCKET = "/v1/ws/{sessionId}"
CREATES = {"/v1/persona", "/v1/webhook/{sessionId}"}
"""Where a POST makes something: 201."""
CODE_OF = {"TOO_LARGE": "VALIDATION_ERROR", "UPGRADE_REQUIRED": "VALIDATION_ERROR"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture(scope="module")
def contract(node: Node) -> Any:
    reply = Api(node.server.url, None).get("/openapi.json")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    return reply.json


def strict(schema: Any) -> Any:
    """The same schema, for which a key that it does not name is wrong: the document must name all that is answered."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(each) for name, each in schema.items()}
    return {"additionalProperties": False, **closed} if "properties" in closed and "type" in closed else closed


def misfits(contract: Any, schema: Any, value: Any) -> list[str]:
    whole = {**strict(schema), "components": strict(contract["components"])}
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(whole).iter_errors(value)]


def answer_schema(contract: Any, method: str, path: str, status: int) -> Any:
    answer = contract["paths"][path][method]["responses"][str(status)]
    if "$ref" in answer:
        answer = contract["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return answer["content"]["application/json"]["schema"]


def agrees(contract: Any, method: str, path: str, reply: Reply, status: int) -> None:
    """The answer has this status and the schema that the document has for it."""
    assert reply.status == status, reply
    assert misfits(contract, answer_schema(contract, method, path, status), reply.json) == []


def operations(contract: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


# -- the document ------------------------------------------------------------------------------------------------------


def test_the_document_is_openapi(contract: Any) -> None:
    assert contract["openapi"].startswith("3.1.")
    validate(contract)


def test_every_schema_of_it_is_json_schema_and_is_used(contract: Any) -> None:
    whole = json.dumps(contract)
    for name, schema in contract["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert f'"#/components/schemas/{name}"' in whole, f"nothing refers to {name}"


def test_it_describes_the_routes_of_the_server_and_no_others(node: Node, contract: Any) -> None:
    runner = node.server._runner
    assert runner is not None
    routes = {
        (route.method, re.sub(r"\{\w+\}", "{}", route.resource.canonical))
        for route in runner.app.router.routes()
        if route.resource is not None and route.method not in ("HEAD", "*")
    }
    described = {(method.upper(), re.sub(r"\{\w+\}", "{}", path)) for method, path, _ in operations(contract)}
    assert described == routes


def test_it_knows_every_error_code_with_its_status() -> None:
    assert set(STATUS) == set(CODES)
    assert STATUS.items() <= STATUSES.items()


def test_operations_have_names_of_their_own(contract: Any) -> None:
    names = [operation["operationId"] for _, _, operation in operations(contract)]
    assert len(set(names)) == len(names)


# -- what the server answers -------------------------------------------------------------------------------------------


def test_answers_about_sessions_are_what_the_document_says(node: Node, contract: Any) -> None:
    api, path = node.api, "/v1/persona/{sessionId}"
    bodies = [
        {**PERSONA, "sessionId": "own"},
        {"preset": "anxious_helper", "sessionId": "full", "config": {"calibration": {"turnScale": 2}}},
    ]
    for body in bodies:
        agrees(contract, "post", "/v1/persona", api.post("/v1/persona", body), 201)
        agrees(contract, "get", path, api.get(f"/v1/persona/{body['sessionId']}"), 200)
    agrees(contract, "get", "/v1/persona", api.get("/v1/persona?limit=1"), 200)
    agrees(contract, "get", "/v1/presets", api.get("/v1/presets"), 200)
    agrees(contract, "delete", path, api.delete("/v1/persona/own"), 200)


def test_turns_states_and_histories_are_what_the_document_says(node: Node, contract: Any) -> None:
    api = node.api
    api.create("told")
    event = {"description": "they won", "source": "system"}
    turns: list[tuple[str, dict[str, Any]]] = [
        ("/v1/turn", {"sessionId": "told", "message": "I hate you", "elapsedSeconds": 60}),
        ("/v1/turn", {"sessionId": "told", "event": event, "event_context": "the final"}),
        ("/v1/turn/appraisal", {"sessionId": "told", "appraisal": {**GLAD, "urgency": 0.5}}),
        ("/v1/turn/appraisal", {"sessionId": "told", "appraisal": {**GLAD, "goal_congruence": -1}, "context": "lost"}),
    ]
    for path, body in turns * 2:
        agrees(contract, "post", path, api.post(path, body), 200)
        agrees(contract, "post", path, api.post(f"{path}?prompt_data=false", body), 200)
    preferences = "/v1/proactive/{sessionId}/preferences"
    agrees(contract, "put", preferences, api.put("/v1/proactive/told/preferences", {"enabled": True}), 200)
    for query in ("", "?prompt_data=false", "?at_seq=3"):
        agrees(contract, "get", "/v1/state/{sessionId}", api.get(f"/v1/state/told{query}"), 200)
    for query in ("", "?limit=2"):
        agrees(contract, "get", "/v1/history/{sessionId}", api.get(f"/v1/history/told{query}"), 200)
    agrees(contract, "get", "/v1/proactive/{sessionId}", api.get("/v1/proactive/told"), 200)


def test_actions_and_webhooks_are_what_the_document_says(node: Node, contract: Any) -> None:
    api = node.api
    api.create("alone")
    action = act(node, "alone")[-1]["data"]
    pending = api.get("/v1/proactive/alone")
    assert [each["id"] for each in pending.json] == [action["action_id"]]
    agrees(contract, "get", "/v1/proactive/{sessionId}", pending, 200)
    for _ in range(2):
        done = api.post(f"/v1/proactive/alone/{action['action_id']}/ack")
        agrees(contract, "post", "/v1/proactive/{sessionId}/{actionId}/ack", done, 200)
    path, one = "/v1/webhook/{sessionId}", "/v1/webhook/{sessionId}/{webhookId}"
    made = api.post("/v1/webhook/alone", {"url": "https://example.org/hook", "events": ["proactive"]})
    agrees(contract, "post", path, made, 201)
    agrees(contract, "get", path, api.get("/v1/webhook/alone"), 200)
    gone = f"/v1/webhook/alone/{made.json['id']}"
    agrees(contract, "delete", one, api.delete(gone), 200)
    agrees(contract, "delete", one, api.delete(gone), 404)
    agrees(contract, "post", path, api.post("/v1/webhook/alone", {"url": "http://localhost", "events": []}), 400)


def test_answers_about_the_server_are_what_the_document_says(node: Node, contract: Any) -> None:
    nobody = Api(node.server.url, None)
    for path in ("/v1/health", "/livez", "/readyz", "/openapi.json"):
        agrees(contract, "get", path, nobody.get(path), 200)
    for path, media in (("/metrics", "text/plain"), ("/docs", "text/html")):
        reply = nobody.get(path)
        assert (reply.status, reply.headers.get_content_type()) == (200, media)
        assert list(contract["paths"][path]["get"]["responses"]["200"]["content"]) == [media]


def test_errors_are_what_the_document_says(node: Node, contract: Any) -> None:
    api, nobody = node.api, Api(node.server.url, None)
    api.create("wrong")
    turn = {"sessionId": "wrong", "message": "once"}
    assert api.post("/v1/turn", turn, Idempotency_Key="k").status == 200
    told = [
        ("post", "/v1/turn", nobody.post("/v1/turn", turn), "UNAUTHORIZED"),
        ("post", "/v1/turn", api.post("/v1/turn", {}), "VALIDATION_ERROR"),
        ("post", "/v1/turn", api.post("/v1/turn", {**turn, "message": "x"}, Idempotency_Key="k"), "CONFLICT"),
        ("post", "/v1/turn", api.post("/v1/turn", b" " * 300_000), "TOO_LARGE"),
        ("post", "/v1/persona", api.post("/v1/persona", {"sessionId": "wrong", **PERSONA}), "CONFLICT"),
        ("get", "/v1/state/{sessionId}", api.get("/v1/state/nobody"), "NOT_FOUND"),
        ("get", "/v1/persona", api.get("/v1/persona?limit=0"), "VALIDATION_ERROR"),
        ("get", "/v1/history/{sessionId}", api.get("/v1/history/wrong?limit=x"), "VALIDATION_ERROR"),
        ("post", "/v1/proactive/{sessionId}/{actionId}/ack", api.post("/v1/proactive/wrong/act_1/ack"), "NOT_FOUND"),
        ("get", SOCKET, api.get("/v1/ws/wrong"), "UPGRADE_REQUIRED"),
    ]
    for method, path, reply, code in told:
        agrees(contract, method, path, reply, STATUSES[code])
        assert reply.error["code"] == CODE_OF.get(code, code)


def test_a_rate_is_refused_as_the_document_says(tmp_path_factory: pytest.TempPathFactory, contract: Any) -> None:
    with serving(tmp_path_factory.mktemp("data"), requests_per_minute=1) as slow:
        replies = [slow.api.get("/v1/presets") for _ in range(3)]
    agrees(contract, "get", "/v1/presets", replies[-1], 429)
    headers = contract["components"]["responses"]["RATE_LIMIT"]["headers"]
    assert all(name in replies[-1].headers for name in headers)


# -- what the server takes ---------------------------------------------------------------------------------------------


def test_examples_of_requests_fit_their_schemas_and_are_taken(node: Node, contract: Any) -> None:
    for method, path, operation in operations(contract):
        body = operation.get("requestBody", {"content": {"application/json": {"examples": {}}}})
        media = body["content"]["application/json"]
        for example in media["examples"].values():
            assert misfits(contract, media["schema"], example["value"]) == []
            node.api.delete("/v1/persona/mia")
            if path != "/v1/persona":
                node.api.create("mia")
            reply = node.api.call(method.upper(), path.replace("{sessionId}", "mia"), example["value"])
            agrees(contract, method, path, reply, 201 if path in CREATES else 200)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("TurnRequest", {"sessionId": "mia"}),
        ("TurnRequest", {"sessionId": "mia", "message": "both", "event": {"description": "-", "source": "user"}}),
        ("TurnRequest", {"sessionId": "not so", "message": "hello"}),
        ("TurnRequest", {"sessionId": "mia", "message": "late", "elapsedSeconds": -1}),
        ("AppraisalTurnRequest", {"sessionId": "mia", "appraisal": {**GLAD, "agency": 3}}),
        ("CreateRequest", {"sessionId": "mia"}),
        ("CreateRequest", {**PERSONA, "personality": {"O": 0.1}}),
        ("PreferencesBody", {"triggers": {}}),
        ("WebhookBody", {"url": "https://example.org/hook", "events": []}),
        ("WebhookBody", {"url": "https://example.org/hook", "events": ["birthday"]}),
        ("WebhookBody", {"url": "https://example.org/hook", "events": ["proactive"], "secret": "short"}),
        ("PreferencesBody", {"enabled": True, "quiet_hours": {"start": "25:00", "end": "07:00", "timezone": "UTC"}}),
    ],
)
def test_what_the_schemas_refuse_the_server_refuses(node: Node, contract: Any, name: str, body: dict[str, Any]) -> None:
    assert misfits(contract, {"$ref": f"#/components/schemas/{name}"}, body) != []
    method, path = next(
        (method, path)
        for method, path, operation in operations(contract)
        if name in json.dumps(operation.get("requestBody"))
    )
    reply = node.api.call(method.upper(), path.replace("{sessionId}", "mia"), body)
    agrees(contract, method, path, reply, 400)


# -- the socket --------------------------------------------------------------------------------------------------------


def act(node: Node, session: str) -> list[Any]:
    """The character is moved until it reaches out; everything that a socket hears of that."""
    preferences = {"enabled": True, "cooldown_hours": 100}
    assert node.api.put(f"/v1/proactive/{session}/preferences", preferences).status == 200
    with node.join(session) as talk:
        messages = [talk.hear()]
        for _ in range(8):
            node.api.feel(session, goal_relevance=1.0, goal_congruence=1.0, expectedness=0.0)
            messages += talk.quiet()
            if messages[-1]["type"] == "proactive":
                return messages
    raise AssertionError("nothing moved it to reach out")


def test_messages_of_a_socket_are_what_the_document_says(node: Node, contract: Any) -> None:
    node.api.create("live")
    socket = contract["x-websocket"]
    heard = {each["type"]: each["schema"] for each in socket["from_server"]}
    messages = act(node, "live")
    real = {"ack_proactive": {"action_id": messages[-1]["data"]["action_id"]}}
    with node.join("live") as talk:
        messages += [talk.hear(), talk.hear()]
        assert [message["type"] for message in messages[-2:]] == ["connected", "missed_proactive"]
        for sent in socket["from_client"]:
            assert misfits(contract, sent["schema"], sent["example"]) == []
            answer = talk.ask(**{**sent["example"], **real.get(sent["type"], {})})
            assert answer["type"] == sent["answer"]
            messages.append(answer)
        messages.append(talk.ask(**socket["from_client"][0]["example"]))
        messages.append(talk.ask(type="turn", id="x"))
    assert messages[-2]["duplicate"] is True
    with node.join("live", last_seq=0, epoch=messages[0]["epoch"]) as talk:
        messages += [talk.hear(), talk.hear()]
        assert messages[-1]["replayed"] is True
    with node.join("live", last_seq=0, epoch="other", prompt_data="false") as talk:
        messages += [talk.hear(), talk.hear()]
    with node.join("gone") as talk:
        messages += talk.ended()[2]
    for message in messages:
        assert misfits(contract, heard[message["type"]], message) == [], message
    assert {message["type"] for message in messages} == set(heard)


# -- the page ----------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a page links to, what it fetches, and whether its elements are closed in order."""

    VOID = frozenset(("meta", "link"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.names: list[str] = []
        self.fetched: list[str] = []
        self.blocks: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.names.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag == "a":
            self.links.append(given["href"] or "")
        elif "src" in given or "href" in given:
            self.fetched.append(given.get("src") or given.get("href") or "")
        if tag == "pre":
            self.blocks.append("")
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "pre" in self._open:
            self.blocks[-1] += data


@pytest.fixture(scope="module")
def page(node: Node) -> Page:
    return Page(Api(node.server.url, None).get("/docs").body.decode())


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(node: Node, page: Page) -> None:
    assert "script" not in page.names
    assert page.fetched == ["data:,"]
    policy = Api(node.server.url, None).get("/docs").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_every_link_of_the_page_has_its_end(page: Page) -> None:
    assert len(set(page.ids)) == len(page.ids)
    ends = {f"#{name}" for name in page.ids}
    assert [link for link in page.links if link not in ends] == ["openapi.json"]


def test_the_page_shows_every_operation_with_a_command(contract: Any, page: Page) -> None:
    for method, path, operation in operations(contract):
        assert operation["operationId"] in page.ids
        if path != SOCKET:
            assert any(f"$MOLROO_URL{path.split('{')[0]}" in block for block in page.blocks), (method, path)


def test_a_command_survives_the_shell() -> None:
    body = {"sessionId": "mia", "message": "it's $HOME and `date`", "event_context": "long " * 20}
    words = shlex.split(curl("/v1/turn", "post", {"parameters": []}, body).replace("\\\n", ""))
    assert json.loads(words[words.index("-d") + 1]) == body
