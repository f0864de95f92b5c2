"""Cloudflare's workerd as a child of the bench: fetched by npm, configured on a free port and a folder, one process.

It commits with WAL and synchronous=FULL, one fsync a commit, and holds its answers until then, as this server does.
`python -m bench --only syncs` counts them. What it runs is bench/peers/workerd/worker.js. Without node and npm there
is no such peer, and the bench says so.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Final

from bench.child import Child, ChildFailed, start_listening

NAME: Final = "workerd"
_HOME: Final = Path(__file__).parent / "peers" / "workerd"
ANSWER_BYTES: Final = 1_024  # about what this server answers without prompt_data; with it workerd's stays as small
WARMUP_TURNS: Final = 2_000  # its JavaScript is compiled and its statements are prepared by then
_INSTALLED_WITHIN_S: Final = 300.0


class Missing(RuntimeError):
    """Why workerd cannot be measured here."""


def binary() -> Path:
    """The program, installed when it is not there yet. Raises Missing."""
    found = _HOME / "node_modules" / ".bin" / "workerd"
    if found.exists():
        return found
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("npm is not installed")
    command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", str(_HOME)]
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(command, capture_output=True, timeout=_INSTALLED_WITHIN_S, check=False)
    if not found.exists():
        raise Missing("npm could not install it")
    return found


def version() -> str:
    """As it says it. Raises Missing."""
    done = subprocess.run([binary(), "--version"], capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.strip()


def start(folder: Path) -> Child:
    """A workerd that keeps its objects in `folder`. Raises Missing, ChildFailed."""
    program = binary()
    folder.mkdir(parents=True)
    disk = folder / "disk"
    disk.mkdir()
    port = _free_port()
    shutil.copy(_HOME / "worker.js", folder / "worker.js")
    config = (_HOME / "config.capnp.in").read_text()
    for mark, value in (("@DISK@", str(disk)), ("@PORT@", str(port)), ("@WORKER@", "worker.js")):
        config = config.replace(mark, value)
    (folder / "config.capnp").write_text(config)
    # The script that npm links starts the real program as a child; what is measured and frozen must be the program.
    return start_listening(NAME, [str(_real(program)), "serve", str(folder / "config.capnp")], port)


def entered(folder: Path, stack: contextlib.ExitStack) -> Child | None:
    """The same, ended by the stack; where there is none that is said and the bench goes on without."""
    try:
        return stack.enter_context(start(folder))
    except Missing as error:
        print(f"workerd is not measured: {error}", flush=True)
        return None


def path(number: int) -> str:
    """The WebSocket of the numbered object."""
    return f"/ws?bytes={ANSWER_BYTES}&n={number}"


def turn_path(number: int) -> str:
    """Where the numbered object takes a turn over HTTP."""
    return f"/turn?bytes={ANSWER_BYTES}&n={number}"


def _real(program: Path) -> Path:
    package = program.resolve().parent.parent
    for found in sorted(package.parent.glob("@cloudflare/workerd-*/bin/workerd")):
        return found
    raise ChildFailed("npm installed workerd without a program for this machine")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
