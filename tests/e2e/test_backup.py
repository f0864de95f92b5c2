"""`molroo-actor backup`: what is started on a copy answers as the first server did, whatever went on meanwhile."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from molroo_actor.cli import backup as backups
from molroo_actor.cli.main import main
from molroo_actor.storage.layout import DataFolder
from tests.e2e.test_operator import Command
from tests.e2e.wire import GLAD, KEY, Api, eventually, serving
from tests.kit.rows import holder
from tests.kit.server import BOOTSTRAP_KEY, ROOT, Server, running

SESSIONS = 110
WRITERS = 4


def history(api: Api, session: str) -> list[Any]:
    items: list[Any] = []
    after: int | None = 0
    while after is not None:
        page = api.get(f"/v1/history/{session}?after_seq={after}&limit=200").json
        items += page["items"]
        after = page["next_after_seq"]
    return items


def told(api: Api, session: str, seq: int) -> Any:
    """All that can be asked of a session's past up to one seq."""
    state = api.get(f"/v1/state/{session}?at_seq={seq}")
    assert state.status == 200, state
    return history(api, session)[:seq], state.json


@pytest.mark.parametrize("live", [True, False], ids=["live", "without a server"])
def test_a_server_on_the_copy_answers_as_the_first_one_did_and_resumes_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], live: bool
) -> None:
    data, target = tmp_path / "data", tmp_path / "copy"
    command = Command(data, capsys)
    with contextlib.ExitStack() as ending:
        node = ending.enter_context(serving(data, fold_age_s=0.05))
        for name in ("mia", "noa"):
            node.api.create(name)
            for number in range(3):
                node.api.turn(name, f"line {number}", id=f"{name}{number}")
        eventually(lambda: node.look(lambda: not node.server._ledger.journal.tails))
        node.api.put("/v1/proactive/mia/preferences", {"enabled": True})
        node.api.feel("noa")
        with node.join("mia") as talk:
            hello = talk.hear()
        before = {name: told(node.api, name, 4) for name in ("mia", "noa")}
        if not live:
            ending.close()
        result = command.json("backup", str(target))
    assert (result["sessions"], result["target"], result["findings"]) == (2, str(target), [])
    with serving(target) as copy:
        assert {name: told(copy.api, name, 4) for name in ("mia", "noa")} == before
        assert copy.api.get("/v1/proactive/mia").json == []
        with copy.join("mia", last_seq=3, epoch=hello["epoch"]) as talk:
            again = talk.hear()
            assert (again["seq"], again["recovered"]) == (4, False), "another history has begun"
            assert talk.hear()["type"] == "state"
        with copy.join("mia", last_seq=3, epoch=again["epoch"]) as talk:
            assert talk.hear()["recovered"] is True
    with serving(target) as copy, copy.join("mia") as talk:
        assert talk.hear()["epoch"] == again["epoch"], "and goes on"
    assert Command(target, capsys)("doctor").startswith("all is well")


def test_a_backup_that_cannot_be_made_says_why_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    command = Command(data, capsys)
    with serving(data):
        for target, reason in ((tmp_path, "not an empty folder"), (data / "copy", "is inside the data folder")):
            assert reason in command("backup", str(target), code=1)
            assert reason in command("backup", str(target), "--json", code=1)
    assert "not an empty folder" in command("backup", str(tmp_path), code=1)
    assert "there is no data in" in Command(tmp_path / "nowhere", capsys)("backup", str(tmp_path / "copy"), code=1)


def test_a_damaged_session_is_named_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    with serving(data, fold_age_s=0.05) as node:
        for name in ("mia", "noa"):
            node.api.create(name)
            node.api.turn(name)
        eventually(lambda: node.look(lambda: not node.server._ledger.journal.tails))
        file = Path(Command(data, capsys).json("sessions", "show", "mia")[0]["file"])
        file.write_bytes(b"\xa5" * file.stat().st_size)
        said = Command(data, capsys)("backup", str(tmp_path / "copy"), code=1)
        assert said.startswith("session mia of default (test): session file: file is not a database")
    with serving(tmp_path / "copy") as copy:
        assert copy.api.get("/v1/state/noa").json["seq"] == 1
        assert copy.api.get("/v1/state/mia").status == 503


class Writers:
    """Threads that take turns, make and delete sessions; `acknowledged` is what they were answered."""

    def __init__(self, api: Callable[[], Api]) -> None:
        self.acknowledged: dict[str, int] = {}
        self.deleted: set[str] = set()
        self.wrong: list[str] = []
        self.taken = threading.Semaphore(0)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(api(), n), daemon=True) for n in range(WRITERS)]

    def _write(self, api: Api, number: int) -> None:
        rng = random.Random(number)
        own = [f"w{number}-{each}" for each in range(6)]
        for name in own:
            api.create(name)
        while not self._over.is_set():
            name = rng.choice(own)
            reply = api.post("/v1/turn/appraisal?prompt_data=false", {"sessionId": name, "appraisal": GLAD})
            if reply.status != 200:
                self.wrong.append(f"{name}: {reply}")
                return
            self.acknowledged[name] = reply.json["seq"]
            self.taken.release()
            if rng.random() < 0.05:
                self.deleted.add(name)
                own.remove(name)
                api.delete(f"/v1/persona/{name}")
                own.append(f"w{number}-{rng.getrandbits(40)}")
                api.create(own[-1])

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(10)

    def more(self, turns: int) -> None:
        """Returns when so many more turns were answered."""
        for _ in range(turns):
            assert self.taken.acquire(timeout=10), self.wrong


