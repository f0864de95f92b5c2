"""Messages as bytes: what all receivers share is encoded once, what differs is a short head before it."""

from __future__ import annotations

import msgspec

from molroo_actor.errors import Overloaded, RateLimited
from molroo_actor.protocol import messages
from molroo_actor.protocol.commands import Preferences


def test_a_turn_result_has_a_head_for_each_of_its_readers() -> None:
    assert messages.turn_result(7, b'{"a":1}') == b'{"type":"turn_result","seq":7,"data":{"a":1}}'
    assert messages.turn_result(7, b"{}", reply_to='"', own=True) == (
        b'{"type":"turn_result","seq":7,"own":true,"reply_to":"\\"","data":{}}'
    )
    assert messages.turn_result(7, b"{}", reply_to="a", duplicate=True) == (
        b'{"type":"turn_result","seq":7,"duplicate":true,"reply_to":"a","data":{}}'
    )
    assert messages.turn_result(7, b"{}", replayed=True) == (
        b'{"type":"turn_result","seq":7,"replayed":true,"data":{}}'
    )


def test_the_small_messages() -> None:
    assert messages.state(3, b"{}", None) == b'{"type":"state","seq":3,"data":{}}'
    assert messages.state(3, b"{}", "a") == b'{"type":"state","seq":3,"reply_to":"a","data":{}}'
    assert messages.pong(None) == b'{"type":"pong"}'
    assert messages.pong("a") == b'{"type":"pong","reply_to":"a"}'
    assert msgspec.json.decode(messages.connected("alice", 3, "e", None)) == {
        "type": "connected", "session_id": "alice", "seq": 3, "epoch": "e", "recovered": None,
    }  # fmt: skip
    assert msgspec.json.decode(messages.preferences(Preferences(), 3, "a")) == {
        "type": "proactive_prefs",
        "seq": 3,
        "reply_to": "a",
        "data": {
            "enabled": False,
            "triggers": {"attachment_seeking": True, "need_deficit": True, "emotional_overflow": True},
            "cooldown_hours": 4.0,
            "max_daily": None,
            "quiet_hours": None,
        },
    }


def test_an_error_says_what_helps_and_leaves_out_what_is_not_there() -> None:
    assert msgspec.json.decode(messages.error(RateLimited("slower"), "req_1", None)) == {
        "type": "error", "code": "RATE_LIMIT", "message": "slower", "request_id": "req_1",
    }  # fmt: skip
    whole = Overloaded("later", details={"outcome": "unknown"}, retry_after_s=5)
    assert msgspec.json.decode(messages.error(whole, "req_1", "a")) == {
        "type": "error",
        "code": "OVERLOADED",
        "message": "later",
        "details": {"outcome": "unknown"},
        "reply_to": "a",
        "request_id": "req_1",
        "retry_after_s": 5,
    }
