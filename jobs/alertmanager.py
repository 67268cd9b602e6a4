"""Tells Prometheus Alertmanager what fires now, and what has ended since it was last told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import structlog

from jobs.channel_round import ChannelError
from monitor.alerts.incidents import FIRES_FOR, Incident, Labels, Sign, incidents_of
from storage import incident_events
from storage.engine import Database
from storage.events import EventRow

log = structlog.get_logger()


class IncidentReceiver(Protocol):
    """Takes incidents."""

    def send(self, incidents: Sequence[Incident]) -> None:
        """Send the incidents; raises ChannelError if they are not accepted."""


@dataclass(slots=True)
class AlertmanagerJob:
    """The job; it remembers what it told as firing, and after a restart lets that run out."""

    database: Database
    clock: Callable[[], datetime]
    receiver: IncidentReceiver
    shadow: bool
    """In shadow mode nothing is told about orders."""
    _told: dict[Labels, Incident] = field(default_factory=dict)

    def run_once(self) -> None:
        """Tell what fires; a failure is logged, and everything is told again in the next round."""
        now = self.clock()
        firing = self._firing(now)
        ended = [
            replace(one, ends_at=now)
            for labels, one in self._told.items()
            if labels not in firing and one.ends_at > now
        ]
        if not firing and not ended:
            return
        try:
            self.receiver.send([*firing.values(), *ended])
        except ChannelError as error:
            self._told = firing | {one.labels: self._told[one.labels] for one in ended}
            log.warning("alertmanager.failed", error=str(error), advice="refilld doctor", once_a_minute=True)
            return
        self._told = firing

    def _firing(self, now: datetime) -> dict[Labels, Incident]:
        with self.database.read() as tx:
            lasting = incident_events.lasting(tx)
            occurred = incident_events.occurred(tx, now - FIRES_FOR)
        shown = [row for row in occurred if not (self.shadow and row.subject.order_id)]
        signs = [*(_sign(row, lasts=True) for row in lasting), *(_sign(row, lasts=False) for row in shown)]
        return incidents_of(signs, now)


def _sign(row: EventRow, *, lasts: bool) -> Sign:
    return Sign(row.kind, row.subject, row.at, lasts)
