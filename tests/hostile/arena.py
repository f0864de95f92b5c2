"""Where it happens: a server as a child process with all its log, tenants with keys of both kinds, and a witness.

Every message text in here carries a mark of its own, every key is known: afterwards both are searched for where they
must not be.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from molroo_actor.cli import main as cli
from tests.hostile.tally import Tally
from tests.hostile.wire import Answer, Line, json_request, request
from tests.kit import server as kit

UNLIMITED = {
    "MOLROO_REQUESTS_PER_MINUTE": "0",
    "MOLROO_SOCKET_MESSAGES_PER_S": "0",
    "MOLROO_REFUSED_UPGRADES_PER_MINUTE": "0",
}
"""For kinds that are about something else than rates."""
NEIGHBOURS = 4
MIB = 1 << 20
CHECKED = "checked-afterwards"
"""A session of the attacker's tenant that no kind touches."""


@dataclass(frozen=True)
class Plan:
    """How much of a kind, from which seed."""

    scale: float
    rng: random.Random

    def count(self, full: int, least: int = 1) -> int:
        return max(least, round(full * self.scale))


@dataclass
class Arena:
    """One server under attack."""

    server: kit.Server
    witness: subprocess.Popen[str]
    mallory: str
    """The attacker's key."""
    mallory_live: str
    outsider: str
    """Another tenant's key."""
    neighbour: str
    marks: list[str] = field(default_factory=list)
    """Of message texts; none may be in a log."""
    wrong_keys: list[str] = field(default_factory=list)
    """Keys that were tried and belong to nobody; they may be in no log either."""

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def keys(self) -> list[str]:
        return [self.mallory, self.mallory_live, self.outsider, self.neighbour, *self.wrong_keys]

    def mark(self, rng: random.Random) -> str:
        """A word for a message text that nobody else says."""
        self.marks.append(f"zwieback{rng.getrandbits(40):010x}")
        return self.marks[-1]

    def ask(self, method: str, path: str, key: str | None = None, body: Any = None) -> Answer:
        """One well-behaved request on a line of its own. Raises ConnectionError when it is not answered."""
        made = request(method, path, key) if body is None else json_request(method, path, key, body)
        with Line(self.port) as line:
            answer = line.ask(made)
        if answer is None:
            raise ConnectionError(f"{method} {path} was not answered")
        return answer

    def create(self, session: str, key: str | None = None) -> None:
        body = {"preset": "cheerful_companion", "sessionId": session}
        answer = self.ask("POST", "/v1/persona", key or self.mallory, body)
        if answer.status != 201:
            raise ConnectionError(f"no session {session}: {answer}")

    # -- watching ------------------------------------------------------------------------------------------------------

    def seen(self) -> tuple[list[tuple[float, float]], list[str]]:
        """What the witness saw since the last call: (when, seconds) of its turns, and what went wrong."""
        assert self.witness.stdin is not None
        assert self.witness.stdout is not None
        self.witness.stdin.write("\n")
        self.witness.stdin.flush()
        told = json.loads(self.witness.stdout.readline())
        return [(when, took) for when, took in told["turns"]], told["wrong"]

    def rss(self) -> int:
        return self._status("VmRSS")

    def rss_peak(self) -> int:
        """Since `forget_peak`, as the kernel saw it."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        with contextlib.suppress(OSError):
            Path(f"/proc/{self.server.pid}/clear_refs").write_text("5")

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self.server.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        raise LookupError(name)

    def metric(self, name: str) -> float:
        text = self.ask("GET", "/metrics").body.decode()
        return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), 0.0)

    def settled(self, sockets: int, lines: int, within_s: float) -> bool:
        """Whether the server comes down to that many sockets and lines, its own asking line not counted."""
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s:
            if self.metric("molroo_sockets ") <= sockets and self.metric("molroo_connections ") - 1 <= lines:
                return True
            time.sleep(0.1)
        return False

    def check_up(self, tally: Tally, log_from: int) -> None:
        """After a kind: the server is up and ready, has logged no error, and takes a turn."""
        if self.server.process.poll() is not None:
            tally.fault(f"the server ended with {self.server.process.returncode}: {self.server.output.lines[-20:]}")
            return
        for line in self.server.output.lines[log_from:]:
            if " ERROR " in line or '"ERROR"' in line or "Traceback" in line:
                tally.fault(f"the log has: {line}")
        try:
            ready = self.ask("GET", "/readyz")
            turn = self.ask(
                "POST", "/v1/turn?prompt_data=false", self.mallory, {"sessionId": CHECKED, "message": "hello"}
            )
        except OSError as error:
            tally.died(f"the server does not answer afterwards: {error!r}")
            return
        if ready.status != 200:
            tally.fault(f"not ready afterwards: {ready.body!r}")
        if turn.status not in {200, 429}:
            tally.fault(f"no turn afterwards: {turn.status} {turn.body[:300]!r}")


@contextlib.contextmanager
def arena(data: Path, env: Mapping[str, str], log_format: str) -> Iterator[Arena]:
    """An arena for the length of a `with` block; the server ends with it, and so does the witness."""
    told = {"MOLROO_LOG_LEVEL": "DEBUG", "MOLROO_LOG_FORMAT": log_format, **env}
    with kit.running(data, env=told) as server:
        sessions = [f"next-door-{number}" for number in range(NEIGHBOURS)]
        place = Arena(
            server,
            _NOBODY,
            mallory=_new_key(data, "mallory"),
            mallory_live=_new_key(data, "mallory", "--live"),
            outsider=_new_key(data, "outsider"),
            neighbour=_new_key(data, "neighbour"),
        )
        place.create("mia")
        place.create(CHECKED)
        for session in sessions:
            place.create(session, place.neighbour)
        argv = [sys.executable, "-m", "tests.hostile.witness", str(server.port), place.neighbour, *sessions]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=kit.ROOT) as witness:
            assert witness.stdout is not None
            assert witness.stdin is not None
            try:
                if witness.stdout.readline().strip() != "ready":
                    raise ConnectionError("the witness was not let in")
                place.witness = witness
                yield place
            finally:
                with contextlib.suppress(BrokenPipeError):
                    witness.stdin.close()
                witness.terminate()


_NOBODY: Any = None


def _new_key(data: Path, tenant: str, *flags: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = cli.main(["keys", "create", "--data", str(data), "--tenant", tenant, *flags])
    if code:
        raise ConnectionError(f"no key for {tenant}: {printed.getvalue()}")
    return printed.getvalue().strip()
