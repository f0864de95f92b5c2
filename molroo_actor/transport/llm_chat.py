"""An OpenAI-compatible endpoint: messages and a schema in, one JSON object out, within a deadline.

It knows HTTP and the differences between such endpoints, nothing of characters. The key goes to the one address of the
settings: redirects are not followed and the proxies of the environment not used. Not here: who may call and how often
(llm_appraiser.py).
"""

from __future__ import annotations

import asyncio
import email.utils
import random
from collections.abc import Awaitable, Callable, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import msgspec

from molroo_actor.clock import Clock
from molroo_actor.settings import Settings
from molroo_actor.transport.llm_answer import ChatFailed, Failure, object_of

Message = dict[str, str]
"""`role` and `content`."""

_RETRY_S = (0.1, 0.4)
"""Before the one retry, when the endpoint names no time: long enough for a restart of a worker behind it."""
_KEEP_ALIVE_S = 30.0
_FORMAT_WORDS = ("response_format", "json_schema", "json_object", "guided_json", "grammar")
_HINTS = MappingProxyType(
    {
        401: ": is MOLROO_LLM_API_KEY right?",
        403: ": may MOLROO_LLM_API_KEY use this model?",
        404: ": are MOLROO_LLM_BASE_URL and MOLROO_LLM_MODEL right?",
    }
)


class Schema(NamedTuple):
    """What the answer must look like: a JSON Schema, encoded, in the subset that strict endpoints take."""

    name: str
    body: msgspec.Raw


class Dialect(NamedTuple):
    """Which optional parameters an endpoint takes. It starts with all and loses those that are refused by name."""

    form: Literal["json_schema", "json_object", "plain"] = "json_schema"
    temperature: bool = True
    limit: Literal["max_tokens", "max_completion_tokens", "none"] = "max_tokens"

    def without(self, complaint: str, sent: str) -> Dialect:
        """The next weaker one, by the parameter that a refusal names; the same when it names none of them.

        Some endpoints quote the request in their refusal: a word that was in what was `sent` does not count, or any
        user could talk an endpoint down.
        """

        def named(word: str) -> bool:
            return word in complaint and word not in sent

        if self.form != "plain" and any(map(named, _FORMAT_WORDS)):
            return self._replace(form="json_object" if self.form == "json_schema" else "plain")
        if self.temperature and named("temperature"):
            return self._replace(temperature=False)
        if self.limit != "none" and named(self.limit):
            return self._replace(limit="max_completion_tokens" if self.limit == "max_tokens" else "none")
        return self

    def parameters(self, schema: Schema, tokens_max: int) -> dict[str, Any]:
        """What goes beside model and messages."""
        given: dict[str, Any] = {}
        if self.form == "json_schema":
            described = {"name": schema.name, "strict": True, "schema": schema.body}
            given["response_format"] = {"type": "json_schema", "json_schema": described}
        elif self.form == "json_object":
            given["response_format"] = {"type": "json_object"}
        if self.temperature:
            given["temperature"] = 0
        if tokens_max and self.limit != "none":
            given[self.limit] = tokens_max
        return given


class _Reply(NamedTuple):
    status: int
    retry_after: str | None
    body: bytes


