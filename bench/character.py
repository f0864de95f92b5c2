"""One character without a server: what a turn costs when it is only decoded and felt. The one place that knows the
engine's entrances.
"""

from __future__ import annotations

import time

from molroo_actor import engine
from molroo_actor.protocol import commands, messages, record, views

PRESET = "cheerful_companion"


class Character:
    """A persona and its state, kept in memory, moved on by one message at a time."""

    def __init__(self) -> None:
        preset = engine.presets()[PRESET]
        persona = engine.Persona(preset.identity, preset.personality, preset.goals, preset.emotion_config)
        self.params = engine.derive(persona)
        self.state = engine.initial_state(self.params, self._now_ms())

    def hear(self, message: bytes) -> engine.Outcome:
        """Decode a WebSocket message as the server does, and take its turn."""
        command = commands.exact_frame(message)
        assert command is not None, "the bench spells its turns as the reference does"
        told = command.input
        if told.appraisal is not None:
            return self.feel(engine.Reading(told.appraisal))
        return self.feel(self.read(told.message or ""))

    def turn(self, message: bytes) -> bytes:
        """Everything of a turn but disk and socket: decoded, felt, its row and its answer encoded."""
        outcome = self.hear(message)
        result = outcome.result
        record.encode_record(record.Record(self._now_ms(), outcome.state, result))
        record.encode_appraisal(result.appraisal)
        record.encode_emotion(result.new_emotion)
        return messages.turn_result(1, views.socket_turn(result, None))

    def read(self, text: str) -> engine.Reading:
        """What a text means to the character now."""
        return engine.appraise(text, "user", self.params, self.state)

    def feel(self, reading: engine.Reading) -> engine.Outcome:
        """One turn of the engine; the new state is kept."""
        outcome = engine.step(self.params, self.state, engine.Stimulus(reading), self._now_ms())
        self.state = outcome.state
        return outcome

    def prompt(self) -> engine.PromptData:
        """What a model would be told now."""
        return engine.render_prompt(self.params, self.state, None)

    @staticmethod
    def _now_ms() -> int:
        return time.time_ns() // 1_000_000
