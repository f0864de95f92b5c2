"""The end of a run: every figure to reach, with what was found; what stands beside them; whether the load client was
in the way.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench import floors, results
from bench.contest import CLIENT_BOUND
from bench.floors import Floor

HEAD = ("figures to reach", "against", "floor", "aim", "median", "rounds", "")
WIDTHS = (36, 27, 10, 10, 11, 19, 15)
NOT_MEASURED = "not measured"
BESIDE = 512  # sockets of the rows that the summary quotes


def lines(out: results.Results) -> list[str]:
    """The whole summary."""
    rows = [_row(floor, out.compared(floor.what, floor.against)) for floor in floors.FLOORS]
    return ["", *results.table(HEAD, rows, WIDTHS), "", *_beside(out), *_client(out), *out.notes]


def _row(floor: Floor, found: results.Comparison | None) -> tuple[str, ...]:
    sign = "≤" if floor.at_most else "≥"
    marks = [f"{sign} {_mark(value, floor.unit)}" for value in (floor.floor, floor.aim)]
    if found is None:
        return (floor.what, floor.against, *marks, "–", "", NOT_MEASURED)
    median, low, high = (floors.shown(value, floor.unit) for value in (found.median, found.low, found.high))
    spread = "" if found.low == found.high else f"{low.split(' ')[0]} to {high.split(' ')[0]}"
    return (floor.what, floor.against, *marks, median, spread, found.verdict)


def _mark(value: float, unit: str) -> str:
    return f"{value:.1%}" if unit == floors.OF_A_CORE else f"{value:g} {unit}"


def _beside(out: results.Results) -> list[str]:
    """What the specification asks to see without setting a floor."""
    many = floors.turns(BESIDE, "vector", False)
    asked = [
        ("turns/s", many, results.PER_S, ",.0f", (floors.SERVER, floors.WORKERD, floors.UNSYNCED, floors.ECHO)),
        ("bytes written a turn", many, results.WRITTEN, ",.0f", (floors.SERVER, floors.WORKERD)),
        ("fsyncs a turn", floors.SYNCS, "syncs/turn", ".2f", (floors.SERVER, floors.WORKERD, floors.UNSYNCED)),
        *(
            ("turns/s", floors.rest_turns(count), results.PER_S, ",.0f", _REST)
            for count in (1, 64)
        ),
        ("PSS bytes", floors.ACTIVE_MEMORY, "PSS bytes", ",.0f", (floors.SERVER,)),
        ("PSS bytes", floors.FEW_AWAKE_MEMORY, "PSS bytes", ",.0f", (floors.SERVER,)),
        ("PSS bytes", floors.MEMORY, "PSS bytes", ",.0f", (floors.SERVER, floors.BARE_SOCKET, floors.WORKERD)),
    ]  # fmt: skip
    told = []
    for title, what, unit, form, whose in asked:
        found = [(who, figure.value) for who in whose if (figure := out.found(what, who, unit))]
        if found:
            told.append(f"{what}, {title}: " + ", ".join(f"{who} {value:{form}}" for who, value in found))
    return told


_REST = (floors.SERVER, floors.WORKERD, floors.BARE_POST)


def _client(out: results.Results) -> list[str]:
    """What the load client took, and what it can do when nearly nothing stands on the other side."""
    shares = [figure for figure in out.figures if figure.unit == results.CLIENT_SHARE]
    if not shares:
        return []
    told = [_busiest("of this server and workerd", [s for s in shares if s.who in {floors.SERVER, floors.WORKERD}])]
    alone = out.found(floors.turns(BESIDE, "vector", False), floors.ECHO, results.PER_S)
    cost = out.found(floors.turns(BESIDE, "vector", False), floors.ECHO, results.CLIENT_US)
    if alone and cost:
        told.append(
            f"load client against the bare echo, {BESIDE} sockets: {alone.value:,.0f} turns/s; it takes"
            f" {cost.value:.0f} µs of its core a turn, enough for {1e6 / cost.value:,.0f}/s"
        )
    return [line for line in told if line]


def _busiest(whose: str, shares: Sequence[results.Figure]) -> str:
    if not shares:
        return ""
    most = max(shares, key=lambda share: share.high)
    verdict = "IT MAY BE THE BOTTLENECK" if most.high > CLIENT_BOUND else "not the bottleneck"
    return f"load client: at most {most.high:.0%} of a core in any round {whose} ({most.who}, {most.what}): {verdict}"
