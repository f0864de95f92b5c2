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
"""How long a jump of the wall may go unnoticed."""
_RETRY_MAX_S: Final = 3_600.0
_SPREAD: Final = 0.25
"""Waits are up to this part longer or shorter: those that failed together come back apart."""
_DEAD_KEPT_MS: Final = 7 * 86_400_000
_PURGE_EVERY_S: Final = 600.0
_COUNT_EVERY_S: Final = 30.0
_JUMP_MS: Final = 1_000
"""A wall that moved further than that against the monotonic clock between two looks was set, or slept."""
_LAST_ANSWERS_S: Final = 1.0
"""How long requests under way may still be answered when the courier is stopped; then they are made again later."""
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
        self._asking: dict[str, asyncio.Task[Change]] = {}
        """Those of them that wait for their receiver."""
        self._hosts: Counter[str] = Counter()
        self._silent: set[str] = set()
        """Hosts that could not be reached when last tried: one request at a time finds out whether they can again."""
        self._ahead_ms: int | None = None
        """How far the wall was ahead of the monotonic clock when last looked at."""
        self._since_ms = 0
        """Since when time has passed evenly, by the wall; what was due before was kept waiting by us."""
        self._purge_from_s = 0.0
        self._count_from_s = 0.0
        self._changed = asyncio.Event()
        self._stopping = False
        self.waiting = self.dead = 0
        """Deliveries that wait, and that were given up, as counted now and then."""

    @property
    def under_way(self) -> int:
        """Requests that wait for an answer."""
        return len(self._asking)

    async def run(self) -> None:
        """Delivers until `stop`."""
        while not self._stopping:
            self._changed.clear()
            try:
                wait_s = await self._round()
            except MolrooError as error:
                log.warning("deliveries cannot be read now: %s", error)
                wait_s = 1.0
            except Exception:
                log.exception("the courier failed in a way that it should not; it goes on")
                wait_s = _LOOK_EVERY_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=_LAST_ANSWERS_S)
        for asking in self._asking.values():
            asking.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    def stop(self) -> None:
        """Ends `run`; requests that are not answered soon are made again after the next start. Idempotent."""
        self._stopping = True
        self._changed.set()

    def queued(self) -> None:
        """A delivery became durable."""
        self._changed.set()

    # -- finding -------------------------------------------------------------------------------------------------------

    async def _round(self) -> float:
        """Sends what is due, as far as there is room; returns the seconds until there may be more to do."""
        if not self._registry.ledger.hooked:
            self.waiting = self.dead = 0
            return _LOOK_EVERY_S
        await self._look_at_wall()
        await self._keep_house()
        room = self._settings.deliveries_at_once - len(self._under_way)
        if room <= 0:
            return _LOOK_EVERY_S  # the end of any of them comes first
        busy = [host for host in self._hosts if self._is_busy(host)]
        limit = room + len(self._under_way)
        found = await self._registry.ledger.read(hooks.due, busy, self._settings.deliveries_per_host_max, limit)
        now_ms = self._clock.wall_ms()
        passed_over = False
        for delivery in found:
            if delivery.id in self._under_way:
                continue
            if delivery.due_ms > now_ms:
                return min(_LOOK_EVERY_S, (delivery.due_ms - now_ms) / 1000)
            if len(self._under_way) >= self._settings.deliveries_at_once or self._stopping:
                break
            if self._is_busy(delivery.host):
                passed_over = True
            else:
                self._begin(delivery)
        # What was passed over may have stood in the way of what waits for other hosts; these are busy from now on.
        return 0.0 if passed_over else _LOOK_EVERY_S

    def _is_busy(self, host: str) -> bool:
        return self._hosts[host] >= (1 if host in self._silent else self._settings.deliveries_per_host_max)

    async def _look_at_wall(self) -> None:
        """No wait gets longer because the wall was set back, and no day shorter because it was set forward."""
        now_ms = self._clock.wall_ms()
        ahead_ms = now_ms - int(self._clock.monotonic_s() * 1000)
        jump_ms = 0 if self._ahead_ms is None else ahead_ms - self._ahead_ms
        if self._ahead_ms is None or abs(jump_ms) > _JUMP_MS:
            longest_ms = int(_RETRY_MAX_S * (1 + _SPREAD) * 1000)
            await self._gate.commit([hooks.pull_in(now_ms, max(0, -jump_ms), longest_ms)])
            self._since_ms = now_ms
        self._ahead_ms = ahead_ms

    async def _keep_house(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s >= self._purge_from_s:
            self._purge_from_s = now_s + _PURGE_EVERY_S
            self._silent.clear()  # so that it holds no host for ever
            await self._gate.commit([hooks.forget_dead(self._clock.wall_ms() - _DEAD_KEPT_MS)])
        if now_s >= self._count_from_s:
            self._count_from_s = now_s + _COUNT_EVERY_S
            self.waiting, self.dead = await self._registry.ledger.read(hooks.counts)

    # -- delivering ----------------------------------------------------------------------------------------------------

    def _begin(self, delivery: Delivery) -> None:
        loop = asyncio.get_running_loop()
        self._hosts[delivery.host] += 1
        self._asking[delivery.id] = asking = loop.create_task(self._attempt(delivery), name=delivery.id)
        self._under_way[delivery.id] = loop.create_task(self._deliver(delivery, asking), name=f"{delivery.id} outcome")

    async def _deliver(self, delivery: Delivery, asking: asyncio.Task[Change]) -> None:
        try:
            try:
                change = await asking
            finally:
                del self._asking[delivery.id]
            await self._commit(change)
        finally:
            del self._under_way[delivery.id]
            self._hosts[delivery.host] -= 1
            if not self._hosts[delivery.host]:
                del self._hosts[delivery.host]
            self._changed.set()

    async def _attempt(self, delivery: Delivery) -> Change:
        """One request; what follows from its answer."""
        begun_ms = delivery.begun_ms + max(0, self._since_ms - delivery.due_ms)
        try:
            response = await self._send(delivery)
        except Unreachable as error:
            self._silent.add(delivery.host)
            return self._put_off(delivery, begun_ms, str(error), None)
        except Exception:
            log.exception("a delivery failed in a way that it should not; it is tried again later")
            return self._put_off(delivery, begun_ms, "an error of this server; its log has more", None)
        self._silent.discard(delivery.host)
        if 200 <= response.status < 300:
            self._registry.observer.delivered("taken")
            return hooks.taken(delivery)
        why = f"the receiver answered {response.status}"
        if 400 <= response.status < 500 and response.status not in _PASSING:
            return self._give_up(delivery, f"{why}, which is final")
        return self._put_off(delivery, begun_ms, why, response.retry_after_s)

    async def _send(self, delivery: Delivery) -> Response:
        body = delivery_body(delivery.id, delivery.type, delivery.session_id, iso(delivery.at_ms), delivery.data)
        headers = {
            "Content-Type": "application/json",
            "X-Molroo-Delivery": delivery.id,
            "X-Molroo-Signature": signature(delivery.secret, self._clock.wall_ms() // 1000, body),
        }
        return await self._sender.post(delivery.url, headers, body)

    def _put_off(self, delivery: Delivery, begun_ms: int, why: str, retry_after_s: float | None) -> Change:
        wait_s = min(self._settings.delivery_retry_first_s * 2.0 ** min(delivery.attempt, 20), _RETRY_MAX_S)
        wait_s *= self._chance.uniform(1 - _SPREAD, 1 + _SPREAD)
        if retry_after_s is not None:
            wait_s = max(wait_s, min(retry_after_s, _RETRY_MAX_S))
        now_ms = self._clock.wall_ms()
        end_ms = begun_ms + int(self._settings.deliveries_kept_s * 1000)
        if now_ms >= end_ms:
            return self._give_up(delivery, f"{why}; tried for {self._settings.deliveries_kept_s:g} s")
        self._registry.observer.delivered("put_off")
        return hooks.put_off(delivery, min(now_ms + int(wait_s * 1000), end_ms), begun_ms, why)

    def _give_up(self, delivery: Delivery, why: str) -> Change:
        log.warning("delivery %s of session %s is given up: %s", delivery.id, delivery.session_id, why)
        self._registry.observer.delivered("given_up")
        return hooks.given_up(delivery, self._clock.wall_ms(), why, self._settings.deliveries_per_webhook_max)

    async def _commit(self, change: Change) -> None:
        """Durable before the delivery is looked at again; a disk that refuses is asked until it does not."""
        while True:
            try:
                await self._gate.commit([change])
            except Exception as error:  # noqa: BLE001 - whatever it is: else the receiver is asked again at once
                log.warning("what came of a delivery cannot be written now: %r", error)
                if self._stopping:
                    return
                await asyncio.sleep(1.0)
            else:
                return
