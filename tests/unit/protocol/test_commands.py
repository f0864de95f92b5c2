"""What clients may ask for: every refusal says what would be right, and where."""

from __future__ import annotations

import json
from typing import Any

import pytest

from molroo_actor.engine import Appraisal
from molroo_actor.errors import ValidationFailed
from molroo_actor.protocol import commands, personas
from molroo_actor.protocol.commands import (
    AckProactive,
    GetState,
    Ping,
    Preferences,
    QuietHours,
    SetPreferences,
    Triggers,
    TurnInput,
)
from tests.kit.node import GLAD

EITHER = "send either message or event{description, source}, not both and not neither"
TYPES = "turn, turn_appraisal, appraisal, get_state, set_proactive_prefs, ack_proactive, ping"
EVENT = {"description": "It rains", "source": "system"}


def _refusal(read: Any, *given: Any) -> tuple[str, str | None]:
    with pytest.raises(ValidationFailed) as refusal:
        read(*given)
    return refusal.value.message, (refusal.value.details or {}).get("path")


@pytest.mark.parametrize(
    ("body", "message", "path"),
    [
        ({}, EITHER, "$.message"),
        ({"message": None}, EITHER, "$.message"),
        ({"message": "a", "event": EVENT}, EITHER, "$.message"),
        ({"message": 5}, "message must be a string, got the number 5", "$.message"),
        ({"event": []}, "event must be an object, got a list", "$.event"),
        ({"event": {"description": "x"}}, "source is required", "$.event.source"),
        (
            {"event": {"description": "x", "source": "god"}},
            "source must be one of user, system, internal, got 'god'",
            "$.event.source",
        ),
        (
            {"message": "x", "elapsed_seconds": -1},
            "elapsed_seconds must be in [0, 315,576,000], got -1",
            "$.elapsed_seconds",
        ),
        (
            {"message": "x", "elapsed_seconds": "5"},
            "elapsed_seconds must be a number, got a string",
            "$.elapsed_seconds",
        ),
        ({"message": "x", "elapsed_seconds": True}, "elapsed_seconds must be a number, got true", "$.elapsed_seconds"),
        (
            {"message": "x", "elapsed_seconds": 5, "elapsedSeconds": 5},
            "elapsed_seconds and elapsedSeconds are the same key: send one of them",
            "$.elapsed_seconds",
        ),
        ({"message": "é" * 8193}, "message must have at most 16 KiB of UTF-8, got 16,386 bytes", "$.message"),
        (
            {"event": {**EVENT, "description": "x" * 16_385}},
            "description must have at most 16 KiB of UTF-8, got 16,385 bytes",
            "$.event.description",
        ),
    ],
)
def test_a_turn_of_the_wrong_form_is_told_what_would_be_right(body: dict[str, Any], message: str, path: str) -> None:
    assert _refusal(commands.turn, body, None) == (message, path)


@pytest.mark.parametrize(
    ("changed", "message", "key"),
    [
        ({"agency": -1.5}, "agency must be in [-1, 1], got -1.5", "agency"),
        ({"urgency": 2}, "urgency must be in [0, 1], got 2", "urgency"),
        ({"agency": "x"}, "agency must be a number, got a string", "agency"),
        ({"goal_relevance": None}, "goal_relevance is required", "goal_relevance"),
        (
            {"goalRelevance": 0.5},
            "goal_relevance and goalRelevance are the same key: send one of them",
            "goal_relevance",
        ),
    ],
)
def test_a_vector_out_of_range_is_told_its_range(changed: dict[str, Any], message: str, key: str) -> None:
    body = {"appraisal": {**GLAD, **changed}}
    assert _refusal(commands.appraisal_turn, body, None) == (message, f"$.appraisal.{key}")


@pytest.mark.parametrize("appraisal", [None, "absent"])
def test_a_vector_must_be_there(appraisal: object) -> None:
    body = {} if appraisal == "absent" else {"appraisal": appraisal}
    assert _refusal(commands.appraisal_turn, body, None) == ("appraisal is required", "$.appraisal")


