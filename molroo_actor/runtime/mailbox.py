"""What waits for a session, and who is told how it went. Order is arrival; limits are the host's to check."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from molroo_actor.engine import Params, PromptData, State, TurnResult, render_prompt
from molroo_actor.errors import WireError
from molroo_actor.protocol import views
from molroo_actor.protocol.commands import AckProactive, SetPreferences, TurnCommand
from molroo_actor.protocol.outreach import Action
from molroo_actor.protocol.record import Record, decode_record
from molroo_actor.runtime.connection import Attachment

Change = TurnCommand | SetPreferences | AckProactive
"""What a client may ask for that is durable once it is answered."""


class Answer:
    """What a durable change answered. Each form of it is rendered at most once, when somebody wants it.

    A turn's answer waits for its commit together with hundreds of others: `keep_bytes` renders what its asker will
    get while everything that it is made of is at hand, and keeps that and the row's blob instead of a hundred objects.
    """

    __slots__ = (
        "_blob", "_data", "_data_with_prompt", "_prompt", "_record", "_state", "event_context", "fired", "params",
        "seq",
    )  # fmt: skip

    def __init__(
        self,
        params: Params,
        seq: int,
        record: Record,
        event_context: str | None,
        *,
        blob: bytes = b"",
        state: State | None = None,
        fired: Action | None = None,
    ) -> None:
        """blob: a turn's record as it is stored, for `keep_bytes`. state: how the character is at the moment of the
        change; None when that is what the record says.
        """
        self.params = params
        self.seq = seq
        self.event_context = event_context
        self.fired = fired
        """What the character did by itself because of it."""
        self._record: Record | None = record
        self._blob = blob
        self._state = state
        self._prompt: PromptData | None = None
        self._data: bytes | None = None
        self._data_with_prompt: bytes | None = None

    @property
    def record(self) -> Record:
        """What the row stores."""
        if self._record is None:
            self._record = decode_record(self._blob)
        return self._record

    @property
    def state(self) -> State:
        """How the character is at the moment of the change; only a turn writes that down as well."""
        return self.record.state if self._state is None else self._state

    @property
    def result(self) -> TurnResult:
        """What the turn computed. Only turns have one of their own; ask nobody else for it."""
        result = self.record.result
        assert result is not None, "the row is a turn"
        return result

    @property
    def prompt(self) -> PromptData:
        """The prompts of this moment."""
        if self._prompt is None:
            self._prompt = render_prompt(self.params, self.state, self.event_context)
        return self._prompt

    def socket_data(self, *, with_prompt: bool) -> bytes:
        """turn_result.data, encoded."""
        if with_prompt:
            if self._data_with_prompt is None:
                self._data_with_prompt = views.socket_turn(self.result, self.prompt)
            return self._data_with_prompt
        if self._data is None:
            self._data = views.socket_turn(self.result, None)
        return self._data

    def keep_bytes(self, *, with_prompt: bool) -> None:
        """Renders the form of a turn that its asker wants; all else is decoded anew should anybody want it."""
        self.socket_data(with_prompt=with_prompt)
        self._record = self._prompt = None


class Asker(Protocol):
    """Whoever waits for the direct answer. Exactly one of the two is called, once."""

    @property
    def attachment(self) -> Attachment | None:
        """Where the answer goes when that is a socket; it gets no push besides."""

    def answered(self, answer: Answer, *, duplicate: bool) -> None:
        """It is durable; duplicate: it was before this was asked."""

    def refused(self, error: WireError) -> None:
        """It did not happen, or nobody knows (`details.outcome`)."""


class FutureAsker:
    """An asker for coroutines: `await asker.future` gives (answer, duplicate)."""

    __slots__ = ("attachment", "future")

    def __init__(self) -> None:
        self.attachment: Attachment | None = None
        self.future: asyncio.Future[tuple[Answer, bool]] = asyncio.get_running_loop().create_future()

    def answered(self, answer: Answer, *, duplicate: bool) -> None:
        if not self.future.done():
            self.future.set_result((answer, duplicate))

    def refused(self, error: WireError) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Envelope(Struct):
    """A durable change that is asked for."""

    command: Change
    asker: Asker


class Deletion(Struct):
    """The session's end; never refused for a full mailbox."""

    done: asyncio.Future[None]


class Wakeup(Struct):
    """The session's alarm went off: the one that row `set_seq` set. Never refused for a full mailbox.

    over: called once, with None when it is dealt with, with what stood in the way otherwise.
    """

    set_seq: int
    over: Callable[[Exception | None], None]
    worded: bool = False
    """Whether a writer was asked already; what it wrote is the message, None when the engine's own is taken."""
    message: str | None = None


Mailbox = list[Envelope | Deletion | Wakeup]
