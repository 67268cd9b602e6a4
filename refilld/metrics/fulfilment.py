"""Metrics of the fulfilment of refills."""

from prometheus_client import CollectorRegistry, Counter

from monitor.model.target import Metric


class FulfilmentMetrics:
    """Counts delivered units and leases that have ended."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._refilled = Counter(
            "refilld_units_refilled_total",
            "Units of the refills that consumers have completed over HTTP.",
            ["metric"],
            registry=registry,
        )
        self._expired = Counter(
            "refilld_leases_expired_total",
            "Leases of refills that ended before the consumer gave the refill back.",
            registry=registry,
        )
        for metric in Metric:
            self._refilled.labels(metric)

    def refilled(self, metric: Metric, units: int) -> None:
        """Count the units of a completed refill, after the commit."""
        self._refilled.labels(metric).inc(units)

    def leases_expired(self, refills: int) -> None:
        """Count expired leases, after the commit."""
        self._expired.inc(refills)
