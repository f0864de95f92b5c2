"""A soak in words: what was done, the table of what should stay flat, and what was owed and not paid."""

from __future__ import annotations

from collections.abc import Iterator

from tests.soak.flatness import MIB
from tests.soak.run import Soak

SHOWN = 25
HEAD = ("figure", "first", "last", "change", "bound", "")


def lines(soak: Soak) -> Iterator[str]:
    """One a line, ready to print."""
    count, last = soak.ledger.counts, soak.rests[-1]
    yield f"seed {soak.seed}; {soak.sessions:,} sessions; {soak.minutes:g} min under load, {soak.seconds:.0f} s in all"
    yield (
        f"turns acknowledged {count['turns acknowledged']:,}, found once each {count['turns checked in history']:,};"
        f" repeats {count['repeats checked']:,}; resumes {count['resumes checked']:,}"
    )
    yield (
        f"the judged life: {last.gauges['turns_total']:,.0f} turns, {last.gauges['hibernations_total']:,.0f}"
        f" hibernations, {last.gauges['folds_total']:,.0f} folds, sockets up to"
        f" {max(each.gauges['sockets'] for each in soak.samples):.0f}, awake up to"
        f" {max(each.gauges['resident'] for each in soak.samples):.0f}"
    )
    yield (
        f"reached out {count['reached out']:,}, acknowledged {count['actions acknowledged']:,}; made and deleted"
        f" {count['sessions deleted']:,}; refused, to be retried {count['answered with a retryable error']:,};"
        f" ended by SIGTERM {len(soak.exits)}, all with 0: {not any(soak.exits)}"
    )
    for name, command in soak.commands.items():
        yield f"{name}: exit {command.code} after {command.seconds:.1f} s{_backed_up(soak, name)}"
    for which in ("live", "stopped"):
        yield f"backup {which}: {count[f'backup {which}: sessions equal']:,} sessions tell the same as the original"
    yield f"loop lag p99 in the cycle with the backup: {soak.lags[-1][1] * 1000:.1f} ms"
    yield f"clients of the original that were refused a resume on a copy: {count['clients refused a resume']}"
    yield from _table(soak)
    yield ", ".join(
        f"{kind} {soak.ledger.broken[kind]}" for kind in ("lost", "doubled", "gap", "changed", "never sent")
    )
    yield ", ".join(f"{kind} {soak.ledger.broken[kind]}" for kind in ("leaked", "refused", "resume", "creation"))
    yield from soak.ledger.breaches[:SHOWN]
    yield from soak.server_errors[:SHOWN]
    yield _end(soak)


def _backed_up(soak: Soak, name: str) -> str:
    command = soak.commands[name]
    if command.code:
        return f": {command.said[-500:]}"
    if not name.startswith("backup"):
        return ""
    made = command.json
    return f": {made['sessions']:,} sessions, {made['files']:,} files, {made['bytes'] / MIB:.1f} MiB"


def _table(soak: Soak) -> Iterator[str]:
    rows = [HEAD]
    rows += [(v.what, v.first, v.last, v.change, v.bound, "flat" if v.flat else "NOT FLAT") for v in soak.verdicts]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _end(soak: Soak) -> str:
    if soak.sound and soak.flat:
        return "sound and flat"
    words = [word for word, holds in (("BREACHED", soak.sound), ("NOT FLAT", soak.flat)) if not holds]
    return f"{' and '.join(words)}: seed {soak.seed}, data kept in {soak.root}"
