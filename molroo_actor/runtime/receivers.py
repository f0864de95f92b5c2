"""Registering, listing and ending webhooks: changes of the ledger that wake no session."""

from __future__ import annotations

from molroo_actor import ids
from molroo_actor.protocol.views import iso
from molroo_actor.protocol.webhooks import CreatedWebhook, WebhookBody, Webhooks, WebhookView, check_url
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.slot import Slot
from molroo_actor.storage import hooks
from molroo_actor.storage.hooks import Webhook


class Receivers:
    """The webhooks of all sessions of a host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._ledger = host.ledger
        self._adding = 0
        self._added = 0

    async def add(self, slot: Slot, given: WebhookBody) -> CreatedWebhook:
        """A new webhook, durable. Raises NotFound, RateLimited above the limit, Overloaded."""
        settings = self._host.settings
        hook = Webhook(
            ids.new_webhook_id(),
            slot.inner_id,
            given.url,
            check_url(given.url, allow_private=settings.allow_private_webhooks),
            given.secret or ids.new_secret(),
            ",".join(dict.fromkeys(given.events)),
            self._host.clock.wall_ms(),
        )
        refusal = self._host.disk_refusal()
        if refusal is not None:
            raise refusal
        change, verdict = hooks.add(hook, settings.webhooks_per_session_max)
        # Rows that come after it must find it, and a client that goes away while it is written changes nothing:
        # looking for webhooks that are not there costs one statement, missing one costs an event.
        self._ledger.hooked.add(slot.inner_id)
        self._adding += 1
        self._added += 1
        try:
            await self._host.gate.commit_asked(change)
        finally:
            self._adding -= 1
        verdict.check()
        return CreatedWebhook(hook.id, hook.url, hook.events.split(","), iso(hook.created_ms), hook.secret)

    async def of_session(self, slot: Slot) -> Webhooks:
        """A session's webhooks; their secrets stay here."""
        found = await self._ledger.read(hooks.of_session, slot.inner_id)
        return Webhooks(
            [WebhookView(hook.id, hook.url, hook.events.split(","), iso(hook.created_ms)) for hook in found]
        )

    async def remove(self, slot: Slot, hook_id: str) -> None:
        """Ends a webhook; what is queued for it is dropped. Raises NotFound, Overloaded."""
        change, verdict = hooks.remove(slot.inner_id, hook_id)
        await self._host.gate.commit_asked(change)
        verdict.check()
        added = self._added
        if self._adding == 0 and not await self._ledger.read(hooks.of_session, slot.inner_id) and added == self._added:
            self._ledger.hooked.discard(slot.inner_id)
