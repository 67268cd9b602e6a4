"""Alerting: send the events that are pending alerts to every channel.

Delivery is at least once: a delivery is marked as sent after its channel has accepted the message. A channel
that refuses is tried again by itself, and those that accepted get nothing twice. Each channel has a thread
of its own, so that one which does not answer delays no other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.channel_round import TAKEN_FOR, AlertChannel, ChannelRound
from jobs.message_queue import Render, no_subject
from jobs.round_threads import RoundThreads
from storage import deliveries
from storage.engine import Database

MOST_PLANNED = 1000
"""New alerts that one round takes up."""


@dataclass(frozen=True, slots=True)
class Alerting:
    """The alerting job."""

    database: Database
    clock: Callable[[], datetime]
    channels: Sequence[AlertChannel]
    """Without any, alerts are only stored."""
    render: Render
    """The text of an event."""
    wait: Callable[[timedelta], bool]
    """Waits between two messages to one channel; returns True when the process stops."""
    heartbeat: Callable[[], None] = lambda: None
    """Called after every message, so that a slow channel does not look like a stuck job."""
    stopped: Callable[[], bool] = lambda: False
    """Whether the process stops; then no round is waited for."""
    patience: timedelta = TAKEN_FOR
    """How long the rounds of the channels are waited for."""
    subject: Render = no_subject
    """The subject of an event instead of the usual title; empty without one."""
    _threads: RoundThreads = field(default_factory=RoundThreads)

    def run_once(self) -> None:
        """Send what is due to each channel, except to those that are still busy with an earlier round."""
        now = self.clock()
        with self.database.write() as tx:
            deliveries.register(tx, [channel.key for channel in self.channels], now)
            deliveries.plan(tx, now, MOST_PLANNED)
        for channel in self.channels:
            one = ChannelRound(
                self.database, self.clock, channel, self.render, self.wait, self.heartbeat, self.subject
            )
            self._threads.start(channel.key, one.run)
        self._threads.wait(self.patience, self.stopped)
