"""Ways in which a file goes bad, each at a place that chance picks: its head, its middle, its end."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

PAGE: Final = 4096
HEADER: Final = 100
Harm = Callable[[Path, random.Random], None]


def _overwrite(path: Path, at: int, noise: bytes) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(at)
        file.write(noise[: max(0, size - at)])


def _somewhere(path: Path, rng: random.Random, grain: int) -> int:
    """Head, middle or end are as likely; aligned to `grain`."""
    size = max(1, path.stat().st_size)
    at = rng.choice((0, rng.randrange(size), max(0, size - grain)))
    return at // grain * grain


def bit(path: Path, rng: random.Random) -> None:
    """One bit flips."""
    at = rng.randrange(max(1, path.stat().st_size))
    byte = path.read_bytes()[at : at + 1]
    if byte:
        _overwrite(path, at, bytes([byte[0] ^ (1 << rng.randrange(8))]))


def header(path: Path, rng: random.Random) -> None:
    """The first hundred bytes are noise."""
    _overwrite(path, 0, rng.randbytes(HEADER))


def page_of_noise(path: Path, rng: random.Random) -> None:
    """A page is noise."""
    _overwrite(path, _somewhere(path, rng, PAGE), rng.randbytes(PAGE))


def page_of_zeros(path: Path, rng: random.Random) -> None:
    """A page is zeros: what a disk gives that never wrote it."""
    _overwrite(path, _somewhere(path, rng, PAGE), bytes(PAGE))


def sector_of_zeros(path: Path, rng: random.Random) -> None:
    """512 bytes are zeros."""
    _overwrite(path, _somewhere(path, rng, 512), bytes(512))


def page_of_elsewhere(path: Path, rng: random.Random) -> None:
    """A page holds what belongs into another: a misdirected write."""
    at, other = _somewhere(path, rng, PAGE), _somewhere(path, rng, PAGE)
    _overwrite(path, at, path.read_bytes()[other : other + PAGE])


def cut(path: Path, rng: random.Random) -> None:
    """The end is missing."""
    with path.open("r+b") as file:
        file.truncate(rng.randrange(max(1, path.stat().st_size)))


def emptied(path: Path, rng: random.Random) -> None:
    """Nothing is in it."""
    path.write_bytes(b"")


def removed(path: Path, rng: random.Random) -> None:
    """It is not there."""
    path.unlink()


HARMS: Final[dict[str, Harm]] = {
    "bit": bit, "header": header, "page of noise": page_of_noise, "page of zeros": page_of_zeros,
    "sector of zeros": sector_of_zeros, "page of elsewhere": page_of_elsewhere, "cut": cut, "emptied": emptied,
    "removed": removed,
}  # fmt: skip
