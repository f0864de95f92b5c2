"""A serverless function's view: no socket, no memory, only REST and the standard library.

    MOLROO_KEY=mk_test_... python examples/poll.py             (or: poll.py URL KEY)

Each call may be cut off and run again by its platform. `Idempotency-Key` makes that harmless: the
turn happens once, and the second call gets the first one's answer.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

URL = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MOLROO_URL", "http://127.0.0.1:8787")
KEY = sys.argv[2] if len(sys.argv) > 2 else os.environ["MOLROO_KEY"]
ATTEMPTS = 4


def call(path: str, body: dict[str, Any] | None = None, once: str | None = None) -> tuple[Any, bool]:
    """One request; waits and repeats when the server asks for that. Answers (JSON, was it a replay)."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    if once is not None:
        headers["Idempotency-Key"] = once
    encoded = None if body is None else json.dumps(body).encode()
    for attempt in range(ATTEMPTS):
        try:
            with urllib.request.urlopen(urllib.request.Request(URL + path, encoded, headers), timeout=15) as answer:
                return json.load(answer), answer.headers.get("Idempotent-Replayed") == "true"
        except urllib.error.HTTPError as refusal:
            wait_s = refusal.headers.get("Retry-After")
            if wait_s is None or attempt + 1 == ATTEMPTS:
                raise SystemExit(f"{refusal.code}: {json.load(refusal)['error']['message']}") from None
            refusal.close()
            time.sleep(float(wait_s))
    raise AssertionError("the last attempt answers or raises")


def on_message(session: str, message: str, message_id: str) -> tuple[Any, bool]:
    """The function itself: a message comes in with an id of the platform's, a feeling goes out."""
    return call("/v1/turn", {"sessionId": session, "message": message}, once=message_id)


def main() -> None:
    created, _ = call("/v1/persona", {"preset": "stoic_mentor"}, once=uuid.uuid4().hex)
    session = created["sessionId"]
    print(f"created  {created['personaName']}")

    message_id = uuid.uuid4().hex
    turn, _ = on_message(session, "Thank you, your advice saved my week.", message_id)
    print(f"turn {turn['seq']}   {turn['discrete_emotion']['primary']}, energy {turn['body_budget']:.2f}")
    again, replayed = on_message(session, "Thank you, your advice saved my week.", message_id)
    print(f"again    turn {again['seq']}, replayed: {str(replayed).lower()}")
    if not replayed or again["seq"] != turn["seq"]:
        raise SystemExit("the repeat was applied a second time")

    # This is what goes into the messages of a language model, as it is.
    print(f"prompt   {turn['prompt_data']['formatted']['context_block'].splitlines()[0]}")

    state, _ = call(f"/v1/state/{session}?prompt_data=false")
    print(f"state    {state['emotion_summary']}")
    history, _ = call(f"/v1/history/{session}?limit=10")
    for row in history["items"]:
        print(f"history  {row['seq']} {row['kind']} {row['input']}")
    pending, _ = call(f"/v1/proactive/{session}")
    print(f"pending  {len(pending)} proactive actions")


if __name__ == "__main__":
    main()
