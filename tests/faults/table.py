"""The fault table: one line a kind, as wide as a terminal, and below it whatever was breached."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator
from typing import Final

from tests.crash.ledger import Kind
from tests.faults.trial import BREACHES_SHOWN, Trial

OWED: Final[tuple[Kind, ...]] = ("lost", "doubled", "leaked", "changed")
HEAD: Final = (
    "kind", "injected", "acknowledged, checked", *OWED, "other", "recovery p50 / max", "what came of it"
)  # fmt: skip


def rows(trials: Iterable[Trial]) -> Iterator[str]:
    """A Markdown table, aligned."""
    cells = [HEAD, *(_cells(trial) for trial in trials)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    for number, row in enumerate(cells):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        if number == 0:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"


def _cells(trial: Trial) -> tuple[str, ...]:
    broken = trial.ledger.broken
    other = sum(count for kind, count in broken.items() if kind not in OWED) + len(trial.traces)
    outcomes = ", ".join(f"{what} {count}" for what, count in sorted(trial.outcomes.items()))
    return (
        trial.kind,
        f"{trial.count:,}",
        f"{trial.checked:,}",
        *(str(broken[kind]) for kind in OWED),
        str(other),
        _spread(trial.recovered_s),
        outcomes,
    )


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} / {max(seconds):.2f} s" if seconds else "-"


def verdict(trial: Trial) -> list[str]:
    """What was breached, with the seed and the folder; empty when all is sound."""
    if trial.sound:
        return []
    why = trial.ledger.breaches[:BREACHES_SHOWN] + trial.traces[:BREACHES_SHOWN]
    if not why:
        why = [f"nothing was done or nothing was checked: injected {dict(trial.injected)}, checked {trial.checked}"]
    return [f"{trial.kind}: BREACHED; --seed {trial.seed}; data kept in {trial.data}", *(f"  {line}" for line in why)]
