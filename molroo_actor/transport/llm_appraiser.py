"""The appraiser that asks a language model, and lets the embedded one answer whenever that does not work out.

Here: who is asked when. What was asked before is remembered, what is being asked is shared, only so many calls run at
once, and an endpoint that fails is left alone for a while. Decisions are synchronous; a task exists only for a call
under way. Not here: HTTP (llm_chat.py), the words (llm_appraisal.py).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import msgspec

from molroo_actor.clock import Clock
from molroo_actor.engine import Params, Reading, Source, State
from molroo_actor.runtime.appraiser import EmbeddedAppraiser
from molroo_actor.settings import Settings
from molroo_actor.transport.breaker import Breaker
from molroo_actor.transport.llm_answer import ChatFailed
from molroo_actor.transport.llm_appraisal import SCHEMA, messages_of, reading_of
from molroo_actor.transport.llm_chat import Message, Schema
from molroo_actor.transport.metrics import Metrics

log = logging.getLogger(__name__)

_SHARE_OF_DEADLINE = 0.95
"""The host gives up at the whole of it; a little earlier the reason can still be counted and logged here."""
_QUIET_S = 60.0
"""Between two log lines about the endpoint's failing: one that fails every other call is no news each time."""


class Chat(Protocol):
    """The endpoint, as far as appraising needs it."""

    @property
    def name(self) -> str:
        """The model and where it is, for people."""

    async def chat(self, messages: Sequence[Message], schema: Schema, until_s: float) -> dict[str, Any]:
        """As ChatEndpoint.chat."""

    async def close(self) -> None:
        """As ChatEndpoint.close."""


class _Waiter(NamedTuple):
    """A turn that waits for a call: where its reading goes, and what the embedded appraiser needs to stand in."""

    reading: asyncio.Future[Reading]
    text: str
    source: Source
    params: Params
    state: State


class _Call:
    """One question, asked once however many turns wait for its answer."""

    __slots__ = ("key", "messages", "task", "timer", "trial", "until_s", "waiters")

    def __init__(self, key: bytes, messages: list[Message], until_s: float) -> None:
        self.key = key
        self.messages = messages
        self.until_s = until_s
        self.waiters: list[_Waiter] = []
        self.trial = False
        self.timer: asyncio.TimerHandle | None = None
        """Set while it waits for room."""
        self.task: asyncio.Task[Reading] | None = None
        """Set from the moment it is sent."""


