"""The load client: one process, one epoll, frames built before the clock starts. `python -m bench.load` reads a
Job, writes a Measured.

Its own share of a core stands in every result, because a client that is the bottleneck measures itself.
"""

from __future__ import annotations

import contextlib
import random
import select
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

import msgspec

from bench import calls, frames, proc, sockets, turns
from bench.jobs import Job, Measured

Conn = sockets.Conn | calls.Call

POOL = 16_384  # more different turns than a second of load takes
ANSWERS_WITHIN_S = 30.0
UNDER_WAY = 64  # turns at a time where a whole crowd says one each


class Stuck(RuntimeError):
    """No answer came for ANSWERS_WITHIN_S."""


def next_frame(job: Job) -> Callable[[], bytes]:
    """A source of masked frames, or of what a call says, each another turn; with ids, each id is new."""
    rng = random.Random(job.seed)
    if job.over == "rest":
        return cycle([calls.said(turns.body(job.kind, rng)) for _ in range(POOL)]).__next__
    if not job.ids:
        pool = [frames.masked(turns.encoded(turns.body(job.kind, rng)), frames.random_mask(rng)) for _ in range(POOL)]
        return cycle(pool).__next__
    run = rng.getrandbits(32) ^ time.time_ns() & 0xFFFFFFFF
    blank = "0" * frames.ID_CHARS
    stencils = cycle(
        [frames.stencil(turns.encoded(turns.body(job.kind, rng), blank), frames.random_mask(rng)) for _ in range(POOL)]
    ).__next__
    number = iter(range(1 << 32)).__next__
    return lambda: stencils().filled(b"%08x%08x" % (run, number()))


