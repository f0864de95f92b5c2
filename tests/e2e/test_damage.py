"""Damage and floods: what is broken stays alone, says so, and is listed; the rest goes on."""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from molroo_actor.cli.main import main
from tests.e2e.test_start import complaint, serve
from tests.e2e.wire import GLAD, KEY, Api, Node, Reply, eventually, serving
from tests.kit.server import running


def overwritten(path: Path) -> None:
    """The whole file is noise."""
    path.write_bytes(b"\xa5" * path.stat().st_size)


def scribbled(path: Path) -> None:
    """Its head is whole, a page in it is not."""
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xa5" * (path.stat().st_size - 4_096))


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def unlinked(path: Path) -> None:
    path.unlink()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with serving(tmp_path, hibernate_after_s=0.1, fold_age_s=0.05) as started:
        yield started


def asleep_and_folded(node: Node, session: str) -> Path:
    """The file of a session that nothing else knows any more."""
    node.api.create(session)
    for _ in range(20):
        node.api.feel(session)
    slot = node.run(node.server.host.registry.find("default", False, session))
    eventually(lambda: node.look(lambda: slot.inner_id not in node.server._ledger.journal.tails))
    eventually(lambda: node.api.get(f"/v1/persona/{session}").json["status"] == "hibernated")
    return node.server._ledger.folder.session_file(slot.inner_id)


