"""Checks of the alert channels: valid URLs, and on request the delivery of a test message."""

from collections.abc import Iterator, Sequence

from jobs.channel_round import ChannelError
from monitor.events.severity import Severity
from refilld.channels import AppriseChannel, open_channels
from refilld.config import ConfigError
from refilld.doctor.finding import Finding, error, ok, warning

TITLE = "refilld: test alert"
BODY = "refilld doctor sent this to try the channel. Nothing has happened."


def findings(urls: Sequence[str], *, send: bool) -> Iterator[Finding]:
    """Check the URLs; with `send` every channel gets a real message."""
    if not urls:
        hint = "put an Apprise URL into alerts.urls; until then use refilld drops list"
        yield warning("alerts.channels", "there is no alert channel, so no alert is sent", hint)
        return
    try:
        channels = open_channels(urls)
    except ConfigError as fault:
        hint = "write it as Apprise does (github.com/caronc/apprise/wiki)"
        yield error("alerts.channels", str(fault), hint)
        return
    known = f"{len(urls)} alert channel{'s' * (len(urls) > 1)} can be addressed"
    yield ok("alerts.channels", known if send else f"{known}; --send-test-alert tries them")
    if send:
        yield from map(_send_test, channels)


def _send_test(channel: AppriseChannel) -> Finding:
    try:
        channel.send(TITLE, BODY, Severity.INFO)
    except ChannelError as fault:
        says = str(fault).replace("the message", "the test alert")
        return error("alerts.test", says, "check the URL, its password, and the network")
    return ok("alerts.test", f"alerts.urls number {channel.number} took the test alert; has it arrived?")
