"""Random characters, lives and events, cut out of random bytes: cheap to make, and hypothesis makes them small.

Here: `Case` and what a law may ask of it. Bytes of zero are the simplest case there is, so whoever shrinks the bytes
shrinks the story. Not here: sentences (sentences.py), and how laws are run (law.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import isfinite
from typing import NoReturn, TypeVar

import msgspec
from msgspec.structs import replace

from molroo_actor.engine import (
    Appraisal,
    Baseline,
    Calibration,
    EmotionConfig,
    Identity,
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
    presets,
    step,
)
from molroo_actor.engine.labels import LABELS
from tests.prop.sentences import GRAMMAR, sentence

T = TypeVar("T")

SIZE = 640
"""Bytes of a case; when they are used up, everything that follows is the simplest."""
TEN_YEARS_MS = 315_576_000_000
SOURCES: tuple[Source, ...] = ("user", "system", "internal")

_UNITS = (0.5, 0.0, 1.0, 0.25, 0.75, 1e-9, 1.0 - 1e-9, 1e-3)
_ON_EDGE = 24  # of 256: how often a number is one of those


class NoCase(Exception):
    """These bytes make nothing that the law speaks of."""


class Case:
    """One random case. Ask for what the law speaks of, in the order in which it speaks of it."""

    def __init__(self, drawn: bytes) -> None:
        self._drawn = drawn
        self._at = 0
        self.story: list[object] = []
        """What was asked for and given: printed when the law breaks."""

    # -- numbers -------------------------------------------------------------------------------------------------------

    def byte(self) -> int:
        at = self._at
        self._at = at + 1
        return self._drawn[at] if at < len(self._drawn) else 0

    def unit(self) -> float:
        """In [0, 1], the edges and the middle more often than chance would have them."""
        high, low = self.byte(), self.byte()
        if high < _ON_EDGE:
            return _UNITS[high & 7]
        return ((high - _ON_EDGE) * 256 + low) / ((256 - _ON_EDGE) * 256 - 1)

    def signed(self) -> float:
        """In [-1, 1]."""
        return 2.0 * self.unit() - 1.0

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> int:
        """From low to high, both among them; the span is below 65536."""
        return low + (self.byte() + 256 * self.byte()) % (high - low + 1)

    def one_of(self, these: Sequence[T]) -> T:
        return these[(self.byte() + 256 * self.byte()) % len(these)]

    def seldom(self, one_in: int) -> bool:
        return self.byte() % one_in == one_in - 1

    def span_ms(self, most: int = TEN_YEARS_MS) -> int:
        """From none to ten years, each order of magnitude as often as the next."""
        if self.byte() < 16:
            return 0
        return min(int(10.0 ** (11.5 * self.unit())), most)

    def none_here(self) -> NoReturn:
        raise NoCase

    # -- who -----------------------------------------------------------------------------------------------------------

    def personality(self) -> Personality:
        return Personality(self.unit(), self.unit(), self.unit(), self.unit(), self.unit(), self.unit())

    def persona(self) -> Persona:
        """A preset or anybody, with any emotion_config and calibration that the wire lets in."""
        if self.seldom(4):
            return self.one_of(_presets())
        config, calibration = EmotionConfig(), Calibration()
        personality = self.personality()
        if self.byte() & 1:
            config = EmotionConfig(
                Baseline(self.signed(), self.unit(), self.signed()) if self.byte() & 1 else None,
                self.between(0.1, 3.0),
                self.between(0.1, 5.0),
                self.unit() if self.byte() & 1 else None,
            )
        if self.byte() & 1:
            calibration = Calibration(
                self.between(0.0, 10.0) if self.byte() & 1 else None,
                self.between(0.0, 0.9) if self.byte() & 1 else None,
                self.between(0.01, 1000.0) if self.seldom(4) else None,
            )
        language = "ko" if self.seldom(4) else "en"
        return Persona(Identity("Mia", language=language), personality, emotion_config=config, calibration=calibration)

    def params(self) -> Params:
        persona = self.persona()
        self.story.append(("persona", persona.personality, persona.emotion_config, persona.calibration))
        return derive(persona)

    # -- what happens --------------------------------------------------------------------------------------------------

    def appraisal(self) -> Appraisal:
        return Appraisal(
            self.unit(),
            self.signed(),
            self.unit(),
            self.unit(),
            self.signed(),
            self.signed(),
            *(self.signed() if self.seldom(4) else None, self.unit() if self.seldom(4) else None),
            self.unit() if self.byte() & 1 else None,
        )

    def reading(self) -> Reading:
        """As an appraiser from outside might give it too: any loss, any evidence."""
        loss = self.unit() if self.seldom(3) else 0.0
        evidence = {self.one_of((*LABELS, "unheard of")): self.unit() for _ in range(self.byte() % 7)}
        aimed = self.unit() if self.seldom(4) else 1.0
        return Reading(self.appraisal(), loss, self.unit(), evidence, aimed)

    def sentence(self, source: Source = "user") -> str:
        return sentence(self.one_of(GRAMMAR[source]), self.one_of)

    def stimulus(self, params: Params, state: State) -> Stimulus:
        """A vector, or now and then a sentence as the character reads it."""
        source = SOURCES[self.byte() % 4 % 3]
        if self.seldom(4):
            text = self.sentence(source)
            self.story.append((source, text))
            return Stimulus(appraise(text, source, params, state), source)
        reading = self.reading()
        self.story.append((source, reading))
        return Stimulus(reading, source)

    # -- what has become of it -----------------------------------------------------------------------------------------

    def character(self) -> tuple[Params, State]:
        """Somebody after a life of a few turns; one life in eight goes through the same thing again and again."""
        params = self.params()
        return params, self.life(params)

    def life(self, params: Params) -> State:
        state = initial_state(params, 0)
        for _ in range(self.byte() % 7):
            stimulus = self.stimulus(params, state)
            span = self.span_ms()
            times = 1 + self.byte() % 24 if self.seldom(8) else 1
            self.story.append((f"{times} times", f"{span} ms before"))
            for _ in range(times):
                state = step(params, state, stimulus, state.at_ms + span).state
        return self._shaken(state) if self.seldom(8) else state

    def _shaken(self, state: State) -> State:
        """The same with body, needs and emotion as no life may ever leave them."""
        changed = {name: self.unit() for name in ("energy", "stress", "autonomy", "competence", "relatedness")}
        changed |= {name: 0.99 * self.signed() for name in ("v", "a", "d", "mv", "ma", "md")}
        changed |= {name: self.unit() for name in ("trust", "rapport", "familiarity", "anxiety", "avoidance")}
        self.story.append(("shaken", changed))
        return replace(state, **changed)


@cache
def _presets() -> tuple[Persona, ...]:
    return tuple(
        Persona(preset.identity, preset.personality, preset.goals, preset.emotion_config)
        for preset in presets().values()
    )


def emotion(state: State) -> tuple[float, float, float]:
    return state.v, state.a, state.d


def felt(params: Params, state: State, appraisal: Appraisal, **changed: float) -> tuple[float, float, float]:
    """The emotion right after an event that is so appraised, or with some of it changed."""
    reading = Reading(replace(appraisal, **changed) if changed else appraisal)
    return emotion(step(params, state, Stimulus(reading), state.at_ms).state)


def numbers(value: object) -> list[float]:
    """Every number anywhere in a value."""
    found: list[float] = []
    left = [msgspec.to_builtins(value)]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            left.extend(part.values())
        elif isinstance(part, list | tuple):
            left.extend(part)
        elif isinstance(part, int | float) and not isinstance(part, bool):
            found.append(part)
    return found


def finite(value: object) -> bool:
    return all(map(isfinite, numbers(value)))
