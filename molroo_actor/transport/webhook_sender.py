"""The courier's way out: one POST to a receiver over aiohttp, to addresses of the open internet only.

What a name resolves to is checked where the socket is made, for each address that is tried: an answer of the name
server that changes between a check and the connection changes nothing.
"""

from __future__ import annotations

import socket
from typing import Any, Final

import aiohttp

from molroo_actor import __version__
from molroo_actor.protocol.webhooks import is_public
from molroo_actor.runtime.courier import Response, Unreachable

_RETRY_AFTER_MAX_S: Final = 86_400.0


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
            socket_factory=self._socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self._within_s),
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
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                return Response(answer.status, _seconds(answer.headers.get("Retry-After")))
        except TimeoutError:
            raise Unreachable(f"no answer within {self._within_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(_reason(error)) from None

    async def close(self) -> None:
        """Undoes `open`; idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _seconds(text: str | None) -> float | None:
    """Retry-After as seconds; a date is as good as nothing."""
    if text is None or not text.isdigit() or len(text) > 6:
        return None
    return min(float(text), _RETRY_AFTER_MAX_S)


def _reason(error: BaseException) -> str:
    """The operator's line: without addresses and ports of our own network, which the owner of the webhook may see."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, PrivateAddress):
            return "its name leads to a private address, which settings refuse"
        cause = getattr(cause, "os_error", None) or cause.__cause__
    return f"no connection: {type(error).__name__}"
