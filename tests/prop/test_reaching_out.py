"""The planned moment against brute force: `wanted` asked again and again until something is.

Over characters that came to their states through turns, all preferences, and time scales from a thousandth on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hypothesis import given, note, settings
from hypothesis import strategies as st

from molroo_actor.engine import Params, State, flow
from molroo_actor.engine.overflow import FAR_MS
from molroo_actor.engine.proactive import TRIGGER_OF
from molroo_actor.protocol.commands import Preferences, QuietHours, Triggers
from molroo_actor.protocol.outreach import Outreach
from molroo_actor.runtime.reaching_out import Span, consider, plan, wanted
from tests.prop.test_crossings import cases

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 1, 30, 59)))
zones = st.sampled_from(("UTC", "Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"))
preferences = st.builds(
    Preferences,
    enabled=st.just(True),
    triggers=st.builds(Triggers, st.booleans(), st.booleans(), st.booleans()) | st.just(Triggers()),
    cooldown_hours=st.just(0.0) | st.floats(0, 48) | st.floats(0, 87_660),
    max_daily=st.none() | st.integers(1, 3),
    quiet_hours=st.none() | st.builds(QuietHours, times, times, zones),
)
walls = st.integers(1_764_547_200_000, 1_796_083_200_000)  # any moment of 2026: clocks are changed in it


class Story(NamedTuple):
    """What `plan` is asked."""

    params: Params
    preferences: Preferences
    outreach: Outreach
    state: State
    span: Span

    def wanted_at(self, wall_ms: int) -> bool:
        now = flow(self.params, self.state, self.span.session_at(wall_ms))
        return wanted(self.params, self.preferences, self.outreach, self.state, now, wall_ms) is not None


@st.composite
def stories(draw: st.DrawFn) -> Story:
    params, state, _, spent, _ = draw(cases())
    wall_ms = draw(walls)
    ago = st.integers(0, HOUR_MS) | st.integers(0, 30 * HOUR_MS)
    fired = tuple(sorted(wall_ms - each for each in draw(st.lists(ago, max_size=4))))
    span = Span(state.at_ms, wall_ms, draw(st.sampled_from((1.0, 1.0, 60.0, 3_600.0, 0.1, 0.001))))
    known = tuple(reason for reason in spent if reason in TRIGGER_OF)
    return Story(params, draw(preferences), Outreach(fired_ms=fired, spent=known), state, span)


def _moments(story: Story, due_ms: int | None) -> Iterator[int]:
    """Minute by minute for a day, then by hours, then by days; and closer and closer before `due_ms`."""
    start_ms = story.span.wall_ms
    for width_ms, count in ((SECOND_MS, 90), (MINUTE_MS, 1_440), (HOUR_MS, 24 * 14), (DAY_MS, 100)):
        yield from range(start_ms, start_ms + width_ms * count, width_ms)
    if due_ms is not None:
        for width_ms, count in ((MINUTE_MS, 60), (SECOND_MS, 90), (50, 20)):
            yield from range(due_ms - width_ms * count, due_ms, width_ms)


@settings(max_examples=60, deadline=None)
@given(stories())
def test_the_plan_is_the_first_moment_at_which_something_is_wanted(story: Story) -> None:
    due_ms = plan(*story)
    note(f"planned {due_ms}")
    if due_ms is not None:
        assert due_ms >= story.span.wall_ms
        assert story.wanted_at(due_ms)
    # The engine's crossing is exact to a few ms of the session: looked for is what is earlier by more than that.
    slack_ms = 1 + round(20 / story.span.scale)
    for wall_ms in sorted(set(_moments(story, due_ms))):
        if wall_ms < story.span.wall_ms or (due_ms is not None and wall_ms > due_ms - slack_ms):
            continue
        if story.span.session_at(wall_ms) - story.state.at_ms > FAR_MS:
            break  # beyond ten years of the character's time nothing is planned
        if story.wanted_at(wall_ms):
            assert _lasts_too_short(story, wall_ms), f"wanted at {wall_ms} already"


def _lasts_too_short(story: Story, wall_ms: int) -> bool:
    """Whether it is over within a second of the session: the solution may pass such an overflow over."""
    return not story.wanted_at(story.span.wall_at(story.span.session_at(wall_ms) + SECOND_MS))


@settings(max_examples=60, deadline=None)
@given(stories())
def test_at_the_planned_moment_it_fires_and_not_a_moment_before(story: Story) -> None:
    due_ms = plan(*story)
    if due_ms is None:
        return
    params, preferences, outreach, state, span = story
    for at_ms in {max(span.wall_ms, due_ms - 1), due_ms}:
        now = Span(span.session_at(at_ms), at_ms, span.scale)
        verdict = consider(params, preferences, outreach, state, now, 2, "0" * 32, 72.0, "Hello?")
        if at_ms == due_ms:
            assert verdict.fired is not None
        else:
            assert verdict.fired is not None or (
                verdict.due_ms is not None and 0 <= verdict.due_ms - due_ms <= 1 / span.scale  # an ms of the session
            )
