"""Little that becomes much: compressed bodies and frames that swell, and encodings that are not what they say."""

from __future__ import annotations

import gzip
import json
import zlib

from bench import frames
from tests.hostile.arena import MIB, UNLIMITED, Arena, Plan
from tests.hostile.tally import Tally
from tests.hostile.wire import Line, Socket, frame, request, ws_path

ENV = UNLIMITED
ALLOWED = 48 * MIB
SWOLLEN = 200 * MIB
OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"


def _deflated(size: int, wbits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    block = b" " * MIB
    return b"".join(packer.compress(block) for _ in range(size // MIB)) + packer.flush()


def bodies(swollen: int) -> dict[str, tuple[str, bytes, set[int]]]:
    """name -> (Content-Encoding, body, statuses that may answer)."""
    gz, bare = _deflated(swollen, 31), _deflated(swollen, 15)
    turn = json.dumps({"sessionId": "mia", "message": "hello"}).encode()
    return {
        "gzip": ("gzip", gz, {413, 400}),
        "deflate": ("deflate", bare, {413, 400}),
        "raw deflate": ("deflate", _deflated(swollen, -15), {413, 400}),
        "gzip twice": ("gzip, gzip", gzip.compress(gz), {413, 400}),
        "gzip said twice": ("gzip, gzip", gz, {413, 400}),
        "half a gzip": ("gzip", gzip.compress(turn)[:-9], {400}),
        "gzip with a wrong sum": ("gzip", gzip.compress(turn)[:-8] + bytes(8), {400}),
        "many empty members": ("gzip", gzip.compress(b"") * 5_000, {400, 413}),
        "no gzip": ("gzip", turn, {400}),
        "br that is none": ("br", turn, {400}),
        "zstd that is none": ("zstd", turn, {400}),
        "an unknown encoding": ("lzma", turn, {200, 400}),
        "a gzip that is fine": ("gzip", gzip.compress(turn), {200}),
        "identity": ("identity", turn, {200}),
    }


def attack(arena: Arena, tally: Tally, plan: Plan) -> None:
    """Each with a key and without one, then frames."""
    made = bodies(SWOLLEN if plan.scale >= 0.1 else SWOLLEN // 10)
    for _ in range(plan.count(5, 1)):
        for name, (encoding, body, statuses) in made.items():
            for key in (arena.mallory, None):
                with Line(arena.port) as line:
                    answer = line.ask(request("POST", "/v1/turn", key, body, f"Content-Encoding: {encoding}"))
                if answer is None:
                    tally.cases += 1
                    tally.fault(f"{name}: no answer")
                    continue
                tally.answered(answer.status, answer.body, name, within=frozenset(statuses if key else {401, 400}))
        for offered in (True, False):
            _frames(arena, tally, offered=offered)


def _frames(arena: Arena, tally: Tally, *, offered: bool) -> None:
    """The server takes no extension, so a compressed frame breaks the protocol, whether one was offered or not."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(b" " * (20 * MIB)) + packer.flush(zlib.Z_SYNC_FLUSH)
    for payload in (packed[:-4], packed[: 60_000 - 4], b"\xff" * 100):
        tally.cases += 1
        with Socket.open(arena.port, ws_path("mia", arena.mallory), extra=OFFER if offered else "") as socket:
            socket.message()
            socket.send(frame(payload, frames.TEXT, reserved=4))
            code = socket.close_code()
        tally.refused += 1
        if code not in {1002, 1009, 1006}:
            tally.fault(f"a compressed frame, {offered=}: ended with {code}")
