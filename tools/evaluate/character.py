"""The character that is measured: a persona with its state, moved on by texts and vectors at named times. The one
place here that knows the engine's entrances.
"""

from __future__ import annotations

from molroo_actor import engine

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def average() -> engine.Params:
    """The average person: every trait at one half, no goals."""
    return personality(engine.Personality(0.5, 0.5, 0.5, 0.5, 0.5))


def personality(traits: engine.Personality) -> engine.Params:
    """A persona that is nothing but its traits."""
    return engine.derive(engine.Persona(engine.Identity("Mia"), traits))


def preset(name: str) -> engine.Params:
    """A built-in persona."""
    made = engine.presets()[name]
    return engine.derive(engine.Persona(made.identity, made.personality, made.goals, made.emotion_config))


class Character:
    """Fresh at time 0; every turn moves it on. `state` is the newest, `at_ms` its time."""

    def __init__(self, params: engine.Params) -> None:
        self.params = params
        self.state = engine.initial_state(params, 0)

    @property
    def at_ms(self) -> int:
        return self.state.at_ms

    def hear(self, text: str, source: engine.Source = "user", after_ms: int = 0) -> engine.Outcome:
        """A turn from words, `after_ms` after the last."""
        now_ms = self.at_ms + after_ms
        then = engine.flow(self.params, self.state, now_ms)
        return self._turn(engine.appraise(text, source, self.params, then), source, now_ms)

    def feel(
        self, appraisal: engine.Appraisal, source: engine.Source = "user", after_ms: int = 0, loss: float = 0.0
    ) -> engine.Outcome:
        """A turn from a vector, as a client may send it, `after_ms` after the last; `loss` as an appraiser adds it."""
        return self._turn(engine.Reading(appraisal, loss), source, self.at_ms + after_ms)

    def look(self, after_ms: int = 0) -> engine.StateReport:
        """How it is `after_ms` after the last turn; changes nothing."""
        return engine.observe(self.params, self.state, self.at_ms + after_ms)

    def _turn(self, reading: engine.Reading, source: engine.Source, now_ms: int) -> engine.Outcome:
        outcome = engine.step(self.params, self.state, engine.Stimulus(reading, source), now_ms)
        self.state = outcome.state
        return outcome
