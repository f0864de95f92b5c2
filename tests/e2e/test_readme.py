"""The README does what it says: its snippets run against a real server, its tables name things that exist.

The snippets are run as they stand; only the address and the key's placeholder are put in.
"""

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from molroo_actor.settings import Settings
from tests.e2e.node import NODE, node_argv
from tests.kit.server import ROOT, Output, Server, running, start

README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "127.0.0.1:8787"
PLACEHOLDER = "mk_test_..."
WITHIN_S = 20.0

needs_curl = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="curl or bash is missing")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("data"), env={"MOLROO_FOLD_AGE_S": "0.1"}) as started:
        yield started


def at(server: Server, snippet: str) -> str:
    """The snippet as a reader would have it: with the address and the key that the server printed."""
    return snippet.replace(ADDRESS, f"127.0.0.1:{server.port}").replace(PLACEHOLDER, server.key)


def printed(server: Server, *argv: str) -> str:
    done = subprocess.run(
        argv,
        env={**os.environ, "MOLROO_KEY": server.key},
        capture_output=True,
        encoding="utf-8",
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_commands_are_targets_of_make() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(blocks("sh"))))
    assert {"run", "test"} <= named <= targets
    assert "make test" in (ROOT / ".ci/run").read_text(encoding="utf-8")


@needs_curl
def test_the_first_start_prints_a_key_and_requests_that_work(tmp_path: Path) -> None:
    server = start(tmp_path / "data", key=None)
    try:
        assert server.output.wait_for(r"^Its socket: ", WITHIN_S)
        requests = [line for line in server.output.lines if line.strip().startswith("curl ")]
        made, felt = (json.loads(printed(server, "bash", "-euc", request)) for request in requests)
        assert made["sessionId"] == "mia"
        assert felt["seq"] == 1
    finally:
        server.stop()
    again = start(server.data, key=None)
    try:
        assert again.key == "", "a key is shown once"
    finally:
        again.stop()


@needs_curl
def test_the_first_curl_makes_a_character_that_feels(server: Server) -> None:
    answers = printed(server, "bash", "-euc", at(server, blocks("sh")[1]))
    made, end = json.JSONDecoder().raw_decode(answers)
    felt = json.loads(answers[end:])
    assert made["sessionId"] == "mia"
    assert felt["seq"] == 1
    assert felt["discrete_emotion"]["primary"]


@needs_curl
def test_the_curls_of_reaching_out_are_answered(server: Server) -> None:
    make_mia(server)
    answers = printed(server, "bash", "-euc", at(server, blocks("sh")[2]))
    whole, end = json.JSONDecoder().raw_decode(answers)
    assert whole["preferences"]["quiet_hours"] == {"start": "22:00", "end": "08:00", "timezone": "Asia/Seoul"}
    assert (whole["preferences"]["max_daily"], json.loads(answers[end:])) == (3, [])


def test_the_frames_of_reaching_out_are_json_but_for_their_gaps() -> None:
    frames = [line[3:].replace(", ...", "") for line in blocks("jsonl")[0].splitlines()]
    assert [json.loads(frame)["type"] for frame in frames] == ["set_proactive_prefs", "proactive", "ack_proactive"]


def test_the_hello_answers_what_the_page_says(server: Server) -> None:
    (hello,), (answer,) = blocks("python"), blocks("text")
    assert len(hello.strip().splitlines()) <= 12
    assert printed(server, sys.executable, "-c", at(server, hello)) == answer


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_socket_hears_its_turn(server: Server) -> None:
    (live,) = blocks("js")
    make_mia(server)
    process = subprocess.Popen(
        [*node_argv(), "-e", at(server, live)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert process.stdout is not None
    output = Output(process.stdout)
    try:
        assert output.wait_for('^{"type":"connected"', WITHIN_S), output.lines
        assert output.wait_for('^{"type":"turn_result".*"own":true', WITHIN_S), output.lines
    finally:
        process.kill()
        process.wait(WITHIN_S)
        output.join(WITHIN_S)


def make_mia(server: Server) -> None:
    """The session that the page's curl makes, for a test that runs without that one."""
    body = json.dumps({"preset": "cheerful_companion", "sessionId": "mia"}).encode()
    headers = {"Authorization": f"Bearer {server.key}"}
    try:
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/v1/persona", body, headers)).close()
    except urllib.error.HTTPError as taken:
        taken.close()
        if taken.code != 409:
            raise


def test_the_queries_read_a_session_file(server: Server) -> None:
    (hello,) = blocks("python")
    printed(server, sys.executable, "-c", at(server, hello))
    queries = blocks("sql")[0].strip().splitlines()
    file = first_session_file(server.data)
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        for query in queries:
            assert connection.execute(query).fetchall(), query


def test_a_copy_of_the_folder_goes_on_where_the_first_one_was(tmp_path: Path) -> None:
    with running(tmp_path / "data") as first:
        make_mia(first)
        took = turn_of_mia(first)
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    with running(tmp_path / "copy") as second:
        assert turn_of_mia(second) == took + 1


def turn_of_mia(server: Server) -> int:
    body = json.dumps({"sessionId": "mia", "message": "Do you remember me?"}).encode()
    request = urllib.request.Request(f"{server.url}/v1/turn", body, {"Authorization": f"Bearer {server.key}"})
    with urllib.request.urlopen(request, timeout=WITHIN_S) as answer:
        return int(json.load(answer)["seq"])


def first_session_file(data: Path) -> Path:
    """The first file that a fold has made; folding follows the answer, so it is awaited with a limit."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        for file in data.glob("sessions/??/*.db"):
            with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
                if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchall():
                    return file
        time.sleep(0.05)
    raise AssertionError("no session was folded into a file")


def test_every_column_of_a_session_file_is_shown() -> None:
    schema = (ROOT / "molroo_actor/storage/schema.py").read_text(encoding="utf-8")
    (shown,) = re.findall(r"SELECT (seq, at_ms.*) FROM turn;", README)
    assert f'"{shown}"' in schema


def test_every_setting_that_is_named_exists_with_its_default() -> None:
    rows = re.findall(r"^\| (`MOLROO_[^|]+) \| ([^|]+) \|", README, re.MULTILINE)
    assert rows
    for names, defaults in rows:
        fields = [name.removeprefix("MOLROO_").lower() for name in re.findall(r"MOLROO_\w+", names)]
        given = [default.strip() for default in defaults.split(",")]
        for field, default in zip(fields, given * len(fields) if len(given) == 1 else given, strict=False):
            real = getattr(Settings(), field)
            assert ("–" if real is None else f"{real:g}" if isinstance(real, float) else str(real)) == default, field


def test_every_file_and_test_that_is_named_exists() -> None:
    for name in re.findall(r"`((?:molroo_actor|tests|examples|docs|bench)/[\w./-]*)(?:::\w+)?`", README):
        assert (ROOT / name).exists(), name
    for file, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", README):
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"
