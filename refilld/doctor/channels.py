"""Checks of the alert channels: valid URLs, and on request the delivery of a test message."""

from collections.abc import Iterator, Sequence

from jobs.alerting import ChannelError
from refilld.channels import open_channels
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
        open_channels(urls)
    except ConfigError as fault:
        hint = "write it as Apprise does (github.com/caronc/apprise/wiki)"
        yield error("alerts.channels", str(fault), hint)
        return
    known = f"{len(urls)} alert channel{'s' * (len(urls) > 1)} can be addressed"
    yield ok("alerts.channels", known if send else f"{known}; --send-test-alert tries them")
    if send:
        yield from (_send_test(url, number) for number, url in enumerate(urls, start=1))


def _send_test(url: str, number: int) -> Finding:
    deliver = open_channels([url])
    try:
        if deliver is not None:
            deliver(TITLE, BODY)
    except ChannelError:
        says = f"alerts.urls number {number} did not take the test alert"
        return error("alerts.test", says, "check the URL, its password, and the network")
    return ok("alerts.test", f"alerts.urls number {number} took the test alert; has it arrived?")
