"""/metrics: what the runtime tells its observer, and what can be read off it at the moment of asking. No session is
named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

_SECONDS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)
_LATE_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 60.0, 600.0, 3600.0)
_LLM_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """The observer of a server. Plain counts on the hot path, histograms once a commit or a wake."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._batch = self._histogram("molroo_commit_rows", "Rows in a commit", _ROWS)
        self._commit = self._histogram("molroo_commit_seconds", "Time of a commit", _SECONDS)
        self._gate = self._histogram("molroo_gate_wait_seconds", "Longest wait of a batch for its release", _SECONDS)
        self._wake = self._histogram("molroo_wake_seconds", "Time from wanted to awake", _SECONDS)
        self._lag = self._histogram("molroo_loop_lag_seconds", "How late the sweep came", _SECONDS)
        self._late = self._histogram("molroo_alarm_late_seconds", "How late alarms woke their sessions", _LATE_SECONDS)
        self._llm = self._histogram("molroo_llm_seconds", "Time of a call of the LLM appraiser", _LLM_SECONDS)
        self.llm_calls: Counter[str] = Counter()
        """By outcome: answered, why not, or why none was made."""
        self.llm_readings: Counter[str] = Counter()
        """By origin."""
        self.turns = 0
        self.failed_alarms = 0
        self.deliveries: Counter[str] = Counter()
        """Requests to webhooks by what came of them."""
        self.hibernations = 0
        self.failed_commits = 0
        self.refusals: Counter[str] = Counter()
        """By wire code."""
        self.gauges: Callable[[], Iterable[tuple[str, str, float]]] = tuple
        """(name, help, value) of the moment, set by the app."""
        self._registry.register(_Plain(self))

    def _histogram(self, name: str, text: str, buckets: Iterable[float]) -> Histogram:
        return Histogram(name, text, buckets=tuple(buckets), registry=self._registry)

    def committed(self, rows: int, seconds: float) -> None:
        self._batch.observe(rows)
        self._commit.observe(seconds)

    def commit_failed(self) -> None:
        self.failed_commits += 1

    def released(self, turns: int, gate_wait_s: float) -> None:
        self.turns += turns
        self._gate.observe(gate_wait_s)

    def woke(self, seconds: float) -> None:
        self._wake.observe(seconds)

    def hibernated(self) -> None:
        self.hibernations += 1

    def alarm_late(self, seconds: float) -> None:
        self._late.observe(seconds)

    def alarm_failed(self) -> None:
        self.failed_alarms += 1

    def delivered(self, outcome: str) -> None:
        self.deliveries[outcome] += 1

    def loop_lag(self, seconds: float) -> None:
        self._lag.observe(seconds)

    def refused(self, code: str) -> None:
        """An error was sent to a client."""
        self.refusals[code] += 1

    def llm_called(self, outcome: str, seconds: float | None = None) -> None:
        """A call of the LLM appraiser ended; without seconds it was never sent."""
        self.llm_calls[outcome] += 1
        if seconds is not None:
            self._llm.observe(seconds)

    def llm_read(self, origin: str) -> None:
        """A text got its reading from the llm, from what it said before (remembered), or from the embedded one."""
        self.llm_readings[origin] += 1

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._registry)


class _Plain:
    """Gives the plain counts to the registry when it is asked."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        metrics = self._metrics
        yield CounterMetricFamily("molroo_turns", "Durable turns", value=metrics.turns)
        yield CounterMetricFamily("molroo_hibernations", "Actors that left memory", value=metrics.hibernations)
        yield CounterMetricFamily("molroo_failed_commits", "Commits that failed", value=metrics.failed_commits)
        yield CounterMetricFamily("molroo_failed_alarms", "Alarms to be tried again", value=metrics.failed_alarms)
        yield _counted("molroo_refusals", "Errors sent to clients, by code", "code", metrics.refusals)
        yield _counted("molroo_llm_calls", "Calls of the LLM appraiser, by outcome", "outcome", metrics.llm_calls)
        yield _counted("molroo_llm_readings", "Its readings of texts, by origin", "origin", metrics.llm_readings)
        yield _counted("molroo_deliveries", "Requests to webhooks, by outcome", "outcome", metrics.deliveries)
        for name, text, value in metrics.gauges():
            kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            yield kind(name.removesuffix("_total"), text, value=value)


def _counted(name: str, text: str, label: str, counts: Counter[str]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family
