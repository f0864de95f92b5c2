"""A character that is left alone reaches out by itself. Watch it happen: an hour of its life passes in a second.

    MOLROO_TIME_SCALE=3600 make run
    MOLROO_KEY=mk_test_... python examples/proactive.py        (or: proactive.py URL KEY)

Every message of the way is printed: connect, set preferences, a turn, the character reaches out, the socket is lost,
it comes back with backoff, what was missed, acknowledge. Needs the `websockets` package.
"""

import json
import os
import random
import sys
import time
import urllib.request
from typing import Any

from websockets.exceptions import InvalidHandshake
from websockets.sync.client import ClientConnection, connect

URL = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MOLROO_URL", "http://127.0.0.1:8787")
KEY = sys.argv[2] if len(sys.argv) > 2 else os.environ["MOLROO_KEY"]
SIGNED = {"Authorization": f"Bearer {KEY}"}
PATIENCE_S = 300
Message = dict[str, Any]


def rest(method: str, path: str, body: Message | None = None) -> Any:
    encoded = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, encoded, SIGNED, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def open_socket(session: str) -> ClientConnection:
    """Connects, and when that fails again and again with a growing, jittered wait."""
    wait_s = 0.2
    while True:
        try:
            where = f"ws{URL.removeprefix('http')}/v1/ws/{session}?prompt_data=false"
            return connect(where, additional_headers=SIGNED)
        except (OSError, InvalidHandshake) as error:
            print(f"   no connection ({error}); again in about {wait_s:.1f} s")
            time.sleep(wait_s * random.uniform(0.5, 1.5))
            wait_s = min(wait_s * 2, 10)


def say(live: ClientConnection, message: Message) -> None:
    print("->", json.dumps(message))
    live.send(json.dumps(message))


def hear(live: ClientConnection, kind: str) -> Message:
    """Prints what comes until a message of this type."""
    while True:
        message: Message = json.loads(live.recv(timeout=PATIENCE_S))
        shown = json.dumps(message)
        print("<-", shown if len(shown) < 400 else shown[:400] + " ...")
        if message["type"] == "error":
            raise SystemExit(f"{message['code']}: {message['message']}")
        if message["type"] == kind:
            return message


def lonely(session: str) -> str:
    """How it is with the character, read without touching anything."""
    state = rest("GET", f"/v1/state/{session}?prompt_data=false")
    closeness = state["need_state"]["relatedness"]
    return f"   {state['as_of']}  closeness {closeness:.2f}  {state['emotion_summary']}"


def main() -> None:
    session = str(rest("POST", "/v1/persona", {"preset": "cheerful_companion"})["sessionId"])
    with open_socket(session) as live:
        hear(live, "connected")
        say(live, {"type": "set_proactive_prefs", "preferences": {"enabled": True, "cooldown_hours": 0}})
        hear(live, "proactive_prefs")
        say(live, {"type": "turn", "message": "I had a lovely evening with you. See you soon!"})
        after_ms = hear(live, "turn_result")["data"]["proactive_hint"]["next_check_after_ms"]
    print(f"   the socket is gone; left alone, it will reach out in {after_ms / 1000:.1f} s")

    if after_ms > PATIENCE_S * 1000:
        raise SystemExit("that is too long to watch: start the server with MOLROO_TIME_SCALE=3600")
    until_s = time.monotonic() + PATIENCE_S
    while not rest("GET", f"/v1/proactive/{session}"):
        if time.monotonic() > until_s:
            raise SystemExit("it does not reach out: was the server started with MOLROO_TIME_SCALE=3600?")
        print(lonely(session))
        time.sleep(min(5.0, after_ms / 10_000))

    with open_socket(session) as live:
        missed = hear(live, "missed_proactive")["data"]
        for action in missed:
            print(f'   {action["reason"]}: "{action["message"]}"')
            say(live, {"type": "ack_proactive", "action_id": action["action_id"]})
            hear(live, "ack")

    with open_socket(session) as live:
        hear(live, "connected")
        say(live, {"type": "ping"})
        hear(live, "pong")  # and no missed_proactive before it: what is acknowledged never comes back
    print(f"acknowledged: {len(missed)}, pending: {len(rest('GET', f'/v1/proactive/{session}'))}")


if __name__ == "__main__":
    main()
