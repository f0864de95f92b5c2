"""An average character and short ways to talk to it, for all tests of the engine."""

from collections.abc import Callable

import pytest

from molroo_actor.engine import (
    Identity,
    Outcome,
    Params,
    Persona,
    Personality,
    Reading,
    Source,
    State,
    Stimulus,
    appraise,
    derive,
    initial_state,
    step,
)

MINUTE_MS = 60_000


@pytest.fixture(scope="session")
def params() -> Params:
    """The average person: every trait at one half."""
    return derive(Persona(Identity("Mia"), Personality(0.5, 0.5, 0.5, 0.5, 0.5)))


@pytest.fixture
def fresh(params: Params) -> State:
    return initial_state(params, 0)


@pytest.fixture
def tell(params: Params, fresh: State) -> Callable[..., Outcome]:
    """tell("text", …): one turn a minute from a fresh state, or from `state`; the outcome of the last."""

    def tell(*texts: str | Reading, source: Source = "user", state: State | None = None) -> Outcome:
        now = state or fresh
        outcome = None
        for text in texts:
            reading = appraise(text, source, params, now) if isinstance(text, str) else text
            outcome = step(params, now, Stimulus(reading, source), now.at_ms + MINUTE_MS)
            now = outcome.state
        assert outcome is not None
        return outcome

    return tell
