"""Coming back: what a socket is owed that says what it saw last, in all cases, also while others go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.shapes import PROMPT, SOCKET_STATE, SOCKET_TURN, fits
from tests.e2e.wire import GLAD, Node, Talk, eventually, serving

KEPT = 20


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data"), history_kept=KEPT, hibernate_after_s=0.2, fold_age_s=0.1) as started:
        yield started


@pytest.fixture
def session(node: Node) -> str:
    made: str = node.api.post("/v1/persona", {"preset": "cheerful_companion"}).json["sessionId"]
    return made


def lived(node: Node, session: str, turns: int) -> tuple[str, list[Any]]:
    """(epoch, the turns as one socket saw them live)."""
    with node.join(session) as talk:
        epoch = str(talk.hear()["epoch"])
        return epoch, [talk.feel(id=f"id {number}") for number in range(1, turns + 1)]


def replay(talk: Talk, count: int) -> list[Any]:
    heard = [talk.hear() for _ in range(count)]
    assert talk.quiet() == []
    return heard


@pytest.mark.parametrize("where", ["journal", "file"])
@pytest.mark.parametrize("last_seq", [0, 3, 7])
def test_the_exact_gap_is_replayed_in_order_and_whole(node: Node, session: str, where: str, last_seq: int) -> None:
    epoch, live = lived(node, session, 8)
    if where == "file":
        eventually(lambda: node.look(lambda: not node.server._ledger.journal.tails))
        eventually(lambda: node.api.get(f"/v1/persona/{session}").json["status"] == "hibernated")
    with node.join(session, last_seq=last_seq, epoch=epoch) as talk:
        hello = talk.hear()
        assert (hello["type"], hello["seq"], hello["recovered"]) == ("connected", 8, True)
        heard = replay(talk, 8 - last_seq)
    for message, seen in zip(heard, live[last_seq:], strict=True):
        assert message.keys() == {"type", "seq", "replayed", "data"}
        assert (message["type"], message["seq"], message["replayed"]) == ("turn_result", seen["seq"], True)
        fits({**SOCKET_TURN, "prompt_data": PROMPT}, message["data"])
        assert {**message["data"], "prompt_data": None} == {**seen["data"], "prompt_data": None}


def test_nothing_missed_is_recovered_without_a_replay(node: Node, session: str) -> None:
    epoch, _ = lived(node, session, 3)
    with node.join(session, last_seq=3, epoch=epoch) as talk:
        assert talk.hear()["recovered"] is True
        assert talk.quiet() == []


@pytest.mark.parametrize(
    "query",
    [
        {"last_seq": 1},
        {"last_seq": 1, "epoch": ""},
        {"last_seq": 1, "epoch": "another"},
        {"last_seq": 4, "epoch": "EPOCH"},
        {"last_seq": 10**14, "epoch": "EPOCH"},
    ],
)
def test_what_cannot_be_promised_is_not_recovered_and_a_state_follows(
    node: Node, session: str, query: dict[str, Any]
) -> None:
    epoch, _ = lived(node, session, 3)
    if query.get("epoch") == "EPOCH":
        query = {**query, "epoch": epoch}
    with node.join(session, **query) as talk:
        assert talk.hear() == {
            "type": "connected", "session_id": session, "seq": 3, "epoch": epoch, "recovered": False,
        }  # fmt: skip
        state = talk.hear()
        assert (state["type"], state["seq"]) == ("state", 3)
        fits({**SOCKET_STATE, "prompt_data": PROMPT}, state["data"])
        assert talk.quiet() == []


def test_without_last_seq_nothing_is_said_of_recovery(node: Node, session: str) -> None:
    epoch, _ = lived(node, session, 2)
    with node.join(session, epoch=epoch) as talk:
        assert talk.hear()["recovered"] is None
        assert talk.quiet() == []


def test_the_kept_history_is_the_border(node: Node, session: str) -> None:
    epoch, _ = lived(node, session, KEPT + 5)
    with node.join(session, last_seq=5, epoch=epoch, prompt_data="false") as talk:
        assert talk.hear()["recovered"] is True
        assert [message["seq"] for message in replay(talk, KEPT)] == list(range(6, KEPT + 6))
    with node.join(session, last_seq=4, epoch=epoch) as talk:
        assert talk.hear()["recovered"] is False
        assert talk.hear()["type"] == "state"


def test_replays_leave_out_prompts_on_wish_and_rows_that_are_no_turns(node: Node, session: str) -> None:
    epoch, _ = lived(node, session, 2)
    node.api.put(f"/v1/proactive/{session}/preferences", {"enabled": True})
    node.api.feel(session)
    with node.join(session, last_seq=1, epoch=epoch, prompt_data="false") as talk:
        assert talk.hear()["seq"] == 4
        heard = replay(talk, 2)
        assert [message["seq"] for message in heard] == [2, 4]
        for message in heard:
            fits(SOCKET_TURN, message["data"])


def test_a_new_turn_after_the_replay_is_live(node: Node, session: str) -> None:
    epoch, _ = lived(node, session, 3)
    with node.join(session, last_seq=1, epoch=epoch) as talk:
        talk.send(type="turn", message="and on", id="on")
        heard = [talk.hear() for _ in range(4)]
        assert [message.get("seq") for message in heard] == [3, 2, 3, 4]
        assert (heard[3]["own"], heard[3]["reply_to"], "replayed" in heard[3]) == (True, "on", False)


def test_live_turns_join_the_replay_without_a_hole_under_load(node: Node, session: str) -> None:
    epoch, _ = lived(node, session, 10)
    over = threading.Event()

    def busy() -> None:
        with node.live(session, prompt_data="false") as talk:
            while not over.is_set():
                talk.ask(type="turn_appraisal", appraisal=GLAD)

    worker = threading.Thread(target=busy)
    worker.start()
    try:
        recovered = 0
        last = 10
        for _ in range(25):
            with node.join(session, last_seq=last, epoch=epoch, prompt_data="false") as talk:
                hello = talk.hear()
                if hello["recovered"]:
                    recovered += 1
                    expected = last + 1
                else:
                    expected = talk.until("state")["seq"] + 1
                for _ in range(max(0, hello["seq"] - expected + 1) + 5):
                    message = talk.hear()
                    assert (message["type"], message["seq"]) == ("turn_result", expected)
                    assert message.get("replayed", False) is (expected <= hello["seq"])
                    expected += 1
                last = expected - 1
        assert recovered >= 1
    finally:
        over.set()
        worker.join(10)


def test_epoch_and_resume_survive_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("data")) as node:
        node.api.create("mia")
        epoch, live = lived(node, "mia", 4)
        node.restart()
        with node.join("mia", last_seq=2, epoch=epoch) as talk:
            hello = talk.hear()
            assert (hello["epoch"], hello["seq"], hello["recovered"]) == (epoch, 4, True)
            assert [message["seq"] for message in replay(talk, 2)] == [3, 4]
            again = talk.feel(id="id 2")
            assert (again["seq"], again["duplicate"]) == (2, True)
            assert again["data"] == live[1]["data"]


def test_two_sessions_of_one_name_have_different_epochs(node: Node) -> None:
    node.api.create("twice")
    epoch, _ = lived(node, "twice", 2)
    node.api.delete("/v1/persona/twice")
    node.api.create("twice")
    with node.join("twice", last_seq=0, epoch=epoch) as talk:
        hello = talk.hear()
        assert hello["epoch"] != epoch
        assert hello["recovered"] is False
