"""What came of one kind of hostility: cases, refusals, and everything that should not have been.

Attackers write into it, the report reads it. Nothing raises here: a run ends with its whole list. No sockets, no clock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

WRONG_KEPT = 40
CODES = frozenset("UNAUTHORIZED NOT_FOUND VALIDATION_ERROR CONFLICT RATE_LIMIT OVERLOADED".split())
"""What a client may be told; INTERNAL is a bug."""


@dataclass
class Tally:
    """One row of the table."""

    kind: str
    cases: int = 0
    refused: int = 0
    """As expected: told what was wrong, or cut."""
    errors_5xx: int = 0
    dead: int = 0
    """Sockets of well-behaved clients that ended."""
    breaches: int = 0
    """Of isolation: somebody saw, changed or slowed what is another's beyond what is allowed."""
    rss_before: int = 0
    rss_peak: int = 0
    rss_after: int = 0
    rss_allowed: int = 0
    """What the peak may be above the beginning, in bytes."""
    ratio: float | None = None
    """A neighbour's p99 while it goes on, over that of quiet moments; the median of rounds."""
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    wrong_count: int = 0

    @property
    def sound(self) -> bool:
        return not self.wrong_count

    def fault(self, what: str) -> None:
        """Something that should not have been, in a sentence."""
        self.wrong_count += 1
        if len(self.wrong) < WRONG_KEPT:
            self.wrong.append(what[:600])

    def breach(self, what: str) -> None:
        self.breaches += 1
        self.fault(f"isolation: {what}")

    def died(self, what: str) -> None:
        self.dead += 1
        self.fault(f"dead socket: {what}")

    def internal(self, what: str) -> None:
        self.errors_5xx += 1
        self.fault(f"5xx: {what}")

    def answered(self, status: int, body: bytes, what: str, *, within: frozenset[int] | None = None) -> None:
        """One answer over HTTP to one case; an error must be of the table and in its form."""
        self.cases += 1
        if status >= 400:
            self.refused += 1
            self._error(status, body, what)
        if status >= 500 and status != 503:
            self.internal(f"{what}: {status} {body[:200]!r}")
        elif within is not None and status not in within:
            self.fault(f"{what}: {status} {body[:200]!r}")

    def _error(self, status: int, body: bytes, what: str) -> None:
        try:
            error: dict[str, Any] = json.loads(body)["error"]
            fine = error["status"] == status and error["code"] in CODES and error["message"]
        except (ValueError, KeyError, TypeError):
            fine = False
        if not fine and status < 500:
            self.fault(f"{what}: an error in no known form: {status} {body[:200]!r}")

    def said(self, message: bytes, what: str) -> None:
        """One answer over a socket to one case."""
        self.cases += 1
        try:
            told = json.loads(message)
        except ValueError:
            self.fault(f"{what}: no JSON: {message[:200]!r}")
            return
        if told.get("type") == "error":
            self.refused += 1
            if told.get("code") == "INTERNAL":
                self.internal(f"{what}: {told}")
            elif told.get("code") not in CODES or not told.get("message"):
                self.fault(f"{what}: an error in no known form: {told}")
