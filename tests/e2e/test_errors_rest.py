"""Errors over REST: every row of the table with its status, its body, its headers, and the order of checks."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.wire import CODES, GLAD, KEY, PERSONA, Api, Node, Reply, raw, serving, upgrade

BIG = b'{"sessionId":"mia","message":"' + b"x" * 262_144 + b'"}'
DEEP = b"[" * 600 + b"]" * 600


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        started.api.create("mia")
        yield started


def refused(reply: Reply, status: int, code: str, path: str | None = None) -> str:
    """Asserts the whole form of an error and returns its text."""
    error = reply.error
    assert (reply.status, error["status"], error["code"]) == (status, status, code), reply
    assert reply.json.keys() == {"error"}
    assert error.keys() <= {"code", "status", "message", "details"}
    assert code in CODES
    assert error.get("details", {}).get("path") == path, reply
    assert reply.headers["X-Request-Id"].startswith("req_")
    assert reply.headers["Content-Type"].startswith("application/json")
    assert error["message"]
    return str(error["message"])


@pytest.mark.parametrize(
    ("changed", "path", "text"),
    [
        ({"agency": 3}, "$.appraisal.agency", "agency must be in [-1, 1], got 3"),
        ({"goal_relevance": -0.1}, "$.appraisal.goal_relevance", "goal_relevance must be in [0, 1], got -0.1"),
        ({"goal_congruence": 1.01}, "$.appraisal.goal_congruence", "goal_congruence must be in [-1, 1], got 1.01"),
        ({"expectedness": 2}, "$.appraisal.expectedness", "expectedness must be in [0, 1], got 2"),
        ({"controllability": -1}, "$.appraisal.controllability", "controllability must be in [0, 1], got -1"),
        ({"norm_compatibility": -2}, "$.appraisal.norm_compatibility", "norm_compatibility must be in [-1, 1], got -2"),
        ({"internal_standards": 9}, "$.appraisal.internal_standards", "internal_standards must be in [-1, 1], got 9"),
        ({"urgency": 1.5}, "$.appraisal.urgency", "urgency must be in [0, 1], got 1.5"),
        ({"urgency": -9}, "$.appraisal.urgency", "urgency must be in [0, 1], got -9"),
        ({"agency": "high"}, "$.appraisal.agency", "agency must be a number, got a string"),
        ({"agency": True}, "$.appraisal.agency", "agency must be a number, got true"),
        ({"agency": None}, "$.appraisal.agency", "agency is required"),
    ],
)  # fmt: skip
def test_a_vector_out_of_range_is_told_what_would_be_right(
    node: Node, changed: dict[str, Any], path: str, text: str
) -> None:
    reply = node.api.post("/v1/turn/appraisal", {"sessionId": "mia", "appraisal": {**GLAD, **changed}})
    assert refused(reply, 400, "VALIDATION_ERROR", path) == text


@pytest.mark.parametrize("name", sorted(GLAD))
def test_all_six_dimensions_are_needed(node: Node, name: str) -> None:
    left = {other: value for other, value in GLAD.items() if other != name}
    reply = node.api.post("/v1/turn/appraisal", {"sessionId": "mia", "appraisal": left})
    assert refused(reply, 400, "VALIDATION_ERROR", f"$.appraisal.{name}") == f"{name} is required"


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/v1/turn", {"message": "x"}, "$.sessionId"),
        ("/v1/turn", {"sessionId": 7, "message": "x"}, "$.sessionId"),
        ("/v1/turn", {"sessionId": "mia", "session_id": "mia", "message": "x"}, "$.sessionId"),
        ("/v1/turn", {"sessionId": "mia"}, "$.message"),
        ("/v1/turn", {"sessionId": "mia", "message": None, "event": None}, "$.message"),
        ("/v1/turn", {"sessionId": "m", "message": "", "event": {"description": "", "source": "user"}}, "$.message"),
        ("/v1/turn", {"sessionId": "mia", "message": 7}, "$.message"),
        ("/v1/turn", {"sessionId": "mia", "event": "rain"}, "$.event"),
        ("/v1/turn", {"sessionId": "mia", "event": {"description": "rain"}}, "$.event.source"),
        ("/v1/turn", {"sessionId": "mia", "event": {"source": "user"}}, "$.event.description"),
        ("/v1/turn", {"sessionId": "mia", "event": {"description": "x", "source": "god"}}, "$.event.source"),
        ("/v1/turn", {"sessionId": "mia", "message": "x", "elapsed_seconds": -1}, "$.elapsed_seconds"),
        ("/v1/turn", {"sessionId": "mia", "message": "x", "elapsed_seconds": 315_576_001}, "$.elapsed_seconds"),
        ("/v1/turn", {"sessionId": "mia", "message": "x", "elapsed_seconds": "1"}, "$.elapsed_seconds"),
        ("/v1/turn", {"sessionId": "mia", "message": "x", "event_context": 3}, "$.event_context"),
        ("/v1/turn/appraisal", {"sessionId": "mia"}, "$.appraisal"),
        ("/v1/turn/appraisal", {"sessionId": "mia", "appraisal": []}, "$.appraisal"),
        ("/v1/turn/appraisal", {"sessionId": "mia", "appraisal": GLAD, "context": 1}, "$.context"),
        ("/v1/persona", {}, "$.identity"),
        ("/v1/persona", {"identity": {"name": "x"}}, "$.personality"),
        ("/v1/persona", {**PERSONA, "identity": {}}, "$.identity.name"),
        ("/v1/persona", {**PERSONA, "identity": {"name": ""}}, "$.identity.name"),
        ("/v1/persona", {**PERSONA, "sessionId": "a b"}, "$.sessionId"),
        ("/v1/persona", {**PERSONA, "sessionId": ""}, "$.sessionId"),
        ("/v1/persona", {**PERSONA, "sessionId": "x" * 65}, "$.sessionId"),
        ("/v1/persona", {"preset": "nobody"}, "$.preset"),
    ],
)  # fmt: skip
def test_a_body_of_the_wrong_form_is_refused_with_the_place(node: Node, path: str, body: Any, where: str) -> None:
    refused(node.api.post(path, body), 400, "VALIDATION_ERROR", where)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"nonsense", b"null", b"[]", b'"x"', b"3", b'{"sessionId":"mia","message":"\\ud800"}']
    + [b'{"sessionId":"mia","message":"x","elapsedSeconds":%s}' % odd for odd in (b"NaN", b"1e999", b"9" * 5000)],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/persona", "/v1/turn", "/v1/turn/appraisal"])
def test_what_is_no_json_object_is_refused(node: Node, path: str, body: bytes) -> None:
    reply = node.api.post(path, body)
    assert (reply.status, reply.error["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/persona", b'{"preset":"cheerful_companion","goals":' + DEEP + b"}"),
        ("/v1/persona", b'{"persona":{"goals":' + DEEP + b"}}"),
        ("/v1/turn", b'{"sessionId":"mia","event":' + DEEP + b"}"),
        ("/v1/turn/appraisal", b'{"sessionId":"mia","appraisal":' + DEEP + b"}"),
        ("/v1/turn", b"[" * 100_000),
        ("/v1/turn", b'{"x":' * 50_000),
    ],
    ids=["goals", "persona", "event", "appraisal", "lists", "objects"],
)
def test_a_deep_body_is_refused_and_no_bug(node: Node, path: str, body: bytes) -> None:
    reply = node.api.post(path, body)
    assert (reply.status, reply.error["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_is_not_compressed_as_it_says_is_refused_and_no_bug(node: Node, encoding: str) -> None:
    reply = node.api.post("/v1/turn", b'{"sessionId":"mia","message":"x"}', Content_Encoding=encoding)
    assert (reply.status, reply.error["code"]) == (400, "VALIDATION_ERROR")


TURN = b'{"sessionId":"mia","message":"x"}'
RAW = zlib.compressobj(wbits=-15)
RAW_TURN = RAW.compress(TURN) + RAW.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", gzip.compress(TURN)), ("deflate", zlib.compress(TURN)), ("deflate", RAW_TURN), ("Identity", TURN)],
    ids=["gzip", "deflate", "raw deflate", "identity"],
)
def test_a_body_may_come_compressed(node: Node, encoding: str, body: bytes) -> None:
    assert node.api.post("/v1/turn?prompt_data=false", body, Content_Encoding=encoding).status == 200


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TURN)[:-9]),
        ("gzip", gzip.compress(TURN)[:-8] + bytes(8)),
        ("gzip", gzip.compress(TURN) * 2),
        ("gzip, gzip", gzip.compress(gzip.compress(TURN))),
        ("br", TURN),
        ("nonsense", TURN),
    ],
    ids=["cut short", "a wrong sum", "two", "twice", "br", "nonsense"],
)
def test_a_compressed_body_is_whole_and_compressed_once(node: Node, encoding: str, body: bytes) -> None:
    reply = node.api.post("/v1/turn", body, Content_Encoding=encoding)
    assert "Content-Encoding" in refused(reply, 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("key", [KEY, None])
def test_a_body_that_swells_is_not_unpacked_beyond_the_limit(
    node: Node, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    real = zlib.decompressobj

    class Watched:
        """Counts what is unpacked, whoever does it."""

        def __init__(self, **given: Any) -> None:
            self._one = real(**given)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._one, name)

        def decompress(self, *given: Any, **named: Any) -> bytes:
            piece = self._one.decompress(*given, **named)
            made.append(len(piece))
            return piece

    monkeypatch.setattr(zlib, "decompressobj", lambda wbits=15, **given: Watched(wbits=wbits, **given))
    bomb = gzip.compress(b" " * 100_000_000)
    reply = Api(node.server.url, key).post("/v1/turn", bomb, Content_Encoding="gzip")
    assert reply.status == (413 if key else 401)
    assert node.api.get("/v1/health").status == 200
    assert sum(made) <= 262_145


def test_a_body_over_the_limit_is_413_by_length_and_in_chunks(node: Node) -> None:
    assert "262,144" in refused(node.api.post("/v1/turn", BIG), 413, "VALIDATION_ERROR")
    head = f"POST /v1/turn HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: {KEY}\r\n".encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(BIG[at : at + 60_000]), BIG[at : at + 60_000]) for at in (0, 60_000) * 3)
    heard = raw(node.api.port, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 413 ")
    assert node.api.get("/v1/health").status == 200


def test_a_body_of_exactly_the_limit_is_read(node: Node) -> None:
    body = b'{"sessionId":"mia","message":"x","unknown":"'
    body += b"x" * (262_144 - len(body) - 2) + b'"}'
    assert len(body) == 262_144
    assert node.api.post("/v1/turn?prompt_data=false", body).status == 200


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/turn", "POST"),
        ("GET", "/v1/turn/appraisal", "POST"),
        ("PATCH", "/v1/persona", "GET, POST"),
        ("POST", "/v1/persona/mia", "DELETE, GET"),
        ("DELETE", "/v1/state/mia", "GET"),
        ("POST", "/v1/proactive/mia", "GET"),
        ("GET", "/v1/proactive/mia/preferences", "PUT"),
        ("GET", "/v1/proactive/mia/act_1/ack", "POST"),
        ("POST", "/v1/ws/mia", "GET"),
        ("POST", "/v1/health", "GET"),
        ("POST", "/metrics", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_405_and_names_the_right_ones(node: Node, method: str, path: str, allow: str) -> None:
    reply = node.api.call(method, path)
    assert allow in refused(reply, 405, "VALIDATION_ERROR")
    assert reply.headers["Allow"] == allow


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1/turn/", "/v2/turn", "/v1/state", "/%00", "/%0a", "/v1/a%0ab", "/v1/state/a/b"]
)
def test_an_unknown_path_is_404_with_or_without_a_key(node: Node, path: str) -> None:
    refused(node.api.get(path), 404, "NOT_FOUND")
    refused(Api(node.server.url, None).get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize("session", ["%ff", "%00", "%ED%A0%80", "a%2Fb", "x" * 300, "%F0%9F%98%80", "..%2f..%2fetc"])
def test_an_odd_session_id_in_the_path_is_not_found(node: Node, session: str) -> None:
    for path in ("/v1/state/", "/v1/persona/", "/v1/history/", "/v1/proactive/"):
        refused(node.api.get(path + session), 404, "NOT_FOUND")


def test_a_plain_get_of_a_socket_path_is_426(node: Node) -> None:
    reply = node.api.get("/v1/ws/mia")
    assert "ws" in refused(reply, 426, "VALIDATION_ERROR")
    assert reply.headers["Upgrade"] == "websocket"


def test_an_upgrade_that_comes_while_the_server_stops_is_refused_before_it_is_one(node: Node) -> None:
    registry = node.server.host.registry
    node.look(lambda: setattr(registry, "stopping", True))
    try:
        heard, _, body = raw(node.api.port, upgrade("mia"), enough=lambda heard: b"}" in heard).partition(b"\r\n\r\n")
    finally:
        node.look(lambda: setattr(registry, "stopping", False))
    assert heard.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: " in heard.lower()
    assert json.loads(body)["error"]["code"] == "OVERLOADED"


def test_an_upgrade_that_is_not_whole_is_answered_like_every_error(node: Node) -> None:
    head = b"GET /v1/ws/mia HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n"
    heard, _, body = raw(node.api.port, head).partition(b"\r\n\r\n")
    assert b"x-request-id: req_" in heard.lower()
    assert json.loads(body)["error"]["code"] == "VALIDATION_ERROR"


def test_an_idempotency_key_that_is_no_text_is_refused_and_no_bug(node: Node) -> None:
    for path, body in (("/v1/turn", {"sessionId": "mia", "message": "x"}), ("/v1/persona", PERSONA)):
        sent = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: {KEY}\r\n".encode()
        head += b"Idempotency-Key: \xff\xfe\r\nContent-Length: %d\r\n\r\n" % len(sent)
        heard = raw(node.api.port, head + sent)
        assert heard.startswith(b"HTTP/1.1 400 "), heard[:400]
        assert b"VALIDATION_ERROR" in heard


def test_checks_come_in_the_order_key_form_session(node: Node) -> None:
    nobody = Api(node.server.url, None)
    for path in ("/v1/turn", "/v1/turn/appraisal", "/v1/persona"):
        refused(nobody.post(path, b"nonsense"), 401, "UNAUTHORIZED")
    assert node.api.post("/v1/turn", {"sessionId": "nobody"}).status == 400
    assert node.api.post("/v1/turn/appraisal", {"sessionId": "nobody", "appraisal": {}}).status == 400
    assert node.api.put("/v1/proactive/nobody/preferences", {}).status == 400
    assert node.api.get("/v1/history/nobody?limit=0").status == 400
    refused(node.api.post("/v1/turn", {"sessionId": "nobody", "message": "x"}), 404, "NOT_FOUND")


def test_a_taken_session_id_is_a_conflict_that_names_it(node: Node) -> None:
    assert "mia" in refused(node.api.post("/v1/persona", {**PERSONA, "sessionId": "mia"}), 409, "CONFLICT")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=", "limit=1.5", "cursor=@@", "cursor=%ff"])
def test_a_list_out_of_range_is_refused(node: Node, query: str) -> None:
    name = query.partition("=")[0]
    refused(node.api.get(f"/v1/persona?{query}"), 400, "VALIDATION_ERROR", f"query.{name}")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/state/mia?prompt_data=perhaps", "prompt_data"),
        ("/v1/state/mia?at_seq=-1", "at_seq"),
        ("/v1/history/mia?after_seq=x", "after_seq"),
        ("/v1/history/mia?limit=999", "limit"),
    ],
)
def test_a_query_of_the_wrong_form_is_refused(node: Node, path: str, name: str) -> None:
    refused(node.api.get(path), 400, "VALIDATION_ERROR", f"query.{name}")


def test_every_answer_has_its_own_request_id(node: Node) -> None:
    paths = ("/v1/health", "/livez", "/readyz", "/metrics", "/v1/presets", "/v1/state/mia", "/nowhere", "/v1/ws/mia")
    found = [node.api.get(path).headers["X-Request-Id"] for path in paths * 2]
    assert len(set(found)) == len(found)
    assert all(name.startswith("req_") for name in found)


def test_a_key_under_another_scheme_is_told_the_right_one(node: Node) -> None:
    answer = node.api.call("GET", "/v1/persona", Authorization=KEY)
    assert answer.status == 401
    assert "must be `Bearer mk_" in answer.error["message"]


@pytest.mark.parametrize("path", ["/v1/turn", "/nowhere"])
def test_what_is_expected_may_be_to_be_told_to_go_on_and_nothing_else(node: Node, path: str) -> None:
    def told(expected: str) -> bytes:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: {KEY}\r\nExpect: {expected}\r\n"
        return raw(node.api.port, f"{head}Content-Length: {len(TURN)}\r\n\r\n".encode() + TURN)

    interim, _, answer = told("100-Continue").partition(b"\r\n\r\n")
    assert interim == b"HTTP/1.1 100 Continue"
    assert answer.startswith(b"HTTP/1.1 200 " if path == "/v1/turn" else b"HTTP/1.1 404 ")
    odd = told(KEY)
    assert odd.startswith(b"HTTP/1.1 417 ")
    assert b'"code":"VALIDATION_ERROR","status":417' in odd
    assert KEY.encode() not in odd
