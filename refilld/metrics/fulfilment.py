"""Metrics of the fulfilment of refills."""

from prometheus_client import CollectorRegistry, Counter

from monitor.model.target import Metric


class FulfilmentMetrics:
    """Counts delivered units and leases that have ended."""

    def __init__(self, registry: CollectorRegistry) -> None:
        units = Counter(
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
        self._units = {metric: units.labels(metric) for metric in Metric}

    def refilled(self, metric: Metric, units: int) -> None:
        """Count the units of a completed refill, after the commit."""
        self._units[metric].inc(units)

    def leases_expired(self, refills: int) -> None:
        """Count expired leases, after the commit."""
        self._expired.inc(refills)