def test_no_number_is_infinite_and_no_number_is_none() -> None:
    for number in (float("nan"), float("inf"), 1e999):
        with pytest.raises(ValidationFailed, match=r"agency must be in \[-1, 1\]"):
            commands.appraisal_turn({"appraisal": {**GLAD, "agency": number}}, None)


def test_both_spellings_nulls_and_unknown_keys_come_to_the_same_command() -> None:
    snake = {"appraisal": dict(GLAD), "elapsed_seconds": 5}
    camel = {
        "appraisal": {_camel(name): value for name, value in GLAD.items()} | {"urgency": None, "colour": 3},
        "elapsedSeconds": 5,
        "context": None,
        "unknown": [1, 2],
    }
    assert commands.appraisal_turn(snake, "a") == commands.appraisal_turn(camel, "a")
    assert commands.appraisal_turn(snake, "a").input == TurnInput(1, appraisal=Appraisal(**GLAD), elapsed_seconds=5.0)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def test_a_body_has_a_hash_only_when_it_has_an_id() -> None:
    assert commands.turn({"message": "x"}, None).body_hash is None
    first, again, other = (commands.turn({"message": text}, "a") for text in ("x", "x", "y"))
    assert first.body_hash == again.body_hash != other.body_hash


def test_the_shown_context_is_the_event_s_when_there_is_one() -> None:
    assert TurnInput(1, context="a", event_context="b").shown_context == "b"
    assert TurnInput(1, context="a").shown_context == "a"
    assert TurnInput(1).shown_context is None


@pytest.mark.parametrize("value", ["", 5, "x" * 65, [], {}])
def test_an_id_has_1_to_64_characters(value: object) -> None:
    assert _refusal(commands.message_id, value) == ("id must be a string of 1 to 64 characters", "$.id")
    assert commands.message_id("x" * 64) == "x" * 64
    assert commands.message_id(None) is None


@pytest.mark.parametrize("header", ["", "x" * 65, "\udcff"])
def test_an_idempotency_key_has_1_to_64_characters_that_can_be_written(header: str) -> None:
    message, path = _refusal(commands.idempotency_key, header)
    assert message == f"Idempotency-Key must have 1 to 64 characters of UTF-8, got {len(header)}"
    assert path == "header.Idempotency-Key"


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ({"type": "get_state"}, GetState()),
        ({"type": "ping"}, Ping()),
        ({"type": "ack_proactive", "actionId": "x"}, AckProactive("x")),
        (
            {"type": "set_proactive_prefs", "preferences": {"enabled": True, "cooldownHours": 2, "max_daily": None}},
            SetPreferences(Preferences(True, Triggers(), 2.0, None, None)),
        ),
    ],
)
def test_frames_that_are_no_turns(body: dict[str, Any], command: object) -> None:
    assert commands.frame(body, None) == command


@pytest.mark.parametrize(
    ("body", "message", "path"),
    [
        ({}, "type is required", "$.type"),
        ({"type": 5}, f"type must be one of {TYPES}, got '5'", "$.type"),
        ({"type": "x" * 99}, f"type must be one of {TYPES}, got '{'x' * 40}'", "$.type"),
        ({"type": "ack_proactive"}, "action_id is required", "$.action_id"),
        ({"type": "set_proactive_prefs"}, "preferences is required", "$.preferences"),
        ({"type": "set_proactive_prefs", "preferences": {}}, "enabled is required", "$.preferences.enabled"),
    ],
)
def test_frames_of_the_wrong_form(body: dict[str, Any], message: str, path: str) -> None:
    assert _refusal(commands.frame, body, None) == (message, path)


