"""What follows from an answer to a message: retries, pauses, and the end of an endpoint."""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from monitor.events.webhooks import DisabledReason

_SECOND, _MINUTE, _HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DELAYS = (
    timedelta(0), 5 * _SECOND, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR,
    20 * _HOUR, 24 * _HOUR,
)  # fmt: skip
"""The delay before each attempt, as Standard Webhooks 1.0 recommends."""
JITTER = 0.1
"""Each delay is longer by up to this share."""
PAUSE = 30 * _SECOND
"""How long an endpoint rests that is under load and names no time."""
SHORT_PAUSE = 5 * _SECOND
"""How long an endpoint rests that gave no answer."""
LONGEST_PAUSE = _HOUR
"""A longer Retry-After counts as this."""
FAILING_FOR = timedelta(days=5)
"""An endpoint that accepted nothing for so long is disabled."""
_UNDER_LOAD = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What an endpoint answered to one attempt."""

    status: int | None
    """The HTTP status; None without an answer."""
    error: str
    """Why it is a failure; empty for a success."""
    duration: timedelta
    retry_after: timedelta | None = None
    response: str = ""
    """The beginning of its body, escaped."""

    @property
    def accepted(self) -> bool:
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


@dataclass(frozen=True, slots=True)
class WebhookVerdict:
    """What follows from an answer."""

    accepted: bool
    retry: timedelta | None = None
    """When the message is sent again; None if it is not."""
    pause: timedelta | None = None
    """How long nothing is sent to the endpoint."""
    disabled: DisabledReason | None = None


def verdict(answer: WebhookAnswer, attempts: int, failing_for: timedelta, jitter: float) -> WebhookVerdict:
    """Judge the answer to a message that was tried `attempts` times, this one included.

    `failing_for` is the time since the endpoint failed first without accepting anything since; `jitter` is a
    random number from 0 to 1.
    """
    if answer.accepted:
        return WebhookVerdict(accepted=True)
    pause = _pause(answer)
    retry = None
    if attempts < len(DELAYS):
        retry = max(DELAYS[attempts] * (1 + JITTER * jitter), pause or timedelta(0))
    return WebhookVerdict(accepted=False, retry=retry, pause=pause, disabled=_disabled(answer, failing_for))


def _pause(answer: WebhookAnswer) -> timedelta | None:
    if answer.retry_after is not None:
        return min(max(answer.retry_after, _SECOND), LONGEST_PAUSE)
    if answer.status is None:
        return SHORT_PAUSE
    return PAUSE if answer.status in _UNDER_LOAD else None


def _disabled(answer: WebhookAnswer, failing_for: timedelta) -> DisabledReason | None:
    if answer.status == HTTPStatus.GONE:
        return DisabledReason.GONE
    return DisabledReason.FAILING if failing_for >= FAILING_FOR else None
