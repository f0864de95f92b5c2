"""Child servers: started on loopback, awaited by their ready line, stopped by their own pid and by nothing
broader.

Every peer prints `ready on http://127.0.0.1:PORT` as its first line when it serves, as this server does; a peer
that is not Python needs no more than that to be measured.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

KEY = "mk_test_" + "BenchBenchBenchBenchBenchBench00"
READY = re.compile(r"^ready on http://([0-9.]+):(\d+)")
READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 30.0

# Limits that would measure the limiter and not the server.
UNLIMITED = {"MOLROO_REQUESTS_PER_MINUTE": "0", "MOLROO_SOCKET_MESSAGES_PER_S": "0"}


class ChildFailed(RuntimeError):
    """A child did not become ready, or did not stop, in its time; the text ends with what it said."""


@dataclass
class Child:
    """One running server: where it listens and how it is stopped. `stop()` is idempotent."""

    name: str
    popen: subprocess.Popen[bytes]
    port: int
    ready_s: float
    said: IO[bytes]
    stopped: bool = field(default=False)

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        if self.stopped:
            return
        self.stopped = True
        _end(self.popen)
        self.said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(name: str, argv: Sequence[str], env: Mapping[str, str] | None = None) -> Child:
    """Start a child and return once it said that it serves; `ready_s` counts from exec to that line."""
    said = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the child
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MOLROO_")}
    began = time.perf_counter()
    popen = subprocess.Popen(
        argv,
        bufsize=0,  # lines before the one that is waited for must not hide in a buffer from `select`
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=said,
        env={**inherited, **(env or {})},
    )
    try:
        port = _await_ready(popen)
    except ChildFailed as error:
        _end(popen)
        said.seek(0)
        raise ChildFailed(f"{name}: {error}\n{said.read().decode(errors='replace')[-2000:]}") from None
    return Child(name, popen, port, time.perf_counter() - began, said)


def start_listening(name: str, argv: Sequence[str], port: int) -> Child:
    """A child that says nothing: ready once its port takes connections."""
    said = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the child
    began = time.perf_counter()
    popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    while time.perf_counter() - began < READY_WITHIN_S and popen.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return Child(name, popen, port, time.perf_counter() - began, said)
        time.sleep(0.02)
    _end(popen)
    said.seek(0)
    raise ChildFailed(f"{name} does not listen\n{said.read().decode(errors='replace')[-2000:]}")


def start_server(name: str, data: Path, **env: str) -> Child:
    """This server on `data`, with no rate limits; `env` are further `MOLROO_*` settings."""
    argv = [sys.executable, "-m", "molroo_actor", "serve", "--host", "127.0.0.1", "--port", "0", "--data", str(data)]
    return start(name, argv, {**UNLIMITED, "MOLROO_BOOTSTRAP_KEY": KEY, **env})


def start_peer(module: str, *flags: str) -> Child:
    """A peer of `bench/peers`, by its module's name."""
    return start(module, [sys.executable, "-m", f"bench.peers.{module}", *flags])


def _await_ready(popen: subprocess.Popen[bytes]) -> int:
    assert popen.stdout is not None
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        readable, _, _ = select.select([popen.stdout], [], [], 0.2)
        if not readable:
            continue
        line = popen.stdout.readline().decode(errors="replace")
        if match := READY.match(line):
            return int(match[2])
        if not line:
            raise ChildFailed(f"ended with {popen.wait(5)} before it was ready")
    raise ChildFailed(f"not ready within {READY_WITHIN_S:.0f} s")


def _end(popen: subprocess.Popen[bytes]) -> None:
    if popen.poll() is None:
        popen.send_signal(signal.SIGTERM)
        try:
            popen.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.wait()
    if popen.stdout is not None:
        popen.stdout.close()
