"""The socket in quiet times: its order, its types, own and pushed turns, reads, and what each field holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.shapes import PROMPT, SOCKET_STATE, SOCKET_TURN, fits
from tests.e2e.wire import GLAD, Node, Talk, eventually, raw, serving, upgrade


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture
def session(node: Node, request: pytest.FixtureRequest) -> str:
    """A new session for each test, by the test's number."""
    made: str = node.api.post("/v1/persona", {"preset": "cheerful_companion"}).json["sessionId"]
    return made


def test_connected_comes_first_and_says_where_the_session_is(node: Node, session: str) -> None:
    with node.join(session) as talk:
        hello = talk.hear()
        epoch = hello.pop("epoch")
        assert hello == {"type": "connected", "session_id": session, "seq": 0, "recovered": None}
        assert isinstance(epoch, str)
        assert talk.quiet() == []
    node.api.turn(session)
    with node.join(session) as talk:
        assert talk.hear() == {**hello, "seq": 1, "epoch": epoch}


def test_a_turn_sent_before_connected_is_read_is_handled(node: Node, session: str) -> None:
    with node.join(session) as talk:
        talk.send(type="turn", message="hello", id="early")
        assert [talk.hear()["type"] for _ in range(2)] == ["connected", "turn_result"]


def test_a_frame_that_comes_with_the_upgrade_request_is_handled(node: Node, session: str) -> None:
    text = b'{"type":"ping","id":"at once"}'
    frame = bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text  # masked with zeros
    heard = raw(node.api.port, upgrade(session) + frame, enough=lambda heard: b"pong" in heard)
    assert heard.index(b'"connected"') < heard.index(b'{"type":"pong","reply_to":"at once"}')


@pytest.mark.parametrize(
    "message",
    [
        {"type": "turn", "message": "I missed you"},
        {"type": "turn", "event": {"description": "rain", "source": "system"}, "elapsed_seconds": 60},
        {"type": "turn", "message": "", "eventContext": "at sea", "elapsedSeconds": 1},
        {"type": "turn_appraisal", "appraisal": GLAD, "context": "a gift"},
        {"type": "appraisal", "appraisal": GLAD},
    ],
)
def test_a_turn_is_answered_in_the_sockets_form(node: Node, session: str, message: dict[str, Any]) -> None:
    with node.live(session) as talk:
        answer = talk.ask(**message, id="x")
        data = answer.pop("data")
        assert answer == {"type": "turn_result", "seq": 1, "own": True, "reply_to": "x"}
        fits({**SOCKET_TURN, "prompt_data": PROMPT}, data)
        assert data["discrete_emotion"] == data["discrete"]["primary"]
        assert data["soul_stage"]["stage"] == data["soul_stage"]["name"]
        if "appraisal" in message:
            assert data["appraisal"] == GLAD


def test_state_is_answered_in_the_sockets_form(node: Node, session: str) -> None:
    with node.live(session) as talk:
        talk.say()
        answer = talk.ask(type="get_state", id="s")
        data = answer.pop("data")
        assert answer == {"type": "state", "seq": 1, "reply_to": "s"}
        fits({**SOCKET_STATE, "prompt_data": PROMPT}, data)
        assert data["need_state"]["belonging"] == data["need_state"]["relatedness"]
        rest = node.api.get(f"/v1/state/{session}").json
        assert data["body_budget"]["energy"] == pytest.approx(rest["body_budget"], abs=1e-3)
        assert data["discrete"] == rest["discrete_emotion"]


def test_prompt_data_is_left_out_of_turns_pushes_and_states_on_wish(node: Node, session: str) -> None:
    with node.live(session, prompt_data="false") as bare, node.live(session) as whole:
        fits(SOCKET_TURN, bare.say()["data"])
        fits({**SOCKET_TURN, "prompt_data": PROMPT}, whole.hear()["data"])
        assert "prompt_data" in whole.say()["data"]
        fits(SOCKET_TURN, bare.hear()["data"])
        fits(SOCKET_STATE, bare.ask(type="get_state")["data"])


def test_every_turn_reaches_every_socket_once_and_the_senders_copy_is_its_own(node: Node, session: str) -> None:
    with node.live(session) as one, node.live(session) as two, node.live(session) as three:
        talks: list[Talk] = [one, two, three]
        for number, sender in enumerate(talks * 4, 1):
            answer = sender.say(id=f"n{number}")
            assert (answer["seq"], answer["own"], answer["reply_to"]) == (number, True, f"n{number}")
            for other in talks:
                if other is not sender:
                    pushed = other.hear()
                    assert pushed["seq"] == number
                    assert not {"own", "reply_to", "duplicate", "replayed"} & pushed.keys()
                    assert pushed["data"] == answer["data"]
        assert [talk.quiet() for talk in talks] == [[], [], []]


def test_a_rest_turn_is_pushed_to_all_sockets(node: Node, session: str) -> None:
    with node.live(session) as one, node.live(session) as two:
        answer = node.api.feel(session)
        for talk in (one, two):
            pushed = talk.hear()
            assert (pushed["type"], pushed["seq"]) == ("turn_result", answer["seq"])
            assert "own" not in pushed
            assert pushed["data"]["new_emotion"] == answer["new_emotion"]
            assert pushed["data"]["body_budget"]["energy"] == answer["body_budget"]
            assert talk.quiet() == []


