"""Chat lines: what a character is told or what happens to it, with the signs and labels that a reader expects.

Here: reading them (a line that cannot be read is named and left out) and telling each to a fresh average person.
Not here: what a constraint means (constraints.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from molroo_actor import engine
from molroo_actor.engine.labels import LABELS
from tools.evaluate import constraints
from tools.evaluate.character import HOUR_MS, Character, average
from tools.evaluate.gates import CHAT_LABELS, CHAT_SIGNS, Found

FILE = "chat_public.jsonl"


class Line(msgspec.Struct, frozen=True):
    """One line of the file. `history` is narrated to the character an hour before; fields beyond these are ignored."""

    text: str
    id: str = ""
    source: engine.Source = "user"
    category: str = "none"
    constraints: list[str] = []
    labels: list[str] = []
    history: str | list[str] | None = None

    @property
    def before(self) -> Sequence[str]:
        if not self.history:
            return ()
        return [self.history] if isinstance(self.history, str) else self.history


@dataclass
class Lines:
    """What a file holds, and what is wrong with it."""

    lines: list[Line] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


_DECODER = msgspec.json.Decoder(Line)


def read(path: Path) -> Lines:
    """Every line that can be read; what cannot is a problem that names file and line."""
    out = Lines()
    for number, raw in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not raw.strip():
            continue
        place = f"{path.name}:{number}"
        try:
            line = _DECODER.decode(raw)
        except msgspec.DecodeError as wrong:
            out.problems.append(f"{place}: left out: {wrong}")
            continue
        except UnicodeDecodeError as wrong:
            out.problems.append(f"{place}: left out: not UTF-8: {wrong}")
            continue
        if not line.constraints and not line.labels:
            out.problems.append(f"{place}: left out: neither constraints nor labels")
            continue
        unknown = sorted(set(line.labels).difference(LABELS))
        if unknown:
            out.problems.append(f"{place}: the engine has no label {', '.join(map(repr, unknown))}")
        out.lines.append(line if line.id else msgspec.structs.replace(line, id=f"line {number}"))
    return out


@dataclass(frozen=True)
class Told:
    """One line told: (constraint, holds, what was seen), the label found, and whether it is acceptable.

    `acceptable` None: the line names no labels. `raised`: what the engine raised; then nothing holds.
    """

    line: Line
    signs: Sequence[tuple[str, bool, float]]
    label: str
    acceptable: bool | None
    raised: str = ""


def tell(line: Line, params: engine.Params, problems: list[str]) -> Told:
    """A fresh session for the line. A constraint in an unknown spelling is added to the problems and not counted."""
    parsed = []
    for text in line.constraints:
        try:
            parsed.append(constraints.parse(text))
        except constraints.NotUnderstood as wrong:
            problems.append(f"{line.id}: {wrong}")
    character = Character(params)
    try:
        for text in line.before:
            character.hear(text, "system")
        result = character.hear(line.text, line.source, HOUR_MS if line.before else 0).result
    except Exception as wrong:  # noqa: BLE001 - whatever the engine raises is a finding about this line
        problems.append(f"{line.id}: the engine raised {wrong!r}")
        failed = False if line.labels else None
        return Told(line, [(one.text, False, float("nan")) for one in parsed], "–", failed, repr(wrong))
    label = result.discrete_emotion.primary
    signs = [(one.text, one.holds(result), one.seen(result)) for one in parsed]
    return Told(line, signs, label, label in line.labels if line.labels else None)


@dataclass
class Measured:
    """A whole file told."""

    told: list[Told]
    problems: list[str]
    name: str

    def found(self) -> list[Found]:
        """The two gates. Shares are of all constraints, not of lines."""
        signs = [holds for told in self.told for _text, holds, _seen in told.signs]
        labels = [told.acceptable for told in self.told if told.acceptable is not None]
        return [
            Found(CHAT_SIGNS, share(signs), f"{self.name}: {sum(signs)} of {len(signs)} in {len(self.told)} lines"),
            Found(CHAT_LABELS, share(labels), f"{self.name}: {sum(labels)} of {len(labels)} lines"),
        ]

    def by(self, key: Callable[[Line], str]) -> list[str]:
        """One row a group: signs and labels as shares, the worst first."""
        groups: dict[str, list[Told]] = defaultdict(list)
        for told in self.told:
            groups[key(told.line)].append(told)
        rows = []
        for group, members in groups.items():
            signs = [holds for told in members for _text, holds, _seen in told.signs]
            labels = [told.acceptable for told in members if told.acceptable is not None]
            row = f"  {group:<22}{len(members):>4} lines   signs {shown(signs)}   labels {shown(labels)}"
            rows.append((sum(signs) + sum(labels) - len(signs) - len(labels), group, row))
        return [row for _lost, _group, row in sorted(rows)]

    def by_constraint(self) -> list[str]:
        """One row a constraint as it is spelt."""
        groups: dict[str, list[bool]] = defaultdict(list)
        for told in self.told:
            for text, holds, _seen in told.signs:
                groups[text].append(holds)
        return [f"  {text:<10}{shown(groups[text])}" for text in sorted(groups)]

    def failures(self) -> list[str]:
        """What did not hold, a line each, with what was seen."""
        out = []
        for told in self.told:
            wrong = [f"{text} ({seen:+.2f})" for text, holds, seen in told.signs if not holds]
            if told.acceptable is False:
                wrong.append(f"{told.label} instead of {'/'.join(told.line.labels)}")
            if wrong:
                out.append(f"  {told.line.id} {told.line.source} {told.line.category}: {told.line.text!r}")
                out.append(f"      {'; '.join(wrong)}")
        return out


def measure(path: Path, name: str) -> Measured:
    """Tells every line of the file; `name` is what the figures are said to be measured on."""
    file = read(path)
    params = average()
    return Measured([tell(line, params, file.problems) for line in file.lines], file.problems, name)


def share(held: Sequence[bool]) -> float | None:
    return sum(held) / len(held) if held else None


def shown(held: Iterable[bool]) -> str:
    each = list(held)
    return f"{sum(each):>4} of {len(each):<4} {sum(each) / len(each):4.0%}" if each else f"{'–':>4}{'':12}"
