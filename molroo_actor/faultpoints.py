"""Moments with a name at which a test may hurt this process from inside: kill it, stop it, hold it up, fail a call.

Off unless the environment says otherwise when the process starts: a place asks `if faultpoints.ARMED:` and no more, and
none lies on the way of a single turn. Nothing may depend on one being passed, and no setting leads here.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable
from typing import Final, Literal, NamedTuple, get_args

VARIABLE: Final = "MOLROO_FAULT_POINT"
"""NAME:WHAT:N, such as `after_commit:kill:7`: the 7th passing, and every 7th after it. A delay is `delay=SECONDS`."""

Name = Literal["before_commit", "after_commit", "before_reply", "hibernate", "wake", "fold", "delete", "alarm"]
"""A batch goes to the disk; it is durable; its answers leave. An actor leaves memory; one is read. A session's file is
written and the ledger does not know; a deletion is durable and the file is there; an alarm has been delivered.
"""
Cause = Callable[[str], Exception]


class _Armed(NamedTuple):
    name: str
    what: str
    delay_s: float
    every: int
    passings: itertools.count[int]


def _from(text: str | None) -> _Armed | None:
    if not text:
        return None
    name, what, every = text.split(":")
    what, _, delay_s = what.partition("=")
    if name not in get_args(Name) or what not in {"kill", "stop", "raise", "delay"} or int(every) < 1:
        raise ValueError(f"{VARIABLE}={text} names no fault")
    return _Armed(name, what, float(delay_s or 0), int(every), itertools.count(1))


_ARMED: Final = _from(os.environ.get(VARIABLE))
ARMED: Final = _ARMED is not None


def passing(name: Name, fails: Cause | None = None) -> None:
    """What is armed happens here, on its turn. `fails` makes the error with which this place may fail; none may without
    it.
    """
    if _ARMED is None or _ARMED.name != name or next(_ARMED.passings) % _ARMED.every:
        return
    if _ARMED.what == "raise" and fails is None:
        return
    os.write(2, f"fault point {name}: {_ARMED.what}\n".encode())
    match _ARMED.what:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "delay":
            time.sleep(_ARMED.delay_s)
        case _:
            assert fails is not None
            raise fails(f"fault point {name}")
