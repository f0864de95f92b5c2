"""A headless Chromium, when the machine has one, driven over its own DevTools socket.

No browser library: the tests need a page opened, a sentence evaluated in it, and a wait for
something to become true there, and nothing is polled: a MutationObserver in the page tells.
"""

import contextlib
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.kit.server import Output

NAMES = ("chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "google-chrome-stable")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
STARTS_WITHIN_S = 20.0
WITHIN_S = 15.0

WHEN_TRUE = """new Promise((done) => {
  const look = () => { if (%s) { observer.disconnect(); done(true); } };
  const observer = new MutationObserver(look);
  observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  look();
})"""


@dataclass(frozen=True)
class Tab:
    """One open page. Expressions are JavaScript and run inside it."""

    devtools: ClientConnection
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    happened: set[str] = field(default_factory=set)  # names of the events that came

    def open(self, url: str) -> None:
        """Returns once the page is loaded and its script has run."""
        self.command("Page.enable")
        self.command("Page.navigate", url=url)
        while "Page.loadEventFired" not in self.happened:
            self._receive()

    def evaluate(self, expression: str) -> Any:
        """The value of an expression; of a promise, what it resolves to."""
        answer = self.command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def wait_until(self, condition: str) -> None:
        """Returns once the condition holds; raises TimeoutError with what the page shows then."""
        try:
            self.evaluate(WHEN_TRUE % condition)
        except TimeoutError:
            raise TimeoutError(f"not true: {condition}; shown:\n{self.evaluate('document.body.innerText')}") from None

    def command(self, method: str, **params: object) -> Any:
        number = next(self.ids)
        self.devtools.send(json.dumps({"id": number, "method": method, "params": params}))
        while (message := self._receive()).get("id") != number:
            pass  # events, and answers that nobody waits for any more
        assert "error" not in message, message
        return message["result"]

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.devtools.recv(timeout=WITHIN_S))
        self.happened.add(message.get("method", ""))
        return message


@contextlib.contextmanager
def open_tab(url: str, profile: Path) -> Iterator[Tab]:
    """Starts a browser of its own in `profile`, opens `url`, and ends the browser afterwards."""
    assert CHROMIUM is not None
    process = subprocess.Popen(
        # The sandbox needs rights that containers do not give; the page is our own.
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert process.stdout is not None
    output = Output(process.stdout)
    try:
        ready = output.wait_for(r"DevTools listening on (ws://[^/]+)(\S+)", STARTS_WITHIN_S)
        assert ready is not None, "\n".join(output.lines)
        with connect(ready[1] + ready[2]) as browser:
            target = Tab(browser).command("Target.createTarget", url="about:blank")["targetId"]
            with connect(f"{ready[1]}/devtools/page/{target}", max_size=None) as devtools:
                tab = Tab(devtools)
                tab.open(url)
                yield tab
    finally:
        process.kill()
        process.wait(WITHIN_S)
        output.join(WITHIN_S)
