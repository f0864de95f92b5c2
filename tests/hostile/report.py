"""The table: a row a kind, and below it everything that should not have been."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.hostile.tally import Tally

HEAD = "| kind | cases | refused | 5xx | dead sockets | RSS MB before / peak / after | breaches | neighbour p99 |"


def lines(tallies: Sequence[Tally]) -> Iterator[str]:
    """One a line, ready to print."""
    yield HEAD
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for tally in tallies:
        yield _row(tally)
    for tally in tallies:
        yield from (f"  {tally.kind}: {note}" for note in tally.notes)
    for tally in tallies:
        yield from (f"WRONG {tally.kind}: {each}" for each in tally.wrong)
        if tally.wrong_count > len(tally.wrong):
            yield f"WRONG {tally.kind}: and {tally.wrong_count - len(tally.wrong)} more"
    wrong = sum(tally.wrong_count for tally in tallies)
    yield "nothing was wrong" if not wrong else f"{wrong} things were wrong"


def _row(tally: Tally) -> str:
    rss = " / ".join(f"{size / 2**20:.0f}" for size in (tally.rss_before, tally.rss_peak, tally.rss_after))
    ratio = "–" if tally.ratio is None else f"{tally.ratio:.2f} ×"
    cells = (
        tally.kind, f"{tally.cases:,}", f"{tally.refused:,}", tally.errors_5xx, tally.dead, rss, tally.breaches, ratio,
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"
