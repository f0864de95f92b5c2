"""Requests that two parsers may read in two ways: sent to the server itself, and through proxies that read them in
theirs. Nobody may get an answer to what somebody else smuggled in, and no header says where a client really is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.arena import Arena, Plan
from tests.hostile.proxies import proxies
from tests.hostile.tally import Tally
from tests.hostile.wire import Answer, Line, answers_in, request, ws_path

ENV = {"MOLROO_REQUESTS_PER_MINUTE": "0"}
INNER = b"GET /v1/state/smuggled HTTP/1.1\r\nHost: x\r\nX-API-Key: %KEY%\r\nX-Rest: "
REFUSED_UPGRADES = 30


def _post(headers: str, body: bytes, path: str = "/v1/turn", version: str = "1.1") -> bytes:
    return f"POST {path} HTTP/{version}\r\nHost: x\r\n{headers}\r\n".encode("latin-1") + body


def vectors() -> Iterator[tuple[str, bytes]]:
    """(name, bytes). What is smuggled in asks for a session of that name."""
    yield from _lengths()
    yield from _chunks()
    yield from _heads()


def _lengths() -> Iterator[tuple[str, bytes]]:
    size, end = len(INNER), b"0\r\n\r\n"
    yield "CL.TE", _post(f"Content-Length: {len(end) + size}\r\nTransfer-Encoding: chunked\r\n", end + INNER)
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (size, INNER)
    yield "TE.CL", _post(f"Transfer-Encoding: chunked\r\nContent-Length: {len(b'%x' % size) + 2}\r\n", chunk)
    for name in (
        "xchunked", "chunked, identity", "identity, chunked", "gzip, chunked", "chunked, chunked", "\x0bchunked",
        "chunked\x00", "'chunked'", "CHUNKED", " chunked ", "chunked;a=b", "identity", "",
    ):  # fmt: skip
        yield (
            f"TE {name!r} and CL",
            _post(f"Content-Length: {len(end) + size}\r\nTransfer-Encoding: {name}\r\n", end + INNER),
        )
    for header in ("Transfer-Encoding : chunked", "Transfer_Encoding: chunked", " Transfer-Encoding: chunked",
                   "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
                   "Transfer-Encoding\n: chunked",
                   "Transfer-Encoding:\r\n chunked", "X: a\r\n Transfer-Encoding: chunked"):  # fmt: skip
        yield f"{header!r} and CL", _post(f"Content-Length: {len(end) + size}\r\n{header}\r\n", end + INNER)
    yield "TE twice", _post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", end + INNER)
    yield "TE in HTTP/1.0", _post("Transfer-Encoding: chunked\r\n", end + INNER, version="1.0")
    for first, second in (("0", str(size)), (str(size), "0"), ("5", "6")):
        yield f"CL {first} and {second}", _post(f"Content-Length: {first}\r\nContent-Length: {second}\r\n", INNER)
        yield f"CL {first}, {second}", _post(f"Content-Length: {first}, {second}\r\n", INNER)
    for length in ("+5", "-1", "0x5", "5_0", "1e1", "", "5 5", "\xb2", "9" * 30, "5;", "\x005"):
        yield f"CL {length!r}", _post(f"Content-Length: {length}\r\n", INNER)
    yield "CL with a space before the colon", _post(f"Content-Length : {size}\r\n", INNER)
    yield "GET with a body", b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + INNER
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    yield "an upgrade with a body", _post(f"{upgrade}Content-Length: {size}\r\n", INNER, "/v1/ws/mia")
    yield "an upgrade to h2c", b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + INNER


def _chunks() -> Iterator[tuple[str, bytes]]:
    for name, body in {
        "a size too long": b"fffffffffffffffff\r\na\r\n0\r\n\r\n",
        "0x5": b"0x5\r\nhello\r\n0\r\n\r\n",
        "-1": b"-1\r\na\r\n0\r\n\r\n",
        "a space before": b" 5\r\nhello\r\n0\r\n\r\n",
        "line feeds only": b"5\nhello\n0\n\n",
        "no end of data": b"5\r\nhelloX0\r\n\r\n",
        "an extension with a line feed": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
        "an extension without end": b"5;" + b"a" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
        "trailers that are headers": b"5\r\nhello\r\n0\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n",
        "many trailers": b"0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        "an empty size": b"\r\nhello\r\n0\r\n\r\n",
    }.items():
        yield f"chunks, {name}", _post("Transfer-Encoding: chunked\r\n", body + INNER)


def _heads() -> Iterator[tuple[str, bytes]]:
    for name, first in {
        "absolute": b"GET http://other.example/livez HTTP/1.1",
        "a URL of 100,000": b"GET /" + b"a" * 100_000 + b" HTTP/1.1",
        "a URL of 8,000": b"GET /" + b"a" * 8_000 + b" HTTP/1.1",
        "a method of 1,000": b"G" * 1_000 + b" /livez HTTP/1.1",
        "authority": b"GET other.example:80 HTTP/1.1",
        "CONNECT": b"CONNECT other.example:80 HTTP/1.1",
        "asterisk": b"OPTIONS * HTTP/1.1",
        "HTTP/1.2": b"GET /livez HTTP/1.2",
        "HTTP/9": b"GET /livez HTTP/9.9",
        "http/1.1": b"GET /livez http/1.1",
        "HTTP/0.9": b"GET /livez",
        "tabs": b"GET\t/livez\tHTTP/1.1",
        "two spaces": b"GET  /livez  HTTP/1.1",
        "NUL": b"GET /li\x00vez HTTP/1.1",
        "no UTF-8": b"GET /\xff\xfe HTTP/1.1",
        "dots": b"GET /v1/../livez HTTP/1.1",
        "coded": b"GET /v1/state/%2e%2e%2f%00 HTTP/1.1",
        "TRACE": b"TRACE / HTTP/1.1",
        "the other protocol": b"PRI * HTTP/2.0\r\n\r\nSM",
        "a backslash": b"GET \\livez HTTP/1.1",
        "nobody's percent": b"GET /%zz%f HTTP/1.1",
        "a scheme": b"GET javascript:alert(1) HTTP/1.1",
    }.items():
        yield f"a request line, {name}", first + b"\r\nHost: x\r\n\r\n"
    for name, header in {
        "folded": b"X: a\r\n b",
        "a bare CR": b"X: a\rb",
        "a bare LF": b"X: a\nY: b",
        "NUL": b"X: a\x00b",
        "no colon": b"X",
        "no name": b": a",
        "a space in it": b"X Y: a",
        "a long name": b"X" * 20_000 + b": a",
        "a long value": b"X: " + b"a" * 20_000,
        "400 of them": b"\r\n".join(b"X-%d: a" % number for number in range(400)),
        "no Host but two": b"Host: y",
        "Expect": b"Expect: 100-continue",
        "an odd Expect": b"Expect: 200-ok",
        "a latin letter": b"X: \xe9",
        "2 MB": b"X: a\r\n" * 350_000,
        "an override": b"X-HTTP-Method-Override: DELETE",
        "another path": b"X-Original-URL: /v1/state/smuggled",
    }.items():
        yield f"headers, {name}", b"GET /livez HTTP/1.1\r\nHost: x\r\n" + header.rstrip(b"\r\n") + b"\r\n\r\n"


def attack(arena: Arena, tally: Tally, plan: Plan) -> None:
    """Straight, then through every proxy there is, then lies about where the client is."""
    arena.create("smuggled")  # so that whatever is smuggled in would be answered with 200
    chosen = [(name, sent.replace(b"%KEY%", arena.mallory.encode())) for name, sent in vectors()]
    chosen = plan.rng.sample(chosen, plan.count(len(chosen), 16))
    for number, (name, sent) in enumerate(chosen):
        _straight(arena, tally, plan, number, name, sent)
    chosen = chosen[: max(5, round(len(chosen) * plan.scale * 10))]
    with tempfile.TemporaryDirectory(prefix="proxy-") as folder:
        for proxy in proxies(Path(folder), arena.port, all_of_them=plan.scale >= 0.1):
            with proxy:
                for number, (name, sent) in enumerate(chosen):
                    _through(tally, proxy.name, proxy.port, number, name, sent)
                tally.notes.append(f"through {proxy.name}: {len(chosen)} cases")
    _lies(arena, tally)


def _straight(arena: Arena, tally: Tally, plan: Plan, number: int, name: str, sent: bytes) -> None:
    """The answers to the bytes and to a good request behind them."""
    tally.cases += 1
    marker = f"marker-{number}"
    with Line(arena.port) as line:
        line.send(sent)
        line.send(request("GET", f"/v1/state/{marker}", arena.mallory, None, "Connection: close"))
        if not line.to_the_end(1.0 if plan.scale < 0.1 else 3.0):
            tally.notes.append(f"{name}: it waits for more") if not line.heard else None
        told = list(answers_in(line.heard))
    tally.cases -= len(told)
    for answer in told:
        # aiohttp itself answers to a target that is no path, in words of its own
        plain = answer.body == b"404: Not Found" and name.endswith(("asterisk", "authority", "CONNECT"))
        tally.answered(answer.status if not plain else 399, answer.body, name)
    if any(_shows_state(answer) for answer in told):
        tally.breach(f"{name}: what was smuggled in was answered: {told}")
    if told and told[0].status == 400 and b"close" in told[0].head.lower() and len(told) > 1:
        tally.fault(f"{name}: goes on after a request that it could not read: {told}")


def _shows_state(answer: Answer) -> bool:
    return answer.status == 200 and b'"emotion"' in answer.body


def _through(tally: Tally, proxy: str, port: int, number: int, name: str, sent: bytes) -> None:
    """The attacker's line, then a victim's: the victim gets the answer to its own request or none."""
    tally.cases += 1
    victim = f"victim-{number}"
    with Line(port, within_s=1) as attacker:
        attacker.send(sent)
        attacker.to_the_end(0.15)
        tally.refused += any(answer.status >= 400 for answer in answers_in(attacker.heard))
        answer = None
        with Line(port, within_s=3) as line:
            try:
                answer = line.ask(request("GET", f"/v1/state/{victim}", "mk_test_" + "V" * 32))
            except TimeoutError:
                tally.notes.append(f"{proxy}: {name}: the proxy keeps its next client waiting")
    if answer is not None and (_shows_state(answer) or answer.status not in {401, 400, 408, 429, 502, 503, 504}):
        tally.breach(f"through {proxy}: {name}: the next client got {answer.status} {answer.body[:200]!r}")


def _lies(arena: Arena, tally: Tally) -> None:
    """Refused upgrades are counted by the address that connects, whatever a header says."""
    told = []
    for number in range(REFUSED_UPGRADES + 10):
        tally.cases += 1
        lie = f"10.{number}.1.2"
        asked = request(
            "GET", ws_path("mia", "mk_test_" + "L" * 32), None, None, "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", f"X-Forwarded-For: {lie}",
            f"X-Real-IP: {lie}", f"Forwarded: for={lie}", f"CF-Connecting-IP: {lie}",
        )  # fmt: skip
        with Line(arena.port) as line:
            answer = line.ask(asked)
            told.append(answer.status if answer else 0)
    tally.refused += len(told)
    if told[-9:] != [429] * 9:
        tally.breach(f"a header moves a client to another address: {told[-12:]}")
