"""The short way of reading a frame says the same as the long one, or leaves it to the long one."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from molroo_actor.errors import ValidationFailed
from molroo_actor.protocol import commands
from molroo_actor.protocol.commands import Command
from tests.kit.node import GLAD

NUMBERS = st.sampled_from([-1.5, -1, -0.4, 0, 0.25, 1, 2, 1e300, True, None, "0.5"])
TEXTS = st.one_of(
    st.none(), st.text('aé"\\\n', max_size=5), st.sampled_from(["x" * 4_096, "x" * 4_097, "é" * 8_193]), st.just(5)
)
VECTORS = st.one_of(
    st.none(),
    st.just(GLAD),
    st.fixed_dictionaries(
        dict.fromkeys(GLAD, NUMBERS), optional={"urgency": NUMBERS, "goalRelevance": NUMBERS, "colour": NUMBERS}
    ),
)
FRAMES = st.fixed_dictionaries(
    {"type": st.sampled_from(["turn", "turn_appraisal", "appraisal", "get_state", "turns", None])},
    optional={
        "id": st.one_of(st.none(), st.sampled_from(["", "a", "x" * 64, "x" * 65]), st.just(5)),
        "message": TEXTS,
        "appraisal": VECTORS,
        "context": TEXTS,
        "event_context": TEXTS,
        "eventContext": TEXTS,
        "elapsed_seconds": NUMBERS,
        "elapsedSeconds": NUMBERS,
        "event": st.just({"description": "It rains", "source": "system"}),
        "unknown": st.just(1),
    },
)


def _long_way(body: dict[str, Any]) -> Command | None:
    try:
        return commands.frame(body, commands.message_id(body.get("id")))
    except ValidationFailed:
        return None


@given(body=FRAMES)
def test_what_it_reads_is_what_the_long_way_reads(body: dict[str, Any]) -> None:
    short = commands.exact_frame(msgspec.json.encode(body))
    if short is not None:
        assert short == _long_way(body)


def test_frames_as_the_reference_spells_them_go_the_short_way() -> None:
    for body in (
        {"type": "turn", "message": "hello"},
        {"type": "turn", "id": "a", "message": "", "event_context": "x", "elapsed_seconds": 0},
        {"type": "turn_appraisal", "id": "a", "appraisal": GLAD, "context": "x", "elapsed_seconds": 1.5},
        {"type": "appraisal", "appraisal": {**GLAD, "urgency": 1}},
    ):
        short = commands.exact_frame(msgspec.json.encode(body))
        assert short is not None
        assert short == _long_way(body)


def test_what_is_no_json_is_left_to_the_long_way() -> None:
    for data in (
        b"",
        b"{",
        b'{"type":"turn","message":"\xff"}',
        b"[" * 100_000,
        b'{"type":"turn","message":"\\ud800"}',
    ):
        assert commands.exact_frame(data) is None
