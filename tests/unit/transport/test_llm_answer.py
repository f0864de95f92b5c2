"""What is taken off an endpoint's answer, and what is none."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molroo_actor.transport.llm_answer import ChatFailed, object_of

FOUND = {"a": 1, "b": {"c": [1.5]}}
TEXT = json.dumps(FOUND)


def body(content: Any, *, finish: str | None = "stop", **message: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return json.dumps({"id": "x", "model": "m", "choices": [choice], "usage": {}}).encode()


def failure(raw: bytes) -> str:
    with pytest.raises(ChatFailed) as caught:
        object_of(raw)
    return caught.value.failure


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        f"\n  {TEXT}\n",
        f"```json\n{TEXT}\n```",
        f"```\n{TEXT}\n```",
        f"Here is the appraisal:\n\n{TEXT}\n\nLet me know!",
        f"The set {{joy, love}} gives {TEXT}",
        f'<think>Maybe {{"a": 2}}? Or {{}}?</think>\n{TEXT}',
        [{"type": "text", "text": TEXT}],
        [{"type": "text", "text": TEXT[:9]}, {"type": "text", "text": TEXT[9:]}],
        [{"type": "reasoning", "text": '{"a": 2}'}, {"type": "text", "text": TEXT}],
        [{"text": TEXT}],
    ],
)
def test_the_object_is_found_in_whatever_is_around_it(content: Any) -> None:
    assert object_of(body(content)) == FOUND


@pytest.mark.parametrize(
    "content",
    [
        "",
        None,
        "I would say joy.",
        TEXT[:-1],
        f"{TEXT}\n{TEXT}",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        "[1, 2]",
        "'a': 1",
        [],
        [1, None, "x"],
        [{"type": "image_url", "image_url": {}}],
        [{"type": "text", "text": 5}],
        "{" * 60_000,
        '{"a":' * 10_000,
        '{"a":[' * 10_000,
        "{} " * 20_000,
        '{"a": ' + "9" * 10_000 + "}",
    ],
)
def test_anything_but_one_object_is_nonsense(content: Any) -> None:
    assert failure(body(content)) == "nonsense"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>502</html>",
        b"data: {}\n\n",
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"delta": {"content": "{}"}}]}',
        b'{"choices": [{"message": {"content": 5}}]}',
        b'{"choices": {"message": {"content": "{}"}}}',
        b"\xff\xfe",
        b'{"choices": [{"message": {"content": "\xff"}}]}',
        b"[" * 60_000,
        b'{"x": ' + b"[" * 60_000,
        body(TEXT)[:-2],
    ],
)
def test_what_is_no_chat_completion_is_nonsense(raw: bytes) -> None:
    assert failure(raw) == "nonsense"


def test_refusals_are_told_from_nonsense() -> None:
    assert failure(body(None, refusal="I can't help with that.")) == "refused"
    assert failure(body([{"type": "refusal", "refusal": "No."}])) == "refused"
    assert failure(body("", finish="content_filter")) == "refused"
    assert object_of(body(TEXT, refusal=None)) == FOUND
    assert object_of(body(TEXT, refusal="")) == FOUND


def test_a_cut_answer_names_the_setting_and_a_whole_one_counts_however_it_ended() -> None:
    with pytest.raises(ChatFailed, match="MOLROO_LLM_ANSWER_TOKENS_MAX"):
        object_of(body(TEXT[:-2], finish="length"))
    assert object_of(body(TEXT + "\n" * 900, finish="length")) == FOUND
    assert object_of(body(TEXT, finish=None)) == FOUND


@pytest.mark.parametrize(
    "content", ["{" * 65_000, '{"a":' * 13_000, '{"a":{}, ' * 7_000, '{"' + "x" * 65_000, "<think>" * 9_000]
)
def test_no_answer_takes_long_to_read(content: str) -> None:
    began = time.perf_counter()
    assert failure(body(content)) == "nonsense"
    assert time.perf_counter() - began < 0.25


@given(st.binary(max_size=200) | st.text(max_size=200).map(body))
def test_no_answer_raises_anything_else(raw: bytes) -> None:
    with contextlib.suppress(ChatFailed):
        assert isinstance(object_of(raw), dict)
