"""A process's life on the wire: its clean end, its sudden death, its TLS; a real child each time."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.e2e.wire import GLAD, KEY, Api, Talk, connect, eventually
from tests.kit.server import running, start
from tests.kit.tls import OPENSSL, self_signed


def test_sigterm_says_1012_to_all_and_exits_with_0(tmp_path: Path) -> None:
    server = start(tmp_path)
    api = Api(server.url, KEY)
    api.create("mia")
    with connect(server.url, "mia", token=KEY) as one, connect(server.url, "mia", token=KEY) as two:
        for talk in (one, two):
            assert talk.hear()["type"] == "connected"
        assert one.say()["seq"] == two.hear()["seq"] == 1
        server.process.terminate()
        assert [talk.ended()[0] for talk in (one, two)] == [1012, 1012]
        assert server.process.wait(8) == 0
    assert server.stop() == 0
    assert not (tmp_path / "admin.sock").exists()


def test_turns_under_way_at_sigterm_are_answered_or_can_be_tried_again(tmp_path: Path) -> None:
    server = start(tmp_path, env={"MOLROO_SOCKET_MESSAGES_PER_S": "0", "MOLROO_UNANSWERED_MAX": "64"})
    try:
        api = Api(server.url, KEY)
        api.create("mia")
        with connect(server.url, "mia", token=KEY, prompt_data="false") as talk:
            epoch = talk.hear()["epoch"]
            talk.feel(id="first")
            threading.Timer(0.05, server.process.terminate).start()
            with contextlib.suppress(ConnectionClosed):
                for number in range(100_000):
                    talk.send(type="turn_appraisal", appraisal=GLAD, id=f"id {number}")
            code, _, heard = talk.ended()
        assert server.process.wait(8) == 0
    finally:
        server.stop()
    assert code == 1012
    answered = {message["reply_to"]: message for message in heard if message["type"] == "turn_result"}
    refused = [message for message in heard if message["type"] == "error"]
    assert len(answered) + len(refused) == len(heard)
    assert [message["seq"] for message in answered.values()] == list(range(2, len(answered) + 2))
    assert {(error["code"], error["details"]["reason"]) for error in refused} <= {("OVERLOADED", "shutting_down")}
    with running(tmp_path, env={"MOLROO_SOCKET_MESSAGES_PER_S": "0"}) as again:
        last = Api(again.url, KEY).get("/v1/state/mia?prompt_data=false").json["seq"]
        # Nothing was taken beyond what was answered, so a client may try all others again.
        assert last == 1 + len(answered)
        with connect(again.url, "mia", token=KEY, last_seq=last, epoch=epoch, prompt_data="false") as talk:
            assert talk.hear()["recovered"] is True
            for name in list(answered)[-3:]:
                repeated = talk.feel(id=name)
                assert (repeated["duplicate"], repeated["data"]) == (True, answered[name]["data"])
            for error in refused[:3]:
                assert "duplicate" not in talk.feel(id=error["reply_to"])


def test_an_idle_http_line_does_not_hold_up_the_end(tmp_path: Path) -> None:
    server = start(tmp_path)
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    line.request("GET", "/v1/health")
    assert line.getresponse().read()
    server.process.terminate()
    assert server.process.wait(8) == 0
    line.close()
    server.stop()


def test_nothing_acknowledged_is_lost_or_doubled_over_sigkill(tmp_path: Path) -> None:
    folding = {"MOLROO_FOLD_AGE_S": "0.05", "MOLROO_HIBERNATE_AFTER_S": "0.1", "MOLROO_SOCKET_MESSAGES_PER_S": "0"}
    epoch, seen = "", 0
    known: dict[str, Any] = {}
    for life in range(3):
        server = start(tmp_path, env=folding)
        try:
            api = Api(server.url, KEY)
            if life == 0:
                api.create("mia")
            query: dict[str, Any] = {"last_seq": seen, "epoch": epoch} if life else {}
            with connect(server.url, "mia", token=KEY, prompt_data="false", **query) as talk:
                hello = talk.hear()
                epoch = epoch or hello["epoch"]
                assert (hello["epoch"], hello["recovered"]) == (epoch, True if life else None)
                assert hello["seq"] == seen
                for name, answer in list(known.items())[-5:]:
                    again = talk.feel(id=name)
                    assert (again["duplicate"], again["seq"], again["data"]) == (True, answer["seq"], answer["data"])
                for number in range(20):
                    name = f"{life}-{number}"
                    known[name] = talk.feel(id=name)
                    seen += 1
                    assert known[name]["seq"] == seen
                server.kill()
                assert talk.ended()[0] == 1006
        finally:
            server.kill()
    with running(tmp_path) as server:
        rows = Api(server.url, KEY).get("/v1/history/mia?limit=200&prompt_data=false").json["items"]
        assert [row["seq"] for row in rows] == list(range(1, 61))


def test_a_key_and_a_create_are_durable_when_they_are_answered(tmp_path: Path) -> None:
    server = start(tmp_path, key=None)
    key = server.key
    reply = Api(server.url, key).post("/v1/persona", {"preset": "stoic_mentor"}, Idempotency_Key="k")
    server.kill()
    again = start(tmp_path, key=None)
    try:
        assert again.key == ""
        repeated = Api(again.url, key).post("/v1/persona", {"preset": "stoic_mentor"}, Idempotency_Key="k")
        assert repeated.headers["Idempotent-Replayed"] == "true"
        assert repeated.json == reply.json
    finally:
        again.stop()


@pytest.mark.skipif(OPENSSL is None, reason="openssl is missing: no certificate can be made")
def test_https_and_wss_work_with_a_certificate_and_plain_lines_do_not(tmp_path: Path) -> None:
    cert, secret = self_signed(tmp_path)
    trust = ssl.create_default_context(cafile=str(cert))
    env = {"MOLROO_TLS_CERT": str(cert), "MOLROO_TLS_KEY": str(secret)}
    with running(tmp_path / "data", env=env) as server:
        assert server.url.startswith("https://127.0.0.1:")
        line = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=10, context=trust)
        body = json.dumps({"preset": "cheerful_companion", "sessionId": "mia"})
        line.request("POST", "/v1/persona", body, {"X-API-Key": KEY})
        assert line.getresponse().read() != b""
        line.close()
        with connect(server.url, "mia", token=KEY, tls=trust) as talk:
            assert talk.hear()["type"] == "connected"
            assert talk.say("good evening")["seq"] == 1
        with pytest.raises((http.client.BadStatusLine, ConnectionError)):
            Api(f"http://127.0.0.1:{server.port}", KEY).get("/v1/health")
        with connect(server.url, "mia", token=KEY, tls=trust) as talk:
            talk.hear()
            server.process.terminate()
            assert talk.ended()[0] == 1012
        assert server.process.wait(8) == 0


def test_sessions_sleep_and_come_back_in_a_restarted_process(tmp_path: Path) -> None:
    env = {"MOLROO_HIBERNATE_AFTER_S": "0.1", "MOLROO_FOLD_AGE_S": "0.05"}
    with running(tmp_path, env=env) as server:
        api = Api(server.url, KEY)
        api.create("mia")
        before = api.feel("mia")
        eventually(lambda: api.get("/v1/persona/mia").json["status"] == "hibernated")
    with running(tmp_path, env=env) as server:
        api = Api(server.url, KEY)
        assert api.get("/v1/persona/mia").json["status"] == "hibernated"
        past = api.get("/v1/state/mia?at_seq=1&prompt_data=false").json
        assert past["emotion"] == before["new_emotion"]
        talk: Talk
        with connect(server.url, "mia", token=KEY) as talk:
            assert talk.hear()["seq"] == 1
            assert talk.say()["seq"] == 2
