"""Who waits for what a socket asked for: the direct answers, in the socket's own words."""

from __future__ import annotations

from molroo_actor.errors import WireError
from molroo_actor.protocol import messages
from molroo_actor.runtime.connection import Attachment
from molroo_actor.runtime.mailbox import Answer
from molroo_actor.transport.socket import Socket


class SocketAsker:
    """The asker of one turn that came by a socket."""

    __slots__ = ("_reply_to", "_socket", "attachment")

    def __init__(self, attachment: Attachment, socket: Socket, reply_to: str | None) -> None:
        self.attachment = attachment
        self._socket = socket
        self._reply_to = reply_to
        attachment.unanswered += 1

    def answered(self, answer: Answer, *, duplicate: bool) -> None:
        data = b"" if self._socket.closing else answer.socket_data(with_prompt=self._socket.with_prompt)
        self._socket.answered_one(self.attachment)
        if data:
            self._socket.send(
                messages.turn_result(answer.seq, data, reply_to=self._reply_to, own=not duplicate, duplicate=duplicate)
            )

    def refused(self, error: WireError) -> None:
        self._socket.answered_one(self.attachment)
        self._socket.refuse(error, self._reply_to)


class PreferencesAsker:
    """The asker of new preferences that came by a socket."""

    __slots__ = ("_reply_to", "_socket", "attachment")

    def __init__(self, attachment: Attachment, socket: Socket, reply_to: str | None) -> None:
        self.attachment = attachment
        self._socket = socket
        self._reply_to = reply_to
        attachment.unanswered += 1

    def answered(self, answer: Answer, *, duplicate: bool) -> None:  # noqa: ARG002 - they have no id to repeat by
        self._socket.answered_one(self.attachment)
        self._socket.send(messages.preferences(answer.record.preferences, answer.seq, self._reply_to))

    def refused(self, error: WireError) -> None:
        self._socket.answered_one(self.attachment)
        self._socket.refuse(error, self._reply_to)


class AcknowledgementAsker:
    """The asker of an acknowledgement that came by a socket."""

    __slots__ = ("_action_id", "_reply_to", "_socket", "attachment")

    def __init__(self, attachment: Attachment, socket: Socket, action_id: str, reply_to: str | None) -> None:
        self.attachment = attachment
        self._socket = socket
        self._action_id = action_id
        self._reply_to = reply_to
        attachment.unanswered += 1

    def answered(self, answer: Answer, *, duplicate: bool) -> None:  # noqa: ARG002 - again is the same
        self._socket.answered_one(self.attachment)
        self._socket.send(messages.acknowledged(self._action_id, answer.seq, self._reply_to))

    def refused(self, error: WireError) -> None:
        self._socket.answered_one(self.attachment)
        self._socket.refuse(error, self._reply_to)
