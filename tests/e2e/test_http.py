"""What is open to all or to browsers and operators: health, presets, CORS, readiness, metrics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import molroo_actor
from tests.e2e.shapes import exactly, fits, unit, whole, words
from tests.e2e.wire import KEY, Api, Node, connect, serving

EXPOSED = {"retry-after", "x-request-id", "idempotent-replayed"}
ALLOWED = {"authorization", "x-api-key", "content-type", "idempotency-key"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        started.api.create("mia")
        yield started


@pytest.fixture(scope="module")
def nobody(node: Node) -> Api:
    return Api(node.server.url, None)


def listed(header: str | None) -> set[str]:
    return {part.strip().lower() for part in (header or "").split(",")}


def test_health_needs_no_key_and_counts_sessions(nobody: Api) -> None:
    form = {
        "status": exactly("ok"),
        "version": exactly(molroo_actor.__version__),
        "storage": exactly("sqlite"),
        "sessions": whole,
    }
    fits(form, nobody.get("/v1/health").json)
    assert nobody.get("/v1/health").json["sessions"] == 1


def test_operators_pages_need_no_key(nobody: Api) -> None:
    assert nobody.get("/livez").json == {"status": "ok"}
    assert nobody.get("/readyz").json == {"status": "ok"}
    reply = nobody.get("/metrics")
    assert reply.headers["Content-Type"].startswith("text/plain")
    for name in ("turns_total", "resident", "sockets", "journal_bytes", "gate_wait_seconds_count"):
        assert f"\nmolroo_{name}" in reply.body.decode(), name


def test_metrics_count_what_happened(node: Node) -> None:
    def value(name: str) -> float:
        lines = node.api.get("/metrics").body.decode().splitlines()
        return float(next((line.split()[-1] for line in lines if line.startswith(name)), "0"))

    turns, refused = value("molroo_turns_total"), value('molroo_refusals_total{code="NOT_FOUND"}')
    node.api.turn("mia")
    node.api.get("/v1/state/nobody")
    with node.live("mia"):
        assert value("molroo_sockets") == 1
    assert value("molroo_turns_total") == turns + 1
    assert value('molroo_refusals_total{code="NOT_FOUND"}') == refused + 1
    assert value("molroo_resident") == 1


def test_metrics_name_no_session_and_no_key(node: Node) -> None:
    text = node.api.get("/metrics").body.decode()
    assert "mia" not in text
    assert KEY not in text


def test_readiness_says_why_not_and_liveness_stays(tmp_path: Path) -> None:
    with serving(tmp_path, free_bytes_min=10**15) as node:
        reply = node.api.get("/readyz")
        assert reply.status == 503
        assert reply.json["status"] == "not ready"
        assert "bytes free" in reply.json["reasons"][0]
        assert node.api.get("/livez").status == 200


def test_presets_are_whole(node: Node, nobody: Api) -> None:
    presets = node.api.get("/v1/presets").json["presets"]
    names = {"cheerful_companion", "stoic_mentor", "anxious_helper", "playful_trickster", "empathetic_listener"}
    assert names <= {preset["id"] for preset in presets}
    form = {
        "id": words,
        "name": words,
        "description": words,
        "personality": lambda value: all(unit(value[letter]) for letter in "OCEANH"),
        "goals": lambda value: bool(value) and all(words(goal["content"]) for goal in value),
        "emotion_config": lambda value: isinstance(value, dict),
    }
    fits([form], presets)
    assert nobody.get("/v1/presets").status == 401


@pytest.mark.parametrize(
    "path", ["/v1/persona", "/v1/turn", "/v1/state/mia", "/v1/ws/mia", "/v1/proactive/mia/preferences"]
)
def test_a_preflight_needs_no_key_and_allows_what_clients_send(nobody: Api, path: str) -> None:
    asked = {"Origin": "https://app.example", "Access_Control_Request_Method": "PUT"}
    reply = nobody.call("OPTIONS", path, **asked, Access_Control_Request_Headers="authorization,idempotency-key")
    assert reply.status in {200, 204}
    assert reply.headers["Access-Control-Allow-Origin"] in {"*", "https://app.example"}
    assert {"get", "post", "put", "delete"} <= listed(reply.headers["Access-Control-Allow-Methods"])
    assert listed(reply.headers["Access-Control-Allow-Headers"]) >= ALLOWED


@pytest.mark.parametrize("path", ["/v1/state/mia", "/v1/state/nobody", "/nowhere", "/v1/health"])
def test_answers_and_errors_can_be_read_by_any_origin_without_credentials(node: Node, path: str) -> None:
    reply = node.api.get(path, Origin="https://app.example")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert listed(reply.headers["Access-Control-Expose-Headers"]) == EXPOSED
    assert "Access-Control-Allow-Credentials" not in reply.headers


def test_origins_of_the_settings_are_the_only_ones(tmp_path: Path) -> None:
    with serving(tmp_path, cors_origins="https://app.example, https://two.example/") as node:
        node.api.create("mia")
        for origin in ("https://app.example", "https://two.example"):
            reply = node.api.get("/v1/state/mia", Origin=origin)
            assert reply.headers["Access-Control-Allow-Origin"] == origin
            assert reply.headers["Vary"] == "Origin"
            with connect(node.server.url, "mia", token=KEY, headers={"Origin": origin}) as talk:
                assert talk.hear()["type"] == "connected"
        assert "Access-Control-Allow-Origin" not in node.api.get("/v1/state/mia", Origin="https://evil.example").headers
        with connect(node.server.url, "mia", token=KEY, headers={"Origin": "https://evil.example"}) as talk:
            code, reason, heard = talk.ended()
            assert (code, reason, heard[0]["code"]) == (4401, "UNAUTHORIZED", "UNAUTHORIZED")
        with node.live("mia") as talk:
            assert talk.ask(type="ping") == {"type": "pong"}


def test_the_content_type_of_a_request_is_not_looked_at(node: Node) -> None:
    body = b'{"sessionId":"mia","message":"hello"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "nonsense"):
        assert node.api.post("/v1/turn?prompt_data=false", body, Content_Type=kind).status == 200
