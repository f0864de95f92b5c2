"""A connection breaks in the middle of a turn; nothing is missed and nothing happens twice.

    MOLROO_KEY=mk_test_... python examples/reconnect.py        (or: reconnect.py URL KEY)

What a client keeps: the last `seq` and the `epoch` that it saw, and every turn that has no answer
yet under the random `id` that it was sent with. With these it comes back and goes on.
Needs the `websockets` package.
"""

import json
import os
import socket
import sys
import urllib.request
import uuid
from typing import Any

from websockets.sync.client import ClientConnection, connect

URL = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MOLROO_URL", "http://127.0.0.1:8787")
KEY = sys.argv[2] if len(sys.argv) > 2 else os.environ["MOLROO_KEY"]
SIGNED = {"Authorization": f"Bearer {KEY}"}
Message = dict[str, Any]


def rest(path: str, body: Message | None = None) -> Any:
    encoded = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(URL + path, encoded, SIGNED)) as answer:
        return json.load(answer)


def open_socket(session: str, query: str = "") -> ClientConnection:
    return connect(f"ws{URL.removeprefix('http')}/v1/ws/{session}{query}", additional_headers=SIGNED)


def receive(live: ClientConnection) -> Message:
    message: Message = json.loads(live.recv(timeout=10))
    if message["type"] == "error":
        raise SystemExit(f"{message['code']}: {message['message']}")
    return message


def send_turn(live: ClientConnection, text: str, turn_id: str) -> None:
    live.send(json.dumps({"type": "turn", "id": turn_id, "message": text}))


def answer_to(live: ClientConnection, turn_id: str, seen: dict[int, Message]) -> Message:
    """Reads on until the answer is there; what else arrives is kept by its seq, as a client would."""
    while True:
        message = receive(live)
        if message["type"] == "turn_result":
            seen.setdefault(message["seq"], message)
        if message.get("reply_to") == turn_id:
            return message


def main() -> None:
    session = str(rest("/v1/persona", {"preset": "empathetic_listener"})["sessionId"])
    seen: dict[int, Message] = {}

    first, lost = uuid.uuid4().hex, uuid.uuid4().hex
    with open_socket(session) as live:
        epoch = receive(live)["epoch"]  # `connected` is always the first message
        send_turn(live, "Hello, how was your day?", first)
        last_seq = answer_to(live, first, seen)["seq"]
        print(f"answered: turn {last_seq}")
        send_turn(live, "I passed my exam!", lost)
        live.socket.shutdown(socket.SHUT_RDWR)  # a tunnel, a lift, a closed lid: no goodbye, no answer
    print("dropped:  after sending a turn, before its answer")

    meanwhile = rest("/v1/turn", {"sessionId": session, "message": "I am calling from my other phone."})
    print(f"missed:   turn {meanwhile['seq']}, taken over REST while the socket was away")

    with open_socket(session, f"?last_seq={last_seq}&epoch={epoch}") as live:
        if receive(live)["recovered"] is not True:
            raise SystemExit("the server no longer keeps what was missed: start from its `state` instead")
        send_turn(live, "I passed my exam!", lost)  # again, under its first id: applied once at most
        again = answer_to(live, lost, seen)
    how = "had been applied; its first answer came again" if again.get("duplicate") else "was applied now"
    print(f"resumed:  {sum('replayed' in m for m in seen.values())} replayed, then turn {again['seq']} {how}")

    rows = rest(f"/v1/history/{session}")["items"]
    truth = [row["seq"] for row in rows if row["kind"] == "turn"]
    if sorted(seen) != truth:
        raise SystemExit(f"a hole: the session has turns {truth}, this client saw {sorted(seen)}")
    print(f"nothing missed, nothing doubled: {truth}")


if __name__ == "__main__":
    main()
