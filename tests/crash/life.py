"""One life of the server, from ready to SIGKILL, as its clients see it: REST calls, and when to stop believing.

A request that fails while the server is meant to serve is a breach; one that fails because it was killed is `Cut`,
and what it asked for stays open in the ledger.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from tests.crash.ledger import Creation, Json, Ledger, Session, Turn
from tests.kit.server import Server

ANSWER_WITHIN_S = 20.0
RETRYABLE = {"OVERLOADED", "RATE_LIMIT"}


class Cut(Exception):
    """The server is gone, or the client gave this connection up; what was under way is unknown."""


class Refused(Exception):
    """Answered with a retryable error: nothing was applied."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    replayed: bool


@dataclass
class Life:
    """The server's address, the ledger, and `over`, which is set the moment before it is killed."""

    server: Server
    http: aiohttp.ClientSession
    ledger: Ledger
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def rest(self, method: str, path: str, body: Json | None = None, key: str | None = None) -> Answer:
        """One REST call; raises Cut or Refused."""
        headers = {"Authorization": f"Bearer {self.server.key}"} | ({"Idempotency-Key": key} if key else {})
        content = None if body is None else msgspec.json.encode(body)
        try:
            async with self.http.request(method, self.server.url + path, data=content, headers=headers) as response:
                answer = Answer(
                    response.status,
                    msgspec.json.decode(await response.read()),
                    response.headers.get("Idempotent-Replayed") == "true",
                )
        except (aiohttp.ClientError, ConnectionError, TimeoutError, msgspec.DecodeError) as error:
            raise self.cut(f"{method} {path}: {error!r}") from error
        if answer.status >= 400:
            self.refuse_if_retryable(answer.body["error"])
        return answer

    def refuse_if_retryable(self, error: Json) -> None:
        """Raises Refused for an error that asks to come again. A damaged session does not: no kill may damage one."""
        if error["code"] in RETRYABLE and (error.get("details") or {}).get("reason") != "session_damaged":
            self.ledger.counts["answered with a retryable error"] += 1
            raise Refused(error["code"])

    def cut(self, what: str) -> Cut:
        if not self.over.is_set():
            self.ledger.breach("refused", f"cut off by a living server: {what}")
        return Cut(what)

    async def pause(self, seconds: float) -> None:
        """Sleep, but not past the end of this life."""
        try:
            async with asyncio.timeout(seconds):
                await self.over.wait()
        except TimeoutError:
            return
        raise Cut("killed while idle")

    async def turn(self, turn: Turn) -> None:
        """A turn over REST, first or repeated; the ledger learns the answer."""
        path = "/v1/turn/appraisal" if "appraisal" in turn.body else "/v1/turn"
        turn.sends += 1
        answer = await self.rest(
            "POST", f"{path}?prompt_data=false", {"sessionId": turn.session, **turn.body}, key=turn.id
        )
        if answer.status != 200:
            self.ledger.breach("refused", f"POST {path} {turn.session} {turn.id}: {answer.status} {answer.body}")
            return
        self.ledger.acknowledged(turn, answer.body["seq"], answer.body, duplicate=answer.replayed)

    async def create(self, creation: Creation) -> None:
        """A creation, first or repeated. An id of one's own that is taken by oneself is success for a repeat."""
        creation.sends += 1
        answer = await self.rest("POST", "/v1/persona", creation.body, key=creation.key)
        if answer.status == 201:
            self.ledger.created(creation, answer.body["sessionId"], replayed=answer.replayed)
        elif answer.status == 409 and creation.key is None and creation.own_id and creation.sends > 1:
            if creation.session is None:
                self.ledger.created(creation, creation.own_id, replayed=True)
        else:
            self.ledger.breach("creation", f"{creation.body}: {answer.status} {answer.body}")

    async def state(self, session: Session) -> None:
        """Read the state and hold the server to the seq that it names."""
        shown = session.revealed
        answer = await self.rest("GET", f"/v1/state/{session.id}?prompt_data=false")
        if answer.status != 200:
            self.ledger.breach("refused", f"GET state {session.id}: {answer.status} {answer.body}")
        elif answer.body["seq"] < shown:
            self.ledger.breach("leaked", f"{session.id} had shown seq {shown}, its state is of {answer.body['seq']}")
        else:
            self.ledger.revealed(session, answer.body["seq"])

    async def history(self, session: Session) -> list[Json] | None:
        """All pages of a session's journal, or None when it was refused."""
        items: list[Json] = []
        after: int | None = 0
        while after is not None:
            answer = await self.rest("GET", f"/v1/history/{session.id}?after_seq={after}&limit=200")
            if answer.status != 200:
                self.ledger.breach("refused", f"GET history {session.id}: {answer.status} {answer.body}")
                return None
            items += answer.body["items"]
            after = answer.body["next_after_seq"]
        return items

    async def listed(self) -> list[str]:
        """The ids of all sessions of the tenant, as listed."""
        ids: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = await self.rest("GET", f"/v1/persona?limit=200{f'&cursor={cursor}' if cursor else ''}")
            if answer.status != 200:
                self.ledger.breach("refused", f"GET persona: {answer.status} {answer.body}")
                return ids
            ids += [item["id"] for item in answer.body["items"]]
            cursor = answer.body["cursor"]
        return ids
