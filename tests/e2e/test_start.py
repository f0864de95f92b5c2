"""How a server starts, refuses to start, and what it prints and logs; a real child each time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from molroo_actor.cli.main import main
from molroo_actor.settings import Settings
from tests.e2e.wire import KEY, Api, connect, raw
from tests.kit.server import ROOT, Server, running, start


def serve(data: Path, *flags: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`serve` that is not expected to stay."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOLROO_")}
    return subprocess.run(
        [sys.executable, "-m", "molroo_actor", "serve", "--port", "0", "--data", str(data), *flags],
        cwd=ROOT, env={**kept, **env}, capture_output=True, encoding="utf-8", timeout=20, check=False,
    )  # fmt: skip


def complaint(ended: subprocess.CompletedProcess[str]) -> str:
    """The one line that is no log line."""
    assert ended.returncode == 1, ended
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    lines = [line for line in ended.stderr.splitlines() if line.startswith("molroo-actor: ")]
    assert len(lines) == 1, ended.stderr
    assert ended.stderr.splitlines()[-1] == lines[0]
    return lines[0]


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("data")) as server:
        yield server


def test_the_first_start_makes_a_key_shows_it_once_and_its_curl_works(tmp_path: Path) -> None:
    server = start(tmp_path, key=None)
    try:
        assert re.fullmatch(r"mk_test_[0-9A-Za-z]{32}", server.key)
        assert server.output.lines[-1] is not None
        Api(server.url, server.key).create("first")
    finally:
        assert server.stop() == 0
    again = start(tmp_path, key=None)
    try:
        assert again.key == ""
        assert not any("mk_" in line for line in again.output.lines)
        assert again.output.wait_for(r"^another key: molroo-actor keys create --data ", 10.0)
        assert Api(again.url, server.key).get("/v1/persona/first").status == 200
    finally:
        assert again.stop() == 0


def test_a_bootstrap_key_is_installed_and_never_printed(child: Server) -> None:
    assert child.key == KEY
    assert Api(child.url, KEY).get("/v1/persona").status == 200
    assert not any("mk_" in line for line in child.output.lines)


def test_a_second_process_on_the_same_data_ends_with_one_clear_line(child: Server) -> None:
    line = complaint(serve(child.data))
    assert "in use by another process" in line
    assert str(child.pid) in line
    assert Api(child.url, KEY).get("/v1/health").status == 200


def test_a_port_that_is_taken_ends_with_one_clear_line(child: Server, tmp_path: Path) -> None:
    line = complaint(serve(tmp_path, "--port", str(child.port)))
    assert "address already in use" in line.lower()
    assert "--port" in line


def test_a_start_that_found_its_port_taken_has_not_used_up_the_first_key(child: Server, tmp_path: Path) -> None:
    complaint(serve(tmp_path, "--port", str(child.port)))
    server = start(tmp_path, key=None)
    try:
        assert Api(server.url, server.key).get("/v1/persona").status == 200
    finally:
        assert server.stop() == 0


def test_a_port_that_is_none_ends_with_one_clear_line(tmp_path: Path) -> None:
    assert "MOLROO_PORT (or --port) is refused: expected int" in complaint(serve(tmp_path, "--port", "many"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MOLROO_LOG_FORMAT", "xml"),
        ("MOLROO_SOCKET_MESSAGES_PER_S", "-1"),
        ("MOLROO_HIBERNATE_AFTER_S", "0"),
        ("MOLROO_BOOTSTRAP_KEY", "mk_test_short"),
        ("MOLROO_TLS_CERT", "/nowhere/cert.pem"),
        ("MOLROO_RESIDENT_MAX", "many"),
    ],
)
def test_a_wrong_setting_ends_with_one_line_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    line = complaint(serve(tmp_path, **{name: value}))
    assert name in line, line


def test_print_settings_prints_all_and_no_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOLROO_BOOTSTRAP_KEY", KEY)
    monkeypatch.setenv("MOLROO_HIBERNATE_AFTER_S", "7")
    assert main(["serve", "--print-settings", "--port", "9000"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("=")[0] for line in lines] == [
        f"MOLROO_{name.upper()}" for name in Settings.__struct_fields__
    ]
    assert "MOLROO_HIBERNATE_AFTER_S=7.0" in lines
    assert "MOLROO_PORT=9000" in lines
    assert not any(KEY in line for line in lines)


def test_no_key_and_no_message_text_reaches_the_log_or_the_metrics(tmp_path: Path) -> None:
    with running(tmp_path, env={"MOLROO_LOG_LEVEL": "DEBUG", "MOLROO_LOG_FORMAT": "json"}) as server:
        api = Api(server.url, KEY)
        api.create("mia")
        api.turn("mia", "a secret word")
        api.post("/v1/turn", {"sessionId": "mia", "message": "a secret word", "elapsedSeconds": -1})
        with connect(server.url, "mia", token=KEY) as talk:
            assert talk.hear()["type"] == "connected"
            talk.say("a secret word")
        with connect(server.url, "nobody", token=KEY) as talk:
            assert talk.ended()[0] == 4404
        odd = [
            f"GET /v1/ws/\xff?token={KEY} HTTP/1.1\r\nHost: x\r\n\r\n",
            f"GET /v1/state/mia HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\x00\r\n\r\n",
            f"NONSENSE /v1/ws/mia?token={KEY}\r\n\r\n",
            f"GET /v1/ws/mia?token={KEY} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n",
            f"GET /v1/state/mia HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}{'x' * 9000}\r\n\r\n",
        ]
        said = [
            raw(server.port, request.encode("latin-1"), enough=lambda heard: b"\r\n\r\n" in heard) for request in odd
        ]
        metrics = api.get("/metrics").body
        server.stop()
        log = "\n".join(server.output.lines)
    assert KEY not in log
    assert "secret word" not in log
    assert "Traceback" not in log
    assert KEY.encode() not in metrics
    for answer in said:
        assert KEY.encode() not in answer


def test_the_defaults_are_those_that_clients_were_told() -> None:
    told = Settings()
    assert (told.port, told.data, told.hibernate_after_s) == (8787, "./data", 10)
    assert (told.requests_per_minute, told.socket_messages_per_s) == (600, 20)
    assert (told.message_bytes_max, told.body_bytes_max) == (65_536, 262_144)
    assert (told.sockets_per_session_max, told.unsent_bytes_max) == (32, 1_048_576)
    assert (told.ping_every_s, told.pong_within_s, told.replay_stall_s) == (30, 30, 30)
    assert (told.refused_messages_max, told.refused_upgrades_per_minute) == (100, 30)
    assert (told.history_kept, told.creation_keys_kept_s, told.shutdown_grace_s) == (100, 86_400, 8)
