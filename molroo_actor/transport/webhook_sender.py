"""The courier's way out: one POST to a receiver over aiohttp, to addresses of the open internet only.

What a name resolves to is checked where the socket is made, for each address that is tried: an answer of the name
server that changes between a check and the connection changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDictProxy

from molroo_actor import __version__
from molroo_actor.protocol.webhooks import is_public
from molroo_actor.runtime.courier import Response, Unreachable

_DIGITS_MAX: Final = 9
_LOOKUPS_PER_REQUEST: Final = 2
"""Threads for names, for each request that may be under way: a look-up outlives the request that gave up on it."""


class PrivateAddress(OSError):
    """The receiver's name leads to an address that webhooks may not reach."""


class WebhookSender:
    """The Sender port. `open` in a running loop, `close` last."""

    def __init__(self, *, within_s: float, at_once: int, allow_private: bool) -> None:
        self._within_s = within_s
        self._at_once = at_once
        self._allow_private = allow_private
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Makes the connections' pool; nothing is connected to yet."""
        connector = aiohttp.TCPConnector(
            limit=self._at_once,
            force_close=True,  # a socket that is kept was checked for the address that the name had then
            use_dns_cache=False,
            resolver=_Resolver(self._at_once * _LOOKUPS_PER_REQUEST),
            socket_factory=self._socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"User-Agent": f"molroo-actor/{__version__}"},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        )

    def _socket(self, address: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, where = address
        if not self._allow_private and not is_public(where[0]):
            raise PrivateAddress(f"{where[0]} is a private address")
        return socket.socket(family, kind, protocol)

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Response:
        """One request; the body of the answer is not read. Raises Unreachable."""
        assert self._session is not None, "open it first"
        if not self._allow_private and url[:6].lower() != "https:":
            raise Unreachable("its url is not https, and settings do not allow that any more")
        try:
            async with asyncio.timeout(self._within_s):
                answer = await self._session.post(url, data=body, headers=headers, allow_redirects=False)
        except TimeoutError:
            raise Unreachable(f"no answer within {self._within_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(_reason(error)) from None
        answer.close()  # at once, however much of it is still to come
        return Response(answer.status, _retry_after_s(answer.headers))

    async def close(self) -> None:
        """Undoes `open`; idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None


class _Resolver(AbstractResolver):
    """Name look-ups in threads of their own. A name server that does not answer holds a thread for half a minute and
    cannot be called off: such threads must not be those that sessions are deleted in, and must not keep the process.
    """

    def __init__(self, threads_max: int) -> None:
        self._threads_max = threads_max
        self._threads = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError."""
        if self._threads >= self._threads_max:
            raise OSError("too many names are looked up at once")
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[Any]] = loop.create_future()

        def over(addresses: list[Any] | None, error: Exception | None) -> None:
            self._threads -= 1
            if not found.done():
                found.set_exception(error) if error is not None else found.set_result(addresses or [])

        def look_up() -> None:
            addresses, wrong = None, None
            try:
                addresses = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
            except (OSError, ValueError) as error:
                wrong = error
            try:
                loop.call_soon_threadsafe(over, addresses, wrong)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more

        threading.Thread(target=look_up, name="webhook-name", daemon=True).start()
        self._threads += 1
        return [
            ResolveResult(
                hostname=host,
                host=where[0],
                port=where[1],
                family=of,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for of, _, protocol, _, where in await found
        ]

    async def close(self) -> None:
        """Threads that still look up end by themselves."""


def _retry_after_s(headers: CIMultiDictProxy[str]) -> float | None:
    """Retry-After in seconds: a number, or a moment by the receiver's own clock."""
    text = headers.get(hdrs.RETRY_AFTER, "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:_DIGITS_MAX])
    try:
        span = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get(hdrs.DATE, ""))
    except (TypeError, ValueError, OverflowError):  # one of them is no date, or only one of them names its zone
        return None
    return max(0.0, span.total_seconds())


def _reason(error: BaseException) -> str:
    """The operator's line: without addresses and ports of our own network, which the owner of the webhook may see."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, PrivateAddress):
            return "its name leads to a private address, which settings refuse"
        cause = getattr(cause, "os_error", None) or cause.__cause__
    return f"no connection: {type(error).__name__}"
