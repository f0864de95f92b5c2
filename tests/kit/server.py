"""A real server in a child process, for tests that talk to it over real sockets.

`start()` spawns `python -m molroo_actor serve`, waits with a limit for its `ready on` line and
returns a `Server`; the one who started it stops it by its pid: `stop()` asks (SIGTERM) and then
insists (SIGKILL), `kill()` insists at once. `running()` and `running_async()` pair both.

What must not live here: knowledge of the package's inside. This file speaks to a command line.
"""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
BOOTSTRAP_KEY = "mk_test_" + "0123456789abcdefghijklmnopqrstuv"
READY_WITHIN_S = 20.0  # a cold interpreter on a loaded two-core machine needs about 2
STOP_WITHIN_S = 12.0  # the server's own grace for open turns is 8
READY = re.compile(r"^ready on (?P<url>https?://\S+:(?P<port>\d+))(?:\s+with key (?P<key>\S+))?")


class ServerFailed(Exception):
    """The child ended, or stayed silent, before it was ready. The text carries what it printed."""


class Output(threading.Thread):
    """Reads all that a child prints, to its end: a full pipe would stop the child."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(name="child-output", daemon=True)
        self.lines: list[str] = []
        self._ended = False
        self._stream = stream
        self._news = threading.Condition()
        self.start()

    def run(self) -> None:
        with self._stream:
            for line in self._stream:
                with self._news:
                    self.lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_for(self, pattern: str | re.Pattern[str], within_s: float, *, after: int = 0) -> re.Match[str] | None:
        """The first line from number `after` on that matches; None when time or the stream ends first."""

        def found() -> re.Match[str] | None:
            return next((match for line in self.lines[after:] if (match := re.search(pattern, line))), None)

        with self._news:
            self._news.wait_for(lambda: self._ended or found(), within_s)
            return found()


@dataclass(frozen=True)
class Server:
    """One child process that serves `data`. `key` opens it; `url` has no slash at its end."""

    process: subprocess.Popen[str]
    output: Output
    url: str
    port: int
    key: str
    data: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def ws_url(self) -> str:
        return "ws" + self.url.removeprefix("http")

    def stop(self, within_s: float = STOP_WITHIN_S) -> int:
        """Asks the server to end, insists after `within_s`; answers its exit code. Idempotent."""
        self.process.terminate()
        return _reap(self.process, self.output, within_s)

    def kill(self) -> int:
        """SIGKILL: what a power cut leaves of a process. Idempotent."""
        self.process.kill()
        return _reap(self.process, self.output, STOP_WITHIN_S)


def start(
    data: Path,
    *flags: str,
    port: int = 0,
    key: str | None = BOOTSTRAP_KEY,
    env: Mapping[str, str] | None = None,
    ready_within_s: float = READY_WITHIN_S,
    under: Sequence[str] = (),
) -> Server:
    """Starts a server on `data` and returns once it serves. The caller stops it. `under` is a command that becomes the
    server's, such as `prlimit --nofile=400`.

    `key=None` installs none, so that an empty database makes one and prints it. Settings of the
    surrounding shell (MOLROO_*) are not inherited; `env` adds what the test wants.
    Raises ServerFailed, with the child gone, when it is not ready within `ready_within_s`.
    """
    where = ["--host", "127.0.0.1", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(
        [*under, sys.executable, "-m", "molroo_actor", "serve", *where, *flags],
        cwd=ROOT,
        env=_environment(key, env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert process.stdout is not None
    output = Output(process.stdout)
    try:
        ready = output.wait_for(READY, ready_within_s)
        if ready is None:
            raise ServerFailed(_story(process, output))
        return Server(process, output, ready["url"], int(ready["port"]), ready["key"] or key or "", data)
    except BaseException:
        process.kill()
        _reap(process, output, STOP_WITHIN_S)
        raise


@contextlib.contextmanager
def running(data: Path, *flags: str, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server for the length of a `with` block."""
    server = start(data, *flags, env=env)
    try:
        yield server
    finally:
        server.stop()


@contextlib.asynccontextmanager
async def running_async(data: Path, *flags: str, env: Mapping[str, str] | None = None) -> AsyncIterator[Server]:
    """The same for a coroutine: the loop stays free while the child starts and ends."""
    server = await asyncio.to_thread(start, data, *flags, env=env)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


def _environment(key: str | None, extra: Mapping[str, str] | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOLROO_")}
    if key is not None:
        kept["MOLROO_BOOTSTRAP_KEY"] = key
    return {**kept, "PYTHONUNBUFFERED": "1", **(extra or {})}


def _reap(process: subprocess.Popen[str], output: Output, within_s: float) -> int:
    try:
        code = process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait(STOP_WITHIN_S)
    output.join(STOP_WITHIN_S)
    return code


def _story(process: subprocess.Popen[str], output: Output) -> str:
    code = process.poll()
    what = "was not ready in time" if code is None else f"ended with {code} before it was ready"
    return "\n  ".join([f"the server {what}; it printed:", *(output.lines[-40:] or ["nothing"])])
