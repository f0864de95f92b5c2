"""A connection catches up first and lives then: what is released in between waits, in order, up to a limit."""

from __future__ import annotations

from molroo_actor.runtime.connection import Attachment, Parting
from tests.kit.doubles import RecordingConnection


def test_what_comes_while_it_catches_up_follows_in_order() -> None:
    connection = RecordingConnection()
    attachment = Attachment(connection, 100)
    for message in (b"1", b"2"):
        attachment.push(message)
    assert connection.sent == []
    connection.send(b"replayed")
    attachment.go_live()
    attachment.push(b"3")
    attachment.go_live()
    assert connection.sent == [b"replayed", b"1", b"2", b"3"]


def test_a_backlog_may_take_its_limit_and_not_a_byte_more() -> None:
    connection = RecordingConnection()
    attachment = Attachment(connection, 10)
    attachment.push(b"x" * 10)
    assert connection.parted == []
    attachment.push(b"x")
    assert connection.parted == [Parting.TOO_SLOW]


def test_a_connection_that_was_too_slow_is_sent_nothing_after_the_hole() -> None:
    connection = RecordingConnection()
    attachment = Attachment(connection, 10)
    for message in (b"x" * 11, b"1"):
        attachment.push(message)
    attachment.go_live()
    attachment.push(b"2")
    assert (connection.sent, connection.parted) == ([], [Parting.TOO_SLOW])
