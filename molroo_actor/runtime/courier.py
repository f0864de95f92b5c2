"""The courier: takes deliveries from the ledger to their receivers, again and again until they are taken or a day is
over.

One task finds what is due; a bounded number of requests is under way, a few of them to one host. What came of a request
is durable before the delivery is looked at again, so a restart loses none. Here is no HTTP: that is the sender's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import Counter
from typing import Final, Protocol

from msgspec import Struct

from molroo_actor.errors import MolrooError
from molroo_actor.protocol.views import iso
from molroo_actor.protocol.webhooks import delivery_body, signature
from molroo_actor.runtime.output_gate import OutputGate
from molroo_actor.runtime.registry import Registry
from molroo_actor.storage import hooks
from molroo_actor.storage.hooks import Delivery
from molroo_actor.storage.rows import Change

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 10.0
_RETRY_MAX_S: Final = 3_600.0
_DEAD_KEPT_MS: Final = 7 * 86_400_000
_PURGE_EVERY_S: Final = 600.0
_PASSING: Final = frozenset((408, 425, 429))
"""Answers of the 4xx kind that ask to be asked again."""


class Response(Struct, frozen=True):
    """What a receiver answered: its status, and the seconds after which it wants to be asked again."""

    status: int
    retry_after_s: float | None = None


class Unreachable(Exception):
    """No answer: refused, too late, no such host, an address that may not be reached. The text says which."""


class Sender(Protocol):
    """The port to the network."""

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Response:
        """One request, without following anything. Raises Unreachable."""


class Courier:
    """The one courier of a host. `run` in a task of its own, `stop` ends it."""

    def __init__(self, registry: Registry, gate: OutputGate, sender: Sender, chance: random.Random) -> None:
        self._registry = registry
        self._settings = registry.settings
        self._clock = registry.clock
        self._gate = gate
        self._sender = sender
        self._chance = chance
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._hosts: Counter[str] = Counter()
        self._look_ms = 0
        self._purge_from_s = 0.0
        self._changed = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Delivers until `stop`."""
        while not self._stopping:
            self._changed.clear()
            try:
                wait_s = await self._round()
            except MolrooError as error:
                log.warning("deliveries cannot be read now: %s", error)
                wait_s = 1.0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    def stop(self) -> None:
        """Ends `run`; requests under way are given up and made again after the next start. Idempotent."""
        self._stopping = True
        self._changed.set()

    def queued(self) -> None:
        """A delivery became durable."""
        self._changed.set()

    async def _round(self) -> float:
        """Sends what is due, as far as there is room; returns the seconds until there may be more to do."""
        await self._purge()
        room = self._settings.deliveries_at_once - len(self._under_way)
        if not self._registry.ledger.hooked or room <= 0:
            return _LOOK_EVERY_S
        busy = [host for host, count in self._hosts.items() if count >= self._settings.deliveries_per_host_max]
        limit = room + len(self._under_way) + 1
        now_ms = self._clock.wall_ms()
        for delivery in await self._registry.ledger.read(hooks.due, busy, limit):
            if delivery.id in self._under_way:
                continue
            if delivery.due_ms > now_ms:
                return min(_LOOK_EVERY_S, (delivery.due_ms - now_ms) / 1000)
            if len(self._under_way) >= self._settings.deliveries_at_once:
                break
            if self._hosts[delivery.host] < self._settings.deliveries_per_host_max:
                self._hosts[delivery.host] += 1
                task = asyncio.get_running_loop().create_task(self._deliver(delivery), name=delivery.id)
                self._under_way[delivery.id] = task
        return _LOOK_EVERY_S

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._commit(await self._attempt(delivery))
        except Exception:
            log.exception("a delivery failed in a way that it should not; it is made again")
            await asyncio.sleep(1.0)
        finally:
            del self._under_way[delivery.id]
            self._hosts[delivery.host] -= 1
            if not self._hosts[delivery.host]:
                del self._hosts[delivery.host]
            self._changed.set()

    async def _attempt(self, delivery: Delivery) -> Change:
        """One request; what follows from its answer."""
        body = delivery_body(delivery.id, delivery.type, delivery.session_id, iso(delivery.at_ms), delivery.data)
        headers = {
            "Content-Type": "application/json",
            "X-Molroo-Delivery": delivery.id,
            "X-Molroo-Signature": signature(delivery.secret, self._clock.wall_ms() // 1000, body),
        }
        retry_after_s = None
        try:
            response = await self._sender.post(delivery.url, headers, body)
        except Unreachable as error:
            why = str(error)
        else:
            if 200 <= response.status < 300:
                self._registry.observer.delivered("taken")
                return hooks.taken(delivery)
            why = f"the receiver answered {response.status}"
            if 400 <= response.status < 500 and response.status not in _PASSING:
                return self._give_up(delivery, f"{why}, which is final")
            retry_after_s = response.retry_after_s
        return self._put_off(delivery, why, retry_after_s)

    def _put_off(self, delivery: Delivery, why: str, retry_after_s: float | None) -> Change:
        wait_s = min(self._settings.delivery_retry_first_s * 2.0 ** min(delivery.attempt, 20), _RETRY_MAX_S)
        wait_s *= self._chance.uniform(0.75, 1.25)  # those that failed together come back apart
        if retry_after_s is not None:
            wait_s = min(max(wait_s, retry_after_s), _RETRY_MAX_S)
        now_ms = self._clock.wall_ms()
        end_ms = delivery.begun_ms + int(self._settings.deliveries_kept_s * 1000)
        if now_ms >= end_ms:
            return self._give_up(delivery, f"{why}; tried for {self._settings.deliveries_kept_s:g} s")
        self._registry.observer.delivered("put_off")
        return hooks.put_off(delivery, min(now_ms + int(wait_s * 1000), end_ms), why)

    def _give_up(self, delivery: Delivery, why: str) -> Change:
        log.warning("delivery %s of session %s is given up: %s", delivery.id, delivery.session_id, why)
        self._registry.observer.delivered("given_up")
        return hooks.given_up(delivery, self._clock.wall_ms(), why)

    async def _commit(self, change: Change) -> None:
        """Durable before the delivery is looked at again; a disk that refuses is asked until it does not."""
        while not self._stopping:
            try:
                await self._gate.commit([change])
            except MolrooError as error:
                log.warning("what came of a delivery cannot be written now: %s", error)
                await asyncio.sleep(1.0)
            else:
                return

    async def _purge(self) -> None:
        if self._clock.monotonic_s() >= self._purge_from_s and self._registry.ledger.hooked:
            self._purge_from_s = self._clock.monotonic_s() + _PURGE_EVERY_S
            with contextlib.suppress(MolrooError):
                await self._gate.commit([hooks.forget_dead(self._clock.wall_ms() - _DEAD_KEPT_MS)])
