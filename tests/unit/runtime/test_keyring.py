"""Keys are found by their digest: no letter of a key that is sent is ever compared with one of a key that is known."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Any

import pytest

from molroo_actor import ids
from molroo_actor.runtime.keyring import Keyring
from molroo_actor.storage.rows import Key
from tests.kit.clock import FakeClock

KEY = "mk_test_" + "A" * 32
NEAR = KEY[:-1] + "B"


async def nothing(changes: Sequence[Any]) -> None:
    """Commits nothing."""


@pytest.fixture
def ring() -> Keyring:
    return Keyring([Key(1, "acme", False, ids.key_digest(KEY), 0)], FakeClock(), nothing)


def test_what_is_compared_are_whole_digests_in_constant_time(ring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    really = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return really(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert ring.find(KEY) is not None
    assert compared == [(ids.key_digest(KEY), ids.key_digest(KEY))]
    assert len(compared[0][0]) == 32


def test_a_key_is_looked_up_by_nothing_but_its_digest(ring: Keyring) -> None:
    asked: list[object] = []

    class Watched(dict[bytes, Key]):
        def get(self, name: Any, default: Any = None) -> Any:
            asked.append(name)
            return super().get(name, default)

    ring._by_digest = Watched(ring._by_digest)
    assert ring.find(NEAR) is None
    assert asked == [ids.key_digest(NEAR)]
    shared = sum(one == other for one, other in zip(ids.key_digest(NEAR), ids.key_digest(KEY), strict=True))
    assert shared < 8  # a near key's digest is not near


def test_nothing_that_is_kept_of_a_key_holds_its_letters(ring: Keyring) -> None:
    assert KEY not in repr(vars(ring))
    assert KEY.encode() not in repr(ring.keys).encode()
