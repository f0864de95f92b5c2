"""A WebSocket client that believes nothing: each message is held against the ledger as it comes.

In this load only turns move a session on, so a socket must see every seq from `connected` on, one by one, live or
replayed; anything else is a gap. Answers with `duplicate` stand outside that order.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
import msgspec

from tests.crash.ledger import Json, Session, Turn
from tests.crash.life import ANSWER_WITHIN_S, RETRYABLE, Cut, Life

HISTORY_KEPT = 100  # the server's default: how far back a resume must reach
T = TypeVar("T")


class Socket:
    """One connection to one session. `seen` is the last seq up to which nothing is missing."""

    def __init__(
        self, life: Life, session: Session, ws: aiohttp.ClientWebSocketResponse, after: int | None, shown: int
    ) -> None:
        self.life, self.ledger, self.session = life, life.ledger, session
        self.ws = ws
        self.after = after
        self.shown = shown
        self.seen = 0
        self.replay_to: int | None = None
        self.greeted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.waiting: dict[str, asyncio.Future[Json | None]] = {}
        self.turns: dict[str, Turn] = {}
        self.given_up = False
        self.reader = asyncio.create_task(self._read())

    @classmethod
    async def opened(cls, life: Life, session: Session, *, after: int | None, prompt: bool = False) -> Socket:
        """Connect, with `after` as last_seq if the epoch is known, and return once greeted and caught up."""
        if session.epoch is None:
            after = None
        query = {"token": life.server.key, "prompt_data": "true" if prompt else "false"}
        if after is not None and session.epoch is not None:
            query |= {"last_seq": str(after), "epoch": session.epoch}
        url = f"{life.server.ws_url}/v1/ws/{session.id}?{urlencode(query)}"
        shown = session.revealed
        try:
            ws = await life.http.ws_connect(url, max_msg_size=0)
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            raise life.cut(f"WebSocket {session.id}: {error!r}") from error
        socket = cls(life, session, ws, after, shown)
        if not await socket._within(socket.greeted, "its greeting"):
            if not life.over.is_set():
                life.ledger.breach("refused", f"{session.id} was not greeted: close code {ws.close_code}")
            raise Cut("killed before the greeting")
        return socket

    async def turn(self, turn: Turn) -> None:
        """Send a turn, first or again, and wait for its answer; the ledger has it before this returns."""
        kind = "turn_appraisal" if "appraisal" in turn.body else "turn"
        turn.sends += 1
        self.turns[turn.id] = turn
        answer = await self._ask({"type": kind, "id": turn.id, **turn.body}, turn.id)
        if answer["type"] == "error":
            self.life.refuse_if_retryable(answer)
            self.ledger.breach("refused", f"{self.session.id} {turn.id}: {answer}")

    async def state(self) -> None:
        """Ask for the state; the reader holds it against the ledger."""
        await self._ask({"type": "get_state", "id": "state"}, "state")

    async def close(self, *, abruptly: bool = False) -> None:
        """End the connection, with a handshake or with answers still under way. Idempotent."""
        self.given_up = True
        self.session.bookmark = self.seen or None
        if abruptly and (transport := self.ws._response.connection and self.ws._response.connection.transport):
            transport.abort()
        await self.ws.close()
        await asyncio.wait([self.reader], timeout=ANSWER_WITHIN_S)

    async def _ask(self, message: Json, reply_to: str) -> Json:
        answer: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self.waiting[reply_to] = answer
        try:
            await self.ws.send_str(msgspec.json.encode(message).decode())
        except (aiohttp.ClientError, ConnectionError) as error:
            raise self._lost(repr(error)) from error
        came = await self._within(answer, f"an answer to {message}")
        if came is None:
            raise self._lost(f"close code {self.ws.close_code}")
        return came

    async def _within(self, awaited: asyncio.Future[T], what: str) -> T | None:
        either: list[asyncio.Future[Any]] = [awaited, self.reader]
        done, _ = await asyncio.wait(either, timeout=ANSWER_WITHIN_S, return_when="FIRST_COMPLETED")
        if awaited in done:
            return awaited.result()
        if not done:
            self.ledger.breach("refused", f"{self.session.id} waited {ANSWER_WITHIN_S:.0f} s for {what}")
        return None

    def _lost(self, what: str) -> Cut:
        return Cut(what) if self.given_up else self.life.cut(f"{self.session.id}: {what}")

    async def _read(self) -> None:
        try:
            async for frame in self.ws:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    self._take(msgspec.json.decode(frame.data))
        except (KeyError, TypeError, ValueError) as error:
            self.ledger.breach("refused", f"{self.session.id}: a message that cannot be read: {error!r}")

    def _take(self, message: Json) -> None:
        match message["type"]:
            case "connected":
                self._connected(message)
            case "turn_result":
                self._turn_result(message)
            case "state":
                self._state(message)
            case "error":
                self._error(message)
            case other:
                self.ledger.breach("never sent", f"{self.session.id}: {other}, which nothing here asked for")

    def _connected(self, message: Json) -> None:
        seq, epoch, recovered = message["seq"], message["epoch"], message["recovered"]
        if seq < self.shown:
            self.ledger.breach("leaked", f"{self.session.id} had shown seq {self.shown}, and is now at {seq}")
        if self.session.epoch not in (None, epoch):
            self.ledger.breach("resume", f"{self.session.id} changed its epoch")
        self.session.epoch = epoch
        self.ledger.revealed(self.session, seq)
        if self.after is None:
            if recovered is not None:
                self.ledger.breach("resume", f"{self.session.id}: {recovered=} without last_seq")
        elif not recovered and seq - self.after <= HISTORY_KEPT:
            self.ledger.breach("resume", f"{self.session.id} did not resume after {self.after} at {seq}")
        if recovered and self.after is not None:
            self.ledger.counts["resumes checked"] += 1
            self.seen, self.replay_to = self.after, seq
            self._caught_up()
        else:
            self.seen = seq
            if recovered is None and not self.greeted.done():
                self.greeted.set_result(True)  # nothing was to be resumed; a state may follow or not

    def _turn_result(self, message: Json) -> None:
        seq, answer, duplicate = message["seq"], message["data"], message.get("duplicate") is True
        reply_to = message.get("reply_to")
        if not duplicate:
            self._in_order(seq, replayed=message.get("replayed") is True)
            how = "replayed" if message.get("replayed") else "live"
            self.ledger.pushed(self.session, seq, answer, how=how)
        turn = self.turns.get(reply_to) if isinstance(reply_to, str) else None
        if turn:
            self.ledger.acknowledged(turn, seq, answer, duplicate=duplicate)
            self._answered(turn.id, message)
        elif reply_to is not None or duplicate:
            self.ledger.breach("never sent", f"{self.session.id} seq {seq}: an answer to {reply_to}, not asked here")
        self._caught_up()

    def _in_order(self, seq: int, *, replayed: bool) -> None:
        replaying = self.replay_to is not None and self.seen < self.replay_to
        if replayed != replaying:
            self.ledger.breach("resume", f"{self.session.id} seq {seq}: {replayed=} at {self.seen} of {self.replay_to}")
        if seq != self.seen + 1:
            self.ledger.breach(
                "gap", f"{self.session.id}: seq {seq} came after {self.seen} on one socket ({replayed=})"
            )
        self.seen = max(seq, self.seen)

    def _caught_up(self) -> None:
        if self.replay_to is not None and self.seen >= self.replay_to and not self.greeted.done():
            self.greeted.set_result(True)

    def _state(self, message: Json) -> None:
        if message["seq"] < self.shown:
            self.ledger.breach("leaked", f"{self.session.id} had shown {self.shown}, its state is of {message['seq']}")
        self.ledger.revealed(self.session, message["seq"])
        if not self.greeted.done():
            self.greeted.set_result(True)
        if isinstance(reply_to := message.get("reply_to"), str):
            self._answered(reply_to, message)

    def _error(self, message: Json) -> None:
        if isinstance(reply_to := message.get("reply_to"), str):
            self._answered(reply_to, message)
        elif not (self.life.over.is_set() and message["code"] in RETRYABLE):  # one that is asked to end says so
            self.ledger.breach("refused", f"{self.session.id}: {message}")

    def _answered(self, reply_to: str, message: Json) -> None:
        answer = self.waiting.pop(reply_to, None)
        if answer and not answer.done():
            answer.set_result(message)
