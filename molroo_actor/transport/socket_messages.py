"""Every message of the WebSocket, as a table beside the one of operations: names, texts and examples."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from molroo_actor.protocol import messages
from molroo_actor.transport.operations import PREFERENCES, VECTOR


class SocketMessage(Struct, frozen=True, kw_only=True):
    """One type of message; `schema` names one that openapi_schemas.py puts together, or is the type itself."""

    type: str
    about: str
    schema: Any
    example: dict[str, Any] | None = None
    answer: str = ""


FROM_CLIENT: Final = (
    SocketMessage(
        type="turn",
        about="A turn from words: `message` or `event`.",
        schema="TurnFrame",
        example={"type": "turn", "id": "b7c1", "message": "Here I am again!"},
        answer="turn_result",
    ),
    SocketMessage(
        type="turn_appraisal",
        about="A turn from a vector. `appraisal` is another name of this type.",
        schema="AppraisalTurnFrame",
        example={"type": "turn_appraisal", "id": "b7c2", "appraisal": VECTOR},
        answer="turn_result",
    ),
    SocketMessage(
        type="get_state",
        about="The state now.",
        schema="GetStateFrame",
        example={"type": "get_state", "id": "s1"},
        answer="state",
    ),
    SocketMessage(
        type="set_proactive_prefs",
        about="Replaces the proactive preferences.",
        schema="SetPreferencesFrame",
        example={"type": "set_proactive_prefs", "preferences": PREFERENCES},
        answer="proactive_prefs",
    ),
    SocketMessage(
        type="ack_proactive",
        about="Acknowledges a proactive action: it does not come again. Doing it again is the same; an unknown id is "
        "NOT_FOUND, and the socket stays open.",
        schema="AckFrame",
        example={"type": "ack_proactive", "action_id": "act_1"},
        answer="ack",
    ),
    SocketMessage(
        type="ping",
        about="Is anybody there? It wakes nobody.",
        schema="PingFrame",
        example={"type": "ping"},
        answer="pong",
    ),
)

FROM_SERVER: Final = (
    SocketMessage(type="connected", about="The first message of every connection.", schema=messages.Connected),
    SocketMessage(
        type="turn_result",
        about="Every turn of the session, from whichever socket or REST call it came, once to each socket.",
        schema=messages.TurnMessage,
    ),
    SocketMessage(
        type="state",
        about="The answer to `get_state`, and what follows `connected` with `recovered` false.",
        schema=messages.StateMessage,
    ),
    SocketMessage(
        type="proactive_prefs", about="The answer to `set_proactive_prefs`.", schema=messages.PreferencesMessage
    ),
    SocketMessage(
        type="proactive",
        about="The character reaches out by itself, to all sockets at once.",
        schema=messages.ProactiveMessage,
    ),
    SocketMessage(
        type="missed_proactive",
        about="What pends when a connection is made: after `connected`, a replay or a state, before the live stream.",
        schema=messages.MissedProactiveMessage,
    ),
    SocketMessage(type="ack", about="The answer to `ack_proactive`.", schema=messages.AcknowledgementMessage),
    SocketMessage(type="pong", about="The answer to `ping`.", schema=messages.Pong),
    SocketMessage(type="error", about="What was refused, and why.", schema=messages.ErrorMessage),
)