def test_changes_that_are_no_turns_are_not_pushed(node: Node, session: str) -> None:
    with node.live(session) as one, node.live(session) as two:
        answer = one.ask(type="set_proactive_prefs", preferences={"enabled": True})
        assert answer["type"] == "proactive_prefs"
        assert two.quiet() == []
        assert two.say()["seq"] == 2
        assert one.hear()["seq"] == 2


def test_get_state_after_ones_own_turns_shows_them(node: Node, session: str) -> None:
    with node.live(session, prompt_data="false") as talk:
        for _ in range(5):
            talk.send(type="turn_appraisal", appraisal=GLAD)
        talk.send(type="get_state", id="after")
        heard = [talk.hear() for _ in range(6)]
        assert [message["seq"] for message in heard[:5]] == [1, 2, 3, 4, 5]
        assert (heard[5]["type"], heard[5]["seq"], heard[5]["reply_to"]) == ("state", 5, "after")
        assert heard[5]["data"]["emotion"]["V"] == pytest.approx(heard[4]["data"]["new_emotion"]["V"], abs=1e-3)


def test_a_sockets_messages_are_handled_in_order(node: Node, session: str) -> None:
    with node.live(session, prompt_data="false") as talk:
        for number in range(40):
            talk.send(type="turn", message=f"word {number}", id=str(number))
        heard = [talk.hear() for _ in range(40)]
    assert [(message["seq"], message["reply_to"]) for message in heard] == [(n + 1, str(n)) for n in range(40)]
    rows = node.api.get(f"/v1/history/{session}").json["items"]
    assert [row["input"]["message"] for row in rows] == [f"word {number}" for number in range(40)]


def test_an_id_is_echoed_on_everything_that_answers(node: Node, session: str) -> None:
    with node.live(session) as talk:
        assert talk.ask(type="ping") == {"type": "pong"}
        for name in ("x", "x" * 64, "é한😀", '"\\\n'):
            assert talk.ask(type="ping", id=name) == {"type": "pong", "reply_to": name}
            assert talk.ask(type="get_state", id=name)["reply_to"] == name
            assert talk.ask(type="turn", id=name)["reply_to"] == name
            assert talk.ask(type="nonsense", id=name)["reply_to"] == name
        assert "reply_to" not in talk.ask(type="get_state")


def test_the_same_id_on_what_is_no_turn_only_correlates(node: Node, session: str) -> None:
    with node.live(session) as talk:
        for _ in range(2):
            assert talk.ask(type="ping", id="a")["type"] == "pong"
            assert talk.ask(type="get_state", id="a")["type"] == "state"
        answer = talk.say(id="a")
        assert (answer["type"], answer["seq"], "duplicate" in answer) == ("turn_result", 1, False)


def test_a_repeat_goes_to_the_asker_alone_and_is_not_applied(node: Node, session: str) -> None:
    with node.live(session) as one, node.live(session) as two:
        first = one.say("once", id="a")
        two.hear()
        one.say()
        two.hear()
        again = one.say("once", id="a")
        assert {**again, "own": True} == {**first, "duplicate": True}
        assert two.quiet() == []
        elsewhere = two.say("once", id="a")
        assert (elsewhere["seq"], elsewhere["duplicate"]) == (1, True)
        assert one.quiet() == []
        error = two.say("twice", id="a")
        assert (error["type"], error["code"], error["reply_to"]) == ("error", "CONFLICT", "a")
        assert one.say()["seq"] == 3


def test_a_ping_does_not_wake_the_actor(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("sleepy"), hibernate_after_s=0.2) as node:
        node.api.create("mia")
        with node.live("mia") as talk:
            eventually(lambda: node.api.get("/v1/persona/mia").json["status"] == "hibernated")
            for _ in range(3):
                assert talk.ask(type="ping", id="p") == {"type": "pong", "reply_to": "p"}
            assert node.api.get("/v1/persona/mia").json["status"] == "hibernated"
            assert talk.say()["seq"] == 1
            assert node.api.get("/v1/persona/mia").json["status"] == "idle"


def test_a_sleeping_session_keeps_its_sockets_and_wakes_for_a_message(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("sleepy"), hibernate_after_s=0.2, fold_age_s=0.05) as node:
        node.api.create("mia")
        with node.live("mia") as one, node.live("mia") as two:
            for number in range(1, 4):
                assert one.say(f"turn {number}", id=f"id {number}")["seq"] == number
                assert two.hear()["seq"] == number
                eventually(lambda: node.look(lambda: node.server.host.residency.residents) == 0)
            assert node.api.turn("mia")["seq"] == 4
            assert [talk.hear()["seq"] for talk in (one, two)] == [4, 4]
            eventually(lambda: node.look(lambda: node.server.host.residency.residents) == 0)
            assert one.say("turn 2", id="id 2")["duplicate"] is True
