"""`python -m tests.hostile.witness PORT KEY SESSION...`: a well-behaved tenant beside the hostile ones, in a process of
its own so that it is not slowed by them. A turn every 64 ms on a socket a session, each after the answer to the last.

For every line on its standard input it prints one line of JSON, what it has seen since the last: [when, seconds] of
each turn by the system's monotonic clock, and what went wrong. It ends with its input.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time

from tests.hostile.wire import Socket, frame, live

EVERY_S = 0.064
GLAD = {
    "goal_relevance": 0.8, "goal_congruence": 0.6, "expectedness": 0.5, "controllability": 0.5, "agency": -0.4,
    "norm_compatibility": 0.3,
}  # fmt: skip


class Neighbour(threading.Thread):
    """One socket in lock step. Its session is its own, so its turns have the next seq and nothing else is heard."""

    def __init__(self, socket: Socket, number: int, seen: queue.SimpleQueue[tuple[float, float] | str]) -> None:
        super().__init__(daemon=True)
        self._socket, self._number, self._seen = socket, number, seen

    def run(self) -> None:
        time.sleep(EVERY_S * self._number / 4)  # not all at once
        seq: int | None = None
        for count in range(sys.maxsize):
            asked = json.dumps({"type": "turn_appraisal", "id": f"{self._number}-{count}", "appraisal": GLAD})
            sent_s = time.monotonic()
            try:
                self._socket.send(frame(asked.encode()))
                told = self._socket.message()
            except TimeoutError:
                told = "no answer within 10 s"
            if not isinstance(told, dict) or told["type"] != "turn_result":
                self._seen.put(f"dead: {told or 'the line ended'}")
                return
            if told.get("reply_to") != f"{self._number}-{count}" or (seq is not None and told["seq"] != seq + 1):
                self._seen.put(f"breach: after seq {seq} came {str(told)[:300]}")
            seq = told["seq"]
            self._seen.put((sent_s, time.monotonic() - sent_s))
            time.sleep(EVERY_S)


def main() -> None:
    port, key, *sessions = sys.argv[1:]
    seen: queue.SimpleQueue[tuple[float, float] | str] = queue.SimpleQueue()
    for number, session in enumerate(sessions):
        Neighbour(live(int(port), session, key), number, seen).start()
    print("ready", flush=True)
    for _ in sys.stdin:
        turns: list[tuple[float, float]] = []
        wrong: list[str] = []
        while not seen.empty():
            found = seen.get()
            turns.append(found) if isinstance(found, tuple) else wrong.append(found)
        print(json.dumps({"turns": turns, "wrong": wrong}), flush=True)


if __name__ == "__main__":
    main()
