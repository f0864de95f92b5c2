"""Rules over what clients were told: nothing early, nothing twice, nothing missing, nothing stale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.simulation.clients import actions_in, reveals
from tests.simulation.history import History, Line, OnDisk, Written
from tests.simulation.process import KEPT


def no_bug_was_logged(history: History) -> Iterator[str]:
    """Errors with a trace, exceptions in callbacks, deadlocks."""
    yield from history.complaints


def nothing_leaves_before_it_is_durable(history: History) -> Iterator[str]:
    """Whatever tells of a row, directly or by a count, leaves when it is durable and not before."""
    for line in history.lines:
        for each in line.written:
            seq = reveals(each.told)
            if line.inner and seq > each.durable:
                yield f"{each.told.type} on line {line.number} tells of row {seq} while {each.durable} are durable"
    for shown in history.shown:
        if shown.seq > shown.durable:
            yield f"{shown.what} of session {shown.inner} tells of {shown.seq} while {shown.durable} are durable"
    for inner, (life, durable) in history.created.items():
        if not durable:
            yield f"session {inner} was said to be made in life {life}, and was not durable"


def live_turns(line: Line) -> list[Written]:
    """The live stream of a socket: its own turns and the others', without repeats and replays."""
    return [
        each
        for each in line.written
        if each.told.type == "turn_result" and not each.told.duplicate and not each.told.replayed
    ]


def live_turns_only_rise(history: History) -> Iterator[str]:
    """Turns of the live stream come in order, each once, after what `connected` said."""
    for line in history.lines:
        connected = connected_of(line)
        last = connected.told.seq or 0 if connected is not None else 0
        for each in live_turns(line):
            seq = each.told.seq or 0
            if seq <= last:
                yield f"line {line.number} is told of turn {seq} after {last}"
            last = max(last, seq)


def connected_of(line: Line) -> Written | None:
    """The first message of a socket that was let in."""
    return next((each for each in line.written if each.told.type == "connected"), None)


def session_after(history: History, line: Line) -> OnDisk | None:
    """A socket's session as the disk has it last; None when it was deleted before anybody looked."""
    for audit in reversed(history.audits):
        found = audit.sessions.get(line.inner)
        if audit.life >= line.life and found is not None and not found.deleting:
            return found
    return None


def turns_of(session: OnDisk) -> list[int]:
    """The seqs of its turns."""
    return [row.seq for row in session.rows if row.kind == "turn"]


def a_resume_gives_exactly_the_gap(history: History) -> Iterator[str]:
    """`recovered` says what is the case, and what is replayed is every turn between, in order, and nothing else."""
    for line in history.lines:
        connected = connected_of(line)
        if connected is None:
            continue
        recovered, seq, last_seq = connected.told.recovered, connected.told.seq or 0, line.last_seq
        replayed = [each.told.seq or 0 for each in line.written if each.told.replayed]
        if (recovered is None) != (last_seq is None):
            yield f"line {line.number}: last_seq={last_seq} and recovered={recovered}"
            continue
        if last_seq is None or not recovered:
            if replayed:
                yield f"line {line.number}: recovered={recovered} and {replayed} replayed"
            known = line.epoch == line.epoch_wanted and last_seq is not None and seq - KEPT < last_seq <= seq
            if recovered is False and known:
                yield f"line {line.number}: {last_seq} of {seq} is kept and was not recovered"
            continue
        if line.epoch != line.epoch_wanted or not seq - KEPT <= last_seq <= seq:
            yield f"line {line.number}: last_seq={last_seq} at {seq} cannot be recovered, and was"
        session = session_after(history, line)
        if session is None:
            continue
        owed = [turn for turn in turns_of(session) if last_seq < turn <= seq]
        if replayed != owed[: len(replayed)] or (len(replayed) < len(owed) and (line.calm or live_turns(line))):
            yield f"line {line.number}: from {last_seq} to {seq} the turns are {owed}, and {replayed} were replayed"


