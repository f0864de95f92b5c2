"""What the text messages of a socket ask for, and when a socket has to wait before it is read on."""

from __future__ import annotations

import logging

from molroo_actor.clock import Clock
from molroo_actor.errors import Internal, RateLimited, WireError
from molroo_actor.protocol import commands, messages
from molroo_actor.protocol.commands import AckProactive, Command, GetState, Ping, SetPreferences, TurnCommand
from molroo_actor.runtime.host import Host
from molroo_actor.runtime.mailbox import Envelope
from molroo_actor.runtime.slot import Slot
from molroo_actor.transport.askers import AcknowledgementAsker, PreferencesAsker, SocketAsker
from molroo_actor.transport.catching_up import state_message
from molroo_actor.transport.socket import Socket

log = logging.getLogger(__name__)


class Conversation:
    """Commands out of messages, handed to the host. One for all sockets."""

    def __init__(self, host: Host, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._unanswered_max = host.settings.unanswered_max

    def message(self, socket: Socket, data: bytes) -> None:
        """A text message of a socket that has caught up."""
        turn = commands.exact_frame(data)
        if turn is not None:
            command: Command = turn
            reply_to = turn.msg_id
        else:
            reply_to = None
            try:
                body = commands.decode_object(data)
                reply_to = commands.message_id(body.get("id"))
                command = commands.frame(body, reply_to)
            except WireError as error:
                socket.refuse(self._haste(socket) or error, reply_to)
                return
        haste = self._haste(socket)
        if haste is not None:
            socket.refuse(haste, reply_to)
            return
        socket.refusals = 0
        self._do(socket, command, reply_to)

    def _do(self, socket: Socket, command: Command, reply_to: str | None) -> None:
        slot, attachment = socket.slot, socket.attachment
        assert slot is not None, "it has caught up"
        assert attachment is not None, "it has caught up"
        match command:
            case TurnCommand():
                self._host.deliver(slot, Envelope(command, SocketAsker(attachment, socket, reply_to)))
            case SetPreferences():
                self._host.deliver(slot, Envelope(command, PreferencesAsker(attachment, socket, reply_to)))
            case AckProactive(action_id):
                asker = AcknowledgementAsker(attachment, socket, action_id, reply_to)
                self._host.deliver(slot, Envelope(command, asker))
            case Ping():
                socket.send(messages.pong(reply_to))
                return
            case GetState():
                self._get_state(socket, slot, reply_to)
                return
        if attachment.unanswered >= self._unanswered_max:
            # Fair to the session's other senders.
            socket.hold(self._unanswered_max)

    def room(self, socket: Socket) -> None:
        """Enough turns are answered: on with what waited for that."""
        if socket.gone:
            return
        asked, socket.asked_state = socket.asked_state, None
        if asked is None:
            socket.release()
        else:
            assert socket.slot is not None, "it has caught up"
            self._read_state(socket, socket.slot, asked[0])

    def _haste(self, socket: Socket) -> RateLimited | None:
        """Takes a token of the socket; the refusal when there is none."""
        wait_s = socket.bucket.take(self._clock.monotonic_s())
        if not wait_s:
            return None
        rate = self._host.settings.socket_messages_per_s
        return RateLimited(f"more than {rate:g} messages a second", retry_after_s=round(wait_s, 3))

    def _get_state(self, socket: Socket, slot: Slot, reply_to: str | None) -> None:
        """After this socket's own turns, unless one waits for a slow appraiser."""
        assert socket.attachment is not None, "it has caught up"
        if socket.attachment.unanswered and slot.thinking is None:
            socket.asked_state = (reply_to,)
            socket.hold(1)
        else:
            self._read_state(socket, slot, reply_to)

    def _read_state(self, socket: Socket, slot: Slot, reply_to: str | None) -> None:
        socket.hold()
        self._host.registry.spawn(self._send_state(socket, slot, reply_to))

    async def _send_state(self, socket: Socket, slot: Slot, reply_to: str | None) -> None:
        try:
            socket.send(state_message(await self._host.snapshot(slot), socket, reply_to))
        except WireError as error:
            socket.refuse(error, reply_to)
        except Exception:
            log.exception("a state could not be shown")
            socket.fail(Internal(), reply_to=reply_to)
        socket.release()
