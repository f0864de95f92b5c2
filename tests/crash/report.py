"""The ledger of a run in words: what was done to the server, what was asked of it, what it owed and did not pay."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from tests.crash.run import Run

SHOWN = 25


def lines(run: Run) -> Iterator[str]:
    """One a line, ready to print."""
    count, broken = run.ledger.counts, run.ledger.broken
    ready = sorted(run.ready_s)
    yield f"seed {run.seed}; {run.seconds:.0f} s in all"
    yield f"kills (SIGKILL)            {run.kills:>8}   of {run.kills_wanted}, {run.early_kills} timed from ready"
    yield f"restarts                   {len(ready) - 1:>8}   {_ready(ready)}"
    yield f"turns sent                 {count['turns sent']:>8}"
    yield f"  acknowledged             {count['turns acknowledged']:>8}"
    yield (
        f"  unacknowledged, repeated {_unacknowledged(run):>8}   "
        f"{count['unacknowledged repeated: stored']} had happened, {count['unacknowledged repeated: fresh']} had not"
    )
    yield f"  checked in history       {count['turns checked in history']:>8}   in {len(run.ledger.sessions)} sessions"
    yield f"  refused, to be retried   {count['answered with a retryable error']:>8}"
    yield (
        f"repeats checked            {count['repeats checked']:>8}   "
        f"{count['repeats answered as stored']} answered with the stored answer"
    )
    yield f"resumes checked            {count['resumes checked']:>8}"
    yield f"histories checked          {count['histories checked']:>8}"
    yield f"creations checked          {count['creations checked']:>8}   {count['creations repeated']} repeated"
    for name, total in sorted(run.meters.sums.items()):
        yield f"  at least {total:>8} {name}"
    for kind in ("lost", "doubled", "gap", "changed", "never sent", "leaked", "refused", "resume", "creation"):
        yield f"{kind:<27}{broken[kind]:>8}"
    yield f"errors in the server's log {len(run.server_errors):>8}"
    yield from run.server_errors[:SHOWN]
    yield f"last stop, by SIGTERM      exit code {run.clean_exit}"
    yield from run.ledger.breaches[:SHOWN]
    yield "sound" if run.sound else f"BREACHED: seed {run.seed}, data kept in {run.data}"


def _unacknowledged(run: Run) -> int:
    return run.ledger.counts["unacknowledged repeated: stored"] + run.ledger.counts["unacknowledged repeated: fresh"]


def _ready(ready_s: list[float]) -> str:
    return f"ready in p50 {statistics.median(ready_s):.2f} s, max {ready_s[-1]:.2f} s"
