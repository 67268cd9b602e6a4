"""Metrics of alerts: what receivers were told or not, and what became of the messages to each channel."""

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter

from jobs.alerting_observer import AlertingObserver
from jobs.channel_round import AlertChannel, ChannelError
from monitor.alerts.messages import Room
from monitor.alerts.reasons import SUPPRESSED, TOLD, AlertReason
from monitor.events.severity import Severity

ACCEPTED, REFUSED, LIMITED = RESULTS = ("accepted", "refused", "limited")
"""The result of a message; `limited` is no fault of the message: there were too many requests, the answer
was a redirect, or it was late or too long."""


class AlertMetrics(AlertingObserver):
    """Counts alerts by receiver, and messages by the key of their channel, which holds no secret."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._told = Counter(
            "refilld_alerts_told_total",
            "Alerts that a receiver is told, each time that it is.",
            ["receiver", "reason"],
            registry=registry,
        )
        self._suppressed = Counter(
            "refilld_alerts_suppressed_total",
            "Alerts that are kept back from a receiver, once for each reason.",
            ["receiver", "reason"],
            registry=registry,
        )
        self._messages = Counter(
            "refilld_alert_messages_total",
            "Messages that were sent to an alert channel.",
            ["channel", "result"],
            registry=registry,
        )

    def expect(self, receivers: Iterable[str]) -> None:
        """Begin the counters of these receivers at 0, so that the first alert of each is an increase."""
        for receiver in receivers:
            for reason in TOLD | SUPPRESSED:
                self.alerts_decided(receiver, reason, 0)

    def alerts_decided(self, receiver: str, reason: AlertReason, alerts: int) -> None:
        """Count alerts that are told or suppressed; those whose time has not come are neither."""
        if reason in TOLD:
            self._told.labels(receiver, reason).inc(alerts)
        elif reason in SUPPRESSED:
            self._suppressed.labels(receiver, reason).inc(alerts)

    def observed(self, channels: Iterable[AlertChannel]) -> list[AlertChannel]:
        """The same channels; what they send is counted."""
        return [self._observed(channel) for channel in channels]

    def _observed(self, channel: AlertChannel) -> AlertChannel:
        for result in RESULTS:
            self._messages.labels(channel.key, result)
        return _CountedChannel(channel, self._messages)


@dataclass(frozen=True)
class _CountedChannel:
    """A channel whose messages are counted."""

    channel: AlertChannel
    messages: Counter

    @property
    def key(self) -> str:
        return self.channel.key

    @property
    def room(self) -> Room:
        return self.channel.room

    def send(self, title: str, body: str, severity: Severity, *, resolved: bool = False) -> None:
        """Send one message, and count its result."""
        try:
            self.channel.send(title, body, severity, resolved=resolved)
        except ChannelError as error:
            self.messages.labels(self.key, LIMITED if error.limited else REFUSED).inc()
            raise
        self.messages.labels(self.key, ACCEPTED).inc()
