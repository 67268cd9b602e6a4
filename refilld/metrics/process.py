"""All metrics that one process counts."""

from refilld.metrics.alerts import AlertMetrics
from refilld.metrics.fulfilment import FulfilmentMetrics
from refilld.metrics.http import HttpMetrics
from refilld.metrics.looks import LookMetrics
from refilld.metrics.registry import new_registry
from refilld.metrics.rounds import RoundMetrics
from refilld.metrics.webhooks import WebhookMetrics


class ProcessMetrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self.looks = LookMetrics(self.registry)
        self.fulfilment = FulfilmentMetrics(self.registry)
        self.alerts = AlertMetrics(self.registry)
        self.webhooks = WebhookMetrics(self.registry)
        self.http = HttpMetrics(self.registry)
        self.rounds = RoundMetrics(self.registry)
