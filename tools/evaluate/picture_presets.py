"""One conversation, five characters: the same words, and what each of them makes of it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from molroo_actor import engine
from tools.evaluate import colours
from tools.evaluate.character import MINUTE_MS, Character, preset

PRESETS = ("cheerful_companion", "stoic_mentor", "anxious_helper", "playful_trickster", "empathetic_listener")
TALK = (
    "Hey, good to see you again!",
    "You helped me so much last week, thank you",
    "Haha you dork, I love how silly you are",
    "Sorry, but that was a stupid idea of yours",
    "You are useless and I hate talking to you",
    "My dog died this morning",
    "I'm so sorry I yelled at you, that was wrong of me",
    "I love talking to you. Friends?",
)
_AROUSAL = LinearSegmentedColormap.from_list("arousal", ["#9db7cc", "#f0c35a", "#d1604d"])
_RANGE = Normalize(0.3, 0.85)


def talk(name: str) -> list[engine.TurnResult]:
    """The conversation with one preset, two minutes between turns."""
    one = Character(preset(name))
    return [one.hear(text, after_ms=2 * MINUTE_MS).result for text in TALK]


def figure() -> Figure:
    drawn = Figure(figsize=(13.5, 7.4))
    grid = drawn.add_gridspec(
        1, 1 + len(PRESETS), width_ratios=(1.35, *[1.0] * len(PRESETS)), wspace=0.07,
        left=0.02, right=0.985, top=0.82, bottom=0.155,
    )  # fmt: skip
    drawn.text(0.02, 0.945, "One conversation, five characters", fontsize=17, fontweight="bold")
    drawn.text(
        0.02, 0.908, "the same eight messages, two minutes apart, to five of the built-in presets", color=colours.QUIET
    )
    words = drawn.add_subplot(grid[0, 0])
    _words(words)
    for at, name in enumerate(PRESETS, 1):
        _column(drawn.add_subplot(grid[0, at]), name, talk(name))
    _keys(drawn)
    return drawn


def _words(axes: Axes) -> None:
    _rows(axes)
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.patch.set_visible(False)
    for turn, text in enumerate(TALK):
        axes.text(0.0, turn, str(turn + 1), va="center", fontweight="bold", color=colours.QUIET)
        axes.text(0.08, turn, "\n".join(textwrap.wrap(f"“{text}”", 30)), va="center", fontsize=9.2, linespacing=1.25)


def _rows(axes: Axes) -> None:
    """Time runs down, a band a turn."""
    axes.set_ylim(len(TALK) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _column(axes: Axes, name: str, results: Sequence[engine.TurnResult]) -> None:
    _rows(axes)
    for turn in range(0, len(TALK), 2):
        axes.axhspan(turn - 0.5, turn + 0.5, color=colours.NIGHT, linewidth=0, zorder=0)
    axes.axvline(0.0, color="#8a8f98", linewidth=0.8, zorder=1)
    axes.set_xlim(-1.0, 1.0)
    axes.set_xticks((-0.5, 0.0, 0.5), ("−.5", "0", ".5"))
    axes.set_xlabel("valence −1 … 1")
    v = [result.new_emotion.V for result in results]
    axes.plot(v, range(len(v)), color="#b3b8bf", linewidth=1.4, zorder=2)
    for turn, result in enumerate(results):
        band = "white" if turn % 2 else colours.NIGHT
        axes.scatter(
            [v[turn]], [turn], s=40.0 + 420.0 * result.emotion_intensity, color=_AROUSAL(_RANGE(result.new_emotion.A)),
            edgecolor="white", linewidth=1.0, zorder=3,
        )  # fmt: skip
        right = v[turn] < 0.0
        axes.annotate(
            result.discrete_emotion.primary, (v[turn], turn), xytext=(14 if right else -14, 0),
            textcoords="offset points", ha="left" if right else "right", va="center", fontsize=8.8, zorder=4,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": band, "edgecolor": "none"},
        )  # fmt: skip
    made = engine.presets()[name]
    axes.set_title(made.name, fontsize=11, fontweight="bold", pad=22)
    traits = made.personality
    axes.text(
        0.5, 1.012, f"E {traits.E:.2f}  A {traits.A:.2f}  N {traits.N:.2f}", transform=axes.transAxes, ha="center",
        va="bottom", fontsize=8.3, color=colours.QUIET,
    )  # fmt: skip


def _keys(drawn: Figure) -> None:
    """Below the columns: what colour and size mean."""
    bar = drawn.add_axes((0.30, 0.052, 0.22, 0.018))
    drawn.colorbar(ScalarMappable(_RANGE, _AROUSAL), cax=bar, orientation="horizontal", extend="both")
    bar.tick_params(labelsize=8, length=2)
    drawn.text(0.29, 0.061, "arousal (colour, 0 … 1)", ha="right", va="center")
    sizes = drawn.add_axes((0.71, 0.03, 0.27, 0.06))
    sizes.axis("off")
    sizes.set(xlim=(0.0, 1.0), ylim=(-1.0, 1.0))
    for place, intensity in ((0.05, 0.1), (0.30, 0.5), (0.58, 0.9)):
        sizes.scatter([place], [0.0], s=40.0 + 420.0 * intensity, color="#b3b8bf", edgecolor="white")
        sizes.text(place + 0.075, 0.0, f"{intensity:.1f}", va="center", fontsize=8.5)
    drawn.text(0.70, 0.061, "intensity (size, 0 … 1)", ha="right", va="center")
