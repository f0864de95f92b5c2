"""File handles: connections are taken up to the limit less a reserve; what is open goes on, the disk too."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.wire import KEY, Api, connect, eventually
from tests.kit.server import BOOTSTRAP_KEY, READY, ROOT, Output

SHELL = shutil.which("sh")


@pytest.mark.skipif(SHELL is None, reason="sh is missing: nothing lowers the limit of a child")
def test_too_many_lines_pause_the_listener_and_hurt_nobody_who_is_in(tmp_path: Path) -> None:
    serve = f'ulimit -n 400 && exec "{sys.executable}" -m molroo_actor serve --port 0 --data "{tmp_path}"'
    child = subprocess.Popen(
        [str(SHELL), "-c", serve], cwd=ROOT, env={"MOLROO_BOOTSTRAP_KEY": BOOTSTRAP_KEY, "MOLROO_FOLD_AGE_S": "0.05"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    assert child.stdout is not None
    output = Output(child.stdout)
    try:
        ready = output.wait_for(READY, 20)
        assert ready is not None, output.lines
        api, port = Api(ready["url"], KEY), int(ready["port"])
        assert output.wait_for("400 file handles", 5)
        api.create("mia")
        with connect(ready["url"], "mia", token=KEY) as talk, contextlib.ExitStack() as crowd:
            assert talk.hear()["type"] == "connected"
            for _ in range(320):  # more than the limit and what one pass may take too many
                line = crowd.enter_context(contextlib.closing(socket.socket()))
                line.setblocking(False)  # the last ones may find the backlog full: they wait, the test does not
                line.connect_ex(("127.0.0.1", port))
            assert output.wait_for("accepting pauses", 5), output.lines
            assert [talk.say(f"turn {number}")["seq"] for number in range(1, 6)] == [1, 2, 3, 4, 5]
            crowd.close()
            eventually(lambda: api.get("/v1/health").status == 200)
            assert api.turn("mia")["seq"] == 6
            assert len([line for line in output.lines if "pauses" in line]) <= 3
    finally:
        child.terminate()
        child.wait(12)
        output.join(5)
    assert child.returncode == 0
