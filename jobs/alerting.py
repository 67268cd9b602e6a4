"""Alerting: decide which alerts are told to whom, and send them to every channel.

Delivery is at least once: a delivery is marked as sent after its channel has accepted the message. A channel
that refuses is tried again by itself, and those that accepted get nothing twice. Each channel has a thread
of its own, so that one which does not answer delays no other.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.alert_pipeline import AlertPipeline, AlertPolicy
from jobs.alerting_observer import AlertingObserver
from jobs.channel_round import TAKEN_FOR, AlertChannel, ChannelRound
from jobs.digest_round import DigestRound, Report
from jobs.message_queue import Render, no_subject
from jobs.round_threads import RoundThreads
from storage import deliveries
from storage.engine import Database


@dataclass(frozen=True, slots=True)
class Alerting:
    """The alerting job."""

    database: Database
    clock: Callable[[], datetime]
    channels: Sequence[AlertChannel]
    """Of all receivers; without any, alerts are only stored."""
    policy: AlertPolicy
    render: Render
    """The text of an event."""
    report: Report
    """The text of a digest."""
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
    observer: AlertingObserver = field(default_factory=AlertingObserver)
    _threads: RoundThreads = field(default_factory=RoundThreads)

    def run_once(self) -> None:
        """Decide on what is new or due, and send what is due to each channel that is not still busy."""
        now = self.clock()
        with self.database.write() as tx:
            deliveries.register(tx, [channel.key for channel in self.channels], now)
            pipeline = AlertPipeline(tx, self.policy, now)
            pipeline.run()
        for (receiver, reason), alerts in pipeline.decided.items():
            self.observer.alerts_decided(receiver, reason, alerts)
        for channel in self.channels:
            self._threads.start(channel.key, self._round_of(channel, self.policy.quiet_at(now)).run)
        self._threads.wait(self.patience, self.stopped)
        DigestRound(self.database, self.policy, self.report, now, self.observer).run()

    def _round_of(self, channel: AlertChannel, quiet: Collection[str]) -> ChannelRound:
        return ChannelRound(
            self.database, self.clock, channel, self.render, self.wait, self.heartbeat, self.subject, quiet
        )
