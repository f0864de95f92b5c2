"""Rules over what stands on disk after each life, against what was asked and what was answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.simulation.history import Audit, History, OnDisk, Row


def kept_sessions(audit: Audit) -> Iterator[OnDisk]:
    """Those that nobody deletes."""
    return (each for each in audit.sessions.values() if not each.deleting)


def rows_run_from_one_without_a_hole(history: History) -> Iterator[str]:
    """File and journal together are the whole history, and agree where both have a row."""
    for audit in history.audits:
        for each in kept_sessions(audit):
            seqs = [row.seq for row in each.rows]
            if seqs != list(range(1, len(seqs) + 1)):
                yield f"after life {audit.life} session {each.inner} has rows {seqs}"
            if each.twice:
                yield f"after life {audit.life} session {each.inner} has two of {each.twice}"
            if each.broken:
                yield f"after life {audit.life} session {each.inner}: {each.broken}"


def history_only_grows(history: History) -> Iterator[str]:
    """No row changes or goes, no session comes back or goes by itself."""
    before: dict[int, tuple[Row, ...]] = {}
    for audit in history.audits:
        for each in kept_sessions(audit):
            was = before.get(each.inner, ())
            now = {row.seq: row.digest for row in each.rows}
            wrong = [row.seq for row in was if now.get(row.seq) != row.digest]
            if wrong:
                yield f"after life {audit.life} rows {wrong} of session {each.inner} are not what they were"
            before[each.inner] = each.rows
            if history.deleted.get(each.inner, audit.life + 1) <= audit.life:
                yield f"session {each.inner} was deleted, and is there after life {audit.life}"
        for inner, (life, _) in history.created.items():
            gone = inner not in audit.sessions and life <= audit.life
            if gone and inner not in history.deleted and not may_be_deleted(history, audit.life):
                yield f"session {inner} was made, and is gone after life {audit.life}"


def may_be_deleted(history: History, life: int) -> bool:
    """Whether a deletion was asked for that nobody heard the end of."""
    return any(ask.kind == "delete" and not ask.answers and ask.life <= life for ask in history.asks)


def what_was_answered_is_on_disk(history: History) -> Iterator[str]:
    """Whatever was answered or pushed stands on disk ever after, as what was asked for."""
    owed = list(told_rows(history))
    for audit in history.audits:
        for life, inner, seq, kind, msg_id, marks in owed:
            found = audit.sessions.get(inner)
            if life > audit.life or found is None or found.deleting:
                continue
            row = found.rows[seq - 1] if 0 < seq <= len(found.rows) else None
            if row is None:
                yield f"after life {audit.life} row {seq} of session {inner} is gone, answered in life {life}"
            elif row.kind != kind or (msg_id is not None and row.msg_id != msg_id) or (marks and row.mark not in marks):
                there = f"{row.kind} {row.msg_id} {row.mark}"
                yield f"row {seq} of session {inner} is a {there}, answered was {kind} {msg_id}"
        for inner, action in acknowledged(history, audit):
            yield f"after life {audit.life} session {inner} does not know that {action} was acknowledged"


Owed = tuple[int, int, int, str, str | None, frozenset[str]]


def told_rows(history: History) -> Iterator[Owed]:
    """(life, session, seq, kind, id, marks) of every row that somebody was told of."""
    by_line: dict[int, dict[str, set[str]]] = {}
    for ask in history.asks:
        if ask.line is not None:
            by_line.setdefault(ask.line, {}).setdefault(ask.msg_id or "", set()).add(ask.mark)
        elif ask.inner is not None and ask.kind in {"turn", "prefs"}:
            for seq, _, _ in ask.answers:
                yield ask.life, ask.inner, seq, ask.kind, ask.msg_id, frozenset({ask.mark})
    for line in history.lines:
        for each in line.written:
            told, seq = each.told, each.told.seq or 0
            if told.type == "turn_result":
                mine = told.own or told.duplicate
                marks = by_line.get(line.number, {}).get(told.reply_to or "", set()) if mine else set()
                yield line.life, line.inner, seq, "turn", told.reply_to, frozenset(marks)
            elif told.type == "proactive_prefs":
                yield line.life, line.inner, seq, "prefs", None, frozenset()


def acknowledged(history: History, audit: Audit) -> Iterator[tuple[int, str]]:
    """Acknowledgements that were answered by then and are not on disk."""
    answered = {
        (ask.inner, ask.mark)
        for ask in history.asks
        if ask.kind == "ack" and ask.answers and ask.inner is not None and ask.life <= audit.life
    }
    for inner, action in answered:
        found = audit.sessions.get(inner)
        if found is not None and not any(row.kind == "ack" and row.mark == action for row in found.rows):
            yield inner, action


def every_effect_is_there_once(history: History) -> Iterator[str]:
    """One row a message id, one row an ask without an id, one row an acknowledgement."""
    for audit in history.audits[-1:]:
        for each in kept_sessions(audit):
            turns = [row for row in each.rows if row.kind == "turn"]
            for msg_id, times in Counter(row.msg_id for row in turns if row.msg_id is not None).items():
                if times > 1:
                    yield f"session {each.inner} has {times} rows of id {msg_id}"
            for (kind, mark), times in Counter(
                (row.kind, row.mark) for row in each.rows if row.kind in {"turn", "ack"} and row.msg_id is None
            ).items():
                if times > 1:
                    yield f"session {each.inner} has {times} rows of {kind} {mark}"


def every_row_was_asked_for(history: History) -> Iterator[str]:
    """No turn and no acknowledgement stands on disk that nobody sent, no more preferences than were sent."""
    asked = {(ask.name, ask.msg_id, ask.mark) for ask in history.asks if ask.kind == "turn"}
    for audit in history.audits[-1:]:
        for each in kept_sessions(audit):
            for row in each.rows:
                if row.kind == "turn" and (each.name, row.msg_id, row.mark) not in asked:
                    yield f"row {row.seq} of session {each.inner}, {row.msg_id} {row.mark}, was never sent"


def an_alarm_has_its_effect_once_and_in_time(history: History) -> Iterator[str]:
    """An action by itself is followed by another only after its cooldown; none that is due waits at the end."""
    for audit in history.audits:
        for each in kept_sessions(audit):
            if each.alarm is not None and each.alarm[1] > len(each.rows):
                yield f"after life {audit.life} the alarm of session {each.inner} was set by row {each.alarm[1]}"
    for inner, late_ms in history.alarms_in_the_end.items():
        if late_ms > history.alarms_may_wait_ms:
            yield f"the alarm of session {inner} is {late_ms / 1000:.1f} s late in the end"
    for each in kept_sessions(history.audits[-1]):
        yield from too_soon(each)


def too_soon(session: OnDisk) -> Iterator[str]:
    """Actions by itself with nothing between them, for the same reason or within the cooldown."""
    for before, after in zip(session.rows, session.rows[1:], strict=False):
        if before.kind == after.kind == "proactive" and before.reason == after.reason:
            yield f"session {session.inner} acted in row {before.seq} and again in {after.seq}: {after.reason}"


def a_session_has_one_actor(history: History) -> Iterator[str]:
    """A new incarnation begins where the disk stands, and an old one never makes another row."""
    current: dict[tuple[int, int], int] = {}
    gone: set[tuple[int, int, int]] = set()
    for put in history.puts:
        place = (put.life, put.inner)
        if put.others_under_way:
            yield f"life {put.life}: row {put.seq} of session {put.inner} was made while another actor's were written"
        if current.get(place) == put.actor:
            continue
        if (*place, put.actor) in gone:
            yield f"life {put.life}: an old actor of session {put.inner} made row {put.seq}"
        if put.seq != put.durable + 1:
            yield f"life {put.life}: a new actor of session {put.inner} began with {put.seq}, durable are {put.durable}"
        if place in current:
            gone.add((*place, current[place]))
        current[place] = put.actor
