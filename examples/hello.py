"""A first conversation: make a character, say three things, see how each of them lands.

    MOLROO_KEY=mk_test_... python examples/hello.py            (or: hello.py URL KEY)

Needs the `websockets` package; the server needs nothing but `make run`.
"""

import json
import os
import sys
import urllib.request

from websockets.sync.client import connect

URL = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MOLROO_URL", "http://127.0.0.1:8787")
KEY = sys.argv[2] if len(sys.argv) > 2 else os.environ["MOLROO_KEY"]
SIGNED = {"Authorization": f"Bearer {KEY}"}


def make_character(preset: str) -> str:
    """Creates a session from one of the built-in personas and answers its id."""
    body = json.dumps({"preset": preset}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{URL}/v1/persona", body, SIGNED)) as answer:
        return str(json.load(answer)["sessionId"])


session = make_character("cheerful_companion")
with connect(f"ws{URL.removeprefix('http')}/v1/ws/{session}", additional_headers=SIGNED) as socket:
    for line in ("I really missed you today", "You are useless and I hate you", "I am so sorry, please forgive me"):
        socket.send(json.dumps({"type": "turn", "message": line}))
        while (told := json.loads(socket.recv(timeout=10)))["type"] != "turn_result":
            pass  # `connected` comes first on a new socket
        felt = told["data"]
        print(f"you:  {line}")
        print(f"      {felt['discrete_emotion']} ({felt['discrete']['intensity']}), {felt['soul_stage']['name']}")
