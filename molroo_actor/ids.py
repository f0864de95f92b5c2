"""Ids, keys and digests: how they look and how they are made. Randomness comes from `secrets` only."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

_BASE32: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: sorts by value, no i l o u
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KEY: Final = re.compile(r"mk_(live|test)_[0-9A-Za-z]{32}")
_ANY_KEY: Final = re.compile(r"(mk_(?:live|test)_)\w+")
_SESSION_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _base32(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        digits.append(_BASE32[number & 31])
        number >>= 5
    return "".join(reversed(digits))


def new_session_id(wall_ms: int) -> str:
    """`ses_` and 26 characters that sort by time: 48 bits of milliseconds, 80 of chance."""
    return "ses_" + _base32((wall_ms & (1 << 48) - 1) << 80 | secrets.randbits(80), 26)


def new_epoch() -> str:
    """Names one line of history; 80 random bits."""
    return _base32(secrets.randbits(80), 16)


def action_id(seq: int, epoch: str) -> str:
    """Names the action that fired in this row of this line of history."""
    return f"act_{seq}_{epoch[:8]}"


def new_webhook_id() -> str:
    """Names a webhook; 80 random bits."""
    return "wh_" + _base32(secrets.randbits(80), 16)


def new_secret() -> str:
    """A webhook's secret; 190 random bits."""
    return "whsec_" + "".join(secrets.choice(_BASE62) for _ in range(32))


def new_request_id() -> str:
    """Names one request in answers and log lines."""
    return "req_" + _base32(secrets.randbits(80), 16)


def new_key(*, live: bool) -> str:
    """A fresh API key; 32 base62 characters hold 190 bits."""
    return f"mk_{'live' if live else 'test'}_" + "".join(secrets.choice(_BASE62) for _ in range(32))


def is_key(text: str) -> bool:
    """Whether it has a key's form; says nothing about whether it is known."""
    return _KEY.fullmatch(text) is not None


def without_keys(text: str) -> str:
    """The text with every key in it cut short, whole or not: for logs and for what is quoted in answers."""
    return _ANY_KEY.sub(r"\1…", text) if "mk_" in text else text


def is_live_key(key: str) -> bool:
    """The kind that stands in a well-formed key."""
    return key.startswith("mk_live_")


def is_session_id(text: str) -> bool:
    """1-64 of A-Z a-z 0-9 _ -."""
    return _SESSION_ID.fullmatch(text) is not None


def key_digest(key: str) -> bytes:
    """What is stored of a key. Keys are 190 random bits, so a plain SHA-256 needs no salt or stretching."""
    return hashlib.sha256(key.encode()).digest()


def id_digest(msg_id: str) -> int:
    """64 bits of a message id as SQLite's signed integer: what an awake session remembers of it."""
    return int.from_bytes(hashlib.blake2b(msg_id.encode(), digest_size=8).digest(), "big", signed=True)


def body_digest(body: bytes) -> bytes:
    """128 bits of a body in canonical form: tells a repeat from a reuse of the same id."""
    return hashlib.blake2b(body, digest_size=16).digest()
