"""Whose request it is: the key in a header or the query, and which browser origins may ask."""

from __future__ import annotations

from aiohttp import hdrs, web

from molroo_actor.errors import Unauthorized
from molroo_actor.runtime.keyring import Keyring
from molroo_actor.storage.rows import Key


def key_of(request: web.BaseRequest, keyring: Keyring, token: str | None = None) -> Key:
    """The key of a request: Authorization, else X-API-Key, else `token`. Raises Unauthorized."""
    text = _text_of(request, token)
    if text is None:
        raise Unauthorized(
            "no API key: send `Authorization: Bearer mk_…` or `X-API-Key: mk_…`, from a browser's socket `?token=mk_…`"
        )
    if text == "":
        raise Unauthorized("the Authorization header must be `Bearer mk_…`")
    key = keyring.find(text)
    if key is None:
        raise Unauthorized("unknown or revoked API key")
    return key


def _text_of(request: web.BaseRequest, token: str | None) -> str | None:
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    if authorization is not None:
        scheme, _, text = authorization.partition(" ")
        return text.strip() if scheme.lower() == "bearer" else ""
    header = request.headers.get("X-API-Key")
    if header is not None:
        return header.strip()
    return token


class Origins:
    """The browser origins that settings allow."""

    def __init__(self, setting: str) -> None:
        names = {name.strip().rstrip("/") for name in setting.split(",") if name.strip()}
        self._any = "*" in names
        self._names = names

    def header(self, origin: str | None) -> str | None:
        """The value of Access-Control-Allow-Origin, None when there is none to send."""
        if self._any:
            return "*"
        return origin if origin is not None and origin in self._names else None

    def check(self, origin: str | None) -> None:
        """Raises Unauthorized for a browser that comes from elsewhere; programs send no Origin."""
        if origin is not None and not self._any and origin not in self._names:
            raise Unauthorized("this origin may not connect; the operator sets MOLROO_CORS_ORIGINS")
