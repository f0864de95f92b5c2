"""A week in a character's life: what it is told, the long silence, and how it feels at every tenth minute of it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from molroo_actor import engine
from tools.evaluate import colours
from tools.evaluate.character import DAY_MS, HOUR_MS, MINUTE_MS, Character, preset

PRESET = "anxious_helper"
SUBTITLE = f"preset {PRESET}: nine messages, four and a half days of silence between the quarrel and its repair"
LEFT, LIST = 0.068, 0.755
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EVERY_MS = 10 * MINUTE_MS
# (day, hour, what it is told)
TOLD: Sequence[tuple[int, float, str]] = (
    (0, 8.0, "Good morning! I missed you"),
    (0, 13.0, "You did an amazing job, thank you so much!"),
    (0, 20.5, "I got promoted at work today!"),
    (1, 9.0, "Haha you dork, I love how silly you are"),
    (1, 18.0, "You are useless and I hate talking to you"),
    (1, 18.5, "I told everyone your secret"),
    (6, 9.5, "I'm so sorry, I was wrong to say that. Please forgive me"),
    (6, 13.0, "I really missed you. Let's start over. Friends?"),
    (6, 18.0, "Thank you for being so kind, I love talking to you"),
)


@dataclass(frozen=True)
class Moment:
    """How it is at a time, in days since Monday's midnight."""

    day: float
    report: engine.StateReport

    @property
    def label(self) -> str:
        return self.report.discrete_emotion.primary


@dataclass(frozen=True)
class Heard:
    """One thing it was told, and the label right after it."""

    number: int
    day: float
    text: str
    label: str


def live() -> tuple[list[Moment], list[Heard]]:
    """The week, lived."""
    one = Character(preset(PRESET))
    moments: list[Moment] = []
    heard: list[Heard] = []
    due = [(day * DAY_MS + round(hour * HOUR_MS), text) for day, hour, text in TOLD]
    at_ms = 0
    for when_ms, text in [*due, (len(DAYS) * DAY_MS, "")]:
        while at_ms < when_ms:
            moments.append(Moment(at_ms / DAY_MS, one.look(at_ms - one.at_ms)))
            at_ms += EVERY_MS
        if text:
            label = one.hear(text, after_ms=when_ms - one.at_ms).result.discrete_emotion.primary
            heard.append(Heard(len(heard) + 1, when_ms / DAY_MS, text, label))
    return moments, heard


def figure() -> Figure:
    moments, heard = live()
    drawn = Figure(figsize=(13.5, 8.2))
    grid = drawn.add_gridspec(
        5, 1, height_ratios=(0.34, 0.34, 1.6, 1.0, 1.0), hspace=0.2, left=LEFT, right=0.655, top=0.885, bottom=0.065
    )
    rows = [drawn.add_subplot(grid[row, 0]) for row in range(5)]
    drawn.text(LEFT, 0.955, "A week in a character's life", fontsize=17, fontweight="bold")
    drawn.text(LEFT, 0.923, SUBTITLE, color=colours.QUIET)
    _numbers(rows[0], heard)
    _labels(rows[1], moments)
    x = [moment.day for moment in moments]
    seen = [moment.report for moment in moments]
    _curves(
        rows[2],
        x,
        ("arousal", colours.AROUSAL, [one.emotion.A for one in seen]),
        ("valence", colours.VALENCE, [one.emotion.V for one in seen]),
    )
    rows[2].fill_between(x, [one.emotion.V for one in seen], 0.0, color=colours.VALENCE, alpha=0.13, linewidth=0)
    _curves(
        rows[3],
        x,
        ("energy", colours.ENERGY, [one.body_budget for one in seen]),
        ("stress", colours.STRESS, [one.stress for one in seen]),
    )
    _curves(
        rows[4],
        x,
        ("closeness", colours.CLOSENESS, [one.need_state.relatedness for one in seen]),
        ("trust", colours.TRUST, [one.interpersonal.trust for one in seen]),
    )
    rows[2].set(ylim=(-0.85, 0.95), yticks=(-0.5, 0.0, 0.5), ylabel="valence −1 … 1, arousal 0 … 1")
    rows[3].set(ylim=(0.0, 1.05), yticks=(0.0, 0.5, 1.0), ylabel="share 0 … 1")
    rows[4].set(ylim=(0.0, 0.85), yticks=(0.0, 0.25, 0.5, 0.75), ylabel="share 0 … 1")
    for axes in rows[2:]:
        axes.yaxis.set_label_coords(-0.06, 0.5)
    for axes in rows:
        _time(axes, heard, last=axes is rows[-1])
    _told(drawn, heard, top=rows[0].get_position().y1)
    _key(drawn, moments)
    return drawn


def _curves(axes: Axes, x: Sequence[float], *curves: tuple[str, str, Sequence[float]]) -> None:
    """Each curve, and its name behind its end, where no other name stands."""
    low_to_high = sorted(curves, key=lambda curve: curve[2][-1])
    gap = 0.0
    for at, (name, colour, y) in enumerate(low_to_high):
        axes.plot(x, y, color=colour, linewidth=1.7, solid_joinstyle="round", zorder=3)
        gap = 9.0 if at and y[-1] - low_to_high[at - 1][2][-1] < 0.12 else 0.0
        axes.annotate(
            name, (x[-1], y[-1]), xytext=(7, gap), textcoords="offset points", va="center", color=colour, fontsize=9.5,
            fontweight="bold", annotation_clip=False,
        )  # fmt: skip