class LlmAppraiser:
    """The Appraiser port over a chat endpoint. Never raises; `close` ends what is under way."""

    def __init__(
        self, chat: Chat, settings: Settings, clock: Clock, randomness: random.Random, metrics: Metrics
    ) -> None:
        self._chat = chat
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._embedded = EmbeddedAppraiser()
        self._breaker = Breaker(settings.llm_failures_max, settings.llm_pause_s, settings.llm_pause_max_s, randomness)
        self._remembered: OrderedDict[bytes, Reading] = OrderedDict()
        self._calls: dict[bytes, _Call] = {}
        """Under way or waiting for room, by what they ask; what nobody waits for any more is not here."""
        self._queue: OrderedDict[bytes, _Call] = OrderedDict()
        self._tasks: set[asyncio.Task[Reading]] = set()
        self._outage = False
        self._told_s = float("-inf")

    @property
    def name(self) -> str:
        """The model and where it is, for people."""
        return self._chat.name

    @property
    def running(self) -> int:
        """Calls under way."""
        return len(self._tasks)

    @property
    def paused(self) -> bool:
        """Whether the endpoint failed so often that it is left alone."""
        return self._breaker.open

    async def close(self) -> None:
        """Ends calls under way and closes the endpoint; turns that still wait get embedded readings. Idempotent."""
        for call in list(self._queue.values()):
            self._give_up(call)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._chat.close()

    # -- a turn asks ---------------------------------------------------------------------------------------------------

    def appraise(self, text: str, source: Source, params: Params, state: State) -> Reading | Awaitable[Reading]:
        """A remembered reading, the embedded one when the endpoint cannot be asked now, or a future of either.

        Cancelling the future leaves the call to the others that share it; the last one's leaving ends it.
        """
        if not text.strip():
            return self._embedded_reading(text, source, params, state)
        messages = messages_of(text, source, params, state, self._settings.llm_text_chars_max)
        key = hashlib.blake2b(msgspec.json.encode(messages[-1]), digest_size=16).digest()
        known = self._remembered.get(key)
        if known is not None:
            self._remembered.move_to_end(key)
            self._metrics.llm_read("remembered")
            return known
        call = self._calls.get(key) or self._begin(key, messages)
        if call is None:
            return self._embedded_reading(text, source, params, state)
        future: asyncio.Future[Reading] = asyncio.get_running_loop().create_future()
        call.waiters.append(_Waiter(future, text, source, params, state))
        future.add_done_callback(partial(self._left, call))
        return future

    def _embedded_reading(self, text: str, source: Source, params: Params, state: State) -> Reading:
        self._metrics.llm_read("embedded")
        return self._embedded.appraise(text, source, params, state)

    def _begin(self, key: bytes, messages: list[Message]) -> _Call | None:
        """A new call, sent or waiting for room; None when there is neither."""
        now_s = self._clock.monotonic_s()
        verdict = self._breaker.verdict(now_s)
        room = self.running < self._settings.llm_concurrent_max
        waits = not room and verdict == "go"
        if verdict == "wait" or (not room and not waits):
            self._metrics.llm_called("paused")
            return None
        if waits and (len(self._queue) >= self._settings.llm_waiting_max or self._settings.llm_wait_s == 0):
            self._metrics.llm_called("busy")
            return None
        call = _Call(key, messages, now_s + self._settings.appraiser_deadline_s * _SHARE_OF_DEADLINE)
        self._calls[key] = call
        if waits:
            self._queue[key] = call
            call.timer = asyncio.get_running_loop().call_later(self._settings.llm_wait_s, self._waited, call)
        else:
            if verdict == "try":
                self._breaker.begin_trial()
                call.trial = True
            self._send(call)
        return call

    def _send(self, call: _Call) -> None:
        call.task = asyncio.get_running_loop().create_task(self._ask(call), name="llm")
        self._tasks.add(call.task)
        # A callback and no `finally`: a task that is cancelled before its first step runs none of its lines.
        call.task.add_done_callback(partial(self._ended, call, self._clock.monotonic_s()))

    # -- a call waits for room -----------------------------------------------------------------------------------------

    def _waited(self, call: _Call) -> None:
        self._metrics.llm_called("busy")
        self._give_up(call)

    def _give_up(self, call: _Call) -> None:
        """Ends a call that was never sent."""
        self._unqueue(call)
        self._forget(call)
        self._answer(call, None)

    def _unqueue(self, call: _Call) -> None:
        del self._queue[call.key]
        assert call.timer is not None
        call.timer.cancel()
        call.timer = None

    def _refill(self) -> None:
        """Lets waiting calls go where others have ended; none waits for an endpoint that is left alone."""
        if self._breaker.open:
            for call in list(self._queue.values()):
                self._metrics.llm_called("paused")
                self._give_up(call)
        while self._queue and self.running < self._settings.llm_concurrent_max:
            call = next(iter(self._queue.values()))
            self._unqueue(call)
            self._send(call)

    # -- a call is under way -------------------------------------------------------------------------------------------

    async def _ask(self, call: _Call) -> Reading:
        return reading_of(await self._chat.chat(call.messages, SCHEMA, call.until_s))

    def _ended(self, call: _Call, began_s: float, task: asyncio.Task[Reading]) -> None:
        now_s = self._clock.monotonic_s()
        reading: Reading | None = None
        failure: ChatFailed | None = None
        outcome = "abandoned"
        if task.cancelled():
            if now_s >= call.until_s:  # the host was quicker to give up
                failure = ChatFailed("timeout", "it did not answer within the deadline")
        elif (error := task.exception()) is None:
            reading, outcome = task.result(), "answered"
        elif isinstance(error, ChatFailed):
            failure = error
        else:
            outcome = "bug"
            log.error("a call of the LLM appraiser failed as none should; the embedded one answers", exc_info=error)
        if failure is not None:
            outcome = failure.failure
        self._tasks.discard(task)
        self._metrics.llm_called(outcome, now_s - began_s)
        self._judge(call, reading, failure, now_s)
        if reading is not None:
            self._remember(call.key, reading)
        self._forget(call)
        self._answer(call, reading)
        self._refill()

    def _judge(self, call: _Call, reading: Reading | None, failure: ChatFailed | None, now_s: float) -> None:
        """What the end of a call says about the endpoint."""
        if reading is not None:
            failures = self._breaker.failures
            self._breaker.succeeded()
            if self._outage:
                self._outage = False
                log.warning("the LLM appraiser (%s) answers again after %d failures", self._chat.name, failures)
        elif failure is None or failure.failure == "refused":  # the text's fault or nobody's
            self._breaker.dropped(trial=call.trial)
        else:
            self._breaker.failed(now_s, trial=call.trial, pause_s=failure.retry_after_s or 0.0)
            if not self._outage and now_s - self._told_s >= _QUIET_S:
                self._outage, self._told_s = True, now_s
                log.warning(
                    "the LLM appraiser (%s) failed: %s; the embedded one answers meanwhile", self._chat.name, failure
                )

    def _remember(self, key: bytes, reading: Reading) -> None:
        self._remembered[key] = reading
        if len(self._remembered) > self._settings.llm_cache_texts:
            self._remembered.popitem(last=False)

    def _forget(self, call: _Call) -> None:
        if self._calls.get(call.key) is call:
            del self._calls[call.key]

    def _answer(self, call: _Call, reading: Reading | None) -> None:
        for waiter in call.waiters:
            if waiter.reading.done():
                continue
            if reading is None:
                found = self._embedded_reading(waiter.text, waiter.source, waiter.params, waiter.state)
            else:
                self._metrics.llm_read("llm")
                found = reading
            waiter.reading.set_result(found)

    def _left(self, call: _Call, future: asyncio.Future[Reading]) -> None:
        """A turn does not wait any more; without one the call is pointless, and nobody new may join its end."""
        if not future.cancelled() or not all(waiter.reading.done() for waiter in call.waiters):
            return
        self._forget(call)
        if call.task is not None:
            call.task.cancel()
        elif call.key in self._queue:
            self._unqueue(call)