def test_under_load_every_copy_is_a_whole_beginning_of_every_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    begun: list[dict[str, int]] = []
    with serving(data, fold_age_s=0.02) as node:
        with Writers(lambda: Api(node.server.url, KEY)) as writers:
            for number in range(3):
                writers.more(100)
                begun.append(dict(writers.acknowledged))
                Command(data, capsys)("backup", str(tmp_path / f"copy{number}"))
        assert writers.wrong == []
        for number, floor in enumerate(begun):
            with serving(tmp_path / f"copy{number}") as copy:
                compare(copy.api, node.api, floor, writers.deleted)
            assert Command(tmp_path / f"copy{number}", capsys)("doctor").startswith("all is well")


def compare(copy: Api, original: Api, floor: dict[str, int], deleted: set[str]) -> None:
    names = {item["id"] for item in copy.get("/v1/persona?limit=200").json["items"]}
    assert floor.keys() - deleted <= names, "a session that was there before the backup is in it"
    for name in names - deleted:
        items = history(copy, name)
        assert len(items) >= floor.get(name, 0), f"{name}: a turn that was answered before the backup is in it"
        if items:
            assert told(copy, name, len(items)) == told(original, name, len(items))


# -- in the middle of it -----------------------------------------------------------------------------------------------


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Server]:
    """A server with enough sessions that a backup takes more than one step."""
    with running(tmp_path / "data", env={"MOLROO_REQUESTS_PER_MINUTE": "0", "MOLROO_FOLD_AGE_S": "0.1"}) as server:
        api = Api(server.url, BOOTSTRAP_KEY)
        for number in range(SESSIONS):
            api.create(f"s{number}")
            api.feel(f"s{number}")
        eventually(lambda: b"molroo_journal_sessions 0.0" in api.get("/metrics").body)
        yield server


INTERRUPTIBLE = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " from molroo_actor.cli.main import main; sys.exit(main())"
)
"""The command, also where whoever runs the tests has told them to pass over SIGINT: a shell does so behind `&`."""


@contextlib.contextmanager
def begun(server: Server, target: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[subprocess.Popen[str]]:
    """`molroo-actor backup`, as a process that has copied some files and waits for one that somebody holds until the
    end of the `with` block.
    """
    (last,) = Command(server.data, capsys).json("sessions", "show", f"s{SESSIONS - 1}")
    with contextlib.closing(holder(Path(last["file"]))):
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, "backup", str(target), "--data", str(server.data)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        copied = target.with_name(f"{target.name}.partial") / "sessions"
        eventually(lambda: len(list(copied.glob("??/*.db"))) >= SESSIONS - 1)
        yield process


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=10)
    return process.returncode, said


def beside(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


@pytest.mark.parametrize("ended", ["killed", "stopped"])
def test_a_server_that_ends_in_the_middle_has_no_backup_made_and_loses_nothing(
    many: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], ended: str
) -> None:
    with begun(many, tmp_path / "copy", capsys) as process:
        assert (many.kill() == -signal.SIGKILL) if ended == "killed" else (many.stop() == 0)
    code, said = end(process)
    assert (code, said) == (1, "molroo-actor: the server ended meanwhile; try again\n")
    assert beside(tmp_path / "copy") == ["data"]
    command = Command(many.data, capsys)
    assert command.json("backup", str(tmp_path / "copy"))["sessions"] == SESSIONS, "without a server too"
    with running(many.data, env={"MOLROO_REQUESTS_PER_MINUTE": "0"}) as again:
        api = Api(again.url, BOOTSTRAP_KEY)
        assert command("doctor").startswith("all is well")
        assert all(len(history(api, f"s{number}")) == 1 for number in range(SESSIONS))


def test_a_backup_that_is_killed_leaves_half_of_one_under_another_name_and_the_server_goes_on(
    many: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, target = Command(many.data, capsys), tmp_path / "copy"
    with begun(many, target, capsys) as process:
        assert "a backup is being made already" in command("backup", str(tmp_path / "second"), code=1)
        process.kill()
    assert end(process)[0] == -signal.SIGKILL
    assert beside(target) == ["copy.partial", "data"]
    other = tmp_path / "other"
    # The server notices that nobody is on the line within half a second.
    eventually(lambda: main(["backup", str(other), "--data", str(many.data)]) == 0)
    assert "was cut short" in command("backup", str(target), code=1)
    assert beside(target) == ["copy.partial", "data", "other"]


def test_a_backup_that_is_interrupted_takes_its_half_away(
    many: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with begun(many, tmp_path / "copy", capsys) as process:
        process.send_signal(signal.SIGINT)
    assert end(process)[0] == 130
    assert beside(tmp_path / "copy") == ["data"]


def test_a_file_that_somebody_holds_for_long_ends_it_with_its_name(
    many: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with begun(many, tmp_path / "copy", capsys) as process:
        code, said = end(process)
    assert (code, said.count("\n")) == (1, 1)
    assert said.endswith(".db could not be copied: database is locked\n")
    assert beside(tmp_path / "copy") == ["data"]


def test_a_journal_at_its_limit_ends_it_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    with serving(data, fold_age_s=0.02) as node:
        node.api.create("mia")
        node.api.turn("mia")
        eventually(lambda: node.look(lambda: not node.server._ledger.journal.tails))
        checked = backups._check

        def late(folder: DataFolder, number: int) -> None:
            node.look(lambda: setattr(node.server._folding, "_kept_bytes", 1 << 40))
            node.api.turn("mia")
            eventually(lambda: not node.look(lambda: node.server._folding.keeps_rows(number)))
            checked(folder, number)

        monkeypatch.setattr(backups, "_check", late)
        said = Command(data, capsys)("backup", str(tmp_path / "copy"), code=1)
        assert "the server's journal came to its limit" in said
        assert "MOLROO_JOURNAL_BYTES_MAX" in said
        assert beside(tmp_path / "copy") == ["data"]
