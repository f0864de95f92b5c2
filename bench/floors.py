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
WORKERD = "workerd"
LONE_P50, WAKE_P50, WAKE_P99 = "p50 of 1 socket, vector", "p50 of wake + turn", "p99 of wake + turn"
MEMORY, SLEEPING_CPU = "memory of a hibernated socket", "CPU of hibernated sockets"
VECTOR_CPU, TEXT_CPU = "CPU of a turn from a vector", "CPU of a turn from text"
BARE_SOCKET, BUDGET = "bare idle aiohttp socket", "budget"

FLOORS = [
    Floor(turns(512, "vector", False), WORKERD, 4.0, 6.0),
    Floor(turns(64, "vector", False), WORKERD, 2.5, 3.5),
    Floor(turns(512, "text", False), WORKERD, 2.0, 3.0),
    Floor(turns(512, "text", True), WORKERD, 1.5, 2.0),
    Floor(LONE_P50, WORKERD, 1.5, 1.1, at_most=True),
    Floor(WAKE_P50, WORKERD, 0.5, 0.25, at_most=True),
    Floor(WAKE_P99, WORKERD, 1.0, 0.5, at_most=True),
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
