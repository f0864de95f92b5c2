"""How every peer in Python serves: aiohttp on a free loopback port, the ready line, an end on SIGTERM. What it
answers is the peer's own.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Awaitable, Callable

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--uvloop", action="store_true", help="run on uvloop, as the server beside it does")
    return parser.parse_args()


def serve(answer: Answer, post: Answer | None = None) -> None:
    """Serve `answer` at /ws, and `post` at /turn, until SIGTERM."""
    if flags().uvloop:
        import uvloop  # noqa: PLC0415 - an extra, needed only where the server runs on it

        uvloop.run(_until_told(answer, post))
    else:
        asyncio.run(_until_told(answer, post))


async def _until_told(answer: Answer, post: Answer | None) -> None:
    app = web.Application()
    app.router.add_get("/ws", answer)
    if post is not None:
        app.router.add_post("/turn", post)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    port = runner.addresses[0][1]
    print(f"ready on http://127.0.0.1:{port}", flush=True)
    await told.wait()
    await runner.cleanup()


def of_size(size: int) -> str:
    """A message that the load client counts as a turn's answer, of exactly `size` bytes."""
    opening, closing = '{"type":"turn_result","data":"', '"}'
    return opening + "x" * (size - len(opening) - len(closing)) + closing
