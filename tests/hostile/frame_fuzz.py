"""WebSocket frames as no client should send them: what breaks the protocol ends that socket and no other."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import NamedTuple

from bench import frames
from tests.hostile.arena import Arena, Plan
from tests.hostile.tally import Tally
from tests.hostile.wire import Socket, frame, live, ws_path

ENV = {"MOLROO_PING_EVERY_S": "1.5", "MOLROO_PONG_WITHIN_S": "1.5", "MOLROO_HIBERNATE_AFTER_S": "1"}
MORE = 0x0
BINARY = 0x2
PROTOCOL, TOO_BIG, UNSUPPORTED = 1002, 1009, 1003
HI = b'{"type":"ping"}'
ENDS_WITHIN_S = 8.0
SAID = (
    {"type": "turn", "id": "f1", "message": "hello"},
    {"type": "turn_appraisal", "appraisal": {"goal_relevance": 0.1}},
    {"type": "get_state", "id": "f2"},
    {"type": "set_proactive_prefs", "preferences": {"enabled": False}},
    {"type": "ack_proactive", "action_id": "act_1"},
    {"type": "ping", "id": "f3"},
)


class Case(NamedTuple):
    """Bytes, and how the socket ends: by one of these codes, or not at all."""

    name: str
    sent: bytes
    ends: frozenset[int] = frozenset()


def _head(first: int, second: int, rest: bytes = b"") -> bytes:
    return bytes((first, second)) + rest


def cases() -> Iterator[Case]:
    """Each way of breaking the protocol that has a name."""
    broken = frozenset({PROTOCOL, 1006})
    for opcode in (*range(0x3, 0x8), *range(0xB, 0x10)):
        yield Case(f"opcode {opcode:#x}", frame(HI, opcode), broken)
    for bits in range(1, 8):
        yield Case(f"reserved bits {bits:03b}", frame(HI, reserved=bits), broken)
        yield Case(f"a ping with reserved bits {bits:03b}", frame(b"", frames.PING, reserved=bits), broken)
    for size in (126, 1_000):
        yield Case(f"a ping of {size} bytes", frame(bytes(size), frames.PING), broken)
    for opcode in (frames.CLOSE, frames.PING, frames.PONG):
        yield Case(f"control frame {opcode:#x} in pieces", frame(b"", opcode, fin=False), broken)
    yield Case("a continuation of nothing", frame(HI, MORE), broken)
    yield Case("a message inside a message", frame(b"{", fin=False) + frame(HI), broken)
    yield Case("a binary frame", frame(HI, BINARY), frozenset({UNSUPPORTED}))
    yield from _lengths()
    yield from _closes()
    yield from _pieces()


def _lengths() -> Iterator[Case]:
    too_big = frozenset({TOO_BIG, PROTOCOL, 1006})
    yield Case("a message over the limit", frame(b" " * 65_537), too_big)
    yield Case("a length of 2^62", _head(0x81, 0xFF, struct.pack("!Q", 1 << 62)), too_big)
    yield Case("a length with its first bit set", _head(0x81, 0xFF, struct.pack("!Q", (1 << 64) - 1)), too_big)
    yield Case("two pieces over the limit", frame(b" " * 40_000, fin=False) + frame(b" " * 40_000, MORE), too_big)
    yield Case("a control frame with a long length", _head(0x89, 0xFE, struct.pack("!H", 200)), too_big)
    small = _head(0x81, 0xFE, struct.pack("!H", len(HI))) + frame(HI)[2:]
    yield Case("a short length in the long form", small)


def _closes() -> Iterator[Case]:
    for code in (0, 999, 1004, 1005, 1006, 1012, 1015, 1016, 2999, 5000, 65_535):
        yield Case(f"close code {code}", frame(struct.pack("!H", code) + b"bye", frames.CLOSE), frozenset(range(6_000)))
    for payload in (b"\x03", struct.pack("!H", 1000) + b"\xff\xfe", struct.pack("!H", 1000) + b"x" * 123):
        yield Case(f"a close of {payload[:4]!r}", frame(payload, frames.CLOSE), frozenset(range(6_000)))


def _pieces() -> Iterator[Case]:
    pieces = b"".join(frame(bytes((letter,)), MORE, fin=False) for letter in HI[1:])
    yield Case("a message letter by letter", frame(HI[:1], fin=False) + pieces + frame(b"", MORE))
    between = b"".join(frame(bytes((letter,)), MORE, fin=False) + frame(b"?", frames.PING) for letter in HI[1:])
    yield Case("pings between the letters", frame(HI[:1], fin=False) + between + frame(b"", MORE))
    yield Case("5,000 empty pieces", frame(HI, fin=False) + frame(b"", MORE, fin=False) * 5_000 + frame(b"", MORE))
    yield Case("pieces without end", frame(b" " * 200, fin=False) + frame(b" " * 200, MORE, fin=False) * 1_000,
               frozenset({TOO_BIG, 1006}))  # fmt: skip
    yield Case("5,000 pings", frame(b"x" * 125, frames.PING) * 5_000)
    yield Case("5,000 pongs that nobody asked for", frame(b"", frames.PONG) * 5_000)


HALVES = (b"\x81", b"\x81\xfe", b"\x81\xfe\x00", frame(HI)[:5], frame(HI)[:-1], frame(HI, fin=False), b"")


def attack(arena: Arena, tally: Tally, plan: Plan) -> None:
    """All named cases, halves of frames followed by silence, then valid streams with bytes put wrong."""
    with live(arena.port, "mia", arena.mallory) as friend:
        silent = [live(arena.port, "mia", arena.mallory) for _ in HALVES]
        for socket, half in zip(silent, HALVES, strict=True):
            socket.send(half)
        for case in cases():
            _try(arena, tally, case, friend)
        for number in range(plan.count(2_000, 40)):
            _try_mutated(arena, tally, plan, number, friend)
        _unmasked(arena, tally)
        for socket, half in zip(silent, HALVES, strict=True):
            _silent(tally, socket, half, friend)


def _try(arena: Arena, tally: Tally, case: Case, friend: Socket) -> None:
    tally.cases += 1
    with Socket.open(arena.port, ws_path("mia", arena.mallory)) as socket:
        socket.message()
        socket.send(case.sent)
        if not case.ends:
            socket.send(frame(b'{"type":"ping","id":"after"}'))
            told = socket.message("pong")
            while told is not None and told.get("reply_to") != "after":
                told = socket.message("pong")
            if told is None:
                tally.died(f"{case.name}: the socket ended")
        else:
            code = socket.close_code()
            tally.refused += 1
            if code not in case.ends:
                tally.fault(f"{case.name}: ended with {code or 'nothing'}, not one of {sorted(case.ends)[:5]}")
            if code == 1011:
                tally.internal(case.name)
    _well(tally, friend, case.name)


def _try_mutated(arena: Arena, tally: Tally, plan: Plan, number: int, friend: Socket) -> None:
    rng = plan.rng
    said = [frame(json.dumps(message).encode()) for message in rng.sample(SAID, 3)]
    stream = bytearray(b"".join(said))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(stream))
        match rng.randrange(4):
            case 0:
                stream[at] ^= 1 << rng.randrange(8)
            case 1:
                stream[at] = rng.randrange(256)
            case 2:
                del stream[at : at + rng.randint(1, 8)]
            case _:
                stream[at:at] = rng.randbytes(rng.randint(1, 8))
        stream = stream or bytearray(b"\x00")
    tally.cases += 1
    refused = False
    with Socket.open(arena.port, ws_path("mia", arena.mallory)) as socket:
        socket.send(bytes(stream) + frame(b"", frames.CLOSE))
        socket.socket.settimeout(0.05)  # a lying length makes it wait for more: that is what it should do
        try:
            while (found := socket.frame_of()) is not None:
                if b'"INTERNAL"' in found[1] or found[1][:2] == b"\x03\xf3":
                    tally.internal(f"mutated {number}: {bytes(stream)!r}: {found[1]!r}")
                refused = refused or found[0] == frames.CLOSE or b'"error"' in found[1][:30]
        except TimeoutError:
            pass
    tally.refused += refused
    if not number % 50:
        _well(tally, friend, f"mutated {number}")


def _unmasked(arena: Arena, tally: Tally) -> None:
    """The standard wants such a client cut off. What must not happen is that it harms anybody."""
    tally.cases += 1
    with live(arena.port, "mia", arena.mallory) as socket:
        socket.send(b"\x81" + bytes((len(HI),)) + HI)
        socket.socket.settimeout(2)
        try:
            found = socket.frame_of()
        except TimeoutError:
            found = None
        tally.refused += found is None or found[0] == frames.CLOSE
        if found is not None and found[0] == frames.TEXT:
            tally.notes.append("an unmasked frame is taken")


def _silent(tally: Tally, socket: Socket, half: bytes, friend: Socket) -> None:
    tally.cases += 1
    for _ in range(round(ENDS_WITHIN_S / 0.5)):
        _well(tally, friend, "silence")  # it is asked often enough to see the pings that it answers
        if socket.to_the_end(0.5):
            tally.refused += 1
            break
    else:
        tally.fault(f"half a frame and silence: {half!r}: the socket stays")
    socket.socket.close()


def _well(tally: Tally, friend: Socket, after: str) -> None:
    """The well-behaved socket of the same session still gets its pong."""
    friend.send(frame(b'{"type":"ping","id":"well"}'))
    try:
        while (told := friend.message()) is not None:
            if told.get("reply_to") == "well":
                return
    except TimeoutError:
        told = "no pong"
    tally.died(f"the session's other socket after {after}: {told}")
