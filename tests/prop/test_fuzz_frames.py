"""Whatever is sent as a message: never a bug, never a dead socket; after each a ping still gets its pong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2e.wire import CODES, GLAD, Node, Talk, raw, serving, upgrade
from tests.prop.test_fuzz_bodies import changed, keys_of, steady, values

WHOLE: list[dict[str, Any]] = [
    {"type": "turn", "message": "hello", "elapsed_seconds": 3, "event_context": "at sea", "id": "a"},
    {"type": "turn", "event": {"description": "rain", "source": "system"}, "id": "b"},
    {"type": "turn_appraisal", "appraisal": {**GLAD, "urgency": 0.5}, "context": "a gift", "elapsed_seconds": 1},
    {"type": "appraisal", "appraisal": GLAD, "id": "c"},
    {"type": "get_state", "id": "d"},
    {"type": "set_proactive_prefs", "preferences": {"enabled": True, "triggers": {"need_deficit": True}}},
    {"type": "ack_proactive", "action_id": "act_1"},
    {"type": "ping", "id": "e"},
]
ANSWERS = {"turn_result", "state", "proactive_prefs", "ack", "pong", "error"}


@st.composite
def near_misses(draw: st.DrawFn) -> Any:
    """A whole message with one to three places put wrong."""
    message: Any = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(1, 3))):
        if isinstance(message, dict) and keys_of(message):
            message = changed(message, draw(st.sampled_from(keys_of(message))), draw(values))
    return message


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        started.api.create("mia")
        yield started


@pytest.fixture(scope="module")
def talk(node: Node) -> Iterator[Talk]:
    with node.live("mia", prompt_data="false") as opened:
        yield opened


def check(talk: Talk, text: str) -> None:
    """One message, one answer of a known form, and the socket lives."""
    talk.ws.send(text)
    answer = talk.hear()
    assert answer["type"] in ANSWERS
    if answer["type"] == "error":
        assert answer["code"] in CODES - {"INTERNAL"}
        assert answer["message"]
        assert answer["request_id"]
    assert talk.quiet() == []


@steady
@given(text=st.text(max_size=200))
def test_any_text_is_answered_and_the_socket_lives(talk: Talk, text: str) -> None:
    check(talk, text)


@steady
@given(message=values)
def test_any_json_is_answered_and_the_socket_lives(talk: Talk, message: Any) -> None:
    check(talk, json.dumps(message))


@settings(steady, max_examples=400)
@given(message=near_misses())
def test_any_near_miss_is_answered_and_the_socket_lives(talk: Talk, message: Any) -> None:
    check(talk, json.dumps(message))


@steady
@given(depth=st.integers(1, 3_000), opening=st.sampled_from(["[", '{"x":']), message=st.sampled_from(WHOLE))
def test_any_depth_is_answered_and_the_socket_lives(node: Node, depth: int, opening: str, message: Any) -> None:
    deep = opening * depth + "1" + {"[": "]", '{"x":': "}"}[opening] * depth
    name = next((name for name, value in message.items() if isinstance(value, dict)), "x")
    with node.live("mia", prompt_data="false") as talk:
        check(talk, json.dumps({**message, name: 0}).replace(f'"{name}": 0', f'"{name}": {deep}'))


@settings(steady, max_examples=80)
@given(frames=st.binary(max_size=60))
def test_any_bytes_on_an_open_socket_end_at_most_that_socket(node: Node, talk: Talk, frames: bytes) -> None:
    heard = raw(node.api.port, upgrade("mia") + frames, enough=lambda heard: b'"connected"' in heard)
    assert b'"connected"' in heard
    assert b"INTERNAL" not in heard
    talk.quiet()
    assert talk.quiet() == []
