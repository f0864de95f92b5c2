"""`molroo-actor serve`: the process around a server. Signals, logs, exit codes, and what a newcomer reads first."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import gc
import importlib
import json
import logging
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable

from molroo_actor import ids
from molroo_actor import settings as all_settings
from molroo_actor.settings import Settings
from molroo_actor.transport.app import Server, raise_handle_limit

log = logging.getLogger("molroo_actor")

_M_ARENA_MAX = -8
_SWITCH_S = 0.001
"""How long one thread may keep the interpreter from another: a commit's thread waits at most this long for the loop's.
"""


def run(given: argparse.Namespace) -> int:
    """Serves until a signal. 0 after a clean end, 1 when it could not start, 3 when an outcome is unknown."""
    settings = all_settings.from_environment(host=given.host, port=given.port, data=given.data)
    if given.print_settings:
        print("\n".join(all_settings.as_lines(settings)))
        return 0
    _set_up_logs(settings)
    sys.setswitchinterval(_SWITCH_S)
    _share_malloc_arena()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_serve(settings))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _serve(settings: Settings) -> int:
    handles = raise_handle_limit()
    log.info("up to %d file handles", handles)
    if settings.synchronous != "FULL":
        log.warning("MOLROO_SYNCHRONOUS=OFF: answers are NOT durable; this is for measuring only")
    server = Server(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, stop)
    await server.start()
    _calm_gc()
    _greet(server)
    waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(server.host.doomed.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    log.info("stopping")
    await server.stop()
    log.info("stopped")
    return 3 if server.host.doomed.is_set() else 0


def _share_malloc_arena() -> None:
    """One arena for all threads: glibc gives each its own, which takes 1.7 KB more for each of 10,000 idle sockets."""
    with contextlib.suppress(OSError, AttributeError):  # other C libraries know neither
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _calm_gc() -> None:
    """What is there by now stays, and a turn makes hundreds of short-lived values and no cycle: looking through them
    all the time costs a twentieth of all turns.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _on_signal(stop: asyncio.Event) -> None:
    if stop.is_set():  # the second one: at once. What was acknowledged is on disk already
        os._exit(130)
    stop.set()


def _greet(server: Server) -> None:
    if server.llm is not None:
        print(f"texts are appraised by {server.llm.name}; the embedded appraiser stands in", flush=True)
    if server.settings.time_scale != 1:
        print(f"time runs {server.settings.time_scale:g} times as fast for new sessions of test keys", flush=True)
    key = server.first_key
    if key is None:
        print(f"ready on {server.url}", flush=True)
        print(f"another key: molroo-actor keys create --data {shlex.quote(str(server.settings.data))}", flush=True)
        return
    print(f"ready on {server.url} with key {key}", flush=True)
    body = json.dumps({"sessionId": "mia", "preset": "cheerful_companion"})
    turn = json.dumps({"sessionId": "mia", "message": "I really missed you today"})
    print(
        f"""
This key is shown once. Make a character, then talk to it:

  curl -s -H 'Authorization: Bearer {key}' {server.url}/v1/persona -d '{body}'
  curl -s -H 'Authorization: Bearer {key}' '{server.url}/v1/turn?prompt_data=false' -d '{turn}'

Its socket: ws{server.url[4:]}/v1/ws/mia?token={key}
""",
        flush=True,
    )


class _TextLines(logging.Formatter):
    """A line of text, without any key: aiohttp's own lines may quote a request."""

    def format(self, record: logging.LogRecord) -> str:
        return ids.without_keys(super().format(record))


class _JsonLines(logging.Formatter):
    """One JSON object a line, without any key."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "from": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return ids.without_keys(json.dumps(line))


def _set_up_logs(settings: Settings) -> None:
    to_stderr = logging.StreamHandler()
    if settings.log_format == "json":
        to_stderr.setFormatter(_JsonLines())
    else:
        to_stderr.setFormatter(_TextLines("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=settings.log_level, handlers=[to_stderr])
    for name in ("aiosqlite", "aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLevelName(settings.log_level)))
