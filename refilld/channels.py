"""Alert channels: messages through Apprise, to any URL that it supports."""

import logging
from collections.abc import Sequence

import apprise
import structlog

from jobs.alerting import ChannelError, Send
from refilld.config import ConfigError

log = structlog.get_logger()


def open_channels(urls: Sequence[str]) -> Send | None:
    """A function that sends to all channels; None without URLs. ConfigError for a URL not accepted."""
    if not urls:
        return None
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it logs URLs, which hold secrets
    channels = [_open(url, number) for number, url in enumerate(urls, start=1)]

    def send(title: str, body: str) -> None:
        failed = [str(n) for n, one in enumerate(channels, start=1) if not _notify(one, title, body)]
        fault = f"alerts.urls number {', '.join(failed)} did not take the message"
        if len(failed) == len(channels):
            raise ChannelError(fault)
        if failed:  # no error: a repetition would send it again to those that took it
            log.warning("alerts.channel_failed", error=fault)

    return send


def _notify(channel: apprise.Apprise, title: str, body: str) -> bool:
    try:
        return bool(channel.notify(body, title))
    except Exception:  # noqa: BLE001  # third-party plugins; their errors may hold the URL
        return False


def _open(url: str, number: int) -> apprise.Apprise:
    channel = apprise.Apprise()
    if not channel.add(url):
        scheme, found, _secret = url.partition("://")
        shown = f" ({scheme[:20]}://…)" if found and scheme.isalnum() else ""
        raise ConfigError(f"alerts.urls: number {number}{shown} is not a URL that Apprise knows")
    return channel
