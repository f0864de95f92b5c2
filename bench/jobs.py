"""What the bench asks of its load client and gets back: one JSON line each way, so that the client is a process of
its own.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal

import msgspec

from bench.turns import Kind

REPORTS_WITHIN_S = 300.0
Protocol = Literal["ws", "rest"]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """`steady`: every socket in lock step for `measure_s`. `once`: one turn a socket in random order, one at a
    time, `passes` times with `rest_s` between. `hold`: one turn a socket if `turn_first`, then idle until told
    to go. Over `rest` each path is posted to on a connection of its own; `sessions`, if any, go into the bodies."""

    mode: Literal["steady", "once", "hold"]
    port: int
    pid: int
    paths: list[str]
    over: Protocol = "ws"
    sessions: list[str] = []
    kind: Kind = "vector"
    seed: int = 1
    ids: bool = False
    warmup_s: float = 0.5
    warmup_turns: int = 0
    """At least so many before the clock runs, however long that takes."""
    measure_s: float = 2.0
    passes: int = 1
    rest_s: float = 0.0
    turn_first: bool = False


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Of the measured time only: warm-up and opening are outside. `others_cpu_share` is what the machine did besides,
    the kernel's work for the disk included; a share above a tenth says that somebody disturbed."""

    turns: int
    seconds: float
    p50_ms: float
    p99_ms: float
    client_cpu_share: float
    server_cpu_s: float
    others_cpu_share: float
    written_bytes: int
    answer_bytes: int

    @property
    def per_s(self) -> float:
        return self.turns / self.seconds

    @property
    def client_us_per_turn(self) -> float:
        return self.client_cpu_share * self.seconds * 1e6 / max(self.turns, 1)

    @property
    def server_us_per_turn(self) -> float:
        return self.server_cpu_s * 1e6 / max(self.turns, 1)

    @property
    def written_per_turn(self) -> float:
        return self.written_bytes / max(self.turns, 1)


class LoadFailed(RuntimeError):
    """The load client gave up; the text is its last words."""


def run(job: Job) -> Measured:
    """Run a job to its end in a child."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=msgspec.json.encode(job),
        capture_output=True,
        timeout=REPORTS_WITHIN_S,
        check=False,
    )
    if done.returncode:
        raise LoadFailed(done.stderr.decode(errors="replace")[-1500:])
    return msgspec.json.decode(done.stdout, type=Measured)


@contextlib.contextmanager
def held(job: Job) -> Iterator[None]:
    """The sockets of a `hold` job, open for as long as the block lasts."""
    popen = subprocess.Popen(
        [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert popen.stdin is not None
    assert popen.stdout is not None
    assert popen.stderr is not None
    try:
        popen.stdin.write(msgspec.json.encode(job) + b"\n")
        popen.stdin.flush()
        if popen.stdout.readline() != b"held\n":
            raise LoadFailed(popen.stderr.read().decode(errors="replace")[-1500:])
        yield
    finally:
        popen.stdin.close()
        try:
            popen.wait(20)
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.wait()
        popen.stdout.close()
        popen.stderr.close()
