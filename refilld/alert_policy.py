"""Receivers of alerts with their channels, and the policy of alerts, from the configuration."""

from dataclasses import dataclass

from jobs.alert_pipeline import AlertPolicy, Receiver
from refilld.channels import AppriseChannel, open_channels
from refilld.settings.alerts import AlertsSection


@dataclass(frozen=True, slots=True)
class AlertReceivers:
    """All channels, and who gets what through which of them."""

    channels: tuple[AppriseChannel, ...]
    """Each once, even if several receivers have it."""
    policy: AlertPolicy


def open_receivers(section: AlertsSection) -> AlertReceivers:
    """Open the channels of all receivers; ConfigError for a URL that Apprise does not know."""
    channels: dict[str, AppriseChannel] = {}
    receivers = {}
    for name, receiver in section.all_receivers.items():
        opened = [channel for key, urls in section.urls_of(name) for channel in open_channels(urls, key)]
        for channel in opened:
            channels.setdefault(channel.key, channel)
        keys = tuple(dict.fromkeys(channel.key for channel in opened))
        receivers[name] = Receiver(name, keys, receiver.quiet, receiver.send_resolved, receiver.schedule)
    routes = [route.route for route in section.routes]
    policy = AlertPolicy(receivers, routes, section.times, section.group_by)
    return AlertReceivers(tuple(channels.values()), policy)
