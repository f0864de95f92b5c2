"""Token buckets: how often a key, a socket or an address may do something."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

_NAMES_MAX: Final = 10_000


class Bucket:
    """`burst` tokens at most, refilled at `per_s`. A rate of 0 is no limit."""

    __slots__ = ("_burst", "_per_s", "_since_s", "_tokens")

    def __init__(self, per_s: float, burst: float, now_s: float) -> None:
        self._per_s = per_s
        self._burst = max(burst, 1.0)
        self._tokens = self._burst
        self._since_s = now_s

    def take(self, now_s: float) -> float:
        """0.0 when a token was taken, else the seconds until there is one."""
        if self._per_s == 0:
            return 0.0
        self._tokens = min(self._burst, self._tokens + (now_s - self._since_s) * self._per_s)
        self._since_s = now_s
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self._per_s

    @property
    def empty(self) -> bool:
        """Whether the last look found less than a token; without time passing."""
        return self._per_s != 0 and self._tokens < 1.0

    def refill(self, now_s: float) -> None:
        """Adds what time has brought, taking nothing."""
        if self._per_s != 0:
            self._tokens = min(self._burst, self._tokens + (now_s - self._since_s) * self._per_s)
            self._since_s = now_s


class Buckets:
    """A bucket a name, for the names that were seen last: memory stays bounded however many there are."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[object, Bucket] = OrderedDict()

    def of(self, name: object, now_s: float) -> Bucket:
        """The bucket of a name, a full one when it is new. Its burst is the rate of a whole minute."""
        bucket = self._buckets.get(name)
        if bucket is None:
            if len(self._buckets) >= _NAMES_MAX:
                self._buckets.popitem(last=False)
            bucket = self._buckets[name] = Bucket(self._per_minute / 60, self._per_minute, now_s)
        else:
            self._buckets.move_to_end(name)
        return bucket