def test_quiet_hours_are_times_of_day_in_a_zone_that_exists() -> None:
    hours = {"start": "22:30", "end": "07:00", "timezone": "Asia/Seoul"}
    whole = commands.preferences({"enabled": True, "quietHours": hours})
    assert whole.quiet_hours == QuietHours("22:30", "07:00", "Asia/Seoul")
    assert _refusal(commands.preferences, {"enabled": True, "quiet_hours": {**hours, "end": "24:00"}}) == (
        "end must be a time of day such as \"22:30\", got '24:00'",
        "$.quiet_hours.end",
    )
    for zone in ("Mars/Base", "../etc/passwd", ""):
        message, path = _refusal(commands.preferences, {"enabled": True, "quiet_hours": {**hours, "timezone": zone}})
        assert (message, path) == (
            f'timezone must be an IANA name such as "Asia/Seoul", got {zone!r}', "$.quiet_hours.timezone",
        )  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"{", b"nan", b'{"a":"\xff"}', b'{"a":"\\ud800"}', b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused_however_odd_it_is(body: bytes) -> None:
    with pytest.raises(ValidationFailed, match=r"the body (must be JSON|is nested too deeply)"):
        commands.decode_object(body)


def test_an_empty_body_is_called_empty() -> None:
    with pytest.raises(ValidationFailed, match="the body must be JSON: it is empty"):
        commands.decode_object(b" ")


def test_a_body_that_is_no_object_is_refused() -> None:
    assert _refusal(commands.decode_object, b"[]") == ("the body must be a JSON object", "$")


def _create(body: dict[str, Any]) -> personas.CreateCommand:
    return personas.create(json.dumps(body).encode())


def test_a_preset_is_a_persona_and_what_stands_beside_it_wins_key_by_key() -> None:
    plain = _create({"preset": "companion"}).persona
    named = _create({"preset": "companion", "identity": {"name": "Ada"}, "goals": ["be kind"], "session_id": "x"})
    assert (named.persona.identity.name, named.session_id) == ("Ada", "x")
    assert named.persona.identity.role == plain.identity.role
    assert [(goal.content, goal.priority) for goal in named.persona.goals] == [("be kind", 0.5)]
    assert named.persona.personality == plain.personality


def test_a_persona_in_a_wrapper_is_the_same_as_a_flat_one() -> None:
    persona = {"identity": {"name": "Ada"}, "personality": {"O": 0.1, "C": 0.2, "E": 0.3, "A": 0.4, "N": 0.5}}
    flat, wrapped = _create(persona), _create({"persona": persona, "sessionId": "x"})
    assert (flat.persona, wrapped.session_id) == (wrapped.persona, "x")


@pytest.mark.parametrize(
    ("body", "message", "path"),
    [
        ({}, "identity is required unless a preset is given", "$.identity"),
        ({"identity": {"name": "Ada"}}, "personality is required unless a preset is given", "$.personality"),
        ({"preset": "companion", "persona": 5}, "persona must be an object", "$.persona"),
        (
            {"preset": "companion", "sessionId": "a b"},
            "sessionId must be 1 to 64 of A-Z a-z 0-9 _ -, got 'a b'",
            "$.sessionId",
        ),
        (
            {"preset": "companion", "persona": {"preset": "companion"}},
            "preset stands beside persona and in it: send one of them",
            "$.preset",
        ),
        (
            {"preset": "companion", "personality": {"O": 2}},
            "O must be in [0, 1], got 2",
            "$.personality.O",
        ),
        (
            {"preset": "companion", "identity": {"name": "x" * 201}},
            "name must have 1 to 200 characters, got 201 characters",
            "$.identity.name",
        ),
        (
            {"preset": "companion", "goals": ["x"] * 33},
            "goals must have at most 32 items, got 33 items",
            "$.goals",
        ),
    ],
)
def test_a_persona_of_the_wrong_form(body: dict[str, Any], message: str, path: str) -> None:
    assert _refusal(_create, body) == (message, path)


def test_an_unknown_preset_is_told_the_known_ones() -> None:
    message, path = _refusal(_create, {"preset": "nobody"})
    assert message.startswith("preset must be one of cheerful_companion, stoic_mentor,")
    assert (message.endswith("got 'nobody'"), path) == (True, "$.preset")
