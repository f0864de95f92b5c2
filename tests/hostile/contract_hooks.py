"""What schemathesis loads: webhooks that it registers hear of nothing that it does, so nothing is sent anywhere."""

from __future__ import annotations

from typing import Any

import schemathesis


@schemathesis.hook  # type: ignore[untyped-decorator,unused-ignore]
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Only actions of a character left alone for days reach a webhook of these."""
    if case.path == "/v1/webhook/{sessionId}" and isinstance(case.body, dict):
        events = case.body.get("events")
        if isinstance(events, list):
            case.body["events"] = [
                "proactive" if event in ("emotional_overflow", "stage_transition") else event for event in events
            ]