class ChatEndpoint:
    """One endpoint and one model. Made inside a running loop; `close` when done, after which chat raises."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        randomness: random.Random,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        assert settings.llm_base_url is not None
        assert settings.llm_model is not None
        self._url = settings.llm_base_url.rstrip("/") + "/chat/completions"
        self._model = settings.llm_model
        self._bytes_max = settings.llm_answer_bytes_max
        self._tokens_max = settings.llm_answer_tokens_max
        self._clock = clock
        self._random = randomness
        self._pause = pause
        self._dialect = Dialect()
        self.name = f"{self._model} at {urlsplit(self._url).netloc}"
        """For people; no key in it."""
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        if settings.llm_api_key is not None:
            headers["Authorization"] = f"Bearer {settings.llm_api_key}"
        self._session = aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=settings.llm_concurrent_max, keepalive_timeout=_KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.llm_connect_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def close(self) -> None:
        """Closes idle connections; idempotent. Calls under way belong to their callers, who cancel them first."""
        await self._session.close()

    async def chat(self, messages: Sequence[Message], schema: Schema, until_s: float) -> dict[str, Any]:
        """The object that the model answers, at the latest at `until_s` of the clock's monotonic time.

        Asks once more after a 429, a 5xx or a broken connection if there is time. Cancelled, it closes its connection,
        by which most endpoints stop working on the answer. Raises ChatFailed and nothing else.
        """
        try:
            async with asyncio.timeout(until_s - self._clock.monotonic_s()):
                return await self._ask(messages, schema, until_s)
        except TimeoutError:
            raise ChatFailed("timeout", "it did not answer within the deadline") from None

    async def _ask(self, messages: Sequence[Message], schema: Schema, until_s: float) -> dict[str, Any]:
        retried = False
        while True:
            dialect = self._dialect
            asked = {"model": self._model, "messages": messages, **dialect.parameters(schema, self._tokens_max)}
            try:
                reply = await self._post(msgspec.json.encode(asked))
            except aiohttp.ClientError as error:
                failure = ChatFailed("unreachable", f"no answer came through ({_kind(error)})")
            else:
                if 200 <= reply.status < 300:
                    return object_of(reply.body)
                if reply.status in {400, 422} and self._learns(dialect, reply.body, messages):
                    continue
                failure = self._failure(reply)
            wait_s = self._wait_s(failure)
            if retried or wait_s is None or self._clock.monotonic_s() + wait_s >= until_s:
                raise failure
            retried = True
            await self._pause(wait_s)

    async def _post(self, body: bytes) -> _Reply:
        async with self._session.post(self._url, data=body, allow_redirects=False) as response:
            got = bytearray()
            async for chunk in response.content.iter_any():
                got += chunk
                if len(got) > self._bytes_max:
                    response.close()  # the rest is not worth reading for the connection's sake
                    if response.status < 300:
                        text = f"its answer is longer than {self._bytes_max:,} bytes (MOLROO_LLM_ANSWER_BYTES_MAX)"
                        raise ChatFailed("nonsense", text)
                    break
            return _Reply(response.status, response.headers.get("Retry-After"), bytes(got))

    def _learns(self, used: Dialect, body: bytes, messages: Sequence[Message]) -> bool:
        """Whether a refusal named a parameter, so that asking without it is worth a try; remembered for all calls."""
        sent = "\n".join(message["content"] for message in messages)
        weaker = used.without(body.decode("utf-8", "replace"), sent)
        if weaker == used:
            return False
        if self._dialect == used:
            self._dialect = weaker
        return True

    def _failure(self, reply: _Reply) -> ChatFailed:
        status = reply.status
        if status in {400, 403, 422} and b'"content_filter"' in reply.body:
            return ChatFailed("refused", "its content filter refused the text")
        failure: Failure = "limited" if status == 429 else "failing" if status >= 500 or status == 408 else "rejected"
        hint = ": redirects are not followed" if 300 <= status < 400 else _HINTS.get(status, "")
        return ChatFailed(failure, f"it answered {status}{hint}", retry_after_s=self._asked_for(reply))

    def _asked_for(self, reply: _Reply) -> float | None:
        """Seconds of Retry-After, which may also be a date; None without one that can be read."""
        text = (reply.retry_after or "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            at_s = email.utils.parsedate_to_datetime(text).timestamp()
        except (ValueError, OverflowError):
            return None
        return max(at_s - self._clock.wall_ms() / 1000, 0.0)

    def _wait_s(self, failure: ChatFailed) -> float | None:
        """How long to wait before the retry; None when another try would end the same way."""
        if failure.failure not in {"limited", "failing", "unreachable"}:
            return None
        return self._random.uniform(*_RETRY_S) if failure.retry_after_s is None else failure.retry_after_s


def _kind(error: aiohttp.ClientError) -> str:
    """The name of what went wrong; its text may quote the request."""
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return type(inner).__name__