def _time(axes: Axes, heard: Sequence[Heard], *, last: bool) -> None:
    """The axis of the days, the nights in grey, and a line where it was told something."""
    axes.set_xlim(0.0, len(DAYS))
    for night in range(len(DAYS) + 1):
        axes.axvspan(night - 1 / 12, night + 7 / 24, color=colours.NIGHT, linewidth=0, zorder=0)
    axes.set_xlim(0.0, len(DAYS))
    for one in heard:
        axes.axvline(one.day, color="#9aa0a8", linewidth=0.7, linestyle=(0, (2, 2)), zorder=1)
    axes.set_xticks([day + 0.5 for day in range(len(DAYS))], DAYS if last else [""] * len(DAYS))
    axes.tick_params(axis="x", length=0)
    if axes.get_ylim()[0] < 0.0:
        axes.axhline(0.0, color="#8a8f98", linewidth=0.7, zorder=1)
    if last:
        axes.set_xlabel("day (nights are grey)", labelpad=4)


def _bare(axes: Axes) -> None:
    axes.set_yticks([])
    axes.set_ylim(0.0, 1.0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _numbers(axes: Axes, heard: Sequence[Heard]) -> None:
    """The numbers of what it was told, beside each other where times are close."""
    _bare(axes)
    taken = -1.0
    for one in heard:
        place = max(one.day, taken + 0.175)
        taken = place
        axes.plot([one.day, place], [-0.12, 0.32], color="#9aa0a8", linewidth=0.7, clip_on=False)
        axes.text(
            place, 0.55, str(one.number), ha="center", va="center", fontsize=8.5, fontweight="bold", color="white",
            bbox={"boxstyle": "circle,pad=0.28", "facecolor": colours.INK, "edgecolor": "none"},
        )  # fmt: skip
    gaps = [(after.day - before.day, before.day, after.day) for before, after in pairwise(heard)]
    _length, begin, end = max(gaps)
    axes.annotate(
        "", (end - 0.15, 0.55), xytext=(begin + 0.35, 0.55), arrowprops={"arrowstyle": "<->", "color": colours.QUIET}
    )
    axes.text(
        (begin + end) / 2 + 0.1, 0.55, "silence", ha="center", va="center", fontsize=8.5, color=colours.QUIET,
        bbox={"boxstyle": "square,pad=0.3", "facecolor": "white", "edgecolor": "none"},
    )  # fmt: skip
    axes.set_ylabel("told", rotation=0, ha="right", va="center", labelpad=8)


def _labels(axes: Axes, moments: Sequence[Moment]) -> None:
    """What the feeling is called: a band a label, its name where it fits."""
    _bare(axes)
    for label, start, width in _bands(moments):
        axes.add_patch(
            Rectangle((start, 0.08), width, 0.84, facecolor=colours.of_label(label), edgecolor="white", linewidth=0.8)
        )
        if _fits(label, width):
            axes.text(start + width / 2, 0.49, label, ha="center", va="center", fontsize=8.5)
    axes.set_ylabel("label", rotation=0, ha="right", va="center", labelpad=8)


def _bands(moments: Sequence[Moment]) -> list[tuple[str, float, float]]:
    """(label, first day, days) as they follow each other."""
    runs = [list(run) for _label, run in groupby(moments, key=lambda moment: moment.label)]
    return [(run[0].label, run[0].day, len(run) * EVERY_MS / DAY_MS) for run in runs]


def _fits(label: str, width: float) -> bool:
    return width > 0.075 * len(label)


def _key(drawn: Figure, moments: Sequence[Moment]) -> None:
    """The labels whose name fits into none of their bands."""
    bands = _bands(moments)
    named = {label for label, _start, width in bands if _fits(label, width)}
    y = 0.1
    for label in sorted({label for label, _start, _width in bands} - named, reverse=True):
        drawn.add_artist(
            Rectangle((LIST, y - 0.008), 0.016, 0.016, facecolor=colours.of_label(label), transform=drawn.transFigure)
        )
        drawn.text(LIST + 0.024, y, label, va="center", fontsize=8.5)
        y += 0.025


def _told(drawn: Figure, heard: Sequence[Heard], top: float) -> None:
    """To the right of the curves: what was told when, and the label right after."""
    left = LIST
    drawn.text(left, top, "What it is told, and the label after", fontweight="bold", va="top")
    y = top - 0.045
    for one in heard:
        lines = textwrap.wrap(f"“{one.text}”", 40)
        hour = (one.day % 1) * 24
        stamp = f"{DAYS[int(one.day)][:3]} {int(hour):02}:{round(hour % 1 * 60):02}"
        drawn.text(
            left + 0.008, y - 0.009, str(one.number), ha="center", va="center", fontsize=7.5, fontweight="bold",
            color="white", bbox={"boxstyle": "circle,pad=0.25", "facecolor": colours.INK, "edgecolor": "none"},
        )  # fmt: skip
        drawn.text(left + 0.024, y, "\n".join(lines), va="top", fontsize=8.5, linespacing=1.25)
        y -= 0.0225 * len(lines)
        drawn.text(left + 0.024, y, f"{stamp}  →  {one.label}", va="top", fontsize=8.5, color=colours.QUIET)
        y -= 0.04
