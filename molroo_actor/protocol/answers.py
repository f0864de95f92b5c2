"""The REST answers as types, other than turns and states (views.py): what encodes them, and what the contract shows.

No code lives here but fields; how they are filled stands in rest.py.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypedDict

from msgspec import UNSET, Meta, Struct, UnsetType

from molroo_actor.engine import VAD, Appraisal, EmotionConfig, Goal, Identity, Personality
from molroo_actor.protocol.commands import Event, Preferences
from molroo_actor.protocol.views import Moment, Seq, SystemOnly

Status = Literal["active", "idle", "hibernated"]
CODES: Final = (
    "UNAUTHORIZED",
    "NOT_FOUND",
    "VALIDATION_ERROR",
    "CONFLICT",
    "RATE_LIMIT",
    "OVERLOADED",
    "INTERNAL",
)
ErrorCode = Annotated[str, Meta(extra_json_schema={"enum": list(CODES)})]


class SessionItem(Struct, frozen=True):
    """A session in a list; createdAt and lastActive in Unix milliseconds.

    status: `active` a turn is under way or waits, `idle` awake otherwise, `hibernated` no actor.
    """

    id: str
    personaName: str  # noqa: N815 - the wire's names
    createdAt: int  # noqa: N815
    lastActive: int  # noqa: N815
    status: Status


class SessionPage(Struct, frozen=True):
    """Newest first; the cursor asks for what follows, null is the end."""

    items: list[SessionItem]
    cursor: str | None


class PendingAction(Struct, frozen=True):
    """An action that the character wants to take by itself; metadata says what triggered it and until when it pends."""

    id: str
    type: str
    message: str
    priority: Literal["low", "medium", "high"]
    metadata: dict[str, Any]


class HistoryInput(TypedDict, total=False):
    """What a row was made from: a turn's message, event or appraisal, the preferences that were set, the action that
    the character took by itself, or the id of the one that was acknowledged.
    """

    message: str
    event: Event
    appraisal: Appraisal
    context: str | None
    event_context: str
    elapsed_seconds: float
    preferences: Preferences
    action: PendingAction
    action_id: str


class HistoryItem(Struct, frozen=True):
    """One row of the journal for a client: a turn, or another durable change (kind)."""

    seq: Seq
    at: Moment
    kind: str
    input: HistoryInput | None
    appraisal: Appraisal | None
    emotion: VAD | None
    discrete_emotion: str | None


class HistoryPage(Struct, frozen=True):
    """Ascending; next_after_seq asks for what follows, null is the end."""

    items: list[HistoryItem]
    next_after_seq: int | None


class PersonaView(Struct, frozen=True, omit_defaults=True):
    """A persona with everything that a preset or a default brought; texts that were not given are left out."""

    identity: Identity
    personality: Personality
    goals: tuple[Goal, ...]
    emotion_config: EmotionConfig
    character_backstory: str | None = None
    behavior_rules: str | None = None
    user_profile: str | None = None
    scene_context: str | None = None


class CalibrationView(Struct, frozen=True, omit_defaults=True):
    """The calibration that was given."""

    budgetRecoveryPerHour: float | None = None  # noqa: N815
    budgetMinimum: float | None = None  # noqa: N815
    turnScale: float | None = None  # noqa: N815


class ConfigView(Struct, frozen=True):
    """The configuration that was given."""

    calibration: CalibrationView


class CreatedSession(Struct, frozen=True):
    """A new session; createdAt is ISO 8601."""

    sessionId: str  # noqa: N815
    personaName: str  # noqa: N815
    persona: PersonaView
    config: ConfigView
    createdAt: Moment  # noqa: N815
    prompt_data: SystemOnly


class Session(Struct, frozen=True):
    """One session with its persona; createdAt and lastActive in Unix milliseconds."""

    id: str
    personaName: str  # noqa: N815
    createdAt: int  # noqa: N815
    lastActive: int  # noqa: N815
    status: Status
    persona: PersonaView
    config: ConfigView


class Deleted(Struct, frozen=True):
    """What was named is gone."""

    deleted: bool


class Acknowledged(Struct, frozen=True):
    """The action does not pend any more."""

    acknowledged: bool


class SessionPreferences(Struct, frozen=True):
    """The whole preferences of a session."""

    sessionId: str  # noqa: N815
    preferences: Preferences


class PresetView(Struct, frozen=True):
    """A built-in persona; its id goes into `preset`."""

    id: str
    name: str
    description: str
    personality: Personality
    goals: tuple[Goal, ...]
    emotion_config: EmotionConfig


class Presets(Struct, frozen=True):
    """The built-in personas."""

    presets: list[PresetView]


class Health(Struct, frozen=True):
    """The server in four words; sessions is how many exist."""

    status: Literal["ok"]
    version: str
    storage: Literal["sqlite"]
    sessions: int


class Readiness(Struct, frozen=True):
    """status is "ok", or "not ready" with the reasons."""

    status: str
    reasons: list[str] | UnsetType = UNSET


class ErrorPart(Struct, frozen=True):
    """code is for programs, message for people: it says what was wrong and what would be right.

    details: `path` (JSONPath of the wrong key) or `reason`.
    """

    code: ErrorCode
    status: int
    message: str
    details: dict[str, str] | UnsetType = UNSET


class ErrorAnswer(Struct, frozen=True):
    """Every answer that is no success."""

    error: ErrorPart
