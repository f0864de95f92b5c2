"""Acts and events of games, as vectors: what each does to each persona.

Every persona starts fresh and receives all acts in the order of the file with no time between; every event of a game
meets a fresh average person. An entry that cannot be read is named and left out.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from molroo_actor import engine
from tools.evaluate.character import Character, average, personality
from tools.evaluate.gates import ACTS_DIRECTION, ACTS_LABELS, ACTS_NEUROTICISM, GAMES, Found

FILE = "acts_public.json"
_POSITIVE = "joy excitement contentment love gratitude pride amusement relief trust calm hope".split()
_NEGATIVE = (
    "anger annoyance fear anxiety sadness loneliness hurt disappointment disgust contempt shame guilt embarrassment "
    "numbness".split()
)


class Person(msgspec.Struct, frozen=True):
    """A personality by its name."""

    id: str
    personality: engine.Personality


class Act(msgspec.Struct, frozen=True):
    """A vector, and the label that its author expects."""

    act: str
    target: str
    appraisal: engine.Appraisal


class Event(msgspec.Struct, frozen=True):
    """A vector, and the signs of change that a designer expects."""

    event: str
    appraisal: engine.Appraisal
    sign_of_change: dict[Literal["V", "A", "D"], Literal["+", "-"]]


@dataclass
class Acts:
    """What a file holds, and what is wrong with it."""

    personas: list[Person] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    games: list[Event] = field(default_factory=list)
    positive_acts: list[str] = field(default_factory=list)
    negative_acts: list[str] = field(default_factory=list)
    positive_labels: list[str] = field(default_factory=lambda: list(_POSITIVE))
    negative_labels: list[str] = field(default_factory=lambda: list(_NEGATIVE))
    problems: list[str] = field(default_factory=list)


_Entry = TypeVar("_Entry", Person, Act, Event)


def read(path: Path) -> Acts:
    """Everything that can be read; what cannot is a problem that names its place."""
    out = Acts()
    try:
        whole = msgspec.json.decode(path.read_bytes(), type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        out.problems.append(f"{path.name}: {wrong}")
        return out
    out.personas = _entries(whole, "personas", Person, out.problems)
    out.acts = _entries(whole, "acts", Act, out.problems)
    out.games = _entries(whole, "games", Event, out.problems)
    for name in ("positive_acts", "negative_acts", "positive_labels", "negative_labels"):
        if name in whole:
            try:
                setattr(out, name, msgspec.convert(whole[name], list[str]))
            except msgspec.ValidationError as wrong:
                out.problems.append(f"{name}: {wrong}")
    return out


def _entries(whole: dict[str, object], key: str, kind: type[_Entry], problems: list[str]) -> list[_Entry]:
    entries = whole.get(key, [])
    if not isinstance(entries, list):
        problems.append(f"{key}: a list is expected")
        return []
    out: list[_Entry] = []
    for number, entry in enumerate(entries):
        try:
            out.append(msgspec.convert(entry, kind))
        except msgspec.ValidationError as wrong:
            problems.append(f"{key}[{number}]: left out: {wrong}")
    return out


@dataclass(frozen=True)
class Felt:
    """What one act did to one persona."""

    person: Person
    act: Act
    label: str
    intensity: float


@dataclass
class Measured:
    """A whole file felt. `signs`: (event, axis, expected, change)."""

    file: Acts
    felt: list[Felt]
    signs: list[tuple[str, str, str, float]]
    name: str

    @property
    def problems(self) -> list[str]:
        return self.file.problems

    def found(self) -> list[Found]:
        """The three gates of the acts."""
        hits = [felt.label == felt.act.target for felt in self.felt]
        right = [self.direction(felt) for felt in self.felt if felt.act.act in self._directed()]
        n, intensity = self._by_persona()
        r = _pearson(n, intensity)
        return [
            Found(ACTS_LABELS, _share(hits), f"{self.name}: {sum(hits)} of {len(hits)}"),
            Found(ACTS_DIRECTION, _share(right), f"{self.name}: {sum(right)} of {len(right)}"),
            Found(ACTS_NEUROTICISM, r, f"{self.name}: {len(n)} personas"),
        ]

    def found_games(self) -> list[Found]:
        """The gate of the games."""
        held = [(change > 0.0) == (sign == "+") and change != 0.0 for _event, _axis, sign, change in self.signs]
        note = f"{self.name}: {sum(held)} of {len(held)} signs of {len(self.file.games)} events"
        return [Found(GAMES, _share(held), note)]

    def direction(self, felt: Felt) -> bool:
        """A positive act ends in no negative label, a negative one in no positive label."""
        if felt.act.act in self.file.positive_acts:
            return felt.label not in self.file.negative_labels
        return felt.label not in self.file.positive_labels

    def by_act(self) -> list[str]:
        """One row an act: its target and what each persona felt instead."""
        rows = []
        for act in self.file.acts:
            felt = [one for one in self.felt if one.act is act]
            hits = sum(one.label == act.target for one in felt)
            rows.append(f"  {act.act:<12} {act.target:<14} {hits:>3} of {len(felt)}")
        return rows

    def by_persona(self) -> list[str]:
        """One row a persona: hits and mean intensity."""
        rows = []
        for person in self.file.personas:
            felt = [one for one in self.felt if one.person is person]
            hits = sum(one.label == one.act.target for one in felt)
            mean = statistics.fmean(one.intensity for one in felt) if felt else 0.0
            rows.append(
                f"  {person.id:<12} N {person.personality.N:.2f}   {hits:>3} of {len(felt)}   mean intensity {mean:.2f}"
            )
        return rows

    def failures(self) -> list[str]:
        """What missed its target or its direction."""
        return [
            f"  {one.person.id} {one.act.act}: {one.label} instead of {one.act.target}"
            + ("" if one.act.act not in self._directed() or self.direction(one) else "   WRONG DIRECTION")
            for one in self.felt
            if one.label != one.act.target
        ]

    def failures_of_games(self) -> list[str]:
        """Signs that did not come."""
        return [
            f"  {event}: Δ{axis} {change:+.3f}, expected {sign}"
            for event, axis, sign, change in self.signs
            if (change > 0.0) != (sign == "+") or change == 0.0
        ]

    def _directed(self) -> set[str]:
        return {*self.file.positive_acts, *self.file.negative_acts}

    def _by_persona(self) -> tuple[list[float], list[float]]:
        n, means = [], []
        for person in self.file.personas:
            felt = [one.intensity for one in self.felt if one.person is person]
            if felt:
                n.append(person.personality.N)
                means.append(statistics.fmean(felt))
        return n, means


def measure(path: Path, name: str) -> Measured:
    """Feels every act and event of the file; `name` is what the figures are said to be measured on."""
    file = read(path)
    felt = []
    for person in file.personas:
        character = Character(personality(person.personality))
        for act in file.acts:
            result = character.feel(act.appraisal).result
            felt.append(Felt(person, act, result.discrete_emotion.primary, result.emotion_intensity))
    signs: list[tuple[str, str, str, float]] = []
    for event in file.games:
        change = Character(average()).feel(event.appraisal).result.emotion_delta
        signs.extend((event.event, axis, sign, getattr(change, axis)) for axis, sign in event.sign_of_change.items())
    return Measured(file, felt, signs, name)


def _share(held: Sequence[bool]) -> float | None:
    return sum(held) / len(held) if held else None


def _pearson(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """None for fewer than three, or when either does not vary."""
    if len(xs) < 3 or len(set(xs)) < 2 or len(set(ys)) < 2:
        return None
    return statistics.correlation(xs, ys)
