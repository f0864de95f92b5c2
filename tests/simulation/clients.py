"""The clients of a story: what they send, what they remember for a resume, what they heard of.

A client outlives processes. It uses its socket where it has one and asks by REST where not; it never judges.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec

from molroo_actor.errors import WireError
from molroo_actor.protocol import commands
from molroo_actor.protocol.commands import AckProactive, Preferences, SetPreferences, TurnCommand
from molroo_actor.runtime.connection import Attachment
from molroo_actor.runtime.mailbox import Answer, Change, Envelope
from tests.kit.node import GLAD, TENANT
from tests.simulation.disk import KEY
from tests.simulation.history import Ask, History, Line, Shown, Written
from tests.simulation.process import Process
from tests.simulation.script import Acknowledge, Look, Prefer, Say
from tests.simulation.wire import Told, Wire

_ACTION: Final = re.compile(rb'"action_id":"(act_(\d+)_\w+)"')
_OF_TURN: Final = re.compile(r"turn (\d+)")
_HUGE: Final = "x" * 7_000


def name_of(session: int) -> str:
    """What clients call a session of the script."""
    return f"s{session}"


def actions_in(told: Told) -> list[tuple[str, int]]:
    """(id, seq) of every action that a message tells of."""
    if told.type not in {"proactive", "missed_proactive"}:
        return []
    return [(found[1].decode(), int(found[2])) for found in _ACTION.finditer(bytes(told.data))]


def reveals(told: Told) -> int:
    """The highest seq that a message tells of; 0 for none."""
    highest = max([told.seq or 0, *(seq for _, seq in actions_in(told))])
    if told.message is not None and (found := _OF_TURN.search(told.message)):
        highest = max(highest, int(found[1]))
    return highest


def body_of(step: Say) -> tuple[dict[str, Any], str]:
    """(frame, the mark that its row can be told by)."""
    mark = f"{step.id or 'n'}/{step.body}/{step.how}"
    frame: dict[str, Any] = {} if step.id is None else {"id": step.id}
    if step.how == "vector":
        vector = {**GLAD, "goal_congruence": -0.6 if step.body % 2 else 0.6}
        return {**frame, "type": "turn_appraisal", "appraisal": vector, "context": mark}, mark
    text = _HUGE if step.how == "huge" else f"{step.how} I am glad to see you"
    return {**frame, "type": "turn", "message": text, "event_context": mark}, mark


def turn_of(frame: dict[str, Any]) -> TurnCommand:
    """A frame as a REST body."""
    msg_id = frame.get("id")
    return commands.turn(frame, msg_id) if frame["type"] == "turn" else commands.appraisal_turn(frame, msg_id)


class RestAsker:
    """The asker of one REST request: notes what it heard in the moment in which it heard it."""

    def __init__(self, ask: Ask, process: Process, answered: Callable[[Answer], None] = lambda _: None) -> None:
        self.attachment: Attachment | None = None
        self._ask = ask
        self._process = process
        self._answered = answered

    def answered(self, answer: Answer, *, duplicate: bool) -> None:
        if self._process.dead or self._ask.inner is None:
            return
        data = answer.socket_data(with_prompt=False) if self._ask.kind == "turn" else b""
        durable = self._process.truth.durable(self._ask.inner, answer.seq)
        self._process.history.shown.append(
            Shown(f"the answer to {self._ask.kind}", self._ask.inner, answer.seq, durable, self._process.number)
        )
        self._ask.answers.append((answer.seq, duplicate, data))
        self._answered(answer)
        self._process.note("rest", f"{self._ask.kind} {self._ask.mark}: {answer.seq}{' again' if duplicate else ''}")

    def refused(self, error: WireError) -> None:
        if self._process.dead:
            return
        self._ask.refusals.append(error.code)
        self._process.note("rest", f"{self._ask.kind} {self._ask.mark}: {error.code} {error.message}")


class Client:
    """One client, with a socket or without."""

    def __init__(self, number: int, history: History) -> None:
        self.number = number
        self.history = history
        self.wire: Wire | None = None
        self.line: Line | None = None
        self.actions: list[tuple[str, str]] = []
        """(session, action) of every action it heard of."""
        self._memory: dict[str, tuple[str, int]] = {}
        """By session: epoch and the last seq seen."""
        self._inner = 0

    # -- the socket ----------------------------------------------------------------------------------------------------

    def open(self, process: Process, name: str, *, resume: bool) -> None:
        """Connects, after leaving what there was."""
        self.leave(process)
        epoch, last_seq = self._memory.get(name, ("", None)) if resume else ("", None)
        line = Line(len(self.history.lines), self.number, name, process.number, last_seq, epoch or None)
        line.opened_s = process.loop.time()
        line.acknowledged_before = frozenset(self.history.acknowledged)
        self.history.lines.append(line)
        query = f"token={KEY}&prompt_data=false"
        if last_seq is not None:
            query += f"&last_seq={last_seq}&epoch={epoch}"
        wire = process.connect(line, lambda _, told: self._written(process, line, told))
        wire.received = lambda told: self._received(process, line, told)
        wire.ended = lambda code: self._ended(process, line, code)
        process.note(f"client {self.number}", f"opens line {line.number} to {name}, last_seq={last_seq}")
        wire.ask(
            f"GET /v1/ws/{name}?{query} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        self.wire, self.line, self._inner = wire, line, 0

    def leave(self, process: Process, *, politely: bool = False) -> None:
        """Goes away."""
        if self.wire is None or self.line is None or self.wire.over:
            return
        process.note(f"client {self.number}", "says goodbye" if politely else "is gone")
        if politely:
            self.wire.tell(b"\x03\xe8", 0x8)
        else:
            self.line.ended = True
            self.wire.leave()

    @property
    def connected(self) -> bool:
        """Whether it has a socket, as far as it knows."""
        return self.wire is not None and not self.wire.over

    def _written(self, process: Process, line: Line, told: Told) -> None:
        if told.type == "connected":
            line.epoch = told.epoch
            slots = process.node.host.registry.by_inner.values()
            line.inner = next((slot.inner_id for slot in slots if slot.epoch == told.epoch), 0)
        seq = reveals(told)
        durable = process.truth.durable(line.inner, seq) if seq and line.inner else 0
        line.written.append(Written(told, durable, process.loop.time()))
        process.note(f"to line {line.number}", told)
        if told.type == "ack" and line.inner:
            self.history.acknowledged.update(found[1].decode() for found in _ACTION.finditer(bytes(told.data)))

    def _received(self, process: Process, line: Line, told: Told) -> None:
        line.received += 1
        self.actions += [(line.name, action) for action, _ in actions_in(told)]
        if told.seq is None:
            return
        epoch, last_seq = self._memory.get(line.name, ("", 0))
        if told.type == "connected" and told.epoch is not None:
            self._memory[line.name] = (told.epoch, last_seq if told.recovered else told.seq)
        elif told.type == "turn_result" and not told.duplicate and epoch == line.epoch:
            self._memory[line.name] = (epoch, max(last_seq, told.seq))

    def _ended(self, process: Process, line: Line, code: int | None) -> None:
        line.ended, line.close_code = True, code
        process.note(f"line {line.number}", f"ended, code {code}")

    def tell(self, frame: dict[str, Any], reply_to: str) -> None:
        """A frame that one answer is due for."""
        assert self.wire is not None
        assert self.line is not None
        self.line.asked[reply_to] = self.line.asked.get(reply_to, 0) + 1
        self.wire.tell(msgspec.json.encode(frame))


class Asking:
    """What steps that ask for something do in one process."""

    def __init__(self, process: Process, history: History, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._process = process
        self._history = history
        self._spawn = spawn
        self._number = 0

    def _ask(self, name: str, kind: str, msg_id: str | None, mark: str, client: Client | None) -> Ask:
        ask = Ask(name, kind, msg_id, mark, self._process.number, self._process.loop.time())
        ask.line = client.line.number if client is not None and client.line is not None else None
        self._history.asks.append(ask)
        who = f"client {client.number}" if client is not None else "rest"
        self._process.note(who, f"asks {name} for {kind} {mark}")
        return ask

    def asked(self, name: str, kind: str) -> Ask:
        """Something else that is asked by REST."""
        return self._ask(name, kind, None, "", None)

    def say(self, step: Say, client: Client | None) -> None:
        name = name_of(step.session)
        for copy in range(step.again):
            each = step if step.again == 1 else msgspec.structs.replace(step, body=step.body + 1_000 * (copy + 1))
            frame, mark = body_of(each)
            if client is None:
                self._rest(self._ask(name, "turn", each.id, mark, None), turn_of(frame))
            else:
                assert client.line is not None
                self._ask(client.line.name, "turn", each.id, mark, client)
                client.tell(frame, each.id or "")

    def probe(self, session: int) -> Ask:
        """A turn by REST that must be taken."""
        ask = self._ask(name_of(session), "turn", None, f"n/{session}/probe{self._process.number}", None)
        frame = {"type": "turn_appraisal", "appraisal": GLAD, "context": ask.mark}
        self._rest(ask, turn_of(frame))
        return ask

    def prefer(self, step: Prefer, client: Client | None) -> None:
        wanted = {"enabled": step.enabled, "cooldown_hours": step.cooldown_hours}
        if client is None:
            ask = self._ask(name_of(step.session), "prefs", None, "", None)
            self._rest(ask, SetPreferences(Preferences(enabled=step.enabled, cooldown_hours=step.cooldown_hours)))
        else:
            client.tell({"type": "set_proactive_prefs", "preferences": wanted, "id": self._fresh()}, self._last())

    def acknowledge(self, step: Acknowledge, client: Client | None, heard: list[tuple[str, str]]) -> None:
        if not heard:
            return
        name, action = heard[-1 - step.back % len(heard)]
        if client is None:
            ask = self._ask(name, "ack", None, action, None)
            self._rest(ask, AckProactive(action), lambda _: self._history.acknowledged.add(action))
        else:
            client.tell({"type": "ack_proactive", "action_id": action, "id": self._fresh()}, self._last())

    def look(self, step: Look, client: Client | None) -> None:
        if client is None:
            self._spawn(self._read(step))
        else:
            client.tell({"type": "get_state" if step.what == "state" else "ping", "id": self._fresh()}, self._last())

    def _fresh(self) -> str:
        self._number += 1
        return self._last()

    def _last(self) -> str:
        return f"#{self._process.number}.{self._number}"

    def _rest(self, ask: Ask, command: Change, answered: Callable[[Answer], None] = lambda _: None) -> None:
        self._spawn(self._deliver(ask, command, RestAsker(ask, self._process, answered)))

    async def _deliver(self, ask: Ask, command: Change, asker: RestAsker) -> None:
        host = self._process.node.host
        try:
            slot = await host.registry.find(TENANT, False, ask.name)
        except WireError as error:
            asker.refused(error)
            return
        ask.inner = slot.inner_id
        host.deliver(slot, Envelope(command, asker))

    async def _read(self, step: Look) -> None:
        process = self._process
        host, before = process.node.host, frozenset(self._history.acknowledged)
        try:
            if step.what == "list":
                self._show(Shown("the number of sessions", None, process.node.sessions.count, 0, process.number))
                return
            slot = await host.registry.find(TENANT, False, name_of(step.session))
            if step.what == "history":
                snapshot = await host.snapshot(slot)
                after = max(0, snapshot.seq - 4)
                rows = await host.repeats.rows(slot, after, snapshot.seq - after) if snapshot.seq > after else []
                seqs = tuple(row.seq for row in rows)
                shown = Shown("history", slot.inner_id, max(seqs, default=0), 0, process.number, seqs=seqs)
                shown.seqs_wanted = tuple(range(after + 1, snapshot.seq + 1))
            else:
                snapshot = await host.snapshot(slot)
                actions = snapshot.pending()
                seq = max([snapshot.seq, *(action.seq for action in actions)])
                names = tuple(action.id for action in actions)
                shown = Shown("state", slot.inner_id, seq, 0, process.number, names, before)
            self._show(shown)
        except WireError as error:
            process.note("rest", error)

    def _show(self, shown: Shown) -> None:
        if self._process.dead:
            return
        truth = self._process.truth
        if shown.inner is None:
            shown.durable = truth.sessions() + self._process.deletions
        else:
            shown.durable = truth.durable(shown.inner, shown.seq)
        self._history.shown.append(shown)
        self._process.note("rest", f"{shown.what} of {shown.inner}: {shown.seq} {shown.seqs or ''}")
