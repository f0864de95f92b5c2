"""Tenants that try each other's ids over every operation of the contract and over the socket: it is as if there were
nothing. The routes come from the contract, so a new one is tried without a word here.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.hostile.arena import UNLIMITED, Arena, Plan
from tests.hostile.tally import Tally
from tests.hostile.wire import Answer, Line, Socket, frame, live, request, ws_path

ENV = {**UNLIMITED, "MOLROO_HIBERNATE_AFTER_S": "0.4"}
HIDDEN, NOBODY = "hidden", "nobody"
"""One that exists and is another's, and one that does not; of one length."""
TIMES = 40
TIMING_MAX = 3.0
"""A lookup that finds a row of another and one that finds none are both one index of the ledger; a wake or a read of
the session's file would take many times as long.
"""


class Attempt(NamedTuple):
    """One operation as it is asked for one session."""

    name: str
    method: str
    path: str
    body: Any

    def made(self, session: str, key: str) -> bytes:
        body = None if self.body is None else json.dumps(_for(self.body, session)).encode()
        return request(self.method, self.path.replace("{sessionId}", session), key, body)


def _for(body: Any, session: str) -> Any:
    return {**body, "sessionId": session} if "sessionId" in body else body


def attempts(contract: Any, known: dict[str, str], tally: Tally) -> Iterator[Attempt]:
    """Every operation that names a session, with each example of its body, without and with its query."""
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            bodies = [each["value"] for each in content["examples"].values()] if content else [None]
            if "{sessionId}" not in path and not any(body and "sessionId" in body for body in bodies):
                continue
            if path == "/v1/persona":  # it makes a session: see `_taken`
                continue
            filled = path
            for name, value in known.items():
                filled = filled.replace(f"{{{name}}}", value)
            if "{" in filled.replace("{sessionId}", ""):
                tally.fault(f"{method.upper()} {path}: nobody says what goes into it")
                continue
            query = urlencode(_query(operation))
            for body in bodies:
                yield Attempt(f"{method.upper()} {path}", method.upper(), filled, body)
                if query:
                    yield Attempt(f"{method.upper()} {path}?", method.upper(), f"{filled}?{query}", body)


def _query(operation: Any) -> dict[str, Any]:
    found = {}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            kind = parameter["schema"].get("type")
            found[parameter["name"]] = {"boolean": "false", "integer": 1}.get(kind, parameter.get("example", "a"))
    return found


def attack(arena: Arena, tally: Tally, plan: Plan) -> None:
    """As another tenant, and as the same tenant with a key of the other kind."""
    arena.create(HIDDEN)
    hook = {"url": "https://127.0.0.1/hook", "events": ["proactive"]}
    arena.ask("POST", "/v1/turn", arena.mallory, {"sessionId": HIDDEN, "message": "mine"})
    arena.ask("PUT", f"/v1/proactive/{HIDDEN}/preferences", arena.mallory, {"enabled": True})
    made = json.loads(arena.ask("POST", f"/v1/webhook/{HIDDEN}", arena.mallory, hook).body)
    contract = json.loads(arena.ask("GET", "/openapi.json").body)
    tries = list(attempts(contract, {"webhookId": made.get("id", "wh_1"), "actionId": "act_2_aaaaaaaa"}, tally))
    for intruder in (arena.outsider, arena.mallory_live):
        before = _all_of(arena)
        _asleep(arena)
        for one in tries:
            _same(arena, tally, one, intruder, plan)
        _sockets(arena, tally, intruder)
        _lists(arena, tally, intruder)
        if (now := _status(arena)) != "hibernated":
            tally.breach(f"somebody else's requests woke it: it is {now}")
        after = _all_of(arena)
        for what, was in before.items():
            if after[what] != was:
                tally.breach(f"{what} changed from {was!r} to {after[what]!r}")
        _taken(arena, tally, intruder, contract)
    tally.notes.append(
        f"{len({one.name.rstrip('?') for one in tries})} operations name a session, tried by two intruders"
    )


