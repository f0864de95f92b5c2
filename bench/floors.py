"""The figures to reach, and against whom. A ratio whose peer is not measured here has no line here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Floor:
    """At least (or, for costs, at most) `floor`; `aim` is better. `what` and `against` name the ratio."""

    what: str
    against: str
    floor: float
    aim: float
    at_most: bool = False

    def verdict(self, ratio: float) -> str:
        if self._reached(ratio, self.aim):
            return "aim reached"
        if self._reached(ratio, self.floor):
            return "floor reached"
        return f"SHORT of {self.floor:g}"

    def _reached(self, ratio: float, mark: float) -> bool:
        return ratio <= mark if self.at_most else ratio >= mark


def turns(sockets: int, kind: str, prompt: bool) -> str:
    """How a row of the table of turns is called."""
    return f"{sockets} socket{'s' if sockets > 1 else ''}, {kind}, prompt_data {'on' if prompt else 'off'}"


SERVER, UNSYNCED, ECHO, ENGINE_ECHO = "this server", "journal unsynced", "bare echo", "echo + engine"
MEMORY, SLEEPING_CPU = "memory of a hibernated socket", "CPU of hibernated sockets"
VECTOR_CPU, TEXT_CPU = "CPU of a turn from a vector", "CPU of a turn from text"
BARE_SOCKET, BUDGET = "bare idle aiohttp socket", "budget"

FLOORS = [
    Floor(turns(64, "vector", False), ENGINE_ECHO, 0.6, 0.75),
    Floor(turns(512, "vector", False), ENGINE_ECHO, 0.85, 0.95),
    Floor(turns(512, "vector", False), UNSYNCED, 0.8, 0.95),
    Floor(MEMORY, BARE_SOCKET, 1.25, 1.1, at_most=True),
    Floor(VECTOR_CPU, BUDGET, 1.0, 0.9, at_most=True),
    Floor(TEXT_CPU, BUDGET, 1.0, 0.9, at_most=True),
]
BUDGETS_US = {VECTOR_CPU: 55.0, TEXT_CPU: 120.0}


def verdict(what: str, against: str, ratio: float) -> str:
    """What the ratio means, or nothing where no floor is set."""
    for floor in FLOORS:
        if (floor.what, floor.against) == (what, against):
            return floor.verdict(ratio)
    return ""
