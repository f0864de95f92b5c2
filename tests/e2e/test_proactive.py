"""Characters that reach out, over the wire: REST, sockets, the relationship, and the time scale that makes it quick.

A day of theirs passes in a second; nothing here waits for longer than a few.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import shapes as form
from tests.e2e.shapes import fits
from tests.e2e.test_openapi import agrees, misfits
from tests.e2e.test_start import complaint, serve
from tests.e2e.wire import Api, Node, Talk, eventually, serving

SCALE = 86_400.0
ON = {"enabled": True, "cooldown_hours": 0}
ACTION = {
    "id": form.matching(r"act_\d+_\w+"),
    "type": form.one_of("attachment_seeking", "need_deficit", "emotional_overflow"),
    "message": form.words,
    "priority": form.one_of("low", "medium", "high"),
    "metadata": {
        "action": form.one_of("initiate_conversation", "seek_comfort", "express_emotion"),
        "reason": form.words,
        "value": form.number(0, 1),
        "threshold": form.number(0, 1),
        "emotion": {"V": form.number(-1, 1), "A": form.number(0, 1), "D": form.number(-1, 1)},
        "discrete_emotion": form.words,
        "created_at": form.moment,
        "expires_at": form.moment,
    },
}
PUSHED = {
    "action_id": form.matching(r"act_\d+_\w+"),
    "action_type": form.one_of("attachment_seeking", "need_deficit", "emotional_overflow"),
    "message": form.words,
    "priority": form.one_of("low", "medium", "high"),
    "timestamp": form.moment,
    "action": form.one_of("initiate_conversation", "seek_comfort", "express_emotion"),
    "reason": form.words,
    "emotion": {"V": form.number(-1, 1), "A": form.number(0, 1), "D": form.number(-1, 1)},
    "discrete_emotion": form.words,
}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data"), time_scale=SCALE, hibernate_after_s=0.4) as started:
        yield started


@pytest.fixture(scope="module")
def contract(node: Node) -> Any:
    return Api(node.server.url, None).get("/openapi.json").json


def alone(node: Node, session: str, **changed: Any) -> None:
    """A session that was spoken to, may act by itself, and is left alone."""
    node.api.create(session)
    node.api.feel(session)
    preferences = {**ON, "triggers": {"emotional_overflow": False, "need_deficit": False}, **changed}
    assert node.api.put(f"/v1/proactive/{session}/preferences", preferences).status == 200


def pending(node: Node, session: str) -> Any:
    return node.api.get(f"/v1/proactive/{session}").json


def acted(node: Node, session: str) -> Any:
    """Its first action, once it has acted."""
    return eventually(lambda: pending(node, session))[0]


def kinds(node: Node, session: str) -> list[str]:
    return [item["kind"] for item in node.api.get(f"/v1/history/{session}").json["items"]]


# -- REST --------------------------------------------------------------------------------------------------------------


def test_left_alone_it_acts_and_polling_sees_it_until_it_is_acknowledged(node: Node, contract: Any) -> None:
    alone(node, "polled")
    action = acted(node, "polled")
    fits(ACTION, action)
    reply = node.api.get("/v1/proactive/polled")
    agrees(contract, "get", "/v1/proactive/{sessionId}", reply, 200)
    assert (action["type"], action["metadata"]["reason"]) == ("attachment_seeking", "absence")
    assert action["metadata"]["value"] < action["metadata"]["threshold"]
    path = f"/v1/proactive/polled/{action['id']}/ack"
    for _ in range(2):
        reply = node.api.post(path)
        agrees(contract, "post", "/v1/proactive/{sessionId}/{actionId}/ack", reply, 200)
        assert reply.json == {"acknowledged": True}
    assert (pending(node, "polled"), kinds(node, "polled")) == ([], ["turn", "prefs", "proactive", "ack"])
    items = node.api.get("/v1/history/polled").json["items"]
    assert items[2]["input"] == {"action": action}
    assert items[3]["input"] == {"action_id": action["id"]}
    agrees(contract, "get", "/v1/history/{sessionId}", node.api.get("/v1/history/polled"), 200)


def test_an_unknown_action_is_not_found(node: Node) -> None:
    alone(node, "unknown", enabled=False)
    for action in ("act_1_00000000", "nonsense", "%F0%9F%99%82", "x" * 500):
        reply = node.api.post(f"/v1/proactive/unknown/{action}/ack")
        assert (reply.status, reply.error["code"]) == (404, "NOT_FOUND")


def test_preferences_are_replaced_as_a_whole_and_disabling_hides_what_pends(node: Node, contract: Any) -> None:
    alone(node, "hidden", max_daily=5)
    action = acted(node, "hidden")
    reply = node.api.put("/v1/proactive/hidden/preferences", {"enabled": False})
    agrees(contract, "put", "/v1/proactive/{sessionId}/preferences", reply, 200)
    assert reply.json == {
        "sessionId": "hidden",
        "preferences": {
            "enabled": False,
            "triggers": {"attachment_seeking": True, "need_deficit": True, "emotional_overflow": True},
            "cooldown_hours": 4.0,
            "max_daily": None,
            "quiet_hours": None,
        },
    }
    assert pending(node, "hidden") == []
    with node.live("hidden") as talk:
        assert [message["type"] for message in talk.quiet()] in ([], ["state"])
    node.api.put("/v1/proactive/hidden/preferences", {**ON, "triggers": {"emotional_overflow": True}})
    assert [each["id"] for each in pending(node, "hidden")] == [action["id"]]


def test_relationship_is_what_the_document_says(node: Node, contract: Any) -> None:
    node.api.create("bond")
    for text in ("I love talking to you", "You are useless", "I am so sorry, you are wonderful"):
        node.api.turn("bond", text)
    reply = node.api.get("/v1/relationship/bond")
    agrees(contract, "get", "/v1/relationship/{sessionId}", reply, 200)
    assert reply.json["relationship"]["interaction_count"] == 3
    assert reply.json["trust_history"]


# -- sockets -----------------------------------------------------------------------------------------------------------


def order(talk: Talk) -> list[str]:
    """The types of everything that came without asking."""
    return [message["type"] for message in talk.quiet()]


def test_all_sockets_hear_of_it_at_once_and_one_acknowledges(node: Node, contract: Any) -> None:
    alone(node, "pushed")
    with node.live("pushed", prompt_data="false") as one, node.live("pushed") as two:
        heard, with_prompt = one.until("proactive"), two.until("proactive")
        assert misfits(contract, contract["components"]["schemas"]["ProactiveMessage"], with_prompt) == []
        prompt = with_prompt["data"].pop("prompt_data")
        assert prompt["formatted"]["system_prompt"]
        assert heard == with_prompt
        assert heard["seq"] == 3
        fits(PUSHED, heard["data"])
        action = heard["data"]["action_id"]
        for seq in (4, 4):
            answer = one.ask(type="ack_proactive", action_id=action, id="done")
            assert answer == {"type": "ack", "seq": seq, "data": {"action_id": action}, "reply_to": "done"}
        assert order(two) == []
        wrong = two.ask(type="ack_proactive", action_id="act_9_00000000", id="wrong")
        assert (wrong["type"], wrong["code"], wrong["reply_to"]) == ("error", "NOT_FOUND", "wrong")
        assert two.say("still here")["type"] == "turn_result"
    assert pending(node, "pushed") == []


def test_until_it_is_acknowledged_each_new_connection_hears_of_it_in_its_place(node: Node, contract: Any) -> None:
    alone(node, "missed")
    action = acted(node, "missed")
    for query in ({"last_seq": 0}, {"last_seq": 99, "epoch": "another"}):  # nothing of either can be resumed
        with node.join("missed", prompt_data="false", **query) as talk:
            assert order(talk) == ["connected", "state", "missed_proactive"]
    with node.join("missed") as talk:
        epoch = talk.hear()["epoch"]
        missed = talk.until("missed_proactive")
        assert misfits(contract, contract["components"]["schemas"]["MissedProactiveMessage"], missed) == []
        assert [each["action_id"] for each in missed["data"]] == [action["id"]]
        assert missed["data"][0]["prompt_data"]["formatted"]
    node.api.feel("missed")
    with node.join("missed", last_seq=0, epoch=epoch, prompt_data="false") as talk, node.live("missed") as other:
        heard = talk.quiet()
        assert [(each["type"], each.get("seq"), each.get("replayed")) for each in heard] == [
            ("connected", 4, None), ("turn_result", 1, True), ("turn_result", 4, True),
            ("missed_proactive", None, None),
        ]  # fmt: skip
        assert other.until("missed_proactive")["data"][0]["action_id"] == action["id"]
        other.say("hello")
        assert order(talk) == ["turn_result"]
        talk.ask(type="ack_proactive", action_id=action["id"])
    with node.live("missed") as talk:
        assert "missed_proactive" not in order(talk)


def test_one_acknowledgement_over_rest_and_one_over_a_socket_at_once_are_one(node: Node) -> None:
    alone(node, "both")
    action = acted(node, "both")
    with node.live("both") as talk:
        talk.send(type="ack_proactive", action_id=action["id"])
        assert node.api.post(f"/v1/proactive/both/{action['id']}/ack").status == 200
        assert talk.until("ack")["seq"] == 4
    assert kinds(node, "both") == ["turn", "prefs", "proactive", "ack"]


def test_preferences_over_a_socket_are_answered_whole_and_take_effect_at_once(node: Node) -> None:
    node.api.create("prefs")
    node.api.feel("prefs")
    with node.live("prefs", prompt_data="false") as talk:
        talk.quiet()
        answer = talk.ask(type="set_proactive_prefs", preferences=ON, id="p")
        assert (answer["type"], answer["seq"], answer["reply_to"]) == ("proactive_prefs", 2, "p")
        assert answer["data"]["enabled"] is True
        assert answer["data"]["triggers"] == {
            "attachment_seeking": True, "need_deficit": True, "emotional_overflow": True,
        }  # fmt: skip
        assert talk.until("proactive")["data"]["action_type"] == "attachment_seeking"


def test_it_outlives_a_restart_and_what_was_due_meanwhile_happens_once(tmp_path: Path) -> None:
    with serving(tmp_path, time_scale=SCALE) as node:
        alone(node, "early")
        first = acted(node, "early")
        alone(node, "late")
        node.stop()
        ledger = sqlite3.connect(tmp_path / "node.db")
        with ledger:
            ((due_ms, was),) = ledger.execute("SELECT due_ms, set_seq FROM alarm").fetchall()
        ledger.close()
        assert was == 2
        node.start()
        assert [each["id"] for each in pending(node, "early")] == [first["id"]]
        late = acted(node, "late")
        assert kinds(node, "late") == ["turn", "prefs", "proactive"]
        assert form.moment(late["metadata"]["created_at"])
        assert due_ms > 0


# -- the time scale ----------------------------------------------------------------------------------------------------


def test_a_time_scale_beside_live_sessions_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as node:
        live = Api(node.server.url, node.key("default", live=True))
        live.create("precious")
    ended = serve(tmp_path, MOLROO_TIME_SCALE="3600")
    assert "holds sessions of live keys" in complaint(ended)
    with serving(tmp_path, time_scale=3600.0, time_scale_beside_live=True) as node:
        node.api.create("toy")
        found = node.run(node.server._ledger.read(_scales))
    assert found == [("precious", 1.0), ("toy", 3600.0)]


def _scales(ledger: sqlite3.Connection) -> list[tuple[str, float]]:
    return ledger.execute("SELECT id, time_scale FROM session ORDER BY inner_id").fetchall()
