"""Metrics of alerts: what became of the messages to each channel."""

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter

from jobs.channel_round import AlertChannel, ChannelError
from monitor.alerts.messages import Room
from monitor.events.severity import Severity

ACCEPTED, REFUSED, LIMITED = RESULTS = ("accepted", "refused", "limited")
"""The result of a message; `limited` is no fault of the message: there were too many requests, the answer
was a redirect, or it was late or too long."""


class AlertMetrics:
    """Counts messages by the key of their channel, which holds no secret."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = Counter(
            "refilld_alert_messages_total",
            "Messages that were sent to an alert channel.",
            ["channel", "result"],
            registry=registry,
        )

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
