"""Requests that meet: creates, deletes, turns, reads and sockets of one session at the same time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.wire import GLAD, KEY, PERSONA, Api, Node, eventually, serving


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data"), fold_age_s=0.01, hibernate_after_s=0.05) as started:
        yield started


def together(*works: Callable[[], Any]) -> list[Any]:
    """All at the same time; what each returned, in their order. An exception in one is raised here."""
    start, found = threading.Barrier(len(works)), list[Any]([None] * len(works))

    def run(at: int, work: Callable[[], Any]) -> None:
        start.wait(10)
        try:
            found[at] = work()
        except BaseException as error:  # noqa: BLE001 - it is raised by whoever waits
            found[at] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for result in found:
        if isinstance(result, BaseException):
            raise result
    return found


def test_one_of_many_creates_of_one_id_wins(node: Node) -> None:
    for number in range(5):
        body = {**PERSONA, "sessionId": f"wanted-{number}"}
        statuses = together(*[lambda body=body: node.api.post("/v1/persona", body).status for _ in range(6)])
        assert sorted(statuses) == [201, 409, 409, 409, 409, 409]
        assert node.api.turn(f"wanted-{number}")["seq"] == 1


def test_one_of_many_deletes_wins_and_turns_are_taken_or_find_nothing(node: Node) -> None:
    before = node.api.get("/v1/health").json["sessions"]
    for number in range(8):
        session = f"going-{number}"
        node.api.create(session)
        node.api.feel(session)
        body = {"sessionId": session, "appraisal": GLAD}

        def end(session: str = session) -> int:
            return node.api.delete(f"/v1/persona/{session}").status

        def turn(body: Any = body) -> int:
            return node.api.post("/v1/turn/appraisal", body).status

        statuses = together(end, turn, end, turn, turn, end)
        assert Counter([statuses[0], statuses[2], statuses[5]]) == {200: 1, 404: 2}
        assert {statuses[1], statuses[3], statuses[4]} <= {200, 404}
        assert node.api.get(f"/v1/state/{session}").status == 404
    assert node.api.get("/v1/health").json["sessions"] == before


def test_reads_that_meet_a_delete_find_the_session_or_nothing_and_never_damage(node: Node) -> None:
    for number in range(12):
        session = f"read-{number}"
        node.api.create(session)
        for _ in range(3):
            node.api.feel(session)
        if number % 2:
            eventually(lambda: node.look(lambda: not node.server._ledger.journal.tails))
        paths = ("state", "history", "state", "persona", "history", "proactive")

        def read(path: str, session: str = session) -> set[int]:
            return {node.api.get(f"/v1/{path}/{session}").status for _ in range(4)}

        def end(session: str = session) -> set[int]:
            return {node.api.delete(f"/v1/persona/{session}").status}

        found = together(*[lambda path=path: read(path) for path in paths], end)
        assert found[-1] == {200}
        assert set().union(*found) <= {200, 404}, found
    assert "molroo_damaged_sessions 0.0" in node.api.get("/metrics").body.decode()


def test_sockets_that_meet_a_delete_end_at_4404(node: Node) -> None:
    for number in range(6):
        session = f"met-{number}"
        node.api.create(session)
        node.api.feel(session)

        def talk(session: str = session) -> int:
            with node.join(session, last_seq=0, epoch="?") as socket:
                return socket.ended()[0]

        def end(session: str = session) -> int:
            return node.api.delete(f"/v1/persona/{session}").status

        *codes, status = together(talk, talk, talk, end)
        assert (codes, status) == ([4404] * 3, 200)


def test_a_session_made_anew_under_a_deleted_name_has_nothing_of_the_old_one(node: Node) -> None:
    for number in range(1, 8):
        node.api.create("again")
        for _ in range(number):
            node.api.feel("again")
        assert node.api.get("/v1/state/again").json["seq"] == number
        assert len(node.api.get("/v1/history/again").json["items"]) == number
        assert node.api.delete("/v1/persona/again").status == 200


def test_more_sessions_than_may_be_awake_take_their_turns_or_are_told_when_to_come_back(tmp_path: Path) -> None:
    with serving(tmp_path, resident_max=3, fold_age_s=0.05) as node:
        sessions = [f"s{number}" for number in range(12)]
        for session in sessions:
            node.api.create(session)

        def live(session: str) -> int:
            api, taken = Api(node.server.url, KEY), 0
            for _ in range(10):
                reply = api.post("/v1/turn/appraisal?prompt_data=false", {"sessionId": session, "appraisal": GLAD})
                if reply.status == 503:
                    assert int(reply.headers["Retry-After"]) >= 1
                    assert reply.error["code"] == "OVERLOADED"
                else:
                    taken += 1
                    assert (reply.status, reply.json["seq"]) == (200, taken)
            return taken

        taken = together(*[lambda session=session: live(session) for session in sessions])
        assert sum(taken) > 0
        for session, count in zip(sessions, taken, strict=True):
            assert node.api.get(f"/v1/state/{session}?prompt_data=false").json["seq"] == count
        assert node.look(lambda: node.server.host.residency.residents) <= 3


def test_a_socket_and_rest_at_once_share_one_order(node: Node) -> None:
    node.api.create("shared")
    with node.live("shared", prompt_data="false") as talk:

        def by_rest() -> list[int]:
            return [node.api.feel("shared")["seq"] for _ in range(20)]

        def by_socket() -> list[int]:
            for number in range(20):
                talk.send(type="turn_appraisal", appraisal=GLAD, id=str(number))
            return []

        *answered, _ = together(by_rest, by_rest, by_socket)
        heard = [talk.hear() for _ in range(60)]
    assert [message["seq"] for message in heard] == list(range(1, 61))
    own = [message["seq"] for message in heard if "own" in message]
    assert len(own) == 20
    assert sorted(own + answered[0] + answered[1]) == list(range(1, 61))


def test_nothing_is_left_of_many_visits_once_all_have_gone(tmp_path: Path) -> None:
    with serving(tmp_path, hibernate_after_s=0.05, fold_age_s=0.05) as node:
        for number in range(10):
            node.api.create(f"s{number}")

        def visit(number: int) -> None:
            for _ in range(3):
                with node.join(f"s{number}", last_seq=0, epoch="?") as talk:
                    assert talk.until("state")["type"] == "state"
                    talk.feel()
                node.api.get(f"/v1/state/s{number}")
                with node.join(f"s{number}x") as talk:
                    assert talk.ended()[0] == 4404

        together(*[lambda number=number: visit(number) for number in range(10)])

        def all_gone() -> bool:
            names = ("resident", "slots", "sockets", "mailbox_depth", "gate_depth", "journal_bytes")
            lines = node.api.get("/metrics").body.decode().splitlines()
            return {f"molroo_{name} 0.0" for name in names} <= set(lines)

        eventually(all_gone)
        assert "molroo_turns_total 30.0" in node.api.get("/metrics").body.decode()
