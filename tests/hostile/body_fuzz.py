"""JSON as no client should send it, into every body and every message that the contract knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bench import frames
from tests.hostile.arena import MIB, Arena, Plan
from tests.hostile.tally import Tally
from tests.hostile.wire import Answer, Line, frame, live, request

HERE = "put it here"
DEEP = 100_000
FINE = frozenset({200, 201, 400, 404, 409, 413})
TOKENS = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1e-999", b"-0", b"1.0", b"9" * 400, b"-" + b"9" * 400,
    b"0." + b"9" * 5_000, b"1e" + b"9" * 50, b"99999999999999999999", b"0x10", b"01", b"+1", b".5", b"1.", b"null",
    b"true", b"[]", b"{}", b'""', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"a\\u0000b"', b'"\x00"',
    b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\\x41"', b"'a'", b'"' + b"a" * 20_000 + b'"',
    b'"' + b"\\u2028" * 100 + b'"', '"\U0001f600 \u202e \ufeff"'.encode(), b'"../../etc/passwd"', b'"\' OR 1=1 --"',
    b'"${jndi:ldap://127.0.0.1/a}"', b'"%s%s%n"', b'{"a":1,"a":2}', b'{"":{}}', b'{"__proto__":{}}',
    b"[" * 2_000 + b"]" * 2_000, b"/*x*/1", b"undefined", b"",
)  # fmt: skip


def wholes() -> Iterator[bytes]:
    """Bodies that are no JSON, or odd JSON as a whole."""
    yield from (
        b"",
        b" ",
        b"\0",
        b"null",
        b"[]",
        b'""',
        b"0",
        b"{",
        b"}",
        b'{"a"',
        b'{"a":}',
        b"{} {}",
        b"\xef\xbb\xbf{}",
    )
    yield from ('{"type":"ping"}'.encode(codec) for codec in ("utf-16", "utf-32", "utf-7"))
    yield from (
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"a":' * DEEP,
        b'{"a":' * (DEEP // 4) + b"1" + b"}" * (DEEP // 4),
    )
    yield b"[" * 20_000 + b"]" * 20_000
    yield b'{"type":' + b"[" * 25_000 + b"]" * 25_000 + b"}"
    yield b"{" + b",".join(b'"k%d":%d' % (number, number) for number in range(4_000)) + b"}"
    yield b"{" + b",".join(b'"type":"ping"' for _ in range(3_000)) + b"}"
    yield b'{"type":"ping","id":"' + b"\\u0041" * 5_000 + b'"}'


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something can be put wrong."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def with_hole(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return HERE
    if isinstance(value, dict):
        return {name: with_hole(each, path[1:]) if name == path[0] else each for name, each in value.items()}
    return [with_hole(each, path[1:]) if number == path[0] else each for number, each in enumerate(value)]


def near_misses(whole: Any) -> Iterator[bytes]:
    """A valid body with one token put wrong; once each key left out, doubled, and in the other spelling too."""
    for path in places(whole):
        before, _, after = json.dumps(with_hole(whole, path)).encode().partition(json.dumps(HERE).encode())
        yield from (before + token + after for token in TOKENS)
    if isinstance(whole, dict):
        text = json.dumps(whole)[1:-1]
        for name, value in whole.items():
            yield json.dumps({key: each for key, each in whole.items() if key != name}).encode()
            yield f"{{{text},{json.dumps(name)}:{json.dumps(value)}}}".encode()
            yield json.dumps({**whole, name.upper(): value}).encode()
            yield json.dumps({**whole, _other_spelling(name): value}).encode()


def _other_spelling(name: str) -> str:
    if "_" in name:
        first, *others = name.split("_")
        return first + "".join(word.capitalize() for word in others)
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def attack(arena: Arena, tally: Tally, plan: Plan) -> None:
    """Every body of every operation, then every message, then what is too big."""
    contract = json.loads(arena.ask("GET", "/openapi.json").body)
    arena.create("hooked")
    bodies = list(_operations(contract))
    with Line(arena.port) as line:
        for method, path, whole in bodies:
            cases = [*near_misses(whole), *(each for each in wholes() if len(each) < 250_000)]
            for body in _some(cases, plan):
                line = _post(arena, tally, line, method, path, body)  # noqa: PLW2901 - the line ends, the work goes on
    examples = [each["example"] for each in contract["x-websocket"]["from_client"] if each["example"]]
    cases = [body for each in examples for body in near_misses(each)] + list(wholes())
    _messages(arena, tally, _some(cases, plan))
    _too_big(arena, tally, plan)


def _some(cases: list[bytes], plan: Plan) -> list[bytes]:
    count = min(len(cases), plan.count(len(cases), 20))
    return plan.rng.sample(cases, count)


def _operations(contract: Any) -> Iterator[tuple[str, str, Any]]:
    """Every operation with a body, by its examples. Webhooks go to a session that takes no turns: nothing is sent."""
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            session = "hooked" if "webhook" in path else "mia"
            for example in content.get("examples", {}).values():
                yield method.upper(), path.replace("{sessionId}", session), example["value"]


def _post(arena: Arena, tally: Tally, line: Line, method: str, path: str, body: bytes) -> Line:
    answer = line.ask(request(method, path, arena.mallory, body))
    what = f"{method} {path} {body[:120]!r}"
    if answer is None:
        tally.cases += 1
        tally.fault(f"{what}: no answer")
    else:
        tally.answered(answer.status, answer.body, what, within=FINE)
    if line.ended or answer is None or b"close" in answer.head.lower():
        line.socket.close()
        return Line(arena.port)
    return line


def _messages(arena: Arena, tally: Tally, cases: list[bytes]) -> None:
    """In lock step on one socket: each message has one answer, the socket lives."""
    socket = live(arena.port, "mia", arena.mallory)
    for body in cases:
        what = f"message {body[:120]!r}"
        if len(body) > 65_536:
            tally.cases += 1
            tally.refused += 1
            if (code := _sent_alone(arena, body)) not in {1009, 1006}:
                tally.fault(f"{what} of {len(body)} bytes ended with {code}")
            continue
        socket.send(frame(body) + frame(b'{"type":"ping","id":"fence"}'))
        told = [socket.frame_of() for _ in range(2)]  # a turn's answer comes after the pong, any other before it
        texts = [found[1] for found in told if found is not None and found[0] == frames.TEXT]
        others = [text for text in texts if b'"reply_to":"fence"' not in text]
        if len(texts) != 2 or len(others) != 1:
            tally.died(f"{what}: {told}")
            socket = live(arena.port, "mia", arena.mallory)
            continue
        tally.said(others[0], what)
    socket.socket.close()


def _sent_alone(arena: Arena, body: bytes) -> int:
    with live(arena.port, "mia", arena.mallory) as socket:
        socket.send(frame(body))
        return socket.close_code()


def _too_big(arena: Arena, tally: Tally, plan: Plan) -> None:
    big = b'{"sessionId":"mia","message":"' + b"a" * (10 * MIB) + b'"}'
    for _ in range(plan.count(10, 2)):
        for key in (arena.mallory, None):
            with Line(arena.port) as line:
                _refused(tally, line.ask(request("POST", "/v1/turn", key, big)), "a body of 10 MB", {413, 401})
            with Line(arena.port) as line:
                _refused(tally, _endless(line, key), "a chunked body without end", {413, 401, 400})
    with live(arena.port, "mia", arena.mallory) as socket:
        tally.cases += 1
        tally.refused += 1
        socket.send(frame(big))
        if (code := socket.close_code()) not in {1009, 1006}:
            tally.fault(f"a message of 10 MB: {code}")


def _endless(line: Line, key: str | None) -> Answer | None:
    line.send(request("POST", "/v1/turn", key, None, "Transfer-Encoding: chunked"))
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    for _ in range(200):
        if not line.send(chunk):
            break
    return line.answer()


def _refused(tally: Tally, answer: Answer | None, what: str, statuses: set[int]) -> None:
    if answer is None:  # cut while it was still sending: the answer is lost on the way, as TCP has it
        tally.cases += 1
        tally.refused += 1
    else:
        tally.answered(answer.status, answer.body, what, within=frozenset(statuses))
