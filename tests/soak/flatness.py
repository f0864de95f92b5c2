"""Whether a figure stays where it is: a robust slope and a bound for each kind of figure. Numbers in, verdicts out.

A slope is Theil-Sen's, the median over all pairs of points: a third of the points may be anything. A window that is
short against an hour makes noise look like growth; so each bound on growth an hour stands beside a rise that is small
enough to be noise, whatever it comes to in an hour.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

HOUR_S = 3600.0
MIB = 1024.0 * 1024.0
MEMORY_PER_HOUR = 0.10
"""Of the level: what grows by less doubles in no less than seven hours, and shows in a longer run."""
MEMORY_NOISE = 1.0 * MIB
"""A rise over the whole window that the allocator makes by itself."""
LAG_NOISE_S = 0.010
"""A neighbour on the machine does as much."""
HANDLES_NOISE = 2
"""A file that is being folded and the connection that asks, at the moment of looking."""
THREADS_NOISE = 0

Points = Sequence[tuple[float, float]]
"""(seconds, value), in order."""


@dataclass(frozen=True)
class Verdict:
    """One line of the table."""

    what: str
    first: str
    last: str
    change: str
    bound: str
    flat: bool


def slope(points: Points) -> float:
    """Change a second; 0 for fewer than two moments."""
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1]
    return statistics.median(slopes) if slopes else 0.0


def second_half(points: Points) -> Points:
    """What comes after the warm-up: the later half of the time, but never fewer than the last three points."""
    if not points:
        return points
    middle_s = (points[0][0] + points[-1][0]) / 2
    late = [point for point in points if point[0] >= middle_s]
    return late if len(late) >= 3 else points[-3:]


def memory(what: str, points: Points) -> Verdict:
    """Bytes: the second half of the time must not grow, extrapolated to an hour, by more than a share of the level."""
    late = second_half(points)
    level = statistics.median(value for _, value in late)
    each_s = slope(late)
    rise = each_s * (late[-1][0] - late[0][0])
    share = each_s * HOUR_S / level
    return Verdict(
        what,
        f"{late[0][1] / MIB:.1f} MiB",
        f"{late[-1][1] / MIB:.1f} MiB",
        f"{rise / MIB:+.2f} MiB, {share:+.0%}/h",
        f"+{MEMORY_PER_HOUR:.0%}/h or +{MEMORY_NOISE / MIB:.0f} MiB",
        share <= MEMORY_PER_HOUR or rise <= MEMORY_NOISE,
    )


def back(what: str, points: Points, noise: int) -> Verdict:
    """A count at rest: after every cycle it comes back to what it was after the first ones."""
    half = max(1, len(points) // 2)
    before = max(value for _, value in points[:half])
    after = statistics.median(value for _, value in points[half:] or points)
    return Verdict(
        what, f"{before:.0f}", f"{after:.0f}", f"{after - before:+.0f}", f"+{noise}", after <= before + noise
    )


def lag(what: str, points: Points) -> Verdict:
    """Seconds, one point a cycle: must not rise by more than it was in the first half, or than noise."""
    rise = slope(points) * (points[-1][0] - points[0][0])
    bound = max(LAG_NOISE_S, statistics.median(value for _, value in points[: max(1, len(points) // 2)]))
    return Verdict(
        what,
        f"{points[0][1] * 1000:.1f} ms",
        f"{points[-1][1] * 1000:.1f} ms",
        f"{rise * 1000:+.1f} ms",
        f"+{bound * 1000:.0f} ms",
        rise <= bound,
    )


def under(what: str, values: Sequence[float], limit: float, unit: float = 1.0) -> Verdict:
    """A size that has a limit: it must never come to it."""
    highest = max(values, default=0.0)
    return Verdict(
        what,
        f"{values[0] / unit:.1f}" if values else "-",
        f"{values[-1] / unit:.1f}" if values else "-",
        f"highest {highest / unit:.1f}",
        f"< {limit / unit:.0f}",
        highest < limit,
    )
