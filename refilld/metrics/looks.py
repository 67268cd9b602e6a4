"""Metrics of looks and of what follows from them, counted after their transaction is committed."""

from collections.abc import Iterable
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Histogram

from jobs.look_recording import RecordedLook
from jobs.sampling_observer import SamplingObserver
from monitor.evaluation.drop_changes import detection_delay, has_recovered, was_confirmed
from monitor.guarantee.verdicts import Verdict
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.sources.budget import Purpose

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
DELAYS = (
    *(5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 4 * _HOUR, 6 * _HOUR, 12 * _HOUR),
    *(_DAY, 2 * _DAY, 4 * _DAY, 7 * _DAY, 14 * _DAY),
)
"""Upper bounds of the buckets of the detection delay, in seconds."""


class LookMetrics(SamplingObserver):
    """Counts requests, looks, drops and decisions."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, help_text: str, *labels: str) -> Counter:
            return Counter(f"refilld_{name}_total", help_text, labels, registry=registry)

        self._requests = counter("source_requests", "Requests sent to a source.", "source", "purpose")
        self._looks = counter("looks", "Looks that were recorded.", "source", "outcome")
        self._opened = counter("drops_opened", "Drops that opened.", "metric")
        self._confirmed = counter("drops_confirmed", "Drops that were confirmed.", "metric")
        self._recovered = counter("drops_recovered", "Drops that have recovered.", "metric")
        self._decisions = counter("decisions", "Decisions that looks led to.", "action", "reason")
        self._owed = counter("units_owed", "Units of the refills that looks created.", "metric")
        self._delay = Histogram(
            "refilld_detection_delay_seconds",
            "Time between the last count without a drop and the look that opened it.",
            ["metric"],
            registry=registry,
            buckets=DELAYS,
        )
        for metric in Metric:
            for of_metric in (self._opened, self._confirmed, self._recovered, self._owed, self._delay):
                of_metric.labels(metric)

    def expect(self, sources: Iterable[str]) -> None:
        """Begin the counters of these sources at 0, so that the first event of each is an increase."""
        for source in sources:
            for purpose in Purpose:
                self._requests.labels(source, purpose)
            for outcome in Outcome:
                self._looks.labels(source, outcome)

    def requests_sent(self, source: str, purpose: Purpose, requests: int) -> None:
        """Count requests."""
        self._requests.labels(source, purpose).inc(requests)

    def look_recorded(self, recorded: RecordedLook) -> None:
        """Count a look, and what followed from it."""
        snapshot = recorded.snapshot
        self._looks.labels(snapshot.source, snapshot.outcome).inc()
        for verdict in recorded.verdicts:
            self._count(verdict, detection_delay(verdict, recorded.counted_before), snapshot.target.metric)
        for decision in recorded.decisions:
            self._decisions.labels(decision.action, decision.reason).inc()

    def _count(self, verdict: Verdict, delay: timedelta | None, metric: Metric) -> None:
        self._opened.labels(metric).inc(verdict.opened)
        self._confirmed.labels(metric).inc(was_confirmed(verdict))
        self._recovered.labels(metric).inc(has_recovered(verdict))
        if verdict.new_decision is not None:
            self._owed.labels(metric).inc(verdict.new_decision.quantity)
        if delay is not None:
            self._delay.labels(metric).observe(delay.total_seconds())
