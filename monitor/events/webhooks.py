"""Events about webhooks."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.events.event import Event, Payload
from monitor.events.kind import EventKind


class DisabledReason(StrEnum):
    """Why an endpoint was disabled."""

    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """It accepted nothing for five days."""


@dataclass(frozen=True, slots=True)
class WebhookDisabled(Payload):
    """An endpoint gets no messages any more."""

    endpoint_id: int
    host: str
    """The host of its URL, which may hold secrets elsewhere."""
    reason: DisabledReason
    failing_since: datetime
    failed: int
    """Messages that are not sent because of that."""


@dataclass(frozen=True, slots=True)
class WebhookTest(Payload):
    """A message that tries an endpoint; nothing has happened."""

    endpoint_id: int


@dataclass(frozen=True, slots=True)
class WebhookChanged(Payload):
    """An operator changed an endpoint."""

    endpoint_id: int
    host: str
    """The host of its URL."""
    kinds: tuple[str, ...]
    """The kinds of events that it gets."""


@dataclass(frozen=True, slots=True)
class WebhookReplayed(Payload):
    """An operator has messages sent again."""

    endpoint_id: int
    host: str
    """The host of its URL."""
    messages: int
    """At most 500; a longer replay is several events."""


def webhook_disabled(
    endpoint_id: int, host: str, reason: DisabledReason, failing_since: datetime, failed: int
) -> Event:
    """An endpoint was disabled."""
    payload = WebhookDisabled(endpoint_id, host, reason, failing_since, failed)
    return Event(EventKind.WEBHOOK_DISABLED, payload)


def webhook_test(endpoint_id: int) -> Event:
    """An operator tries an endpoint."""
    return Event(EventKind.WEBHOOK_TEST, WebhookTest(endpoint_id))
