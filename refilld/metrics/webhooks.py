"""Metrics of webhooks: what became of the messages to each endpoint."""

from prometheus_client import CollectorRegistry, Counter

from monitor.webhooks.verdict import WebhookVerdict

ACCEPTED, REFUSED = "accepted", "refused"


class WebhookMetrics:
    """Counts messages by the number of their endpoint."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = Counter(
            "refilld_webhook_messages_total",
            "Messages that were sent to a webhook endpoint.",
            ["endpoint", "result"],
            registry=registry,
        )

    def recorded(self, endpoint_id: int, verdict: WebhookVerdict) -> None:
        """Count an attempt, after the commit; both results of the endpoint begin at 0."""
        for result in (ACCEPTED, REFUSED):
            self._messages.labels(str(endpoint_id), result)
        self._messages.labels(str(endpoint_id), ACCEPTED if verdict.accepted else REFUSED).inc()
