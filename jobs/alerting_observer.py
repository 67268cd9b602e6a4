"""The observer of the alerting job."""

from monitor.alerts.reasons import AlertReason


class AlertingObserver:
    """Is told what was decided and committed; this one ignores it."""

    def alerts_decided(self, receiver: str, reason: AlertReason, alerts: int) -> None:
        """So many alerts are told to a receiver, or kept back from it, for a new reason."""
