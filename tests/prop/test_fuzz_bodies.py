"""Whatever is posted: no bug answers, no trace is logged, every error is of the table; the server is well after it.

The examples are the same in every run: a check that fails by chance is looked at by nobody.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.wire import CODES, GLAD, PERSONA, Node, raw, serving

PATHS = ["/v1/persona", "/v1/turn?prompt_data=false", "/v1/turn/appraisal", "/v1/proactive/mia/preferences"]
steady = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
numbers = st.integers(-(2**80), 2**80) | st.floats() | st.sampled_from([0, 1, -1, 0.5, 1e308, -1e308, 1e-320])
leaves = st.none() | st.booleans() | numbers | st.text(max_size=30)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)

WHOLE: dict[str, dict[str, Any]] = {
    "/v1/persona": {
        **PERSONA,
        "preset": "stoic_mentor",
        "sessionId": "fuzz",
        "goals": ["rest", {"content": "sing", "priority": 0.4, "mutable": True}],
        "emotion_config": {"baseline": {"V": 0.1, "A": 0.3, "D": 0.0}, "reactivity": 1.2},
        "config": {"calibration": {"budgetRecoveryPerHour": 0.1, "budgetMinimum": 0.1, "turnScale": 1.0}},
        "scene_context": "A storm.",
    },
    "/v1/turn?prompt_data=false": {
        "sessionId": "mia",
        "message": "hello",
        "event": {"description": "rain", "source": "system"},
        "elapsedSeconds": 3.0,
        "event_context": "at sea",
    },
    "/v1/turn/appraisal": {"sessionId": "mia", "appraisal": {**GLAD, "urgency": 0.5}, "context": "a gift"},
    "/v1/proactive/mia/preferences": {
        "enabled": True,
        "triggers": {"need_deficit": False},
        "cooldown_hours": 2,
        "max_daily": 3,
        "quiet_hours": {"start": "22:00", "end": "07:00", "timezone": "Asia/Seoul"},
    },
}


def keys_of(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places in a body that can be changed."""
    if isinstance(body, dict):
        inner = [place for key, value in body.items() for place in keys_of(value, (*path, key))]
        return [*inner, *([path] if path else [])]
    return [path]


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    return {**body, path[0]: changed(body[path[0]], path[1:], value)}


@st.composite
def near_misses(draw: st.DrawFn) -> tuple[str, Any]:
    """A whole body of some route with one to three places put wrong, left out or spelled twice."""
    path = draw(st.sampled_from(PATHS))
    body: Any = WHOLE[path]
    for _ in range(draw(st.integers(1, 3))):
        places = keys_of(body)
        body = changed(body, draw(st.sampled_from(places)), draw(values)) if places else body
        if not isinstance(body, dict):
            break
    if isinstance(body, dict) and draw(st.booleans()):
        body = {name: value for name, value in body.items() if draw(st.booleans())}
    if draw(st.integers(0, 4)) == 0:
        body = {"persona": body}
    return path, body


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        started.api.create("mia")
        yield started


def check(node: Node, path: str, body: bytes, log: pytest.LogCaptureFixture, **headers: str) -> None:
    reply = node.api.call("PUT" if path.endswith("preferences") else "POST", path, body, **headers)
    assert reply.status in {200, 201, 400, 404, 409, 413}, reply
    assert reply.headers["X-Request-Id"]
    if reply.status >= 400:
        error = reply.error
        assert error["status"] == reply.status
        assert error["code"] in CODES - {"INTERNAL"}
        assert error["message"]
        assert "Traceback" not in error["message"]
    traces = [record for record in log.records if record.exc_info or record.levelno >= logging.ERROR]
    assert not traces, traces


@steady
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=200))
def test_any_bytes_are_answered(node: Node, caplog: pytest.LogCaptureFixture, path: str, body: bytes) -> None:
    check(node, path, body, caplog)


@steady
@given(path=st.sampled_from(PATHS), body=values)
def test_any_json_is_answered(node: Node, caplog: pytest.LogCaptureFixture, path: str, body: Any) -> None:
    check(node, path, json.dumps(body).encode(), caplog)


@settings(steady, max_examples=400)
@given(asked=near_misses())
def test_any_near_miss_is_answered(node: Node, caplog: pytest.LogCaptureFixture, asked: tuple[str, Any]) -> None:
    path, body = asked
    check(node, path, json.dumps(body).encode(), caplog)


@steady
@given(path=st.sampled_from(PATHS), depth=st.integers(1, 3_000), opening=st.sampled_from(["[", '{"x":', '{"goals":[']))
def test_any_depth_is_answered(
    node: Node, caplog: pytest.LogCaptureFixture, path: str, depth: int, opening: str
) -> None:
    closing = {"[": "]", '{"x":': "}", '{"goals":[': "]}"}[opening]
    deep = opening * depth + "1" + closing * depth
    names = ("event", "appraisal", "goals", "triggers", "persona")
    body = '{"sessionId":"mia","enabled":true,' + ",".join(f'"{name}":{deep}' for name in names) + "}"
    check(node, path, body.encode(), caplog)


@steady
@given(
    key=st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n"), max_size=80),
    path=st.sampled_from(PATHS[:3]),
)
def test_any_idempotency_key_is_answered(node: Node, caplog: pytest.LogCaptureFixture, key: str, path: str) -> None:
    body = json.dumps(WHOLE[path] | {"event": None, "sessionId": "mia"}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: {node.api.key}\r\nIdempotency-Key: "
    heard = raw(
        node.api.port, head.encode() + key.encode("latin-1") + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    assert heard[:9] in {b"HTTP/1.1 ", b"HTTP/1.0 "}
    assert int(heard[9:12]) in {200, 400, 409}, heard[:300]


@steady
@given(
    path=st.sampled_from(
        "/v1/persona?limit= /v1/persona?cursor= /v1/state/mia?at_seq= /v1/history/mia?after_seq= "
        "/v1/state/ /v1/persona/ /v1/ws/ /v1/proactive/mia/ /".split()
    ),
    tail=st.binary(max_size=24),
)
def test_any_path_and_query_is_answered(node: Node, caplog: pytest.LogCaptureFixture, path: str, tail: bytes) -> None:
    reply = node.api.get(path + "".join(f"%{byte:02x}" for byte in tail))
    assert reply.status in {200, 400, 404, 405, 426}, reply
    assert reply.status == 200 or reply.error["code"] in CODES - {"INTERNAL"}
    assert not [record for record in caplog.records if record.exc_info]


def test_the_server_is_well_after_all_of_it(node: Node) -> None:
    assert node.api.get("/readyz").status == 200
    assert node.api.turn("mia")["seq"] >= 1
    rows = node.api.get("/v1/history/mia?limit=200").json["items"]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
