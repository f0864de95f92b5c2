"""The ledger of faults is checked: what it excuses, and the one lie that the crash tool's cannot see."""

from __future__ import annotations

import pytest

from tests.crash.ledger import Json, Session, Turn
from tests.faults.trial import FaultLedger, traces

ANSWER: Json = {"new_emotion": {"V": 0.1, "A": 0.2, "D": 0.3}}


def sent_again(denied: int, sends: int) -> FaultLedger:
    """A turn that a repeat finds in the history; each earlier sending was cut off or denied."""
    ledger = FaultLedger()
    ledger.sessions["s"] = Session("s")
    turn = ledger.wanted(Turn("t", "s", "ws", {}, sends=sends))
    ledger.denied["t"] = denied
    ledger.acknowledged(turn, 1, ANSWER, duplicate=True)
    return ledger


@pytest.mark.parametrize(
    ("denied", "sends", "broken"), [(1, 2, {"changed": 1}), (2, 3, {"changed": 1}), (1, 3, {}), (0, 2, {})]
)
def test_a_turn_that_was_said_not_to_have_happened_must_not_have(denied: int, sends: int, broken: Json) -> None:
    assert sent_again(denied, sends).broken == broken


def test_a_refusal_is_excused_while_the_server_is_hurt_and_a_loss_never() -> None:
    ledger = FaultLedger()
    ledger.excused = True
    ledger.breach("refused", "cut off")
    ledger.breach("lost", "a turn")
    assert ledger.broken == {"lost": 1}


def test_a_trace_in_the_log_is_named_by_its_last_line_but_for_the_loops_own_want_of_handles() -> None:
    lines = [
        "socket.accept() out of system resource", "socket: <...>", "Traceback (most recent call last):", "  File x",
        "OSError: 24", "request failed", "Traceback (most recent call last):", "  File y", "TypeError: no",
    ]  # fmt: skip
    assert traces(lines) == ["trace: TypeError: no"]
