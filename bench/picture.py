"""The picture of a run: the ratios that have a floor, with floor and aim beside them, and the turns a second that they
are made of. It shows what was measured and nothing else; a row that is short looks short.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench import floors, results
from bench.contest import CLIENT_BOUND
from bench.floors import Floor
from bench.results import Comparison

LOOK: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a8f98",
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.labelcolor": "#3a3f47",
    "text.color": "#22262b",
    "xtick.color": "#5b616a",
    "ytick.color": "#22262b",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}
DPI = 140
REACHED, BETWEEN, SHORT = "#2f7d4f", "#7fae5a", "#c25b3f"
VERDICTS = {"aim reached": REACHED, "floor reached": BETWEEN, "SHORT": SHORT}
WHO = {
    floors.SERVER: "#2b5d9b",
    floors.WORKERD: "#e08a2e",
    floors.UNSYNCED: "#9dbbe0",
    floors.ENGINE_ECHO: "#8a8f98",
    floors.UVLOOP_ENGINE_ECHO: "#adb2b9",
    floors.ECHO: "#cfd3d8",
}
WHO_REST = {floors.SERVER: WHO[floors.SERVER], floors.WORKERD: WHO[floors.WORKERD], floors.BARE_POST: WHO[floors.ECHO]}
TURNS = [
    floors.turns(sockets, kind, prompt)
    for kind, prompt in (("vector", False), ("text", False), ("vector", True), ("text", True))
    for sockets in (1, 64, 512)
]
REST = [floors.rest_turns(1), floors.rest_turns(64)]


def draw(out: results.Results, path: Path) -> None:
    """Write the picture; its folder is made when it is not there."""
    mpl.use("Agg")
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(LOOK):
        figure(out).savefig(path, dpi=DPI, metadata={"Software": None})


def figure(out: results.Results) -> Figure:
    """Four panels: more is better, less is better, turns a second over WebSockets and over REST."""
    fig = Figure(figsize=(13.5, 9.6), layout="constrained")
    (more, turns), (less, rest) = fig.subplots(2, 2, width_ratios=(1, 1.05), height_ratios=(1, 1))
    _ratios(more, out, "Times what stands beside it: more is better", at_most=False)
    _ratios(less, out, "Times what stands beside it: less is better", at_most=True)
    _turns(turns, out, TURNS, WHO, "Turns a second over WebSockets")
    _turns(rest, out, REST, WHO_REST, "Turns a second over REST, connections kept alive")
    fig.suptitle("Durable turns, side by side in one run", x=0.01, ha="left", fontsize=13, fontweight="bold")
    fig.supxlabel("\n".join([*out.machine, *out.notes]), x=0.01, ha="left", fontsize=7.5, color="#5b616a")
    return fig


def _ratios(axes: Axes, out: results.Results, title: str, *, at_most: bool) -> None:
    """One bar a ratio; its line is the rounds' spread, its ticks floor (solid) and aim (dotted)."""
    axes.set_title(title)
    shown = [
        (floor, found)
        for floor in floors.FLOORS
        if floor.at_most == at_most and floor.unit == floors.TIMES
        if (found := out.compared(floor.what, floor.against))
    ]
    for place, (floor, found) in enumerate(shown):
        _ratio(axes, place, floor, found)
    axes.set_yticks(range(len(shown)), [f"{floor.what}\n× {floor.against}" for floor, _ in shown], fontsize=8)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.margins(x=0.14)
    axes.set_xlim(left=0)
    _legend(axes, shown)


def _ratio(axes: Axes, place: int, floor: Floor, found: Comparison) -> None:
    axes.barh(place, found.median, 0.55, color=VERDICTS[found.verdict], alpha=0.85)
    axes.hlines(place, found.low, found.high, color="#22262b", linewidth=1.2)
    for mark, style in ((floor.floor, "solid"), (floor.aim, (0, (1, 1)))):
        axes.vlines(mark, place - 0.42, place + 0.42, color="#22262b", linewidth=1.8, linestyle=style)
    right = max(found.high, floor.floor, floor.aim)
    axes.annotate(
        f"{found.median:.2f} ×", (right, place), (4, 0), textcoords="offset points", va="center", fontweight="bold"
    )


def _legend(axes: Axes, shown: Sequence[tuple[Floor, Comparison]]) -> None:
    if not shown:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color="#8a8f98")
        return
    handles = [
        Line2D([], [], color="#22262b", linewidth=1.8, label="floor"),
        Line2D([], [], color="#22262b", linewidth=1.8, linestyle=(0, (1, 1)), label="aim"),
        *(Line2D([], [], color=colour, linewidth=6, label=verdict.lower()) for verdict, colour in VERDICTS.items()),
    ]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.4, -0.06), ncols=5, frameon=False, fontsize=8)


def _at_least(out: results.Results, case: str, who: str) -> str:
    """A sign before a figure that is the client's: whoever answered could do more."""
    share = out.found(case, who, results.CLIENT_SHARE)
    return "≥ " if share and share.value > CLIENT_BOUND else ""


def _turns(axes: Axes, out: results.Results, cases: Sequence[str], who: dict[str, str], title: str) -> None:
    """A group a case, a bar for each who answered; its line is the rounds' spread."""
    axes.set_title(title)
    measured = [case for case in cases if out.found(case, floors.SERVER, results.PER_S)]
    thick = 0.84 / len(who)
    for rank, (name, colour) in enumerate(who.items()):
        label: str | None = name
        for place, case in enumerate(measured):
            if found := out.found(case, name, results.PER_S):
                at = place - 0.42 + (rank + 0.5) * thick
                axes.barh(at, found.value, thick * 0.92, color=colour, label=label)
                label = None
                axes.hlines(at, found.low, found.high, color="#22262b", linewidth=0.9)
                axes.annotate(
                    f"{_at_least(out, case, name)}{found.value:,.0f}",
                    (found.high, at),
                    (3, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=7 if len(measured) > 3 else 8,
                )
    if not measured:
        _legend(axes, [])
        return
    axes.set_yticks(range(len(measured)), [case.replace(", ", "\n", 1) for case in measured], fontsize=8)
    axes.set_ylim(len(measured) - 0.45, -0.55)
    axes.margins(x=0.1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.06), ncols=5, frameon=False, fontsize=8)
