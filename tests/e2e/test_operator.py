"""The command line: keys, sessions and doctor on a live node and without one; how a server starts, and refuses to."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from molroo_actor.cli.main import main
from tests.e2e.wire import KEY, Api, Node, eventually, serving
from tests.kit.server import start


class Command:
    """`molroo-actor …` on one data folder, run in this process."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data, self._capsys = data, capsys

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """What it printed; with another code than 0, its one line of complaint."""
        self._capsys.readouterr()
        assert main([*arguments, "--data", str(self.data)]) == code
        out, err = self._capsys.readouterr()
        if code == 0:
            assert err == ""
            return out
        assert err.count("\n") <= 1
        return err or out

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))


@pytest.fixture(params=["live", "without a server"])
def command(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """The same command on a node that serves and on one that does not."""
    with serving(tmp_path, fold_age_s=0.05) as node:
        for session in ("mia", "noa"):
            node.api.create(session)
            node.api.turn(session, "a secret word")
        eventually(lambda: node.look(lambda: not node.server._ledger.journal.tails))
        if request.param == "live":
            yield Command(tmp_path, capsys)
            return
    yield Command(tmp_path, capsys)


def test_keys_are_made_listed_and_ended(command: Command) -> None:
    key = command("keys", "create", "--tenant", "acme").strip()
    assert re.fullmatch(r"mk_test_[0-9A-Za-z]{32}", key)
    made = command.json("keys", "create", "--tenant", "acme", "--live")
    assert re.fullmatch(r"mk_live_[0-9A-Za-z]{32}", made["key"])
    assert (made["tenant"], made["kind"], made["revoked"]) == ("acme", "live", None)
    table = command("keys", "list")
    assert key not in table
    assert made["key"] not in table
    assert [line.split()[:3] for line in table.splitlines()[1:]] == [
        ["1", "default", "test"],
        ["2", "acme", "test"],
        ["3", "acme", "live"],
    ]
    assert command("keys", "revoke", "2") == "key 2 is revoked\n"
    assert command("keys", "revoke", "2") == "key 2 is revoked\n"
    assert [key["revoked"] is None for key in command.json("keys", "list")] == [True, False, True]
    assert "no key 9" in command("keys", "revoke", "9", code=1)


def test_sessions_are_listed_and_shown(command: Command) -> None:
    rows = command.json("sessions", "list")
    assert [row["id"] for row in rows] == ["mia", "noa"]
    assert rows[0].keys() == {"id", "tenant", "kind", "name", "created", "last_active", "status"}
    assert len(command.json("sessions", "list", "--limit", "1")) == 1
    assert "mia" in command("sessions", "list")
    shown = command.json("sessions", "show", "mia")[0]
    assert (shown["id"], shown["tenant"], shown["seq"], shown["folded_seq"]) == ("mia", "default", 1, 1)
    assert Path(shown["file"]).exists()
    assert shown["file_bytes"] == Path(shown["file"]).stat().st_size
    assert "secret" not in command("sessions", "show", "mia")
    assert "no session nobody" in command("sessions", "show", "nobody", code=1)


def test_doctor_finds_nothing_wrong(command: Command) -> None:
    assert command("doctor").startswith("all is well\n2 sessions,")
    report = command.json("doctor")
    assert (report["sessions"], report["findings"], report["journal_bytes"]) == (2, [], 0)


@pytest.mark.parametrize("tenant", ["", "two\nlines"])
def test_a_tenant_has_a_name_that_fits_a_line(command: Command, tenant: str) -> None:
    assert "tenant" in command("keys", "create", "--tenant", tenant, code=1)
    assert len(command.json("keys", "list")) == 1


def test_commands_answer_from_what_a_killed_server_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = start(tmp_path)
    Api(server.url, KEY).create("mia")
    turned = Api(server.url, KEY).turn("mia")
    server.kill()
    assert (tmp_path / "admin.sock").exists()
    command = Command(tmp_path, capsys)
    shown = command.json("sessions", "show", "mia")[0]
    assert (shown["seq"], shown["status"]) == (turned["seq"], "hibernated")
    assert command("doctor").startswith("all is well")
    key = command("keys", "create").strip()
    with serving(tmp_path) as node:
        assert Api(node.server.url, key).get("/v1/state/mia").json["seq"] == 1


def test_commands_on_a_damaged_ledger_say_so_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(tmp_path):
        pass
    ledger = tmp_path / "node.db"
    ledger.write_bytes(b"\xa5" * ledger.stat().st_size)
    for arguments in (("keys", "list"), ("sessions", "list"), ("doctor",), ("doctor", "--json")):
        assert f"{ledger} cannot be read" in Command(tmp_path, capsys)(*arguments, code=1)


def test_commands_without_data_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = Command(tmp_path / "nowhere", capsys)
    for arguments in (("keys", "list"), ("sessions", "list"), ("doctor",)):
        assert "there is no data in" in command(*arguments, code=1)
    assert not (tmp_path / "nowhere").exists()


def test_the_admin_socket_is_for_its_owner_alone_and_goes_with_the_server(tmp_path: Path) -> None:
    with serving(tmp_path):
        assert (tmp_path / "admin.sock").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "admin.sock").exists()


def test_what_is_no_request_on_the_admin_socket_harms_nothing(node_here: Node) -> None:
    for nonsense in (b"\n", b"nonsense\n", b'{"command":"dance"}\n', b"x" * 200_000 + b"\n", b""):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(f"{node_here.settings.data}/admin.sock")
            line.sendall(nonsense)
            line.shutdown(socket.SHUT_WR)
            while line.recv(4_096):
                pass
    assert node_here.api.get("/v1/health").status == 200


@pytest.fixture
def node_here(tmp_path: Path) -> Iterator[Node]:
    with serving(tmp_path) as node:
        yield node


def test_a_long_data_path_serves_and_answers_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / ("long-name-" * 12) / "data"
    with serving(data) as node:
        node.api.create("mia")
        assert "mia" in Command(data, capsys)("sessions", "list")
