"""Alert channels: messages through Apprise, to any URL that it supports.

Each message is divided here and not by Apprise, which may cut in a line or an escape. Answers of HTTP
services have the limits of `http_limits`. A service of another protocol (e-mail, MQTT) has only its plugin's
timeouts; like all, it is waited for no longer than MESSAGE_SECONDS.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

import apprise
from apprise import NotifyFormat, NotifyType, conversion

from jobs.channel_round import ChannelError
from monitor.alerts.messages import LONGEST_TITLE, Room
from monitor.events.severity import Severity
from refilld.config import ConfigError
from refilld.http_limits import limited_answers
from refilld.timed_call import CallTimeoutError, TimedCall

_TYPES = {
    Severity.INFO: NotifyType.INFO,
    Severity.WARNING: NotifyType.WARNING,
    Severity.CRITICAL: NotifyType.FAILURE,
}
_convert: Callable[[NotifyFormat, NotifyFormat, str], str] = conversion.convert_between
_SHOWS_MARKDOWN = frozenset({"Discord", "Guilded", "Mattermost"})
"""Services that show plain text as Markdown."""
_NOTIFIES = _SHOWS_MARKDOWN | {"Mastodon", "Rocket.Chat", "Zulip"}
"""Services that notify whom a text mentions with `@`."""
_LIMITED = re.compile(r"error=429\b|Too Many Requests", re.IGNORECASE)
_RETRY_AFTER = re.compile(r"retry[ _-]after[ :=]*(\d{1,6})\b", re.IGNORECASE)

ANSWER_SECONDS = 15.0
"""Longest time for one answer of a service."""
MESSAGE_SECONDS = 60.0
"""Longest time for one message; a URL with several recipients may need several requests for it."""


@dataclass(frozen=True)
class AppriseChannel:
    """One channel; never shows its URL, which holds secrets."""

    key: str
    place: str
    """Where it is in the configuration, for people."""
    service: apprise.Apprise
    answer_seconds: float = ANSWER_SECONDS
    message_seconds: float = MESSAGE_SECONDS
    _call: TimedCall = field(default_factory=TimedCall, repr=False, compare=False)

    @cached_property
    def room(self) -> Room:
        """What one message holds, by Apprise's knowledge of the service."""
        plugin = self._plugin
        title_counts = plugin.title_maxlen < LONGEST_TITLE or plugin.overflow_amalgamate_title
        return Room(plugin.body_maxlen, plugin.body_max_line_count or None, self._size, title_counts)

    def send(self, title: str, body: str, severity: Severity, *, resolved: bool = False) -> None:
        """Send one message; raises ChannelError if it is not accepted, or not in time."""
        if 0 < self._plugin.title_maxlen < LONGEST_TITLE:
            title, body = "", f"{title}\n{body}"
        kind = NotifyType.SUCCESS if resolved else _TYPES[severity]
        try:
            self._call.run(lambda: self._notify(title, body, kind), self.message_seconds)
        except CallTimeoutError:
            raise self._away(f"no answer within {self.message_seconds:g} s") from None

    def _notify(self, title: str, body: str, kind: NotifyType) -> None:
        with limited_answers(self.answer_seconds) as limits:
            try:
                result = self.service.notify(
                    self._literal(body),
                    self._literal(title),
                    notify_type=kind,
                    body_format=NotifyFormat.TEXT,
                )
            except Exception:  # noqa: BLE001  # third-party plugins; their errors may hold the URL
                result = None
        if result:
            return
        if limits.problem:
            raise self._away(limits.problem)
        raise self._error(" ".join(entry.message for entry in result.logs()) if result is not None else "")

    def _away(self, problem: str) -> ChannelError:
        """The error for a service that would take no other message either."""
        return ChannelError(f"{self._refusal}: {problem}", limited=True)

    def _error(self, logged: str) -> ChannelError:
        """The error for a refusal; of Apprise's log only what says when to try again is used."""
        limited, wait = _LIMITED.search(logged), _RETRY_AFTER.search(logged)
        if not limited:
            return ChannelError(self._refusal)
        asked = timedelta(seconds=int(wait[1])) if wait else None
        return ChannelError(f"{self._refusal}: too many requests", limited=True, retry_after=asked)

    @property
    def _refusal(self) -> str:
        return f"{self.place} did not take the message"

    @property
    def _plugin(self) -> Any:
        return self.service[0]

    def _literal(self, text: str) -> str:
        """The text with escapes where the service shows plain text as Markdown, and without mentions."""
        service = str(self._plugin.service_name)
        if service in _SHOWS_MARKDOWN:
            text = _convert(NotifyFormat.TEXT, NotifyFormat.MARKDOWN, text)
        return text.replace("@", "@\u200b") if service in _NOTIFIES else text

    def _size(self, text: str) -> int:
        """Size of a text as it is sent, in units of UTF-16, in which no service counts less."""
        return self._sent_size(f"x{text}x") - self._sent_size("xx")

    def _sent_size(self, text: str) -> int:
        target = self._plugin.resolve_format(NotifyFormat.TEXT)
        converted = _convert(NotifyFormat.TEXT, target, self._literal(text))
        return len(self._plugin.dialect_convert(converted, target).encode("utf-16-le")) // 2


def open_channels(urls: Sequence[str], key: str = "alerts.urls") -> list[AppriseChannel]:
    """The channels of the URLs of this key; ConfigError for a URL that Apprise does not know."""
    _hide_apprise_log()
    return [channel for number, url in enumerate(urls, start=1) for channel in _open(url, key, number)]


def _hide_apprise_log() -> None:
    """Keep Apprise's log out of ours, since it may hold URLs; each result still has its own lines."""
    log = logging.getLogger("apprise")
    log.setLevel(logging.WARNING)
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())


def _open(url: str, key: str, number: int) -> list[AppriseChannel]:
    """The channels of one URL; a text with several URLs has several."""
    found = apprise.Apprise()
    if not found.add(url):
        scheme, named, _secret = url.partition("://")
        shown = f" ({scheme[:20]}://…)" if named and scheme.isalnum() else ""
        raise ConfigError(f"{key}: number {number}{shown} is not a URL that Apprise knows")
    channels = []
    for place, plugin in enumerate(found):
        plugin.overflow_mode = apprise.OverflowMode.UPSTREAM  # messages fit; a part is never cut off
        service = apprise.Apprise()
        service.add(plugin)
        digest = hashlib.sha256(f"{url} {place}".encode()).hexdigest()[:16]
        channels.append(AppriseChannel(digest, f"{key} number {number}", service))
    return channels
