"""Bodies that came compressed: unpacked here, up to the size that a body may have and not a byte further.

aiohttp would unpack as it reads, and reads to the end what it has refused already: with 200 KB of gzip and no key
anybody could keep the loop busy for a second.
"""

from __future__ import annotations

import zlib
from typing import Final

from molroo_actor.errors import ValidationFailed

_WBITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW: Final = -15
"""Deflate without its frame, which some clients send under the same name."""


def unpacked(body: bytes, encoding: str, bytes_max: int) -> bytes:
    """The body as it was before it was compressed; of one that is longer, `bytes_max` + 1 bytes. Raises
    ValidationFailed for what is not what it says.
    """
    if encoding in {"", "identity"}:
        return body
    if encoding not in _WBITS:
        raise ValidationFailed(f"Content-Encoding must be gzip, deflate or identity, got {encoding[:40]!r}")
    wbits = _WBITS[encoding]
    if encoding == "deflate" and (not body or body[0] & 0x0F != 8):  # zlib's frame begins with its method
        wbits = _RAW
    unpacker = zlib.decompressobj(wbits)
    try:
        whole = unpacker.decompress(body, bytes_max + 1)
    except zlib.error:
        raise ValidationFailed("the body is not what its Content-Encoding says") from None
    if len(whole) <= bytes_max and (not unpacker.eof or unpacker.unused_data):
        raise ValidationFailed("the body is not what its Content-Encoding says: it ends too early or goes on")
    return whole