def _same(arena: Arena, tally: Tally, one: Attempt, key: str, plan: Plan) -> None:
    took: dict[str, list[float]] = {HIDDEN: [], NOBODY: []}
    told: dict[str, tuple[int, bytes]] = {}
    with Line(arena.port) as line:
        for _ in range(plan.count(TIMES, 16)):
            for session in (HIDDEN, NOBODY):
                asked = one.made(session, key)
                began_s = time.perf_counter()
                answer = line.ask(asked)
                took[session].append(time.perf_counter() - began_s)
                if answer is None:
                    tally.fault(f"{one.name}: no answer")
                    return
                tally.answered(answer.status, answer.body, one.name)
                told[session] = (answer.status, answer.body.replace(session.encode(), b"ID"))
    status, body = told[HIDDEN]
    if told[HIDDEN] != told[NOBODY]:
        tally.breach(f"{one.name}: {told[HIDDEN]} for another's, {told[NOBODY]} for nothing")
    elif status != 404 and "/v1/ws/" not in one.path:  # there NOT_FOUND is said on the socket; a plain GET is 426
        tally.breach(f"{one.name}: {status} {body[:200]!r}")
    theirs, nobodys = statistics.median(took[HIDDEN]), statistics.median(took[NOBODY])
    if not 1 / TIMING_MAX < theirs / nobodys < TIMING_MAX:
        tally.breach(f"{one.name}: {theirs * 1e6:.0f} µs for another's, {nobodys * 1e6:.0f} µs for nothing")


def _sockets(arena: Arena, tally: Tally, key: str) -> None:
    ends = {}
    for session in (HIDDEN, NOBODY):
        tally.cases += 1
        with Socket.open(arena.port, ws_path(session, key, last_seq="0", epoch="a")) as socket:
            socket.send(frame(b'{"type":"turn","message":"let me in"}'))
            told = socket.message() or {}
            ends[session] = (told.get("code"), str(told.get("message")).replace(session, "ID"), socket.close_code())
    tally.refused += 2
    if ends[HIDDEN] != ends[NOBODY] or ends[HIDDEN][::2] != ("NOT_FOUND", 4404):
        tally.breach(f"the socket tells them apart: {ends}")
    own = f"own-{key[3:7]}"
    arena.create(own, key)
    with live(arena.port, own, key) as socket:
        for name in ("sessionId", "session_id", "session"):
            for message in (
                {"type": "turn", "message": "hello"},
                {"type": "get_state"},
                {"type": "ack_proactive", "action_id": "act_2_aaaaaaaa"},
            ):
                tally.cases += 1
                socket.send(frame(json.dumps({**message, name: HIDDEN}).encode()))
                if (told := socket.message()) is None:
                    tally.died(f"the intruder's own socket: {message}")
                    return
                if told["type"] == "error" and told["code"] != "NOT_FOUND":
                    tally.fault(f"{message}: {told}")


def _lists(arena: Arena, tally: Tally, key: str) -> None:
    tally.cases += 1
    listed = arena.ask("GET", "/v1/persona?limit=200", key)
    if HIDDEN.encode() in listed.body or b'"mia"' in listed.body:
        tally.breach(f"another's session is listed: {listed.body[:300]!r}")


def _taken(arena: Arena, tally: Tally, key: str, contract: Any) -> None:
    """An id that another has is free: each has its own, and deleting one leaves the other."""
    body = next(
        iter(
            contract["paths"]["/v1/persona"]["post"]["requestBody"]["content"]["application/json"]["examples"].values()
        )
    )["value"]
    was = _all_of(arena)
    for method, path, sent, status in (
        ("POST", "/v1/persona", {**body, "sessionId": HIDDEN}, 201),
        ("POST", "/v1/turn", {"sessionId": HIDDEN, "message": "theirs"}, 200),
        ("DELETE", f"/v1/persona/{HIDDEN}", None, 200),
        ("GET", f"/v1/state/{HIDDEN}", None, 404),
    ):
        tally.cases += 1
        answer: Answer = arena.ask(method, path, key, sent)
        if answer.status != status:
            tally.breach(f"{method} {path} with an id that another has: {answer.status} {answer.body[:200]!r}")
    if _all_of(arena) != was:
        tally.breach("another's session of the same id changed it")


def _all_of(arena: Arena) -> dict[str, Any]:
    """All that its owner can see, and that does not move by itself."""
    found: dict[str, Any] = {}
    for path in (f"/v1/history/{HIDDEN}?limit=200", f"/v1/proactive/{HIDDEN}", f"/v1/webhook/{HIDDEN}"):
        found[path] = arena.ask("GET", path, arena.mallory).body
    shown = json.loads(arena.ask("GET", f"/v1/persona/{HIDDEN}", arena.mallory).body)
    found["persona"] = {name: value for name, value in shown.items() if name not in {"status", "lastActive"}}
    state = json.loads(arena.ask("GET", f"/v1/state/{HIDDEN}", arena.mallory).body)
    found["seq"] = state["seq"]
    return found


def _status(arena: Arena) -> str:
    return str(json.loads(arena.ask("GET", f"/v1/persona/{HIDDEN}", arena.mallory).body)["status"])


def _asleep(arena: Arena) -> None:
    until_s = time.monotonic() + 5
    while _status(arena) != "hibernated" and time.monotonic() < until_s:
        time.sleep(0.05)
