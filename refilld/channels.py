"""Channels: messages to people through Apprise, any URL that it knows."""

import logging
from collections.abc import Sequence

import apprise
import structlog

from jobs.alerting import ChannelError, Send
from refilld.config import ConfigError

log = structlog.get_logger()


def open_channels(urls: Sequence[str]) -> Send | None:
    """A sender to all channels; None without any. ConfigError when a URL is none that Apprise knows."""
    if not urls:
        return None
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it logs addresses, and those hold secrets
    channels = [_open(url, number) for number, url in enumerate(urls, start=1)]

    def send(title: str, body: str) -> None:
        failed = [str(n) for n, one in enumerate(channels, start=1) if not _notify(one, title, body)]
        fault = f"alerts.urls number {', '.join(failed)} did not take the message"
        if len(failed) == len(channels):
            raise ChannelError(fault)
        if failed:  # those that took it must not get it again
            log.warning("alerts.channel_failed", error=fault)

    return send


def _notify(channel: apprise.Apprise, title: str, body: str) -> bool:
    try:
        return bool(channel.notify(body, title))
    except Exception:  # noqa: BLE001  # some hundred plugins of others; their errors may hold the address
        return False


def _open(url: str, number: int) -> apprise.Apprise:
    channel = apprise.Apprise()
    if not channel.add(url):
        scheme, found, _secret = url.partition("://")
        shown = f" ({scheme[:20]}://…)" if found and scheme.isalnum() else ""
        raise ConfigError(f"alerts.urls: number {number}{shown} is not a URL that Apprise knows")
    return channel
