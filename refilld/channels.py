"""Channels: messages to people through Apprise, any URL that it knows."""

import logging
from collections.abc import Sequence

import apprise

from jobs.alerting import ChannelError, Send
from refilld.config import ConfigError


def open_channels(urls: Sequence[str]) -> Send | None:
    """A sender to all channels; None without any. ConfigError when a URL is none that Apprise knows."""
    if not urls:
        return None
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it logs addresses, and those hold secrets
    channels = [_open(url, number) for number, url in enumerate(urls, start=1)]

    def send(title: str, body: str) -> None:
        failed = [str(number) for number, one in enumerate(channels, start=1) if not one.notify(body, title)]
        if failed:
            raise ChannelError(f"alerts.urls number {', '.join(failed)} did not take the message")

    return send


def _open(url: str, number: int) -> apprise.Apprise:
    channel = apprise.Apprise()
    if not channel.add(url):
        scheme, found, _secret = url.partition("://")
        shown = f" ({scheme[:20]}://…)" if found and scheme.isalnum() else ""
        raise ConfigError(f"alerts.urls: number {number}{shown} is not a URL that Apprise knows")
    return channel
