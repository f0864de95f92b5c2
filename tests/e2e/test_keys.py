"""Keys: the ways to send one, which one counts, who is refused, and what ends with a key."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from molroo_actor.cli.main import main
from tests.e2e.wire import KEY, STRANGER, Api, Node, connect, serving


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        started.api.create("mia")
        yield started


@pytest.fixture
def nobody(node: Node) -> Api:
    """A client without a key of its own."""
    return Api(node.server.url, None)


@pytest.mark.parametrize(
    "headers", [{"Authorization": f"Bearer {KEY}"}, {"Authorization": f"bearer  {KEY} "}, {"X_API_Key": KEY}]
)
def test_a_key_opens_rest_by_either_header(nobody: Api, headers: dict[str, str]) -> None:
    assert nobody.get("/v1/state/mia", **headers).status == 200


@pytest.mark.parametrize(
    ("headers", "query"),
    [({"Authorization": f"Bearer {KEY}"}, {}), ({"X-API-Key": KEY}, {}), ({}, {"token": KEY})],
)
def test_a_key_opens_a_socket_by_either_header_or_the_query(
    node: Node, headers: dict[str, str], query: dict[str, Any]
) -> None:
    with connect(node.server.url, "mia", headers=headers, **query) as talk:
        assert talk.hear()["type"] == "connected"


@pytest.mark.parametrize(
    ("authorization", "x_api_key", "status"),
    [(f"Bearer {KEY}", STRANGER, 200), (f"Bearer {STRANGER}", KEY, 401), ("Basic abc", KEY, 401)],
)
def test_authorization_wins_over_x_api_key(nobody: Api, authorization: str, x_api_key: str, status: int) -> None:
    assert nobody.get("/v1/state/mia", Authorization=authorization, X_API_Key=x_api_key).status == status


@pytest.mark.parametrize("name", ["Authorization", "X-API-Key"])
def test_a_header_wins_over_the_query_of_a_socket(node: Node, name: str) -> None:
    prefix = "Bearer " if name == "Authorization" else ""
    with connect(node.server.url, "mia", headers={name: prefix + KEY}, token=STRANGER) as talk:
        assert talk.hear()["type"] == "connected"
    with connect(node.server.url, "mia", headers={name: prefix + STRANGER}, token=KEY) as talk:
        assert talk.ended()[0] == 4401


def test_the_query_opens_no_rest_route(nobody: Api) -> None:
    reply = nobody.get(f"/v1/state/mia?token={KEY}")
    assert (reply.status, reply.error["code"]) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    "key", [STRANGER, KEY[:-1], KEY + "0", KEY.replace("test", "live"), KEY.lower() + "x", "", "x"]
)
def test_any_other_key_is_refused_alike(nobody: Api, key: str) -> None:
    reply = nobody.get("/v1/state/mia", X_API_Key=key)
    assert (reply.status, reply.error["code"], reply.error["status"]) == (401, "UNAUTHORIZED", 401)
    assert key not in reply.error["message"] or len(key) < 2


def test_no_key_at_all_is_told_how_to_send_one(nobody: Api) -> None:
    reply = nobody.get("/v1/state/mia")
    assert reply.status == 401
    assert "Authorization: Bearer" in reply.error["message"]


def test_a_new_key_opens_as_soon_as_the_command_has_printed_it(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "create", "--tenant", "fresh", "--live", "--data", node.settings.data]) == 0
    key = capsys.readouterr().out.strip()
    assert key.startswith("mk_live_")
    assert len(key) == 40
    assert Api(node.server.url, key).get("/v1/persona").json == {"items": [], "cursor": None}


def test_a_revoked_key_is_refused_and_its_sockets_close_within_a_second(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    key = node.key("short-lived")
    Api(node.server.url, key).create("mia")
    other = node.live("mia")
    number = max(found.id for found in node.server.keyring.keys)
    with node.live("mia", key) as talk, node.live("mia", key) as second, other:
        before_s = time.monotonic()
        assert main(["keys", "revoke", str(number), "--data", node.settings.data]) == 0
        assert Api(node.server.url, key).get("/v1/state/mia").status == 401
        for socket in (talk, second):
            code, reason, heard = socket.ended()
            assert (code, reason, heard[-1]["code"]) == (4401, "UNAUTHORIZED", "UNAUTHORIZED")
        assert time.monotonic() - before_s < 1
        assert other.ask(type="ping") == {"type": "pong"}
    assert "revoked" in capsys.readouterr().out
    with node.join("mia", key) as talk:
        assert talk.ended()[0] == 4401


def test_a_key_lives_on_after_a_restart_and_a_revoked_one_stays_so(tmp_path: Path) -> None:
    with serving(tmp_path) as node:
        kept, ended = node.key("kept"), node.key("ended")
        node.run(node.server.keyring.revoke(3))
        node.restart()
        assert Api(node.server.url, kept).get("/v1/persona").status == 200
        assert Api(node.server.url, ended).get("/v1/persona").status == 401


def test_only_digests_of_keys_are_on_disk(tmp_path: Path) -> None:
    with serving(tmp_path) as node:
        key = node.key("secret")
        node.api.create("mia")
        node.api.turn("mia")
    for path in tmp_path.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert key.encode() not in held, path
            assert KEY.encode() not in held, path


def test_a_key_in_the_wrong_place_is_not_quoted(node: Node) -> None:
    node.api.create("quoted")
    replies = [
        node.api.get(f"/v1/state/{KEY}"),
        node.api.get(f"/{KEY}"),
        node.api.get(f"/v1/persona?limit={KEY}"),
        node.api.post("/v1/persona", {"preset": KEY}),
        node.api.post("/v1/turn", {"sessionId": KEY, "message": "x"}),
        node.api.delete(f"/v1/webhook/quoted/{KEY}"),
    ]
    assert [reply.status for reply in replies] == [404, 404, 400, 400, 404, 404]
    for reply in replies:
        assert KEY[:20].encode() not in reply.body
        assert "mk_test_…" in reply.error["message"]
    with node.live("quoted") as talk:
        for message in ({"type": KEY}, {"type": "ack_proactive", "action_id": KEY}):
            assert KEY[:20] not in str(talk.ask(**message))
