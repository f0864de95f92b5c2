"""Webhooks on the wire: what registers one, what is sent to a receiver, and its signature."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
import urllib.parse
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from molroo_actor.errors import ValidationFailed
from molroo_actor.protocol.commands import decode_object
from molroo_actor.protocol.shape import Shape, refuse
from molroo_actor.protocol.views import Moment

EventName = Literal["proactive", "emotional_overflow", "stage_transition"]
URL_MAX: Final = 2_048
Url = Annotated[str, Meta(min_length=1, max_length=URL_MAX, description=f"have 1 to {URL_MAX} characters")]
Secret = Annotated[str, Meta(min_length=16, max_length=256, description="have 16 to 256 characters")]

_NOT_OURS: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        "192.0.0.0/24",  # special purposes; clouds keep metadata here
        "192.88.99.0/24",  # relays to 6to4
        "168.63.129.16/32",  # a cloud's own agent, reachable from its guests alone
        "3fff::/20",  # documentation
    )
)
"""What the standard library takes for the open internet and is not."""
_OPEN_IPV6: Final = ipaddress.ip_network("2000::/3")
"""All that is given out of IPv6; the rest is local, multicast, or carries an IPv4 address."""
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

_json: Final = msgspec.json.Encoder()


class WebhookBody(Struct, frozen=True):
    """Where to send which events; a secret is made when none is given."""

    url: Url
    events: Annotated[tuple[EventName, ...], Meta(min_length=1, max_length=3, description="have 1 to 3 items")]
    secret: Secret | None = None


class WebhookView(Struct, frozen=True):
    """A webhook, without its secret."""

    id: str
    url: str
    events: list[str]
    createdAt: Moment  # noqa: N815 - the wire's name


class CreatedWebhook(Struct, frozen=True):
    """A new webhook. The secret is shown this once."""

    id: str
    url: str
    events: list[str]
    createdAt: Moment  # noqa: N815
    secret: str


class Webhooks(Struct, frozen=True):
    """A session's webhooks, oldest first."""

    webhooks: list[WebhookView]


class StageOf(Struct, frozen=True):
    """A soul stage."""

    id: int
    name: str


class StageTransition(Struct, frozen=True):
    """The data of a `stage_transition`; seq is the turn's."""

    before: StageOf
    after: StageOf
    seq: int


class Overflow(Struct, frozen=True):
    """The data of an `emotional_overflow`: what passed its threshold in turn seq."""

    reason: str
    value: float
    threshold: float
    discrete_emotion: str
    seq: int


_BODY: Final = Shape(WebhookBody)


def registration(raw: bytes, *, allow_private: bool) -> WebhookBody:
    """The body of POST webhook, its address looked at as far as its text tells. Raises ValidationFailed."""
    try:
        given = _BODY.read(decode_object(raw))
    except ValidationFailed as error:
        if (error.details or {}).get("path") != "$.secret":
            raise
        # Others' words would quote it, and what quotes end up in is read by more than one.
        raise refuse("secret must be a string and have 16 to 256 characters", "$.secret") from None
    check_url(given.url, allow_private=allow_private)
    return given


def check_url(url: str, *, allow_private: bool) -> str:
    """The host of a URL that may be a receiver's. Raises ValidationFailed.

    A name is looked up only when it is connected to; what it resolves to is checked then.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise refuse("url must be an absolute URL such as https://example.org/hook", "$.url") from None
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise refuse(
            "url must be printable ASCII without spaces and backslashes; write other characters percent-encoded",
            "$.url",
        )
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        wanted = "http:// or https://" if allow_private else "https://"
        raise refuse(f"url must begin with {wanted}, got {parts.scheme[:20]!r}", "$.url")
    if not host or not host.strip("."):
        raise refuse("url must name a host", "$.url")
    if port == 0:
        raise refuse("url must not name port 0", "$.url")
    if parts.username is not None or parts.password is not None:
        raise refuse("url must not hold a user or password; receivers check the signature", "$.url")
    host = host.rstrip(".")
    if not allow_private and not _may_be_public(host):
        raise refuse("url must not be on a private, loopback or link-local address", "$.url")
    return host


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        pass
    try:
        # What is no address by today's rules may be one by yesterday's, as 127.1 and 0x7f000001 are for name look-ups.
        return is_public(socket.inet_ntoa(socket.inet_aton(host)))
    except OSError:  # a name
        return host != "localhost" and not host.endswith(".localhost")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet. Raises ValueError for what is no address.

    Addresses that carry another one inside (mapped, 6to4, NAT64) are as public as that.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
        if found not in _OPEN_IPV6:
            return False
    return found.is_global and not found.is_multicast and not any(found in each for each in _NOT_OURS)


def signature(secret: str, unix_s: int, body: bytes) -> str:
    """The X-Molroo-Signature header: HMAC-SHA256 over `<unix_s>.<body>`, hexadecimal."""
    digest = hmac.new(secret.encode(), b"%d." % unix_s + body, hashlib.sha256).hexdigest()
    return f"t={unix_s},v1={digest}"


def delivery_body(delivery_id: str, event: str, session_id: str, at: Moment, data: bytes) -> bytes:
    """What a receiver is sent; the same bytes at every attempt."""
    head = _json.encode({"id": delivery_id, "type": event, "session_id": session_id, "timestamp": at})
    return head[:-1] + b',"data":' + data + b"}"


encode = _json.encode
