"""Digests: receivers get the report of a day or a week at their times.

The report is read in a transaction that only reads, and after the alerts, which a fault in it does not stop.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from jobs.alert_pipeline import AlertPolicy, Receiver
from jobs.alerting_observer import AlertingObserver
from monitor.alerts.digests import DigestSchedule
from monitor.alerts.reasons import AlertReason
from monitor.events.digests import digest_due
from storage import digests, events, notifications
from storage.engine import Database, Transaction
from storage.notifications import NewNotification

log = structlog.get_logger()
Report = Callable[[Transaction, datetime, timedelta], str]
"""Renders the report of a period before a time."""


@dataclass(frozen=True, slots=True)
class DigestRound:
    """Makes messages of the digests that are due; the next round of alerting sends them."""

    database: Database
    policy: AlertPolicy
    report: Report
    now: datetime
    observer: AlertingObserver

    def run(self) -> None:
        """Make the digest of each receiver whose time has come and who has no quiet hours."""
        for receiver in self.policy.receivers.values():
            if receiver.digest is not None and receiver.channels and not receiver.is_quiet(self.now):
                self._make(receiver, receiver.digest)

    def _make(self, receiver: Receiver, schedule: DigestSchedule) -> None:
        with self.database.read() as tx:
            if not digests.needs_change(tx, receiver.name, schedule, self.now):
                return
            text = self.report(tx, self.now, schedule.period)
        with self.database.write() as tx:
            is_due = digests.take_due(tx, receiver.name, schedule, self.now)
            if is_due:
                event = digest_due(text, self.now - schedule.period, self.now)
                number = events.add(tx, event, self.now, routed=True)
                new = NewNotification(receiver.name, "", AlertReason.DIGEST, [number], 1)
                notifications.create(tx, new, self.now)
        if is_due:
            self.observer.alerts_decided(receiver.name, AlertReason.DIGEST, 1)
            log.info("alerts.digest", receiver=receiver.name)
