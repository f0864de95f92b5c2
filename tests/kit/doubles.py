"""Recording stand-ins for the ports of the runtime: a connection, an asker, an observer, an appraiser that waits."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from molroo_actor.engine import Appraisal, Params, Reading, Source, State
from molroo_actor.errors import WireError
from molroo_actor.runtime.connection import Attachment, Parting
from molroo_actor.runtime.mailbox import Answer


class RecordingConnection:
    """The Connection port: keeps what was sent, and whether it was parted."""

    def __init__(self, *, with_prompt: bool = False) -> None:
        self.with_prompt = with_prompt
        self.sent: list[bytes] = []
        self.parted: list[Parting] = []

    def send(self, message: bytes) -> None:
        if not self.parted:
            self.sent.append(message)

    def part(self, why: Parting) -> None:
        if not self.parted:
            self.parted.append(why)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was sent, decoded."""
        return [msgspec.json.decode(message) for message in self.sent]

    @property
    def seqs(self) -> list[int]:
        """The seq of every turn_result, in the order of sending."""
        return [message["seq"] for message in self.messages if message["type"] == "turn_result"]


class RecordingAsker:
    """The Asker port. `verdict` is what it heard; hearing twice fails at once."""

    def __init__(self, log: list[str] | None = None, name: str = "", attachment: Attachment | None = None) -> None:
        self.attachment = attachment
        self.answer: Answer | None = None
        self.error: WireError | None = None
        self.duplicate = False
        self._log = log
        self._name = name

    @property
    def heard(self) -> bool:
        return self.answer is not None or self.error is not None

    @property
    def verdict(self) -> str:
        """`7`, `7 again`, the code of a refusal, or `nothing`."""
        if self.answer is not None:
            return f"{self.answer.seq} again" if self.duplicate else str(self.answer.seq)
        return self.error.code if self.error is not None else "nothing"

    def answered(self, answer: Answer, *, duplicate: bool) -> None:
        assert not self.heard, "an asker is told once"
        self.answer = answer
        self.duplicate = duplicate
        self._note()

    def refused(self, error: WireError) -> None:
        assert not self.heard, "an asker is told once"
        self.error = error
        self._note()

    def _note(self) -> None:
        if self._log is not None:
            self._log.append(f"{self._name} {self.verdict}")


class RecordingObserver:
    """The Observer port: counts."""

    def __init__(self) -> None:
        self.commits: list[int] = []
        self.failures = 0
        self.wakes = 0
        self.sleeps = 0
        self.turns = 0
        self.lags: list[float] = []
        self.late: list[float] = []
        self.failed_alarms = 0
        self.deliveries: list[str] = []

    def committed(self, rows: int, seconds: float) -> None:
        self.commits.append(rows)

    def commit_failed(self) -> None:
        self.failures += 1

    def released(self, turns: int, gate_wait_s: float) -> None:
        self.turns += turns

    def woke(self, seconds: float) -> None:
        self.wakes += 1

    def hibernated(self) -> None:
        self.sleeps += 1

    def alarm_late(self, seconds: float) -> None:
        self.late.append(seconds)

    def alarm_failed(self) -> None:
        self.failed_alarms += 1

    def delivered(self, outcome: str) -> None:
        self.deliveries.append(outcome)

    def loop_lag(self, seconds: float) -> None:
        self.lags.append(seconds)


class SlowAppraiser:
    """The Appraiser port: every text waits for the test, which answers or fails it by the text."""

    def __init__(self) -> None:
        self.waiting: dict[str, asyncio.Future[Reading]] = {}

    def appraise(self, text: str, source: Source, params: Params, state: State) -> asyncio.Future[Reading]:
        future: asyncio.Future[Reading] = asyncio.get_running_loop().create_future()
        self.waiting[text] = future
        return future

    def answer(self, text: str, congruence: float) -> None:
        """Lets one reading come in."""
        self.waiting.pop(text).set_result(Reading(Appraisal(0.8, congruence, 0.5, 0.5, 0.0, 0.0)))

    def fail(self, text: str) -> None:
        """Lets one end as a network does."""
        self.waiting.pop(text).set_exception(ConnectionError("no route"))