def a_socket_misses_nothing(history: History) -> Iterator[str]:
    """Between `connected` and the last that it was told, a socket was told of every turn; to the end if it stayed."""
    for line in history.lines:
        connected, session = connected_of(line), session_after(history, line)
        if connected is None or session is None:
            continue
        told = [each.told.seq or 0 for each in live_turns(line)]
        until = max(told, default=0)
        if line.calm:
            until = len(session.rows)
        owed = [turn for turn in turns_of(session) if (connected.told.seq or 0) < turn <= until]
        if sorted(set(told)) != owed:
            yield f"line {line.number}: there were turns {owed}, and it was told of {told}"


def a_reading_shows_what_was_told_before(history: History) -> Iterator[str]:
    """`connected` and `state` never go back behind what anybody, or this socket, was told before."""
    newest: dict[int, list[tuple[float, int]]] = {}
    for line in history.lines:
        for each in line.written:
            if each.told.seq is not None:
                newest.setdefault(line.inner, []).append((each.at_s, each.told.seq))
    for line in history.lines:
        connected = connected_of(line)
        if connected is not None:
            before = max((seq for at_s, seq in newest[line.inner] if at_s < line.opened_s), default=0)
            if (connected.told.seq or 0) < before:
                yield f"line {line.number} begins at {connected.told.seq} when {before} had been told of"
        last = 0
        for each in line.written:
            seq = each.told.seq or 0
            if each.told.type == "state" and seq < last:
                yield f"line {line.number}: a state of {seq} after turn {last}"
            if each.told.type == "turn_result":
                last = max(last, seq)


def every_ask_is_answered_once(history: History) -> Iterator[str]:
    """Never twice; and not never, unless its client or its process was gone."""
    for ask in history.asks:
        if ask.line is not None:
            continue
        heard = len(ask.answers) + len(ask.refusals)
        if heard > 1 or (heard == 0 and ask.life in history.stopped_lives):
            yield f"{ask.kind} {ask.mark} of {ask.name} was answered {heard} times"
    for line in history.lines:
        heard_by = Counter(each.told.reply_to for each in line.written if each.told.reply_to is not None)
        own = sum(each.told.own and each.told.reply_to is None for each in line.written)
        errors = sum(each.told.type == "error" and each.told.reply_to is None for each in line.written)
        for reply_to, asked in line.asked.items():
            # An error without a reply_to may also be the last word before a close.
            most = heard_by[reply_to] if reply_to else own
            least = heard_by[reply_to] if reply_to else own + errors
            if most > asked or (line.calm and least < asked):
                yield f"line {line.number} asked {asked} times with id {reply_to!r} and was answered {most} times"


def sessions_work_in_the_end(history: History) -> Iterator[str]:
    """Whatever happened: when nothing is wrong any more every session takes turns again."""
    for ask in history.probes:
        if not ask.answers and "NOT_FOUND" not in ask.refusals:
            yield f"{ask.name} took no turn in the end: {ask.refusals or 'no answer'}"


def one_turn_has_one_answer(history: History) -> Iterator[str]:
    """Whoever is told of a turn, live, again or in a replay, is told the same."""
    first: dict[tuple[int, int], bytes] = {}
    told = [
        (line.inner, each.told.seq or 0, bytes(each.told.data))
        for line in history.lines
        for each in line.written
        if each.told.type == "turn_result"
    ]
    told += [
        (ask.inner, seq, data)
        for ask in history.asks
        if ask.kind == "turn" and ask.inner is not None
        for seq, _, data in ask.answers
    ]
    for inner, seq, data in told:
        if first.setdefault((inner, seq), data) != data:
            yield f"turn {seq} of session {inner} was answered in two ways"


def what_was_acknowledged_does_not_come_back(history: History) -> Iterator[str]:
    """Neither on a connection that was opened afterwards, nor in a reading that was begun afterwards."""
    for line in history.lines:
        for each in line.written:
            for action, _ in actions_in(each.told):
                if action in line.acknowledged_before:
                    yield f"line {line.number} is told of {action}, which was acknowledged before"
    for shown in history.shown:
        for action in shown.actions:
            if action in shown.acknowledged_before:
                yield f"{shown.what} of session {shown.inner} shows {action}, which was acknowledged before"


def an_action_comes_once_a_connection(history: History) -> Iterator[str]:
    """As missed or as live, not both and not twice."""
    for line in history.lines:
        told = Counter(action for each in line.written for action, _ in actions_in(each.told))
        for action, times in told.items():
            if times > 1:
                yield f"line {line.number} is told {times} times of {action}"
