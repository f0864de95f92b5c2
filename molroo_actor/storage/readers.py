"""A few threads that read: the ledger through a connection of their own, session files by opening and closing them.

A connection a session would take a thread or a handle a session; these are shared by all. The loop's thread reads by
itself where that is quicker than a hand-over. Nothing here writes.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from molroo_actor.errors import Unavailable
from molroo_actor.storage.node_db import NodeDb

P = ParamSpec("P")
T = TypeVar("T")
LedgerConnection = sqlite3.Connection
"""What reading functions get: the ledger, open for reading."""


class Readers:
    """The reading threads. `run` until `close`."""

    def __init__(self, node: NodeDb, threads: int) -> None:
        self._node = node
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="molroo-read")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._own: sqlite3.Connection | None = None
        """The loop's: it waits for nobody's lock."""
        self._closed = False

    async def run(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs `function(ledger_connection, …)` in one of the threads and returns what it returns.

        Raises what it raises; errors of SQLite and the system as Unavailable, their cause kept.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._pool, lambda: function(self._ledger(), *args, **kwargs)
            )
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(repr(error)) from error

    def at_once(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs `function(ledger_connection, …)` on the thread that asks, the loop's. Raises what it raises, as it is.

        Only for what is worth the loop's time, and for whoever then knows another way: a lock is not waited for.
        """
        if self._closed:
            raise RuntimeError("the readers are closed")
        if self._own is None:
            self._own = self._node.reader(busy_s=0)
            self._connections.append(self._own)
        return function(self._own, *args, **kwargs)

    def _ledger(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._node.reader()
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def close(self) -> None:
        """Waits for reads under way, then closes; later calls of `run` and `at_once` raise RuntimeError."""
        self._closed = True
        self._pool.shutdown(cancel_futures=True)
        for connection in self._connections:
            connection.close()
