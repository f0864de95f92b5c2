"""The API keys that this process knows: looked up by digest at every request, changed through the gate."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from molroo_actor import ids
from molroo_actor.clock import Clock
from molroo_actor.errors import NotFound, ValidationFailed
from molroo_actor.storage import catalog
from molroo_actor.storage.rows import Change, Key

_TENANT_MAX: Final = 64


class Keyring:
    """All keys of one node. `commit` makes a change durable: the gate's, or the ledger's own without a server."""

    def __init__(
        self, keys: Sequence[Key], clock: Clock, commit: Callable[[Sequence[Change]], Awaitable[None]]
    ) -> None:
        self._by_digest = {key.digest: key for key in keys}
        self._clock = clock
        self._commit = commit
        self.on_revoked: list[Callable[[Key], None]] = []
        """Called when a key has ended, to close its sockets."""

    @property
    def keys(self) -> list[Key]:
        """All of them, the oldest first."""
        return sorted(self._by_digest.values(), key=lambda key: key.id)

    def find(self, text: str) -> Key | None:
        """The live key of this text, compared in constant time."""
        if not ids.is_key(text):
            return None
        digest = ids.key_digest(text)
        key = self._by_digest.get(digest)
        if key is None or not hmac.compare_digest(key.digest, digest) or key.revoked_ms is not None:
            return None
        return key

    async def create(self, tenant: str, *, live: bool) -> tuple[str, Key]:
        """A new key, durable: (its text, shown this once; what is kept). Raises ValidationFailed for an odd tenant."""
        if not 1 <= len(tenant) <= _TENANT_MAX or not tenant.isprintable():
            raise ValidationFailed(f"a tenant's name must have 1 to {_TENANT_MAX} printable characters")
        text = ids.new_key(live=live)
        return text, await self.install(text, tenant)

    async def install(self, text: str, tenant: str) -> Key:
        """Makes a given key known, durable; the same key again changes nothing, a revoked one stays so."""
        digest = ids.key_digest(text)
        known = self._by_digest.get(digest)
        if known is not None:
            return known
        number = max((key.id for key in self._by_digest.values()), default=0) + 1
        key = Key(number, tenant, ids.is_live_key(text), digest, self._clock.wall_ms())
        self._by_digest[digest] = key  # before the commit: a second call at the same time must not take the same number
        try:
            await self._commit([catalog.add_key(key)])
        except BaseException:
            del self._by_digest[digest]
            raise
        return key

    async def revoke(self, key_id: int) -> Key:
        """Ends a key, durable; idempotent. Raises NotFound."""
        key = next((key for key in self._by_digest.values() if key.id == key_id), None)
        if key is None:
            raise NotFound(f"no key {key_id}; `molroo-actor keys list` shows them")
        if key.revoked_ms is None:
            key = msgspec.structs.replace(key, revoked_ms=self._clock.wall_ms())
            await self._commit([catalog.revoke_key(key.id, key.revoked_ms or 0)])
            self._by_digest[key.digest] = key
            for revoked in self.on_revoked:
                revoked(key)
        return key
