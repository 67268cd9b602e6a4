"""Checks of the alert channels: valid URLs, and on request the delivery of a test message."""

from collections.abc import Iterator

from jobs.channel_round import ChannelError
from monitor.alerts.routes import DEFAULT
from monitor.events.severity import Severity
from monitor.model.number_words import counted
from monitor.model.time_words import minute
from refilld.alert_policy import open_receivers
from refilld.channels import AppriseChannel
from refilld.config import ConfigError
from refilld.doctor.finding import Finding, error, ok, warning
from refilld.settings.alerts import AlertsSection
from storage import deliveries
from storage.engine import Transaction

TITLE = "refilld: test alert"
BODY = "refilld doctor sent this to try the channel. Nothing has happened."


def findings(section: AlertsSection, *, send: bool) -> Iterator[Finding]:
    """Check the receivers and their URLs; with `send` every channel gets a real message."""
    urls = [url for name in section.all_receivers for _, some in section.urls_of(name) for url in some]
    if not urls:
        hint = "put an Apprise URL into alerts.urls; until then use refilld drops list"
        yield warning("alerts.channels", "there is no alert channel, so no alert is sent", hint)
        return
    try:
        channels = open_receivers(section).channels
    except ConfigError as fault:
        hint = "write it as Apprise does (github.com/caronc/apprise/wiki)"
        yield error("alerts.channels", str(fault), hint)
        return
    yield from _without_channel(section)
    known = f"{len(urls)} alert channel{'s' * (len(urls) > 1)} can be addressed"
    yield ok("alerts.channels", known if send else f"{known}; --send-test-alert tries them")
    if send:
        yield from map(_send_test, channels)


def failing(tx: Transaction) -> Iterator[Finding]:
    """The channels that took nothing when the daemon tried them last."""
    for one in deliveries.failing(tx):
        rounds = counted(one.failures, "time")
        again = f"it is tried again at {minute(one.next_try_at)} UTC"
        hint = "check its URL, its password, and the network; then refilld doctor --send-test-alert"
        yield error("alerts.failing", f"{one.error} ({rounds} in a row); {again}", hint)


def _without_channel(section: AlertsSection) -> Iterator[Finding]:
    """Receivers that get alerts, but have no channel for them."""
    used = {DEFAULT, *(route.receiver for route in section.routes)}
    for name in sorted(used):
        if not any(urls for _, urls in section.urls_of(name)):
            hint = f"put an Apprise URL into alerts.receivers.{name}.urls, or route no alert to it"
            yield warning(
                "alerts.receivers", f"the receiver {name} has no URL: its alerts are kept unsent", hint
            )


def _send_test(channel: AppriseChannel) -> Finding:
    try:
        channel.send(TITLE, BODY, Severity.INFO)
    except ChannelError as fault:
        says = str(fault).replace("the message", "the test alert")
        return error("alerts.test", says, "check the URL, its password, and the network")
    return ok("alerts.test", f"{channel.place} took the test alert; has it arrived?")
