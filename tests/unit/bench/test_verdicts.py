"""What a run of the bench says of itself: verdicts, the closing summary, the picture; all from a made-up run."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from bench import __main__ as entrance
from bench import floors, picture, results, summary, whole
from bench.floors import FLOORS, Floor
from bench.results import Results

MANY = floors.turns(512, "vector", False)


def made_up(*, short: str = "") -> Results:
    """A run in which everything is reached with room, but what `short` names."""
    out = Results(machine=["2 cores"])
    for floor in FLOORS:
        good, bad = (floor.aim / 2, floor.floor * 3) if floor.at_most else (floor.aim * 2, floor.floor / 3)
        found = [bad if floor.what == short else good] * 3
        if floor.unit == floors.TIMES:
            out.ratio("made up", floor.what, floor.against, found, [1.0] * 3)
        else:
            out.difference("made up", floor.what, floor.against, found, [0.0] * 3, floor.unit)
    for who, per_s in ((floors.SERVER, 9_000.0), (floors.WORKERD, 2_000.0), (floors.ECHO, 30_000.0)):
        out.figure("made up", MANY, who, [per_s, per_s, per_s * 1.5], results.PER_S)
        out.figure("made up", MANY, who, [0.2, 0.3, 0.4], results.CLIENT_SHARE)
        out.figure("made up", MANY, who, [20.0], results.CLIENT_US)
        out.figure("made up", MANY, who, [per_s / 2], results.WRITTEN)
    return out


def _line(out: Results, what: str, against: str) -> str:
    (found,) = [line for line in summary.lines(out) if line.startswith(f"{what}  ") and f" {against}  " in line]
    return found


@pytest.mark.parametrize(
    ("floor", "found", "verdict"),
    [
        (Floor("", "", 4.0, 6.0), 6.0, "aim reached"),
        (Floor("", "", 4.0, 6.0), 5.99, "floor reached"),
        (Floor("", "", 4.0, 6.0), 4.0, "floor reached"),
        (Floor("", "", 4.0, 6.0), 3.99, "SHORT"),
        (Floor("", "", 1.5, 1.1, at_most=True), 1.1, "aim reached"),
        (Floor("", "", 1.5, 1.1, at_most=True), 1.5, "floor reached"),
        (Floor("", "", 1.5, 1.1, at_most=True), 1.51, "SHORT"),
    ],
)
def test_a_figure_on_the_mark_has_reached_it_and_one_beyond_is_short(floor: Floor, found: float, verdict: str) -> None:
    assert floor.verdict(found) == verdict


def test_a_ratio_is_of_the_rounds_that_ran_beside_each_other() -> None:
    # The machine was three times slower in the second round, for both: nothing of that is in the ratio.
    found = Results().ratio("turns", MANY, floors.WORKERD, [8_000.0, 2_500.0, 8_200.0], [2_000.0, 500.0, 2_000.0])
    assert (found.median, found.low, found.high, found.verdict) == (4.1, 4.0, 5.0, "floor reached")


def test_the_summary_names_every_figure_to_reach_also_what_was_not_measured() -> None:
    told = summary.lines(made_up())
    assert [line for line in told if line.endswith("aim reached")] == told[2 : 2 + len(FLOORS)]
    nothing = summary.lines(Results())
    assert [line for line in nothing if line.endswith("not measured")] == nothing[2 : 2 + len(FLOORS)]


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: f"{floor.what} × {floor.against}")
def test_what_is_short_says_so_and_nothing_else_does(floor: Floor) -> None:
    out = made_up(short=floor.what)
    assert _line(out, floor.what, floor.against).endswith("SHORT")
    assert {line.split("  ")[0] for line in summary.lines(out) if line.endswith("SHORT")} == {floor.what}


def test_the_summary_shows_floor_aim_median_and_the_ends_of_the_rounds() -> None:
    out = Results()
    out.ratio("turns", MANY, floors.WORKERD, [4.5, 3.0, 5.25], [1.0, 1.0, 1.0])
    assert (
        _line(out, MANY, floors.WORKERD).split()[-12:] == "≥ 4 × ≥ 6 × 4.50 × 3.00 to 5.25 floor reached".split()[-12:]
    )


def test_beside_the_floors_stand_bytes_written_and_what_the_client_can_do() -> None:
    told = summary.lines(made_up())
    assert f"{MANY}, bytes written a turn: this server 4,500, workerd 1,000" in told
    assert (
        "load client against the bare echo, 512 sockets: 30,000 turns/s; it takes 20 µs of its core a turn, enough for"
        " 50,000/s"
    ) in told
    assert any(line.startswith("load client: at most 40% of a core") and "not the bottleneck" in line for line in told)


def test_a_client_that_fills_its_core_in_a_single_round_is_named() -> None:
    out = made_up()
    out.figure("turns", "1 socket", floors.WORKERD, [0.2, 0.2, 0.97], results.CLIENT_SHARE)
    (told,) = [line for line in summary.lines(out) if line.startswith("load client: at most")]
    assert told == (
        "load client: at most 97% of a core in any round of this server and workerd (workerd, 1 socket):"
        " IT MAY BE THE BOTTLENECK"
    )


def test_a_kept_run_is_told_and_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = made_up(short=MANY)
    kept, png = tmp_path / "run.json", tmp_path / "docs" / "bench.png"
    kept.write_bytes(msgspec.json.encode(out))
    monkeypatch.setattr(sys, "argv", ["bench", "--redraw", str(kept), "--png", str(png)])
    assert entrance.main() == 0
    assert capsys.readouterr().out.splitlines() == ["2 cores", *summary.lines(out)]
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_run_that_lacks_a_part_does_not_end_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, kept = made_up(), tmp_path / "run.json"

    def broken() -> None:
        raise TimeoutError("process 1 is not quiet")

    whole._part("memory", broken, out)
    kept.write_bytes(msgspec.json.encode(out))
    monkeypatch.setattr(sys, "argv", ["bench", "--redraw", str(kept)])
    assert entrance.main() == 1
    assert summary.lines(out)[-1] == "FAILED: memory: process 1 is not quiet"


def test_the_picture_shows_each_ratio_with_its_floor_and_its_aim() -> None:
    more, _, less, _ = picture.figure(made_up(short=MANY)).axes
    for axes, at_most in ((more, False), (less, True)):
        drawn = [floor for floor in FLOORS if floor.at_most == at_most and floor.unit == floors.TIMES]
        assert [label.get_text() for label in axes.get_yticklabels()] == [f"{f.what}\n× {f.against}" for f in drawn]
        assert _marks(axes) == [mark for floor in drawn for mark in (floor.floor, floor.aim)]
        colours = [picture.SHORT if floor.what == MANY else picture.REACHED for floor in drawn]
        assert [to_hex(bar.get_facecolor()) for bar in _bars(axes)] == colours


def test_the_picture_begins_its_bars_at_zero_and_draws_the_ends_of_the_rounds() -> None:
    turns = picture.figure(made_up()).axes[1]
    assert turns.get_xlim()[0] == 0
    assert [bar.get_width() for bar in _bars(turns)] == [9_000.0, 2_000.0, 30_000.0]
    ends = [tuple(path.vertices[:, 0]) for each in _lines(turns) for path in each.get_paths()]
    assert ends == [(9_000.0, 13_500.0), (2_000.0, 3_000.0), (30_000.0, 45_000.0)]


def _bars(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def _lines(axes: Axes) -> list[LineCollection]:
    return [each for each in axes.collections if isinstance(each, LineCollection)]


def _marks(axes: Axes) -> list[float]:
    """Where the upright lines stand."""
    paths = [path.vertices for each in _lines(axes) for path in each.get_paths()]
    return [float(ends[0][0]) for ends in paths if ends[0][1] != ends[1][1]]
