"""The operations about webhooks: their part of the table in operations.py."""

from __future__ import annotations

from typing import Final

from molroo_actor.protocol import answers, webhooks
from molroo_actor.transport.operation import OF_FORM, OF_SESSION, SESSION, Example, Operation, Parameter

_WEBHOOK: Final = {"url": "https://example.org/hook", "events": ["proactive", "stage_transition"]}
WEBHOOKS: Final = (
    Operation(
        method="POST",
        path="/v1/webhook/{sessionId}",
        tag="Webhooks",
        summary="Register a webhook",
        about="Every event is sent as a POST of `{id, type, session_id, timestamp, data}` with "
        "`X-Molroo-Signature: t=<unix>,v1=<hex HMAC-SHA256(secret, t + '.' + body)>` and `X-Molroo-Delivery`. 2xx is "
        "taken; 4xx is final but for 408, 425 and 429; everything else is tried again for a day. The secret is shown "
        "in this answer only. A delivery may come twice, then with the same id. Redirects are not followed and private "
        "addresses not reached.",
        parameters=(SESSION,),
        body="WebhookBody",
        examples=(Example("Two events", _WEBHOOK),),
        status=201,
        answer=webhooks.CreatedWebhook,
        errors=OF_FORM,
    ),
    Operation(
        method="GET",
        path="/v1/webhook/{sessionId}",
        tag="Webhooks",
        summary="List the webhooks",
        parameters=(SESSION,),
        answer=webhooks.Webhooks,
        errors=OF_SESSION,
    ),
    Operation(
        method="DELETE",
        path="/v1/webhook/{sessionId}/{webhookId}",
        tag="Webhooks",
        summary="End a webhook",
        about="What is queued for it is dropped.",
        parameters=(SESSION, Parameter("webhookId", "path", "The webhook's `id`.", {"type": "string"}, "wh_1")),
        answer=answers.Deleted,
        errors=OF_SESSION,
    ),
)
