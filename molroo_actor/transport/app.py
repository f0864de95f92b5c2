"""The server put together: ledger, host, folding, keys, routes; started in order, stopped in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import resource
import ssl
from collections import ChainMap
from collections.abc import Iterator

from aiohttp import hdrs, web

from molroo_actor import ids
from molroo_actor.clock import Clock, SystemClock
from molroo_actor.protocol.views import encode
from molroo_actor.runtime.admin import Admin, AdminServer
from molroo_actor.runtime.appraiser import Appraiser
from molroo_actor.runtime.courier import Courier
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.keyring import Keyring
from molroo_actor.runtime.receivers import Receivers
from molroo_actor.runtime.registry import Registry
from molroo_actor.runtime.sessions import Sessions
from molroo_actor.settings import Settings, SettingsError
from molroo_actor.storage import catalog
from molroo_actor.storage.fold import Folding
from molroo_actor.storage.ledger import Ledger
from molroo_actor.transport import docs_page, openapi
from molroo_actor.transport.auth import Origins
from molroo_actor.transport.entrance import Entrance, json_response
from molroo_actor.transport.lines import Lines
from molroo_actor.transport.listener import Listener
from molroo_actor.transport.llm_appraiser import LlmAppraiser
from molroo_actor.transport.llm_chat import ChatEndpoint
from molroo_actor.transport.llm_writer import LlmWriter
from molroo_actor.transport.metrics import Metrics
from molroo_actor.transport.rest import Rest
from molroo_actor.transport.rest_outreach import RestOutreach
from molroo_actor.transport.webhook_sender import WebhookSender
from molroo_actor.transport.websocket import Sockets

log = logging.getLogger(__name__)

_GOODBYE_WITHIN_S = 2.0
"""For clients to read the close frame and answer it: a line cut while they still send loses it."""


class Server:
    """One server on one data folder. `start`, then it serves until `stop`."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None, appraiser: Appraiser | None = None) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.first_key: str | None = None
        """The key that was made because there was none; shown once."""
        self.url = ""
        self._clock = clock or SystemClock()
        self._appraiser = appraiser
        self.llm: LlmAppraiser | None = None
        """When settings name an endpoint."""
        self._writer: LlmWriter | None = None
        self._ledger = Ledger(settings)
        self._sender = WebhookSender(
            within_s=settings.delivery_within_s,
            at_once=settings.deliveries_at_once,
            allow_private=settings.allow_private_webhooks,
        )
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []
        """What goes on beside requests: folding, alarms, deliveries."""
        self.host: Host
        self.sessions: Sessions
        self.keyring: Keyring
        self._courier: Courier
        self._folding: Folding
        self._sockets: Sockets
        self._admin: AdminServer
        self._listener: Listener

    # -- starting ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Opens the data folder and the port. Raises DataInUse, Damaged, NewerFormat, SettingsError, OSError."""
        tls = self._tls()
        await self._ledger.open()
        try:
            await self._check_time_scale()
            await self._ledger.begin_history()
            await self._start_parts()
            await self._listen(tls)
            await self._make_first_key()
        except BaseException:
            await self.stop()
            raise

    async def _check_time_scale(self) -> None:
        if self.settings.time_scale == 1 or self.settings.time_scale_beside_live:
            return
        if await self._ledger.read(catalog.has_live):
            raise SettingsError(
                "MOLROO_TIME_SCALE is for trying things out, and this data folder holds sessions of live keys: take"
                " another folder, or set MOLROO_TIME_SCALE_BESIDE_LIVE=true (live sessions keep real time)"
            )

    def _tls(self) -> ssl.SSLContext | None:
        if self.settings.tls_cert is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.settings.tls_cert, self.settings.tls_key)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"MOLROO_TLS_CERT and MOLROO_TLS_KEY cannot be used: {error}") from error
        return context

    async def _start_parts(self) -> None:
        registry = Registry(self.settings, self._ledger, self._clock, self.metrics)
        if self._appraiser is None and self.settings.llm_base_url is not None:
            self._start_llm()
        self.host = Host(registry, self._appraiser or self.llm, self._writer)
        commit = self.host.gate.commit
        self._folding = Folding(
            self._ledger.folder, self._ledger.node, self._ledger.journal, self.settings, self._clock, commit
        )
        self.sessions = Sessions(self.host, self._folding)
        self.keyring = Keyring(self._ledger.keys, self._clock, commit)
        await self._sender.open()
        self._courier = Courier(registry, self.host.gate, self._sender, random.SystemRandom())
        self.host.queued = self._courier.queued
        await self._install_keys()
        self.metrics.gauges = self._gauges
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._folding.run(), name="fold"),
            loop.create_task(self.host.alarms.run(), name="alarms"),
            loop.create_task(self._courier.run(), name="courier"),
        ]
        self.host.residency.start()
        damaged = ChainMap(self.host.registry.damaged, self._folding.damaged)
        self._admin = AdminServer(
            Admin(
                self._ledger,
                self.keyring,
                self.sessions.item,
                damaged,
                self._clock,
                commit,
                self._folding,
                self._courier.queued,
            ),
            self._ledger.folder,
        )
        await self._admin.start()

    def _start_llm(self) -> None:
        randomness = random.Random()  # noqa: S311 - it spreads retries, nothing secret
        chat = ChatEndpoint(self.settings, self._clock, randomness)
        self.llm = llm = LlmAppraiser(chat, self.settings, self._clock, randomness, self.metrics)
        self._writer = LlmWriter(chat, self.settings, self._clock, lambda: llm.paused)

    async def _install_keys(self) -> None:
        given = self.settings.bootstrap_key
        if given is not None:
            if not ids.is_key(given):
                raise SettingsError("MOLROO_BOOTSTRAP_KEY must look like mk_test_ or mk_live_ and 32 letters or digits")
            await self.keyring.install(given, "default")

    async def _make_first_key(self) -> None:
        """Not before the port is open: the key is shown once, and who cannot listen greets nobody."""
        if not self.keyring.keys:
            self.first_key, _ = await self.keyring.create("default", live=False)

    async def _listen(self, tls: ssl.SSLContext | None) -> None:
        origins = Origins(self.settings.cors_origins)
        entrance = Entrance(self.host, self.keyring, self.metrics, self._clock, origins)
        self._sockets = Sockets(self.host, self.keyring, self.metrics, self._clock, origins, entrance.refuse)
        app = web.Application(client_max_size=self.settings.body_bytes_max)
        rest = Rest(entrance, self.host, self.sessions)
        outreach = RestOutreach(entrance, self.host, Receivers(self.host))
        for method, path, take in (*rest.routes(), *outreach.routes()):
            app.router.add_route(method, path, entrance.wrap(take), expect_handler=entrance.expected)
        app.router.add_route(
            hdrs.METH_GET, "/v1/ws/{session_id}", self._sockets.handle, expect_handler=entrance.expected
        )
        for path, handler in (("/livez", self._livez), ("/readyz", self._readyz), ("/metrics", self._metrics)):
            app.router.add_get(path, entrance.wrap(handler), expect_handler=entrance.expected)
        for path, shown in (("/openapi.json", openapi.serve), ("/docs", docs_page.serve)):
            app.router.add_get(path, entrance.wrap(shown), expect_handler=entrance.expected)
        anything = entrance.wrap(entrance.elsewhere)
        app.router.add_route(hdrs.METH_ANY, r"/{elsewhere:[\s\S]*}", anything, expect_handler=entrance.expected)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        handles, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        lines = Lines(self._clock, head_within_s=self.settings.head_within_s, stall_s=self.settings.answer_stall_s)
        connections_max = handles - self.settings.handles_reserve
        self._listener = Listener(server, lines, lambda: self._sockets.count, connections_max, tls)
        self.host.residency.ticks.append(self._listener.tick)
        self.url = await self._listener.start(self.settings.host, self.settings.port)

    # -- for operators -------------------------------------------------------------------------------------------------

    async def _livez(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return json_response(b'{"status":"ok"}')

    async def _readyz(self, request: web.Request) -> web.Response:  # noqa: ARG002
        reasons = self.not_ready()
        body = {"status": "ok"} if not reasons else {"status": "not ready", "reasons": reasons}
        return json_response(encode(body), 503 if reasons else 200)

    def not_ready(self) -> list[str]:
        """Why no traffic should come; empty when it may."""
        reasons = []
        if self.host.registry.stopping:
            reasons.append("shutting down")
        if self.host.gate.failing is not None:
            reasons.append(f"the last append failed: {self.host.gate.failing}")
        free = self._ledger.folder.free_bytes()
        if free < self.settings.free_bytes_min:
            reasons.append(f"{free:,} bytes free, the limit is {self.settings.free_bytes_min:,}")
        if self._ledger.journal.size > self.settings.journal_bytes_max:
            reasons.append("the journal is full; folding goes on")
        return reasons

    async def _metrics(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return web.Response(body=self.metrics.text(), content_type="text/plain", charset="utf-8")

    def _gauges(self) -> Iterator[tuple[str, str, float]]:
        host, journal, folding = self.host, self._ledger.journal, self._folding
        slots = host.registry.by_inner
        yield "molroo_sessions", "Sessions that exist", self.sessions.count
        yield "molroo_resident", "Actors in memory", host.residency.residents
        yield "molroo_active", "Sessions with a turn under way or waiting", host.residency.active
        yield "molroo_slots", "Sessions with an actor, a socket or a letter", len(slots)
        yield "molroo_sockets", "Open WebSockets", self._sockets.count
        yield "molroo_connections", "Open TCP connections", self._listener.connections
        yield "molroo_accept_pauses_total", "Times that accepting paused for want of handles", self._listener.pauses
        yield "molroo_gate_depth", "Rows that wait for a commit", host.gate.depth
        yield "molroo_mailbox_depth", "Letters that wait in all mailboxes", sum(slot.depth for slot in slots.values())
        yield "molroo_journal_bytes", "Journal rows not folded yet", journal.size
        yield "molroo_journal_sessions", "Sessions with such rows", len(journal.tails)
        yield "molroo_folds_total", "Sessions folded", folding.sessions_folded
        yield "molroo_folded_rows_total", "Rows folded", folding.rows_folded
        yield "molroo_fold_failures_total", "Folds that failed and are tried again", folding.failures
        yield (
            "molroo_damaged_sessions",
            "Sessions whose file cannot be read",
            len(host.registry.damaged | folding.damaged),
        )
        courier = self._courier
        yield "molroo_deliveries_running", "Requests to webhooks under way", courier.under_way
        yield "molroo_deliveries_waiting", "Deliveries that wait, counted twice a minute", courier.waiting
        yield "molroo_deliveries_dead", "Deliveries that were given up and are kept, counted as often", courier.dead
        if self.llm is not None:
            yield "molroo_llm_running", "Calls of the LLM appraiser under way", self.llm.running
            yield "molroo_llm_paused", "1 while its endpoint is left alone after failures", self.llm.paused
        yield "molroo_ready", "1 when /readyz says so", 0 if self.not_ready() else 1

    # -- stopping ------------------------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Answers what waits, commits, says goodbye, closes everything; within the grace. Idempotent."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.shutdown_grace_s / 2):
                await self._stop_serving()
        await self._stop_parts()

    async def _stop_serving(self) -> None:
        if self._runner is not None:
            self._listener.stop()
        if self._tasks:
            self._courier.stop()  # else what comes of its requests keeps a slow disk from ever being idle
        if hasattr(self, "host"):
            await self.host.stop()
        if self._runner is not None:
            await self._sockets.close_all(_GOODBYE_WITHIN_S)

    async def _stop_parts(self) -> None:
        if self._runner is not None:
            self._sockets.abort_all()
            await self._runner.cleanup()
            self._runner = None
        if self._tasks:
            self._folding.stop()
            self.host.alarms.stop()
            self._courier.stop()
            await asyncio.gather(*self._tasks)
            await self._folding.close()
            await self._admin.close()
            self._tasks = []
        if self.llm is not None:
            await self.llm.close()
        await self._sender.close()
        await self._ledger.close()


def raise_handle_limit() -> int:
    """Raises the soft limit of file handles to the hard one and returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