@dataclass
class Crowd:
    """The open sockets of a job and the epoll over them."""

    conns: list[Conn]
    poll: select.epoll
    by_fd: dict[int, Conn]

    @classmethod
    def opened(cls, job: Job) -> Crowd:
        conns: list[Conn] = []
        if job.over == "rest":
            conns += calls.open_all(job.port, job.paths, job.sessions)
        else:
            conns += sockets.open_all(job.port, job.paths)
        poll = select.epoll(len(conns) + 1)
        for conn in conns:
            poll.register(conn.sock.fileno(), select.EPOLLIN)
        return cls(conns, poll, {conn.sock.fileno(): conn for conn in conns})

    def close(self) -> None:
        """Close without handshakes: the server sees the connections end."""
        self.poll.close()
        for conn in self.conns:
            conn.sock.close()

    def steady(self, frame: Callable[[], bytes], until_ns: int, waits_ns: list[int]) -> None:
        """Lock step on every socket that has a turn under way, until the time is up; each answer's wait is
        appended."""
        now, by_fd, poll, at_once = time.perf_counter_ns, self.by_fd, self.poll.poll, len(self.conns)
        while (began := now()) < until_ns:
            events = poll(ANSWERS_WITHIN_S, at_once)
            if not events and now() - began > ANSWERS_WITHIN_S * 9e8:
                raise Stuck(f"no answer for {ANSWERS_WITHIN_S:.0f} s")
            for fd, _ in events:
                conn = by_fd[fd]
                if conn.receive():
                    came = now()
                    waits_ns.append(came - conn.sent_ns)
                    conn.sent_ns = came
                    conn.send(frame())

    def mean_answer(self) -> int:
        """Bytes of the last answers, on average."""
        return sum(conn.answer_bytes for conn in self.conns) // len(self.conns)

    def say(self, conn: Conn, frame: bytes) -> None:
        conn.sent_ns = time.perf_counter_ns()
        conn.send(frame)

    def answered(self, waits_ns: list[int], enough: int) -> list[Conn]:
        """Wait until `enough` answers came; who got one."""
        who: list[Conn] = []
        while len(who) < enough:
            events = self.poll.poll(ANSWERS_WITHIN_S)
            if not events:
                raise Stuck(f"no answer for {ANSWERS_WITHIN_S:.0f} s")
            for fd, _ in events:
                conn = self.by_fd[fd]
                if conn.receive():
                    waits_ns.append(time.perf_counter_ns() - conn.sent_ns)
                    who.append(conn)
        return who

    def one_each(self, frame: Callable[[], bytes], order: list[Conn], under_way: int) -> list[int]:
        """One turn on every socket, `under_way` at a time; the waits."""
        waits_ns: list[int] = []
        said = 0
        while len(waits_ns) < len(order):
            while said < len(order) and said - len(waits_ns) < under_way:
                self.say(order[said], frame())
                said += 1
            self.answered(waits_ns, 1)
        return waits_ns

    def idle(self, seconds: float) -> None:
        """Answer pings and drop what else comes."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            for fd, _ in self.poll.poll(left):
                self.by_fd[fd].receive()


class Meter:
    """What the clocks showed when the measured time began; `read` gives what passed since, less what was left out."""

    def __init__(self, job: Job) -> None:
        self._pid = job.pid
        self._began = self._clocks()

    def _clocks(self) -> list[float]:
        return [
            time.perf_counter(),
            time.process_time(),
            proc.cpu_s(self._pid),
            proc.machine_cpu_s(),
            proc.written_bytes(self._pid),
        ]

    def _since(self, clocks: list[float]) -> list[float]:
        return [now - then for now, then in zip(self._clocks(), clocks, strict=True)]

    @contextlib.contextmanager
    def left_out(self) -> Iterator[None]:
        """The block does not count."""
        entered = self._clocks()
        yield
        self._began = [began + spent for began, spent in zip(self._began, self._since(entered), strict=True)]

    def read(self, waits_ns: list[int], answer_bytes: int) -> Measured:
        seconds, client_cpu_s, server_cpu_s, machine_cpu_s, written = self._since(self._began)
        waits = sorted(waits_ns) or [0]
        return Measured(
            turns=len(waits_ns),
            seconds=seconds,
            p50_ms=waits[len(waits) // 2] / 1e6,
            p99_ms=waits[len(waits) * 99 // 100] / 1e6,
            client_cpu_share=client_cpu_s / seconds,
            server_cpu_s=server_cpu_s,
            others_cpu_share=max(0.0, (machine_cpu_s - client_cpu_s - server_cpu_s) / seconds),
            written_bytes=int(written),
            answer_bytes=answer_bytes,
        )


def steady(job: Job, crowd: Crowd) -> Measured:
    frame, waits_ns = next_frame(job), list[int]()
    for conn in crowd.conns:
        crowd.say(conn, frame())
    warm: list[int] = []
    crowd.steady(frame, time.perf_counter_ns() + int(job.warmup_s * 1e9), warm)
    while len(warm) < job.warmup_turns:
        crowd.steady(frame, time.perf_counter_ns() + int(0.2e9), warm)
    meter = Meter(job)
    crowd.steady(frame, time.perf_counter_ns() + int(job.measure_s * 1e9), waits_ns)
    return meter.read(waits_ns, crowd.mean_answer())


def once(job: Job, crowd: Crowd) -> Measured:
    frame, waits_ns, order = next_frame(job), list[int](), list(crowd.conns)
    rng = random.Random(job.seed)
    crowd.one_each(frame, order, UNDER_WAY)
    meter = Meter(job)
    for _ in range(job.passes):
        with meter.left_out():
            crowd.idle(job.rest_s)
        rng.shuffle(order)
        waits_ns += crowd.one_each(frame, order, 1)
    return meter.read(waits_ns, crowd.mean_answer())


def hold(job: Job, crowd: Crowd) -> None:
    if job.turn_first:
        crowd.one_each(next_frame(job), list(crowd.conns), UNDER_WAY)
    sys.stdout.write("held\n")
    sys.stdout.flush()
    crowd.poll.register(sys.stdin.fileno(), select.EPOLLIN)
    while True:
        for fd, _ in crowd.poll.poll():
            if fd == sys.stdin.fileno():
                return
            crowd.by_fd[fd].receive()


def main() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    crowd = Crowd.opened(job)
    try:
        if job.mode == "hold":
            hold(job, crowd)
            return
        measured = steady(job, crowd) if job.mode == "steady" else once(job, crowd)
    finally:
        crowd.close()
    sys.stdout.buffer.write(msgspec.json.encode(measured))


if __name__ == "__main__":
    main()
