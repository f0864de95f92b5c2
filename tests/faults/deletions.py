"""Sessions that are made to be deleted: once the server said so, or was told, they must never be seen again."""

from __future__ import annotations

import contextlib
import random

from tests.crash import load
from tests.crash.life import Cut, Life, Refused

TURNS_MAX = 3
PAUSE_S = (0.0, 0.05)
LOOKED_AT = 10
TRIES = 50


class Deletions:
    """The sessions of one trial that are to go: those of which nobody knows yet, and those that are gone."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.asked: list[str] = []
        self.gone: list[str] = []

    async def client(self, life: Life, tester: load.Tester) -> None:
        """One session, a few turns, its end."""
        name = tester.new_id("gone-")
        self.asked.append(name)
        await life.rest("POST", "/v1/persona", {"preset": "stoic_mentor", "sessionId": name})
        for number in range(self._rng.randint(0, TURNS_MAX)):
            await life.rest("POST", "/v1/turn?prompt_data=false", {"sessionId": name, "message": f"{number}"})
            await life.pause(self._rng.uniform(*PAUSE_S))
        if self._rng.random() < 0.3:
            await life.pause(0.6)  # folded and asleep by then
        await self._delete(life, name)

    async def _delete(self, life: Life, name: str) -> None:
        answer = await life.rest("DELETE", f"/v1/persona/{name}")
        if answer.status not in {200, 404}:
            life.ledger.breach("refused", f"DELETE {name}: {answer.status} {answer.body}")
            return
        self.asked.remove(name)
        self.gone.append(name)
        life.ledger.counts["deletions"] += 1

    async def check(self, life: Life) -> None:
        """What is left is ended, and what is gone stays so."""
        for name in list(self.asked):
            for _ in range(TRIES):
                with contextlib.suppress(Refused):
                    await self._delete(life, name)
                    break
                await life.pause(0.1)
        for name in self._rng.sample(self.gone, min(LOOKED_AT, len(self.gone))):
            answer = await life.rest("GET", f"/v1/persona/{name}")
            if answer.status != 404:
                life.ledger.breach("leaked", f"{name} was deleted and is back: {answer.status}")
            life.ledger.counts["deletions checked"] += 1

    async def quietly_check(self, life: Life) -> None:
        """As far as the server lives."""
        with contextlib.suppress(Cut, Refused):
            await self.check(life)
