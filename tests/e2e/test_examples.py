"""Every example runs against a real server, as a person would start it.

The two chats also live through a server that is killed and comes back on the same port.
Those written in JavaScript need Node (their tests are skipped without it); Node 20 hides its
WebSocket behind a flag that the tests give it.
"""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.e2e.browser import CHROMIUM, open_tab
from tests.e2e.node import NODE, node_argv
from tests.kit.server import ROOT, Output, Server, running, start

EXAMPLES = ROOT / "examples"
PAGE_DRIVER = Path(__file__).with_name("page.mjs")
WITHIN_S = 15.0  # one step of a story: a cold Node on a loaded machine, or a longest wait between attempts

needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("data")) as started:
        yield started


def surroundings(server: Server | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOLROO_")}
    return kept if server is None else {**kept, "MOLROO_URL": server.url, "MOLROO_KEY": server.key}


def run_example(name: str, *args: str, env: Mapping[str, str]) -> list[str]:
    """Runs a Python example to its end and answers the lines it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name, *args],
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=45,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr
    return done.stdout.splitlines()


def test_hello_prints_a_feeling_for_each_line_it_says(server: Server) -> None:
    lines = run_example("hello.py", env=surroundings(server))
    assert len(lines) == 6
    for said, felt in zip(lines[::2], lines[1::2], strict=True):
        assert said.startswith("you:  ")
        assert re.fullmatch(r" {6}[a-z]+ \((low|moderate|high)\), [A-Z][A-Za-z ]+", felt)


def test_hello_fits_on_a_screen() -> None:
    assert len((EXAMPLES / "hello.py").read_text(encoding="utf-8").splitlines()) <= 40


def test_arguments_do_instead_of_the_environment(server: Server) -> None:
    assert len(run_example("hello.py", server.url, server.key, env=surroundings())) == 6


def test_reconnect_misses_nothing_and_doubles_nothing(server: Server) -> None:
    lines = run_example("reconnect.py", env=surroundings(server))
    assert lines[0] == "answered: turn 1"
    assert lines[-1] == "nothing missed, nothing doubled: [1, 2, 3]"


def test_poll_sees_a_repeat_answered_once(server: Server) -> None:
    lines = run_example("poll.py", env=surroundings(server))
    assert lines[1].startswith("turn 1   ")
    assert lines[2] == "again    turn 1, replayed: true"
    assert [line for line in lines if line.startswith("history")] == [
        "history  1 turn {'message': 'Thank you, your advice saved my week.'}"
    ]
    assert lines[-1] == "pending  0 proactive actions"


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A day of its characters passes in a second."""
    with running(tmp_path_factory.mktemp("hurried"), env={"MOLROO_TIME_SCALE": "86400"}) as started:
        yield started


def _told(lines: list[str]) -> None:
    """Both tell the same story: left alone, it reaches out, is heard of after the reconnect, acknowledged, and gone."""
    types = [line.split('"type"')[1].split('"')[1] for line in lines if line.startswith(("<- ", "-> "))]
    assert [kind for kind in types if kind != "state"] == [
        "connected", "set_proactive_prefs", "proactive_prefs", "turn", "turn_result",
        "connected", "missed_proactive", "ack_proactive", "ack",
        "connected", "ping", "pong",
    ]  # fmt: skip
    assert any(re.match(r" {3}the socket is gone; left alone, it will reach out in \d", line) for line in lines)
    assert any(re.match(r' {3}absence: "', line) for line in lines)
    closeness = [float(found[1]) for line in lines if (found := re.search(r"closeness ([\d.]+) ", line))]
    assert closeness == sorted(closeness, reverse=True)
    assert lines[-1] == "acknowledged: 1, pending: 0"


def test_a_character_left_alone_reaches_out_in_python(hurried: Server) -> None:
    _told(run_example("proactive.py", env=surroundings(hurried)))


@needs_node
def test_a_character_left_alone_reaches_out_in_node(hurried: Server) -> None:
    done = subprocess.run(
        [*node_argv(), EXAMPLES / "proactive.mjs"],
        env=surroundings(hurried),
        capture_output=True,
        encoding="utf-8",
        timeout=45,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    _told(done.stdout.splitlines())


@dataclass(frozen=True)
class Chat:
    """A running chat program: what it prints is awaited, each time from where the last wait ended."""

    process: subprocess.Popen[str]
    output: Output
    read: list[int]

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def sees(self, pattern: str) -> re.Match[str]:
        """Awaits a line that matches; later calls look behind it."""
        match = self.output.wait_for(pattern, WITHIN_S, after=self.read[0])
        assert match is not None, f"no line matches {pattern!r}:\n" + "\n".join(self.output.lines)
        self.read[0] = self.output.lines.index(match.string, self.read[0]) + 1
        return match

    def leave(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(WITHIN_S)


@contextlib.contextmanager
def chatting(*argv: str | Path, env: Mapping[str, str]) -> Iterator[Chat]:
    process = subprocess.Popen(
        [*node_argv(), *argv],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert process.stdin is not None
    assert process.stdout is not None
    output = Output(process.stdout)
    try:
        yield Chat(process, output, [0])
    finally:
        process.kill()
        process.wait(WITHIN_S)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        output.join(WITHIN_S)


@needs_node
def test_the_terminal_chat_goes_on_after_the_server_was_killed(tmp_path: Path) -> None:
    server = start(tmp_path / "data")
    try:
        with chatting(EXAMPLES / "chat.mjs", env=surroundings(server)) as chat:
            chat.sees(r"^\(connected, fresh, at 0\)$")
            chat.say("Hello there!")
            chat.sees(r"^#1 [a-z]+, energy \d+%, [A-Z]")
            server.kill()
            chat.sees(r"^\(away, code 1006; again in ")
            chat.say("Are you still there?")  # typed while nobody listens
            server = start(server.data, port=server.port)
            chat.sees(r"^\(connected, recovered, at 1\)$")
            chat.sees(r"^#2 [a-z]+, energy \d+%, [A-Z]")
            assert chat.leave() == 0
            assert chat.output.lines[-1] == "bye"
    finally:
        server.stop()


@needs_node
def test_the_terminal_chat_gives_up_on_an_unknown_key(server: Server) -> None:
    with chatting(EXAMPLES / "chat.mjs", server.url, "mk_test_" + "x" * 32, "ses_1", env=surroundings()) as chat:
        chat.sees("^closed: UNAUTHORIZED$")
        assert chat.process.wait(WITHIN_S) == 1


@needs_node
def test_the_chat_page_goes_on_after_the_server_was_killed(tmp_path: Path) -> None:
    server = start(tmp_path / "data")
    query = urlencode({"url": server.url, "key": server.key})
    try:
        with chatting(PAGE_DRIVER, EXAMPLES / "chat.html", query, env=surroundings()) as page:
            page.sees("^#status: connected$")
            page.sees(r"^#feeling: [a-z]+ \((low|moderate|high)\)$")  # its state, asked for on a first connection
            page.say("I really missed you today")
            page.sees("^log mine waits: I really missed you today$")
            feeling = page.sees(r"^#feeling: ([a-z]+) \((low|moderate|high)\)$")
            page.sees("^#stage: [A-Z]")
            page.sees(f"^log theirs: {feeling[1]}, {feeling[2]}$")
            server.kill()
            page.sees(r"^#status: away, trying again in ")
            server = start(server.data, port=server.port)
            page.sees("^#status: connected, nothing missed$")
            page.say("You are back")
            page.sees("^log theirs: ")
            assert page.leave() == 0
            assert sum(line.startswith("log theirs") for line in page.output.lines) == 2
    finally:
        server.stop()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; Node ran the page's script above")
def test_the_chat_page_does_the_same_in_a_browser(tmp_path: Path) -> None:
    server = start(tmp_path / "data")
    url = f"{(EXAMPLES / 'chat.html').as_uri()}?{urlencode({'url': server.url, 'key': server.key})}"
    say = "document.querySelector('#text').value = '%s'; document.querySelector('#say').requestSubmit()"
    shows = "document.querySelector('%s').textContent.match(/%s/)"
    answers = "document.querySelectorAll('#log .theirs').length === %d"
    try:
        with open_tab(url, tmp_path / "profile") as tab:
            tab.wait_until(shows % ("#status", "^connected$"))
            tab.evaluate(say % "I really missed you today")
            tab.wait_until(answers % 1)
            assert re.fullmatch(r"[a-z]+ \((low|moderate|high)\)", tab.evaluate("$('feeling').textContent"))
            assert tab.evaluate("$('energy').value") > 0
            server.kill()
            tab.wait_until(shows % ("#status", "^away"))
            server = start(server.data, port=server.port)
            tab.wait_until(shows % ("#status", "^connected, nothing missed$"))
            tab.evaluate(say % "You are back")
            tab.wait_until(answers % 2)
            assert not tab.evaluate("document.querySelectorAll('#log .waits, #log .note').length")
    finally:
        server.stop()


def test_the_chat_page_needs_nothing_from_elsewhere() -> None:
    page = (EXAMPLES / "chat.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=|@import|url\(|innerHTML""", page)
