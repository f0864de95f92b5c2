"""The figures to reach, and against whom, in the order in which the summary names them; and the words for what is
measured, which parts and summary share.
"""

from __future__ import annotations

from dataclasses import dataclass

TIMES, SECONDS, BYTES, OF_A_CORE = "×", "s", "B", "of a core"


@dataclass(frozen=True)
class Floor:
    """At least (or, for costs, at most) `floor`; `aim` is better. `what` and `against` name the comparison."""

    what: str
    against: str
    floor: float
    aim: float
    at_most: bool = False
    unit: str = TIMES

    def verdict(self, found: float) -> str:
        if self._reached(found, self.aim):
            return "aim reached"
        if self._reached(found, self.floor):
            return "floor reached"
        return "SHORT"

    def _reached(self, found: float, mark: float) -> bool:
        return found <= mark if self.at_most else found >= mark


def turns(sockets: int, kind: str, prompt: bool) -> str:
    """How a row of the table of turns is called."""
    return f"{sockets} socket{'s' if sockets > 1 else ''}, {kind}, prompt_data {'on' if prompt else 'off'}"


def rest_turns(connections: int) -> str:
    """How a row of the table of REST turns is called."""
    return f"{connections} keep-alive connection{'s' if connections > 1 else ''}, REST, vector"


def flat(cost: str, asleep: int) -> str:
    """Cost of a turn, as time or as CPU, beside so many that sleep."""
    return f"{cost} of a turn, {asleep:,} asleep on disk"


def few_asleep(asleep: int) -> str:
    """What `flat` is compared with."""
    return f"itself, {asleep:,} asleep"


SERVER, UNSYNCED, ECHO, ENGINE_ECHO = "this server", "journal unsynced", "bare echo", "echo + engine"
UVLOOP_ENGINE_ECHO = "echo + engine, uvloop"
WORKERD, BARE_POST, EMPTY = "workerd", "bare aiohttp POST", "an empty folder"
LONE_P50, WAKE_P50, WAKE_P99 = "p50 of 1 socket, vector", "p50 of wake + turn", "p99 of wake + turn"
MEMORY, SLEEPING_CPU = "memory of a hibernated socket", "CPU of hibernated sockets"
FEW_AWAKE_MEMORY = "memory of a hibernated socket, few awake at a time"
ACTIVE_MEMORY = "memory of an active session with its socket"
ASLEEP_START, ASLEEP_MEMORY = "start over sessions asleep", "memory of a session asleep"
VECTOR_CPU, TEXT_CPU = "CPU of a turn from a vector", "CPU of a turn from text"
BARE_SOCKET, BUDGET = "bare idle aiohttp socket", "budget"
SYNCS = "fsyncs of a lock-step turn"
IDLE_SOCKETS = 10_000
SLEEPING = (10, 1_000, 100_000)
"""How many sleep on disk where the cost of a turn is to be flat."""

FLOORS = [
    Floor(turns(512, "vector", False), WORKERD, 4.0, 6.0),
    Floor(turns(64, "vector", False), WORKERD, 2.5, 3.5),
    Floor(turns(512, "text", False), WORKERD, 2.0, 3.0),
    Floor(turns(512, "text", True), WORKERD, 1.5, 2.0),
    Floor(LONE_P50, WORKERD, 1.5, 1.1, at_most=True),
    Floor(turns(64, "vector", False), ENGINE_ECHO, 0.6, 0.75),
    Floor(turns(512, "vector", False), ENGINE_ECHO, 0.85, 0.95),
    Floor(turns(512, "vector", False), UNSYNCED, 0.8, 0.95),
    Floor(WAKE_P50, WORKERD, 0.5, 0.25, at_most=True),
    Floor(WAKE_P99, WORKERD, 1.0, 0.5, at_most=True),
    Floor(MEMORY, BARE_SOCKET, 1.25, 1.1, at_most=True),
    # Nothing is kept of such a session. A start over many reads more pages of the ledger than one over none, and
    # keeps as many as SQLite's page cache takes; an id in any table of ours would be a hundred bytes each.
    Floor(ASLEEP_MEMORY, EMPTY, 16.0, 4.0, at_most=True, unit=BYTES),
    Floor(ASLEEP_START, EMPTY, 1.0, 0.1, at_most=True, unit=SECONDS),
    # Over what as many bare sockets take: the server wakes up every second whether sockets are there or not.
    Floor(SLEEPING_CPU, BARE_SOCKET, 0.01, 0.002, at_most=True, unit=OF_A_CORE),
    *(
        Floor(flat(cost, asleep), few_asleep(SLEEPING[0]), 1.3, 1.1, at_most=True)
        for cost in ("time", "CPU")
        for asleep in SLEEPING[1:]
    ),
    Floor(VECTOR_CPU, BUDGET, 1.0, 0.9, at_most=True),
    Floor(TEXT_CPU, BUDGET, 1.0, 0.9, at_most=True),
]
BUDGETS_US = {VECTOR_CPU: 55.0, TEXT_CPU: 120.0}


def verdict(what: str, against: str, found: float) -> str:
    """What a comparison means, or nothing where no floor is set."""
    for floor in FLOORS:
        if (floor.what, floor.against) == (what, against):
            return floor.verdict(found)
    return ""


def shown(value: float, unit: str) -> str:
    """A value with its unit, as the summary prints it."""
    match unit:
        case "s":
            return f"{value:.3f} s"
        case "B":
            return f"{value:,.1f} B"
        case "of a core":
            return f"{value:.2%}"
        case _:
            return f"{value:.2f} ×"
