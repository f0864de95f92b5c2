"""Node, when the machine has it, with a WebSocket of its own: Node 20 hides it behind a flag."""

import shutil
import subprocess
from functools import cache

NODE = shutil.which("node")


@cache
def node_argv() -> tuple[str, ...]:
    """How to start Node so that WebSocket is there. Only where NODE is not None."""
    assert NODE is not None
    asked = subprocess.run([NODE, "-p", "typeof WebSocket"], capture_output=True, text=True, check=True, timeout=15)
    return (NODE,) if asked.stdout.strip() == "function" else (NODE, "--experimental-websocket", "--no-warnings")
