"""Keys where they do not belong, and then the search for every key, right or wrong, in all that the server has said,
logged and stored. Other kinds are searched too, when their server has ended.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.hostile.arena import Arena, Plan
from tests.hostile.tally import Tally
from tests.hostile.wire import Answer, Line, Socket, answers_in, frame, request, ws_path

ENV = {"MOLROO_REQUESTS_PER_MINUTE": "0", "MOLROO_HIBERNATE_AFTER_S": "0.5", "MOLROO_FOLD_AGE_S": "0.3"}
OPEN_TO_ALL = ("/metrics", "/openapi.json", "/docs", "/livez", "/readyz", "/v1/health")


def attack(arena: Arena, tally: Tally, plan: Plan) -> None:
    """Requests that carry keys in every place, turns with texts that are marked, sockets that end badly."""
    for number in range(plan.count(30, 2)):
        wrong = f"mk_{'live' if number % 2 else 'test'}_{plan.rng.getrandbits(150):032x}"[:40].ljust(40, "x")
        arena.wrong_keys.append(wrong)
        for key in (arena.mallory, arena.mallory_live, wrong):
            for sent in _requests(key, arena.mallory):
                _ask(arena, tally, sent)
            _socket(arena, tally, key)
        mark = arena.mark(plan.rng)
        for body in (
            {"message": f"I {mark} you"},
            {"event": {"description": mark, "source": "user"}},
            {"message": mark, "x": 1},
            {"message": 5, "event_context": mark},
        ):
            made = request("POST", "/v1/turn", arena.mallory, json.dumps({"sessionId": "mia", **body}).encode())
            _ask(arena, tally, made, marks=False)


def _requests(key: str, good: str) -> list[bytes]:
    """One key in every place that a request has."""
    body = _json(sessionId=key, message="x")
    quiet = {"start": "01:00", "end": "02:00", "timezone": key}
    return [
        request("GET", "/v1/persona", key),
        request("GET", "/v1/persona", None, None, f"X-API-Key: {key}"),
        request("GET", "/v1/persona", None, None, f"Authorization: Basic {key}"),
        request("GET", "/v1/persona", None, None, f"Authorization: {key}"),
        request("GET", "/v1/persona", None, None, f"Authorization: Bearer {key}, Bearer {key}"),
        request("GET", f"/v1/persona?token={key}&api_key={key}", None),
        request("GET", f"/v1/persona?limit={key}", good),
        request("GET", f"/v1/persona?cursor={key}", good),
        request("GET", f"/v1/state/{key}", good),
        request("GET", f"/v1/state/mia?prompt_data={key}", good),
        request("DELETE", f"/v1/webhook/mia/{key}", good),
        request("POST", f"/v1/proactive/mia/{key}/ack", good),
        request("GET", f"/{key}/?x={key}", good),
        request("GET", f"/v1/ws/mia?token={key}", None),
        request(key, "/livez", None),
        request("GET", "/livez", None, None, f"{key}: {key}", f"X-{key}", f"Expect: {key}"),
        request("GET", "/livez", None, None, f"Expect: {key}"),
        request("POST", "/v1/turn", good, body, f"Idempotency-Key: {key}"),
        request("POST", "/v1/turn", good, body, f"Content-Encoding: {key}"),
        request("POST", "/v1/persona", good, _json(preset=key)),
        request("POST", "/v1/persona", good, _json(preset="stoic_mentor", sessionId=f"{key} ")),
        request("POST", "/v1/turn", good, _json(sessionId="mia", event={"description": "x", "source": key})),
        request("POST", "/v1/webhook/mia", good, _json(url=f"ftp://{key}", events=[key])),
        request("PUT", "/v1/proactive/mia/preferences", good, _json(enabled=True, quiet_hours=quiet)),
    ]  # fmt: skip


def _json(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def _ask(arena: Arena, tally: Tally, sent: bytes, *, marks: bool = True) -> None:
    with Line(arena.port) as line:
        line.send(sent)
        line.send(request("GET", "/livez", None, None, "Connection: close"))
        line.to_the_end(5)
        told = list(answers_in(line.heard))
    if not told:
        tally.fault(f"no answer to {sent[:80]!r}")
        return
    tally.answered(told[0].status, told[0].body, repr(sent[:80]))
    _shown(arena, tally, told[0], sent, marks=marks)


def _shown(arena: Arena, tally: Tally, answer: Answer, sent: bytes, *, marks: bool) -> None:
    """No error text holds a key, not even to whoever sent it: such texts are logged by clients and seen by others."""
    if answer.status < 400:
        return
    for key in arena.keys:
        if key.encode() in answer.head + answer.body:
            tally.fault(f"an error shows a key: {sent[:90]!r}: {answer.body[:200]!r}")
    if marks:
        return
    for mark in arena.marks:
        if mark.encode() in answer.body:
            tally.fault(f"an error shows a message text: {answer.body[:200]!r}")


def _socket(arena: Arena, tally: Tally, key: str) -> None:
    for path, said in (
        (ws_path("mia", key), {"type": key}),
        (ws_path("mia", key), {"type": "ack_proactive", "action_id": key}),
        (ws_path("mia", key, last_seq=key, epoch=key), {"type": "ping"}),
        (ws_path(key, key), {"type": "turn", "id": 5, "message": key}),
    ):
        tally.cases += 1
        try:
            with Socket.open(arena.port, path) as socket:
                socket.send(frame(json.dumps(said).encode()) + frame(b"", 0xB))
                socket.to_the_end(3)
                heard = socket.heard
        except ConnectionError as refused:  # too many refused upgrades
            heard = str(refused).encode()
        tally.refused += b'"error"' in heard
        at = heard.find(key.encode())
        if at >= 0:
            tally.fault(f"a socket shows a key: {said}: {heard[max(0, at - 60) : at + 60]!r}")


# -- the search --------------------------------------------------------------------------------------------------------


def search_pages(arena: Arena, tally: Tally) -> None:
    """What anybody may read, while the server runs."""
    for path in OPEN_TO_ALL:
        _search(arena, tally, path, arena.ask("GET", path).body, marks=True)


def search_files(arena: Arena, tally: Tally, data: Path) -> None:
    """The log and the folder, when the server has ended. Message texts belong into the folder and nowhere else."""
    _search(arena, tally, "the log", "\n".join(arena.server.output.lines).encode(), marks=True)
    for path in sorted(data.rglob("*")):
        if path.is_file():
            _search(arena, tally, path.name, path.read_bytes(), marks=False)


def _search(arena: Arena, tally: Tally, where: str, text: bytes, *, marks: bool) -> None:
    for secret in [*arena.keys, arena.server.key, *(arena.marks if marks else ())]:
        if secret.encode() in text:
            at = text.index(secret.encode())
            tally.fault(f"{where} holds {secret[:12]}…: {text[max(0, at - 80) : at + 20]!r}")
