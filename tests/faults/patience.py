"""Waiting for what another process does: nobody here can set an event for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(happened: Callable[[], bool], every_s: float = 0.005) -> None:
    """Looks again and again; the caller sets the limit."""
    while not happened():  # noqa: ASYNC110 - see above
        await asyncio.sleep(every_s)
