"""The command line about webhooks: what is registered, what waits, what was given up, and trying that again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from molroo_actor.errors import MolrooError
from molroo_actor.storage import catalog
from tests.e2e.test_operator import Command
from tests.e2e.wire import Node, eventually, serving
from tests.kit.receiver import Receiver, answer, receiving

SECRET = "a secret of sixteen or more"
FAST: dict[str, Any] = {"allow_private_webhooks": True, "delivery_retry_first_s": 300}


class Stage(NamedTuple):
    """A data folder with a delivery that waits and two that were given up, and the commands on it."""

    command: Command
    receiver: Receiver
    serve_again: Callable[[], Any]


@pytest.fixture(params=["live", "without a server"])
def stage(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Stage]:
    """The same on a node that serves and on one that does not."""
    with receiving() as receiver:
        with serving(tmp_path, **FAST) as node:
            for session, status in (("mia", 404), ("noa", 503)):
                receiver.always = answer(status)
                move(node, session, receiver.url(f"/{session}?token=of-the-receiver"))
                eventually(lambda: all(each["attempts"] for each in waiting(node)))
            receiver.always = answer(200)
            if request.param == "live":
                yield Stage(Command(tmp_path, capsys), receiver, lambda: None)
                return
        yield Stage(Command(tmp_path, capsys), receiver, lambda: serve_a_while(tmp_path, receiver))


def move(node: Node, session: str, url: str) -> None:
    """An overflow of a session with a webhook."""
    node.api.create(session)
    body = {"url": url, "events": ["emotional_overflow"], "secret": SECRET}
    assert node.api.post(f"/v1/webhook/{session}", body).status == 201
    for _ in range(3):
        node.api.feel(session, goal_relevance=1.0, goal_congruence=1.0, expectedness=0.0)


def waiting(node: Node) -> list[Any]:
    return node.run(node.server._admin._admin._deliveries(False, 500))


def serve_a_while(data: Path, receiver: Receiver) -> None:
    before = len(receiver.got)
    with serving(data, **FAST):
        receiver.wait(before + 1)


def test_webhooks_are_listed_without_secrets(stage: Stage) -> None:
    rows = stage.command.json("webhooks", "list")
    assert [(row["session"], row["tenant"], row["kind"]) for row in rows] == [
        ("mia", "default", "test"),
        ("noa", "default", "test"),
    ]
    assert rows[0].keys() == {"id", "session", "tenant", "kind", "url", "events", "created"}
    assert (rows[0]["url"], rows[0]["events"]) == (stage.receiver.url("/mia"), ["emotional_overflow"])
    assert [row["session"] for row in stage.command.json("webhooks", "list", "noa")] == ["noa"]
    assert stage.command.json("webhooks", "list", "nobody") == []
    assert len(stage.command.json("webhooks", "list", "--limit", "1")) == 1
    table = stage.command("webhooks", "list")
    assert [line.split()[1] for line in table.splitlines()] == ["session", "mia", "noa"]
    assert stage.command("webhooks", "list", "nobody") == "none\n"
    for text in (table, stage.command("webhooks", "list", "--json")):
        assert SECRET not in text
        assert "of-the-receiver" not in text


def test_deliveries_that_wait_and_that_were_given_up_are_listed(stage: Stage) -> None:
    (row,) = stage.command.json("deliveries", "list")
    assert row.keys() == {
        "id", "session", "tenant", "kind", "event", "url", "happened", "attempts", "next", "given_up", "error",
    }  # fmt: skip
    assert (row["session"], row["event"], row["attempts"], row["given_up"]) == ("noa", "emotional_overflow", 1, None)
    assert (row["error"], row["next"] > row["happened"]) == ("the receiver answered 503", True)
    (dead,) = stage.command.json("deliveries", "list", "--dead")
    assert (dead["session"], dead["next"], dead["error"]) == (
        "mia",
        None,
        "the receiver answered 404, which is final",
    )
    assert dead["given_up"] >= dead["happened"]
    for flags in ((), ("--dead",), ("--json",), ("--dead", "--json")):
        text = stage.command("deliveries", "list", *flags)
        assert SECRET not in text
        assert "of-the-receiver" not in text
    assert dead["id"] in stage.command("deliveries", "list", "--dead")


def test_what_was_given_up_is_tried_again_with_the_same_id(stage: Stage) -> None:
    (dead,) = stage.command.json("deliveries", "list", "--dead")
    (waits,) = stage.command.json("deliveries", "list")
    for wrong in ("dlv_unknown", waits["id"]):
        assert stage.command("deliveries", "retry", wrong, code=1) == (
            f"molroo-actor: no delivery {wrong} that was given up\n"
        )
    before = len(stage.receiver.got)
    assert stage.command("deliveries", "retry", dead["id"]) == f"delivery {dead['id']} is tried again\n"
    stage.serve_again()
    assert stage.receiver.wait(before + 1, within_s=3).headers["x-molroo-delivery"] == dead["id"]
    eventually(lambda: [each["id"] for each in stage.command.json("deliveries", "list")] == [waits["id"]])
    assert stage.command.json("deliveries", "list", "--dead") == []


def test_doctor_names_what_keeps_failing(stage: Stage) -> None:
    report = stage.command("doctor", code=1)
    assert report.splitlines()[0] == (
        f"session mia of default (test): deliveries to {stage.receiver.url('/mia')} that were given up: 1, the last"
        " because the receiver answered 404, which is final; `molroo-actor deliveries list --dead` shows them"
    )
    assert SECRET not in report
    assert "of-the-receiver" not in report
    assert len(report.splitlines()) == 2


def test_doctor_names_alarms_that_fail_again_and_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(tmp_path) as node:
        for session in ("mia", "noa"):
            node.api.create(session)
            node.api.turn(session)
            node.api.put(f"/v1/proactive/{session}/preferences", {"enabled": True})
        node.run(node.server.host.gate.commit([catalog.move_alarm(1, 2, 4_000_000_000_000, attempt=7)]))
        node.run(node.server.host.gate.commit([catalog.move_alarm(2, 2, 4_000_000_000_000, attempt=4)]))
        report = Command(tmp_path, capsys)("doctor", code=1).splitlines()
    assert report[0] == (
        "session mia of default (test): its alarm failed 7 times and is tried again at 2096-10-02T07:06:40.000Z"
    )
    assert len(report) == 2


def test_commands_about_webhooks_without_data_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = Command(tmp_path / "nowhere", capsys)
    for arguments in (("webhooks", "list"), ("deliveries", "list"), ("deliveries", "retry", "dlv_1")):
        assert "there is no data in" in command(*arguments, code=1)


def test_a_retry_that_cannot_be_written_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path) as node:

        async def full(*_: object) -> None:
            raise MolrooError("the disk is full")

        monkeypatch.setattr(node.server._admin._admin, "_commit", full)
        assert Command(tmp_path, capsys)("deliveries", "retry", "dlv_1", code=1) == "molroo-actor: the disk is full\n"


def test_a_ledger_of_the_first_format_gets_its_webhooks(tmp_path: Path) -> None:
    with serving(tmp_path) as node:
        node.api.create("mia")
        before = node.api.turn("mia")
    with sqlite3.connect(tmp_path / "node.db") as sql:
        sql.executescript("DROP TABLE webhook; DROP TABLE delivery; PRAGMA user_version = 1")
    sql.close()
    with serving(tmp_path) as node:
        assert node.api.get("/v1/state/mia").json["seq"] == before["seq"]
        body = {"url": "https://example.org/", "events": ["proactive"]}
        assert node.api.post("/v1/webhook/mia", body).status == 201
