"""One round of one alert channel: its messages are sent until it takes no more, or enough were sent.

A message that is refused is divided into halves, down to one alert. Once the channel takes any message in
the round, an alert that it refused alone is to blame: it is retried by itself, and given up in the end. A
channel that takes nothing is to blame itself: it rests, and nothing is held against the alerts.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from jobs.message_queue import AlertMessage, Render, messages_of, no_subject
from monitor.alerts.messages import Room
from monitor.alerts.retries import channel_pause
from monitor.events.catalogue import severity_of, status_of
from monitor.events.severity import Severity, Status
from storage import deliveries, ended_deliveries
from storage.deliveries import DueDelivery
from storage.engine import Database, Transaction

log = structlog.get_logger()
MOST_ALERTS = 1000
"""Alerts that are loaded for one round of a channel."""
MOST_MESSAGES = 10
"""Messages to one channel in one round; with a round every 30 seconds, 20 a minute."""
SPACING = timedelta(seconds=1)
"""Time between two messages to one channel."""
MOST_REFUSALS = 8
"""Refusals in a row that end a round: enough to find one bad alert in a full message."""
TAKEN_FOR = timedelta(minutes=5)
"""Time until a channel is used again if the process ends while it sends."""


class ChannelError(Exception):
    """A channel did not take a message; the text holds no secret and may be logged."""

    def __init__(self, problem: str, *, limited: bool = False, retry_after: timedelta | None = None) -> None:
        super().__init__(problem)
        self.limited = limited
        """Whether it takes no other message now either, so that nothing is wrong with this one."""
        self.retry_after = retry_after


class AlertChannel(Protocol):
    """Where alerts are sent to."""

    @property
    def key(self) -> str:
        """Identifies the channel in the database; holds no secret."""

    @property
    def room(self) -> Room:
        """How much one message holds."""

    def send(self, title: str, body: str, severity: Severity, *, resolved: bool = False) -> None:
        """Send one message; raises ChannelError if it is not accepted."""


@dataclass(slots=True)
class _Result:
    """What has happened in a round."""

    messages: int = 0
    """Messages that were sent, whether it took them or not."""
    accepted: bool = False
    """Whether the channel has taken any message."""
    in_a_row: int = 0
    """Refusals since the last message that it took."""
    error: ChannelError | None = None
    """The last refusal."""
    refused: AlertMessage | None = None
    """The first message that was refused with alerts that were never refused alone before."""
    alone: list[DueDelivery] = field(default_factory=list)
    """Alerts that were refused alone."""

    @property
    def channel_is_to_blame(self) -> bool:
        """Whether the refusals say something about the channel and not about single alerts."""
        limited = self.error is not None and self.error.limited
        return limited or (self.refused is not None and not self.accepted)


@dataclass(frozen=True, slots=True)
class ChannelRound:
    """One round of one channel."""

    database: Database
    clock: Callable[[], datetime]
    channel: AlertChannel
    render: Render
    wait: Callable[[timedelta], bool]
    heartbeat: Callable[[], None]
    subject: Render = no_subject
    quiet: Collection[str] = ()
    """Receivers that have quiet hours now."""

    def run(self) -> None:
        """Send what is due, unless the channel rests or another process sends to it."""
        now = self.clock()
        with self.database.write() as tx:
            rows = deliveries.due(tx, self.channel.key, now, MOST_ALERTS, self.quiet)
            failures = deliveries.take_channel(tx, self.channel.key, now, now + TAKEN_FOR) if rows else None
            if failures is None:
                return
            rows = ended_deliveries.withdraw(tx, self.channel.key, rows)
        result = _Result()
        self._send([row for row in rows if not row.attempts], result)
        for row in rows:
            if row.attempts and not result.channel_is_to_blame:
                self._send([row], result)
        self._finish(result, failures)

    def _send(self, rows: Sequence[DueDelivery], result: _Result) -> None:
        queue = deque(messages_of(rows, self.channel.room, self.render, self.subject))
        while queue and result.messages < MOST_MESSAGES:
            if result.messages and self.wait(SPACING):
                return
            message = queue.popleft()
            result.messages += 1
            try:
                self._deliver(message)
            except ChannelError as error:
                self._refused(message, error, queue, result)
                if error.limited or result.in_a_row >= MOST_REFUSALS:
                    return
            else:
                result.accepted, result.in_a_row = True, 0
            self.heartbeat()

    def _deliver(self, message: AlertMessage) -> None:
        kind = message.kind
        for part, (title, body) in enumerate(message.parts):
            if part:
                self.wait(SPACING)
                self.heartbeat()
            self.channel.send(title, body, severity_of(kind), resolved=status_of(kind) is Status.RESOLVED)
        now = self.clock()
        with self.database.write() as tx:
            deliveries.sent(tx, self.channel.key, message.rows, now)
            deliveries.keep_channel(tx, self.channel.key, now + TAKEN_FOR)
        log.info("alerts.sent", kind=str(kind), alerts=message.alerts)

    def _refused(
        self, message: AlertMessage, error: ChannelError, queue: deque[AlertMessage], result: _Result
    ) -> None:
        result.in_a_row += 1
        result.error = error
        if result.refused is None and not all(row.attempts for row in message.rows):
            result.refused = message
        if error.limited:
            return
        if len(message.rows) > 1:
            queue.extendleft(reversed(message.halves(self.channel.room)))
            return
        result.alone += message.rows
        if not result.accepted:
            queue.rotate(1)  # is it the channel or the alert? the least related message may tell

    def _finish(self, result: _Result, failures: int) -> None:
        now, key, error = self.clock(), self.channel.key, str(result.error)
        with self.database.write() as tx:
            if result.accepted or not result.channel_is_to_blame:
                for row in result.alone:
                    deliveries.refused(tx, key, row, error, now)
                    number, attempts = row.event.event_id, row.attempts + 1
                    log.warning("alerts.refused", event_id=number, attempts=attempts, error=error)
            else:
                deliveries.put_last(tx, key, result.alone, error, now)
            if result.channel_is_to_blame:
                self._rest(tx, result, failures + 1, now)
            else:
                deliveries.release_channel(tx, key, now)

    def _rest(self, tx: Transaction, result: _Result, failures: int, now: datetime) -> None:
        """Let the channel rest; what it has refused for days is given up."""
        asked = result.error.retry_after if result.error else None
        until, key, error = now + channel_pause(failures, asked), self.channel.key, str(result.error)
        if result.refused is not None:
            deliveries.note_error(tx, key, result.refused.rows, error)
        lost = deliveries.give_up_old(tx, key, error, now)
        deliveries.release_channel(tx, key, until, failures, error)
        log.warning("alerts.failed", error=error, rounds=failures, until=str(until), given_up=lost)
