"""Every operation of the HTTP API, as a table: what the contract is written from.

Names, texts and examples only; shapes come from the message types (openapi_schemas.py). A test holds this table and the
router's routes together, and sends each example to a server.
"""

from __future__ import annotations

from typing import Any, Final

from molroo_actor.protocol import answers
from molroo_actor.protocol.bonds import RelationshipView
from molroo_actor.protocol.views import RestState, RestTurn
from molroo_actor.transport.operation import KEYED, OF_FORM, OF_SESSION, SESSION, Example, Operation, Parameter
from molroo_actor.transport.webhook_operations import WEBHOOKS

TAGS: Final = {
    "Sessions": "A session is one character with one user. It lives until it is deleted.",
    "Turns": "What happens to the character, and how that feels.",
    "State": "How the character is now, how it was, and what happened.",
    "Proactive": "What the character does by itself when it is left alone, or upset, for long enough.",
    "Webhooks": "Signed messages to a server of yours when something happens.",
    "Live": "The same session over a WebSocket.",
    "Server": "For operators and for finding one's way.",
}

_COUNT: Final = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
_LIMIT: Final = Parameter(
    "limit", "query", "How many items at most.", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
)
_PROMPT: Final = Parameter(
    "prompt_data", "query", "`false` leaves `prompt_data` out.", {"type": "boolean", "default": True}
)
_KEY: Final = Parameter(
    "Idempotency-Key",
    "header",
    "Makes the request happen once: a repeat with the same key and body gets the first answer and "
    "`Idempotent-Replayed: true`; with another body, CONFLICT.",
    {"type": "string", "minLength": 1, "maxLength": 64},
)

VECTOR: Final = {
    "goal_relevance": 0.8,
    "goal_congruence": -0.6,
    "expectedness": 0.3,
    "controllability": 0.4,
    "agency": -0.7,
    "norm_compatibility": -0.2,
}
_PERSONALITY: Final = {"O": 0.6, "C": 0.5, "E": 0.7, "A": 0.8, "N": 0.4, "H": 0.6}
PREFERENCES: Final = {
    "enabled": True,
    "triggers": {"emotional_overflow": False},
    "cooldown_hours": 6,
    "max_daily": 3,
    "quiet_hours": {"start": "22:30", "end": "07:00", "timezone": "Asia/Seoul"},
}

_SESSIONS: Final = (
    Operation(
        method="POST",
        path="/v1/persona",
        tag="Sessions",
        summary="Make a session",
        about="From a preset, from a persona of your own, or from a preset with fields of your own that win, key by "
        "key. The persona stands flat in the body or in a wrapper `persona`. Without `sessionId` the server makes one.",
        parameters=(_KEY,),
        body="CreateRequest",
        examples=(
            Example("A preset", {"preset": "cheerful_companion", "sessionId": "mia"}),
            Example(
                "A character of your own",
                {
                    "identity": {"name": "Mia", "role": "a lighthouse keeper", "language": "en"},
                    "personality": _PERSONALITY,
                    "goals": ["keep the light", {"content": "make a friend", "priority": 0.8}],
                    "character_backstory": "Born at sea.",
                },
            ),
            Example(
                "A preset with changes, in a wrapper",
                {
                    "preset": "stoic_mentor",
                    "persona": {"identity": {"name": "Ada"}},
                    "config": {"calibration": {"turnScale": 2}},
                },
            ),
        ),
        status=201,
        answer=answers.CreatedSession,
        errors=(*KEYED, "VALIDATION_ERROR", "CONFLICT", "OVERLOADED"),
    ),
    Operation(
        method="GET",
        path="/v1/persona",
        tag="Sessions",
        summary="List sessions",
        about="Newest first, those of the key's tenant and kind. It wakes nothing.",
        parameters=(
            _LIMIT,
            Parameter("cursor", "query", "Where the next page begins: the `cursor` of the last.", {"type": "string"}),
        ),
        answer=answers.SessionPage,
        errors=(*KEYED, "VALIDATION_ERROR", "OVERLOADED"),
    ),
    Operation(
        method="GET",
        path="/v1/persona/{sessionId}",
        tag="Sessions",
        summary="Show a session",
        parameters=(SESSION,),
        answer=answers.Session,
        errors=OF_SESSION,
    ),
    Operation(
        method="DELETE",
        path="/v1/persona/{sessionId}",
        tag="Sessions",
        summary="Delete a session",
        about="Its sockets close with 4404 and everything that was kept of it is gone.",
        parameters=(SESSION,),
        answer=answers.Deleted,
        errors=OF_SESSION,
    ),
    Operation(
        method="GET",
        path="/v1/presets",
        tag="Sessions",
        summary="List the built-in personas",
        answer=answers.Presets,
        errors=KEYED,
    ),
)