@pytest.mark.parametrize("harm", [overwritten, scribbled, cut, emptied, unlinked])
def test_a_damaged_session_says_so_is_listed_and_harms_no_other(
    node: Node, harm: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    path = asleep_and_folded(node, "broken")
    node.api.create("sound")
    harm(path)
    held = path.read_bytes() if path.exists() else None
    body = {"sessionId": "broken", "message": "hello"}
    asked: list[Callable[[], Reply]] = [
        lambda: node.api.post("/v1/turn", body),
        lambda: node.api.post("/v1/turn", body, Idempotency_Key="k"),
        lambda: node.api.get("/v1/state/broken"),
        lambda: node.api.get("/v1/history/broken"),
        lambda: node.api.put("/v1/proactive/broken/preferences", {"enabled": True}),
    ]
    for ask in asked * 2:
        reply = ask()
        assert (reply.status, reply.error["code"]) == (503, "OVERLOADED"), reply
        assert reply.error["details"] == {"reason": "session_damaged"}
        assert "Retry-After" not in reply.headers
        assert str(path) not in reply.error["message"]
    with node.join("broken") as talk:
        code, reason, heard = talk.ended()
        assert (code, reason, heard[0]["details"]) == (1013, "OVERLOADED", {"reason": "session_damaged"})
        assert "retry_after_s" not in heard[0]
    assert node.api.turn("sound")["seq"] == 1
    assert node.api.get("/readyz").status == 200
    assert "broken" in [item["id"] for item in node.api.get("/v1/persona").json["items"]]
    assert (path.read_bytes() if path.exists() else None) == held, "it was replaced"
    capsys.readouterr()
    assert main(["doctor", "--json", "--data", node.settings.data]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert len(findings) == 1
    assert "session broken of default (test)" in findings[0]
    assert str(path) in findings[0]
    assert node.api.delete("/v1/persona/broken").status == 200
    assert main(["doctor", "--data", node.settings.data]) == 0


def test_damage_outlives_a_restart_and_doctor_finds_it_without_a_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(tmp_path, hibernate_after_s=0.1, fold_age_s=0.05) as node:
        overwritten(asleep_and_folded(node, "broken"))
        node.api.create("sound")
    assert main(["doctor", "--data", str(tmp_path)]) == 1
    assert "session broken" in capsys.readouterr().out
    with serving(tmp_path) as node:
        assert node.api.get("/v1/state/broken").error["details"] == {"reason": "session_damaged"}
        assert node.api.turn("sound")["seq"] == 1


def test_a_ledger_that_cannot_be_read_refuses_to_start_with_its_name_and_the_way_out(tmp_path: Path) -> None:
    with serving(tmp_path) as node:
        node.api.create("mia")
    ledger = tmp_path / "node.db"
    overwritten(ledger)
    held = ledger.read_bytes()
    line = complaint(serve(tmp_path))
    assert str(ledger) in line
    assert "backup" in line
    assert ".recover" in line
    assert ledger.read_bytes() == held


def test_a_ledger_with_broken_pages_refuses_to_start_too(tmp_path: Path) -> None:
    with serving(tmp_path) as node:
        for number in range(50):
            node.api.create(f"s{number}")
    ledger = tmp_path / "node.db"
    scribbled(ledger)
    line = complaint(serve(tmp_path))
    assert str(ledger) in line


@pytest.mark.parametrize("harm", [emptied, unlinked])
def test_a_ledger_that_is_gone_is_not_begun_anew_while_sessions_are_there(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    with serving(tmp_path, hibernate_after_s=0.1, fold_age_s=0.05) as node:
        kept = asleep_and_folded(node, "mia")
    harm(tmp_path / "node.db")
    line = complaint(serve(tmp_path))
    assert str(tmp_path / "node.db") in line
    assert "backup" in line
    assert kept.stat().st_size > 0
    assert not (tmp_path / "node.db").exists() or (tmp_path / "node.db").stat().st_size == 0


def test_an_emptied_ledger_does_not_cost_its_log(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        Api(server.url, KEY).create("mia")
        server.kill()
    log = tmp_path / "node.db-wal"
    held = log.read_bytes()
    assert held
    emptied(tmp_path / "node.db")
    assert "backup" in complaint(serve(tmp_path))
    assert log.read_bytes() == held


@pytest.mark.parametrize(
    "written",
    [
        "UPDATE state SET state_after = 7",
        "UPDATE state SET state_after = x'c1'",
        "UPDATE turn SET id_digest = 'x' WHERE seq = 3",
        "UPDATE turn SET input = x'c1' WHERE seq = 3",
        "UPDATE turn SET emotion = 7 WHERE seq = 3",
        "UPDATE turn SET kind = CAST(x'ff' AS TEXT) WHERE seq = 3",
    ],
)
def test_a_row_that_nobody_wrote_so_is_damage_and_neither_a_bug_nor_a_passing_trouble(node: Node, written: str) -> None:
    path = asleep_and_folded(node, "broken")
    with contextlib.closing(sqlite3.connect(path)) as sql, sql:
        sql.execute(written)
    replies = [node.api.get("/v1/history/broken"), node.api.get("/v1/state/broken")]
    refused = [reply for reply in replies if reply.status != 200]
    assert refused
    for reply in refused:
        assert (reply.status, reply.error["details"]) == (503, {"reason": "session_damaged"})


def test_a_ledger_that_cannot_be_read_for_a_while_asks_to_come_again(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.api.create("mia")

    def fails() -> sqlite3.Connection:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(node.server._ledger.readers, "_ledger", fails)
        for reply in (
            node.api.get("/v1/state/elsewhere"),
            node.api.get("/v1/persona"),
            node.api.post("/v1/persona", {"preset": "stoic_mentor", "sessionId": "ada"}),
        ):
            assert (reply.status, reply.error["code"], reply.error["details"]) == (
                503,
                "OVERLOADED",
                {"reason": "disk"},
            )
            assert reply.headers["Retry-After"] == "1"
        with node.join("elsewhere") as talk:
            code, reason, heard = talk.ended()
            assert (code, reason, heard[0]["details"]) == (1013, "OVERLOADED", {"reason": "disk"})
    assert node.api.create("ada")["sessionId"] == "ada"


def test_a_file_of_a_newer_version_is_refused_with_a_clear_line(tmp_path: Path) -> None:
    with serving(tmp_path) as node:
        node.api.create("mia")
    sql = sqlite3.connect(tmp_path / "node.db")
    sql.execute("PRAGMA user_version = 999")
    sql.close()
    assert "newer" in complaint(serve(tmp_path))


def test_a_flood_of_one_session_is_refused_in_words_and_another_does_not_notice(tmp_path: Path) -> None:
    with serving(tmp_path, mailbox_max=4, pass_ms=0.1) as node:
        for session in ("busy", "calm"):
            node.api.create(session)
        over, statuses = threading.Event(), set[int]()

        def flood() -> None:
            api = Api(node.server.url, KEY)
            while not over.is_set():
                reply = api.post("/v1/turn/appraisal", {"sessionId": "busy", "appraisal": GLAD})
                statuses.add(reply.status)
                if reply.status != 200:
                    assert reply.error["code"] == "OVERLOADED"
                    assert int(reply.headers["Retry-After"]) >= 1

        threads = [threading.Thread(target=flood) for _ in range(12)]
        for thread in threads:
            thread.start()
        try:
            assert [node.api.feel("calm")["seq"] for _ in range(20)] == list(range(1, 21))
        finally:
            over.set()
            for thread in threads:
                thread.join(10)
        assert statuses <= {200, 503}
        page = node.api.get("/v1/history/busy?limit=200").json["items"]
        assert [row["seq"] for row in page] == list(range(1, len(page) + 1))


def test_a_flood_of_garbage_on_many_lines_leaves_the_server_well(tmp_path: Path) -> None:
    with serving(tmp_path) as node:
        node.api.create("mia")
        for number in range(150):
            with socket.create_connection(("127.0.0.1", node.api.port), 5) as line:
                line.sendall(
                    (b"\x16\x03\x01", b"GET / HT", b"POST /v1/turn HTTP/1.1\r\nContent-Length: 99\r\n\r\n")[number % 3]
                )
        assert node.api.turn("mia")["seq"] == 1
        eventually(lambda: node.api.get("/readyz").status == 200)
