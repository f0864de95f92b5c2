"""Webhooks against a real receiver that fails, stalls, lies and dies; and what their routes say."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import json
import logging
import random
import resource
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from molroo_actor.runtime.courier import Response, Unreachable
from molroo_actor.storage import hooks
from molroo_actor.storage.rows import Change, Row
from molroo_actor.transport.webhook_sender import WebhookSender
from tests.e2e.wire import KEY, Api, Node, eventually, serving
from tests.kit import receiver as kit
from tests.kit.receiver import Behaviour, Got, Huge, Receiver, answer, receiving
from tests.kit.server import running, start
from tests.kit.tls import OPENSSL, self_signed

SECRET = "a secret of sixteen or more"
FAST: dict[str, Any] = {
    "allow_private_webhooks": True,
    "delivery_retry_first_s": 0.02,
    "delivery_within_s": 0.4,
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with serving(tmp_path, **FAST) as started:
        started.api.create("mia")
        yield started


def hook(api: Api, url: str, session: str = "mia", **changed: Any) -> Any:
    body = {"url": url, "events": ["proactive", "emotional_overflow", "stage_transition"], "secret": SECRET, **changed}
    reply = api.post(f"/v1/webhook/{session}", body)
    assert reply.status == 201, reply
    return reply.json


def thrill(api: Api, session: str = "mia") -> None:
    """Turns that upset it enough for an overflow, the first of which also changes its stage."""
    for _ in range(3):
        api.feel(session, goal_relevance=1.0, goal_congruence=1.0, expectedness=0.0)


def verified(got: Got, secret: str = SECRET) -> Any:
    """The body, once its signature was checked as the documentation tells receivers to."""
    parts = dict(part.split("=", 1) for part in got.headers["x-molroo-signature"].split(","))
    assert list(parts) == ["t", "v1"]
    mac = hmac.new(secret.encode(), parts["t"].encode() + b"." + got.body, hashlib.sha256)
    assert hmac.compare_digest(mac.hexdigest(), parts["v1"])
    assert abs(int(parts["t"]) - time.time()) < 30
    return json.loads(got.body)


def dead(node: Node) -> list[str]:
    """Why deliveries were given up."""
    return [each["error"] for each in deliveries(node, dead=True)]


def deliveries(node: Node, *, dead: bool = False) -> list[Any]:
    return node.run(node.server._admin._admin._deliveries(dead, 500))


# -- what a receiver gets ---------------------------------------------------------------------------------------------


def test_an_event_arrives_signed_and_whole(node: Node, receiver: Receiver) -> None:
    hook(node.api, receiver.url("/deep/hook?a=b"), events=["emotional_overflow"])
    thrill(node.api)
    got = receiver.wait(1)
    told = verified(got)
    assert (got.method, got.path, got.headers["content-type"]) == ("POST", "/deep/hook?a=b", "application/json")
    assert got.headers["user-agent"].startswith("molroo-actor/")
    assert "cookie" not in got.headers
    assert "authorization" not in got.headers
    assert told.keys() == {"id", "type", "session_id", "timestamp", "data"}
    assert (told["id"], told["type"], told["session_id"]) == (
        got.headers["x-molroo-delivery"], "emotional_overflow", "mia",
    )  # fmt: skip
    assert told["data"].keys() == {"reason", "value", "threshold", "discrete_emotion", "seq"}
    items = node.api.get("/v1/history/mia").json["items"]
    assert told["timestamp"] in {item["at"] for item in items if item["seq"] == told["data"]["seq"]}


def test_a_proactive_action_arrives_as_sockets_hear_it(node: Node, receiver: Receiver) -> None:
    hook(node.api, receiver.url(), events=["proactive"])
    node.api.put("/v1/proactive/mia/preferences", {"enabled": True, "cooldown_hours": 100})
    with node.join("mia") as talk:
        thrill(node.api)
        heard = [message for message in talk.quiet() if message["type"] == "proactive"]
    told = verified(receiver.wait(1))
    assert [message["data"] for message in heard] == [told["data"]]
    assert told["data"]["prompt_data"]["formatted"]["system_prompt"]
    assert [each["id"] for each in node.api.get("/v1/proactive/mia").json] == [told["data"]["action_id"]]


# -- a receiver that misbehaves ----------------------------------------------------------------------------------------

BAD: dict[str, Behaviour] = {
    "500": answer(500),
    "429": answer(429, Retry_After="0"),
    "stalls": kit.stalls,
    "drips": kit.drips(0.05),
    "closes early": kit.says(b""),
    "half a head": kit.says(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "not HTTP": kit.says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "resets": kit.resets,
    "only says wait": kit.says(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "headers without end": kit.endless_head,
    "other protocol": kit.says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_right_answer_is_tried_again_with_the_same_bytes(node: Node, receiver: Receiver, bad: str) -> None:
    receiver.script.extend([BAD[bad], BAD[bad]])
    hook(node.api, receiver.url(), events=["emotional_overflow"])
    thrill(node.api)
    got = [receiver.wait(number) for number in (1, 2, 3)]
    assert len({(each.body, each.headers["x-molroo-delivery"]) for each in got}) == 1
    for each in got:
        verified(each)
    eventually(lambda: not deliveries(node))
    assert (dead(node), len(receiver.got)) == ([], 3)


def test_a_redirect_is_not_followed_and_its_target_never_asked(node: Node, receiver: Receiver) -> None:
    with receiving() as target:
        receiver.script.extend(answer(status, Location=target.url()) for status in (301, 302, 303, 307, 308))
        receiver.script.append(answer(302, Location="file:///etc/passwd"))
        hook(node.api, receiver.url(), events=["emotional_overflow"])
        thrill(node.api)
        receiver.wait(7)
        eventually(lambda: not deliveries(node))
        assert (target.accepted, target.got) == (0, [])


def test_a_receiver_s_cookies_are_not_kept(node: Node, receiver: Receiver) -> None:
    receiver.script.append(answer(500, Set_Cookie="seen=1; Path=/"))
    hook(node.api, receiver.url(host="localhost"), events=["emotional_overflow"])
    thrill(node.api)
    assert "cookie" not in receiver.wait(2).headers


@pytest.mark.parametrize("status", [200, 500])
def test_a_body_without_end_is_not_read(node: Node, receiver: Receiver, status: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    huge = Huge(f"HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    receiver.script.append(huge)
    hook(node.api, receiver.url(), events=["emotional_overflow"])
    thrill(node.api)
    receiver.wait(1 if status == 200 else 2)
    eventually(lambda: not deliveries(node))
    assert len(receiver.got) == (1 if status == 200 else 2)
    assert huge.sent < 8_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32_768  # KiB


def test_a_receiver_that_stalls_delays_no_other_and_no_turn(node: Node, receiver: Receiver) -> None:
    with receiving() as slow:
        slow.always = kit.stalls
        node.api.create("noa")
        hook(node.api, slow.url(), "mia")
        hook(node.api, receiver.url(host="localhost"), "noa")
        for _ in range(3):
            thrill(node.api)
        slow.wait(1)
        began_s = time.monotonic()
        thrill(node.api, "noa")
        receiver.wait(1)
        assert time.monotonic() - began_s < 5
        node.api.delete("/v1/persona/mia")


@pytest.mark.skipif(OPENSSL is None, reason="openssl is missing: no certificate can be made")
def test_a_certificate_that_nobody_vouches_for_is_never_told_anything(node: Node, tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    with receiving(tls) as receiver:
        hook(node.api, receiver.url())
        thrill(node.api)
        waiting = eventually(lambda: [each for each in deliveries(node) if each["attempts"] > 1])
        assert waiting[0]["error"] == "no connection: ClientConnectorCertificateError"
        assert receiver.accepted > 1
        assert receiver.got == []


def test_retry_after_is_read_as_seconds_and_as_a_moment(node: Node, receiver: Receiver) -> None:
    moment = {"Retry_After": "Fri, 20 Nov 2026 12:00:02 GMT", "Date": "Fri, 20 Nov 2026 12:00:01 GMT"}
    receiver.script.extend([answer(503, Retry_After="1"), answer(503, **moment)])
    receiver.script.extend(answer(503, Retry_After=text) for text in ("²", "-5", "soon", "1e9", ""))
    hook(node.api, receiver.url(), events=["emotional_overflow"])
    thrill(node.api)
    got = [receiver.wait(number) for number in range(1, 9)]
    waits = [after.at_s - before.at_s for before, after in pairwise(got)]
    assert waits[0] >= 1
    assert waits[1] >= 1
    eventually(lambda: not deliveries(node))


def test_a_strange_retry_after_beside_2xx_does_not_make_it_a_failure(node: Node, receiver: Receiver) -> None:
    receiver.always = answer(200, Retry_After="²")
    hook(node.api, receiver.url(), events=["emotional_overflow"])
    thrill(node.api)
    receiver.wait(1)
    eventually(lambda: not deliveries(node))
    assert len(receiver.got) == 1


# -- outages and ends --------------------------------------------------------------------------------------------------


def test_after_an_outage_everything_arrives_once(tmp_path: Path) -> None:
    receiver = Receiver()
    receiver.start()
    try:
        with serving(tmp_path, **FAST) as node:
            for number in range(6):
                node.api.create(f"s{number}")
                hook(node.api, receiver.url(), f"s{number}")
            receiver.stop()  # down: connections are refused
            for number in range(6):
                thrill(node.api, f"s{number}")
            queued = {each["id"] for each in deliveries(node)}
            assert len(queued) >= 6
            eventually(lambda: all(each["attempts"] > 1 for each in deliveries(node)))
            receiver.always = answer(503)
            receiver.start()
            receiver.wait(4)
            receiver.always = answer(204)
            before = len(receiver.got)
            eventually(lambda: not deliveries(node), 20)
            taken = [got.headers["x-molroo-delivery"] for got in receiver.got[before:]]
            assert queued <= {got.headers["x-molroo-delivery"] for got in receiver.got}
            assert len(taken) <= len(set(taken)) + 4  # those that were under way when it changed its mind
            assert dead(node) == []
    finally:
        receiver.stop()


def environment(**more: str) -> dict[str, str]:
    return {"MOLROO_ALLOW_PRIVATE_WEBHOOKS": "true", "MOLROO_DELIVERY_RETRY_FIRST_S": "0.05", **more}


@pytest.mark.parametrize("moment", ["receiver down", "request under way", "answered and not yet written"])
def test_a_killed_node_sends_again_what_it_cannot_know_was_taken(
    tmp_path: Path, receiver: Receiver, moment: str
) -> None:
    url = receiver.url()
    if moment == "receiver down":
        receiver.stop()
    elif moment == "request under way":
        receiver.always = kit.stalls
    server = start(tmp_path, env=environment())
    try:
        api = Api(server.url, KEY)
        api.create("mia")
        hook(api, url, events=["emotional_overflow"])
        if moment == "answered and not yet written":
            receiver.always = lambda line, over: (server.process.kill(), answer(200)(line, over))[1]
        for _ in range(3):
            try:
                api.feel("mia", goal_relevance=1.0, goal_congruence=1.0, expectedness=0.0)
            except (OSError, AssertionError):
                break
        if moment != "receiver down":
            receiver.wait(1)
    finally:
        server.kill()
    receiver.always = answer(200)
    if moment == "receiver down":
        receiver.start()
    before = len(receiver.got)
    with running(tmp_path, env=environment()) as server:
        told = verified(receiver.wait(before + 1))
        assert told["type"] == "emotional_overflow"
        assert all(got.headers["x-molroo-delivery"] == told["id"] for got in receiver.got)
        assert len({got.body for got in receiver.got}) == 1
        assert server.stop() == 0
    with running(tmp_path, env=environment()) as server:
        Api(server.url, KEY).create("noa")
        assert server.stop() == 0
    assert len(receiver.got) == before + 1


@pytest.mark.timeout(120)
def test_over_many_kills_nothing_that_was_acknowledged_goes_untold_and_nothing_is_told_under_two_ids(
    tmp_path: Path, receiver: Receiver
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)

    def moody(line: socket.socket, over: threading.Event) -> None:
        answer(chance.choice((200, 200, 503)))(line, over)

    receiver.always = moody
    expected: set[str] = set()
    for life in range(6):
        server = start(tmp_path, env=environment())
        api = Api(server.url, KEY)
        end = threading.Timer(chance.uniform(0.1, 0.8), server.process.kill)
        end.start()
        try:
            for number in range(1_000):
                session = f"s{life}-{number}"
                api.create(session)
                hook(api, receiver.url(), session, events=["stage_transition"])
                if api.feel(session, goal_relevance=1.0, goal_congruence=1.0)["stage_transition"]:
                    expected.add(session)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            end.join()
            server.kill()
    assert expected
    with running(tmp_path, env=environment()):
        receiver.always = answer(200)
        eventually(lambda: expected <= {verified(got)["session_id"] for got in receiver.got}, 60)
    told = [verified(got) for got in receiver.got]
    assert len({(each["session_id"], each["data"]["seq"]) for each in told}) == len({each["id"] for each in told})
    assert len({got.body for got in receiver.got}) == len({each["id"] for each in told})


def test_a_shutdown_says_goodbye_however_many_deliveries_keep_a_slow_disk_busy(tmp_path: Path) -> None:
    class Quick:
        """Receivers that take everything, none as fast as another: something is always being written."""

        async def post(self, url: str, headers: dict[str, str], body: bytes) -> Response:
            await asyncio.sleep(0.001 + hash(headers["X-Molroo-Delivery"]) % 20 / 1000)
            return Response(200)

    with serving(tmp_path, deliveries_per_host_max=64, deliveries_per_webhook_max=100_000, shutdown_grace_s=2) as node:
        node.api.create("mia")
        node.api.post("/v1/webhook/mia", {"url": "https://example.org/", "events": ["proactive"]})
        talk = node.live("mia")
        server = node.server
        append = server._ledger.journal.append

        async def slow(rows: Sequence[Row], changes: Sequence[Change]) -> dict[int, Exception]:
            await asyncio.sleep(0.010)
            return await append(rows, changes)

        async def flood() -> None:
            server._courier._sender = Quick()
            (session,) = server.host.registry.by_inner
            await server.host.gate.commit([hooks.queue(session, "proactive", 1, b"{}", 100_000)] * 5_000)
            server._ledger.journal.append = slow  # type: ignore[method-assign]
            server.host.queued()
            await asyncio.sleep(0.3)

        node.run(flood())
        node.stop()
        assert talk.ended()[0] == 1012


def test_a_shutdown_does_not_wait_for_a_receiver_that_stalls(tmp_path: Path, receiver: Receiver) -> None:
    receiver.always = kit.stalls
    with running(tmp_path, env=environment()) as server:
        api = Api(server.url, KEY)
        api.create("mia")
        hook(api, receiver.url())
        thrill(api)
        receiver.wait(1)
        began_s = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began_s < 5


# -- addresses ---------------------------------------------------------------------------------------------------------


def lie(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """From now on every name that ends in .test leads to these addresses, one each, then the last for ever."""
    asked: list[str] = []
    true = socket.getaddrinfo

    def look_up(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if not str(host).endswith(".test"):
            return true(host, port, *more, **named)
        asked.append(str(host))
        found = addresses[min(len(asked), len(addresses)) - 1]
        family = socket.AF_INET6 if ":" in found else socket.AF_INET
        where = (found, port, 0, 0) if ":" in found else (found, port)
        return [(family, socket.SOCK_STREAM, 6, "", where)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "0.1.2.3", "64:ff9b::7f00:1", "::"])
def test_a_name_that_leads_into_our_network_is_never_connected_to(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    asked = lie(monkeypatch, address)
    with serving(tmp_path, **{**FAST, "allow_private_webhooks": False}) as node:
        node.api.create("mia")
        hook(node.api, f"https://liar.test:{receiver.port}/hook")
        thrill(node.api)
        waiting = eventually(lambda: [each for each in deliveries(node) if each["attempts"] > 1])
        assert {each["error"] for each in waiting} == {"its name leads to a private address, which settings refuse"}
        assert len(asked) > 1
    assert receiver.accepted == 0


def test_each_connection_is_checked_even_when_the_name_changes_its_mind(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = lie(monkeypatch, "192.0.2.77", "127.0.0.1")
    reached: list[Any] = []
    true = WebhookSender._socket

    def note(self: WebhookSender, address: tuple[Any, ...]) -> socket.socket:
        if address[4][0] == "192.0.2.77":  # as if it were of the open internet, and refused
            raise ConnectionRefusedError(111, "refused")
        made = true(self, address)
        reached.append(address)
        return made

    monkeypatch.setattr(WebhookSender, "_socket", note)
    with serving(tmp_path, **{**FAST, "allow_private_webhooks": False}) as node:
        node.api.create("mia")
        hook(node.api, f"https://liar.test:{receiver.port}/hook", events=["emotional_overflow"])
        thrill(node.api)
        eventually(lambda: len(asked) > 3)
        errors = {each["error"] for each in deliveries(node)}
        assert errors == {"its name leads to a private address, which settings refuse"}
    assert (receiver.accepted, reached) == (0, [])


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1:{}/", "https://2130706433:{}/", "https://0x7f.1:{}/", "https://127.1:{}/", "https://[::1]:{}/",
     "https://localhost:{}/", "https://localhost.:{}/", "https://[::ffff:127.0.0.1]:{}/", "https://0:{}/"],
)  # fmt: skip
async def test_the_way_out_itself_reaches_no_private_address_whatever_registered_it(
    receiver: Receiver, url: str
) -> None:
    sender = WebhookSender(within_s=2, at_once=2, allow_private=False)
    await sender.open()
    try:
        with pytest.raises(Unreachable, match=r"private address|no connection") as refused:
            await sender.post(url.format(receiver.port), {}, b"{}")
        assert str(receiver.port) not in str(refused.value)
        assert "127" not in str(refused.value)
    finally:
        await sender.close()
    assert receiver.accepted == 0


def test_when_settings_turn_strict_what_was_registered_before_is_not_reached_either(
    tmp_path: Path, receiver: Receiver
) -> None:
    with serving(tmp_path, **FAST) as node:
        node.api.create("mia")
        hook(node.api, receiver.url())
        hook(node.api, receiver.url().replace("http:", "https:"))
    with serving(tmp_path, **{**FAST, "allow_private_webhooks": False}) as node:
        thrill(node.api)
        eventually(lambda: len({each["error"] for each in deliveries(node) if each["error"]}) == 2)
        assert {each["error"] for each in deliveries(node)} - {None} == {
            "its url is not https, and settings do not allow that any more",
            "its name leads to a private address, which settings refuse",
        }
    assert receiver.accepted == 0


def test_a_name_server_that_does_not_answer_holds_up_neither_sessions_nor_the_end(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = socket.getaddrinfo

    def look_up(host: Any, *more: Any, **named: Any) -> Any:
        if str(host).endswith(".test"):
            time.sleep(8)
        return true(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with serving(tmp_path, **FAST) as node:
        for number in range(12):
            node.api.create(f"s{number}")
            hook(node.api, f"https://silent{number}.test/", f"s{number}")
            thrill(node.api, f"s{number}")
        node.api.create("mia")
        hook(node.api, receiver.url(host="localhost"))
        began_s = time.monotonic()
        thrill(node.api)
        receiver.wait(1)
        assert node.api.delete("/v1/persona/s0").status == 200
        assert time.monotonic() - began_s < 4
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 5


# -- the routes --------------------------------------------------------------------------------------------------------


def test_a_secret_is_made_when_none_is_given_and_shown_this_once(node: Node, receiver: Receiver) -> None:
    made = hook(node.api, receiver.url(), secret=None, events=["proactive", "emotional_overflow", "proactive"])
    assert made.keys() == {"id", "url", "events", "createdAt", "secret"}
    assert made["events"] == ["proactive", "emotional_overflow"]
    assert made["secret"].startswith("whsec_")
    assert len(made["secret"]) > 30
    listed = node.api.get("/v1/webhook/mia").json
    assert listed == {"webhooks": [{name: value for name, value in made.items() if name != "secret"}]}
    thrill(node.api)
    verified(receiver.wait(1), made["secret"])


def test_a_session_may_have_eight_and_the_ninth_is_refused_until_one_goes(node: Node) -> None:
    made = [hook(node.api, f"https://example.org/{number}") for number in range(8)]
    body = {"url": "https://example.org/9", "events": ["proactive"]}
    refused = node.api.post("/v1/webhook/mia", body)
    assert (refused.status, refused.error["code"]) == (429, "RATE_LIMIT")
    assert refused.error["message"] == "this session has 8 webhooks, the most that it may have; delete one"
    assert refused.headers["Retry-After"]
    assert [each["id"] for each in node.api.get("/v1/webhook/mia").json["webhooks"]] == [each["id"] for each in made]
    assert node.api.delete(f"/v1/webhook/mia/{made[0]['id']}").json == {"deleted": True}
    assert node.api.post("/v1/webhook/mia", body).status == 201


def test_what_is_not_there_is_not_found_and_gone_is_gone(node: Node) -> None:
    made = hook(node.api, "https://example.org/")
    path = f"/v1/webhook/mia/{made['id']}"
    node.api.create("noa")
    for wrong in ("/v1/webhook/mia/wh_unknown", f"/v1/webhook/noa/{made['id']}", f"/v1/webhook/nobody/{made['id']}"):
        reply = node.api.delete(wrong)
        assert (reply.status, reply.error["code"]) == (404, "NOT_FOUND")
    assert node.api.get("/v1/webhook/nobody").status == 404
    assert node.api.post("/v1/webhook/nobody", {"url": "https://example.org/", "events": ["proactive"]}).status == 404
    assert node.api.delete(path).status == 200
    assert node.api.delete(path).error["message"] == f"no webhook {made['id']}"
    assert node.api.get("/v1/webhook/mia").json == {"webhooks": []}


def test_webhooks_go_with_their_session_and_do_not_come_back_with_its_name(node: Node, receiver: Receiver) -> None:
    hook(node.api, receiver.url())
    assert node.api.delete("/v1/persona/mia").status == 200
    assert node.api.get("/v1/webhook/mia").status == 404
    node.api.create("mia")
    assert node.api.get("/v1/webhook/mia").json == {"webhooks": []}
    thrill(node.api)
    assert (deliveries(node), receiver.accepted) == ([], 0)


def test_an_address_that_settings_refuse_is_refused_where_it_is_given(tmp_path: Path) -> None:
    with serving(tmp_path) as node:
        node.api.create("mia")
        for url in ("https://127.0.0.1/", "https://2130706433/", "https://localhost./", "http://example.org/"):
            reply = node.api.post("/v1/webhook/mia", {"url": url, "events": ["proactive"]})
            assert (reply.status, reply.error["code"]) == (400, "VALIDATION_ERROR")
            assert reply.error["details"] == {"path": "$.url"}
        assert node.api.get("/v1/webhook/mia").json == {"webhooks": []}


def test_no_secret_reaches_logs_errors_or_metrics(
    node: Node, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.script.extend([answer(500), kit.resets, kit.stalls])
    receiver.always = answer(410)
    made = hook(node.api, receiver.url())
    refused = node.api.post("/v1/webhook/mia", {"url": "ftp://x", "events": ["proactive"], "secret": SECRET})
    long = node.api.post("/v1/webhook/mia", {"url": receiver.url(), "events": ["proactive"], "secret": SECRET * 20})
    thrill(node.api)
    eventually(lambda: dead(node))
    metrics = node.api.get("/metrics").body.decode()
    said = [caplog.text, metrics, refused.body.decode(), long.body.decode(), json.dumps(deliveries(node, dead=True))]
    assert made["secret"] == SECRET
    assert long.status == 400
    assert not any(SECRET in each for each in said)
    assert 'molroo_deliveries_total{outcome="given_up"}' in metrics
    for name in ("running", "waiting", "dead"):
        assert f"\nmolroo_deliveries_{name} " in metrics