_TURNS: Final = (
    Operation(
        method="POST",
        path="/v1/turn",
        tag="Turns",
        summary="Take a turn from words",
        about="Either `message`, what the user said, or `event`, what happened. Each text has at most 16 KiB of UTF-8. "
        "The answer says how it feels and carries `prompt_data`, which goes into your language model's messages.",
        parameters=(_PROMPT, _KEY),
        body="TurnRequest",
        examples=(
            Example("A message", {"sessionId": "mia", "message": "I really missed you today"}),
            Example(
                "An event after two hours",
                {
                    "sessionId": "mia",
                    "event": {"description": "The user won the match", "source": "system"},
                    "event_context": "The final of the season.",
                    "elapsedSeconds": 7200,
                },
            ),
        ),
        answer=RestTurn,
        errors=(*OF_FORM, "CONFLICT"),
    ),
    Operation(
        method="POST",
        path="/v1/turn/appraisal",
        tag="Turns",
        summary="Take a turn from an appraisal vector",
        about="For games and for appraisers of your own: the vector is taken as it is. Its six first numbers are "
        "needed.",
        parameters=(_PROMPT, _KEY),
        body="AppraisalTurnRequest",
        examples=(
            Example(
                "A vector",
                {"sessionId": "mia", "appraisal": VECTOR, "context": "The user broke a promise."},
            ),
        ),
        answer=RestTurn,
        errors=(*OF_FORM, "CONFLICT"),
    ),
)

_STATE: Final = (
    Operation(
        method="GET",
        path="/v1/state/{sessionId}",
        tag="State",
        summary="Read the emotional state",
        about="Decayed to now; reading changes nothing. With `at_seq` the state right after that change.",
        parameters=(
            SESSION,
            _PROMPT,
            Parameter("at_seq", "query", "The state right after this seq, within the kept history.", _COUNT),
        ),
        answer=RestState,
        errors=OF_FORM,
    ),
    Operation(
        method="GET",
        path="/v1/history/{sessionId}",
        tag="State",
        summary="Read what happened",
        about="Every durable change, ascending.",
        parameters=(
            SESSION,
            Parameter("after_seq", "query", "Items after this seq only.", {**_COUNT, "default": 0}),
            _LIMIT,
        ),
        answer=answers.HistoryPage,
        errors=OF_FORM,
    ),
)

_PROACTIVE: Final = (
    Operation(
        method="GET",
        path="/v1/proactive/{sessionId}",
        tag="Proactive",
        summary="List pending actions",
        about="What the character did by itself and nobody has acknowledged, oldest first. Empty while disabled.",
        parameters=(SESSION,),
        answer=list[answers.PendingAction],
        errors=OF_SESSION,
    ),
    Operation(
        method="PUT",
        path="/v1/proactive/{sessionId}/preferences",
        tag="Proactive",
        summary="Set the preferences",
        about="The body replaces all of them: what is left out takes its default.",
        parameters=(SESSION,),
        body="PreferencesBody",
        examples=(Example("All of them", PREFERENCES), Example("Off", {"enabled": False})),
        answer=answers.SessionPreferences,
        errors=OF_FORM,
    ),
    Operation(
        method="POST",
        path="/v1/proactive/{sessionId}/{actionId}/ack",
        tag="Proactive",
        summary="Acknowledge an action",
        about="For clients that poll. Doing it again is the same; an unknown action is NOT_FOUND.",
        parameters=(SESSION, Parameter("actionId", "path", "The action's `id`.", {"type": "string"}, "act_1")),
        answer=answers.Acknowledged,
        errors=OF_SESSION,
    ),
)

_RELATIONSHIP: Final = (
    Operation(
        method="GET",
        path="/v1/relationship/{sessionId}",
        tag="State",
        summary="Read the relationship",
        about="Trust and how it came about, attachment, what the two are to each other, and patterns to watch.",
        parameters=(SESSION,),
        answer=RelationshipView,
        errors=OF_SESSION,
    ),
)

_LIVE: Final = (
    Operation(
        method="GET",
        path="/v1/ws/{sessionId}",
        tag="Live",
        summary="Open a WebSocket",
        about="The upgrade is always accepted, so that errors arrive as messages; a plain GET is 426, and too many "
        "refused attempts from one address are 429. Browsers send the key as `token`.",
        parameters=(
            SESSION,
            Parameter("token", "query", "The key, where no header can be set.", {"type": "string"}),
            _PROMPT,
            Parameter("last_seq", "query", "Resume: the last seq that was seen. Needs `epoch`.", _COUNT),
            Parameter("epoch", "query", "Resume: the epoch of the last `connected`.", {"type": "string"}),
        ),
        status=101,
        errors=("VALIDATION_ERROR", "UPGRADE_REQUIRED", "RATE_LIMIT", "INTERNAL"),
    ),
)

_SERVER: Final = (
    Operation(
        method="GET",
        path="/v1/health",
        tag="Server",
        summary="Is it up, and which version",
        answer=answers.Health,
        keyed=False,
    ),
    Operation(
        method="GET",
        path="/livez",
        tag="Server",
        summary="Does the process answer",
        answer=answers.Readiness,
        keyed=False,
    ),
    Operation(
        method="GET",
        path="/readyz",
        tag="Server",
        summary="May traffic come",
        answer=answers.Readiness,
        not_ready=answers.Readiness,
        keyed=False,
    ),
    Operation(
        method="GET",
        path="/metrics",
        tag="Server",
        summary="Figures in the Prometheus text format",
        media="text/plain",
        keyed=False,
    ),
    Operation(
        method="GET", path="/openapi.json", tag="Server", summary="This contract", answer=dict[str, Any], keyed=False
    ),
    Operation(
        method="GET", path="/docs", tag="Server", summary="This contract as a page", media="text/html", keyed=False
    ),
)

OPERATIONS: Final = (*_SESSIONS, *_TURNS, *_STATE, *_RELATIONSHIP, *_PROACTIVE, *WEBHOOKS, *_LIVE, *_SERVER)
