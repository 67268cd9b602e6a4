"""Alerting: send the due alerts of the outbox, one message per kind of alert.

Delivery is at least once: alerts are marked as sent after a channel has accepted the message.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor.alerts.alert import AlertKind
from storage import outbox
from storage.engine import Database
from storage.outbox import AlertRow

log = structlog.get_logger()
BATCH = 50
"""Alerts in one message, at most."""
TAKEN_FOR = timedelta(minutes=5)
"""Time until an alert is retried if the process ends while it is being sent."""

Send = Callable[[str, str], None]
"""Sends one message (title, body) to the channels; raises ChannelError if none of them accepted it."""


class ChannelError(Exception):
    """No channel accepted a message; the text holds no secret and may be logged."""


@dataclass(frozen=True, slots=True)
class Alerting:
    """The alerting job."""

    database: Database
    clock: Callable[[], datetime]
    send: Send | None
    """None if no channel is configured: alerts are then only stored."""
    heartbeat: Callable[[], None] = lambda: None
    """Called after every message, so that a slow channel does not look like a stuck job."""

    def run_once(self) -> None:
        """Send every alert that is due."""
        now = self.clock()
        with self.database.write() as tx:
            due = outbox.take_due(tx, now, now + TAKEN_FOR, limit=20 * BATCH)
            if self.send is None:
                outbox.kept(tx, [row.alert_id for row in due])
        if self.send is not None:
            for kind, rows in _by_kind(due):
                self._deliver(self.send, kind, rows)
                self.heartbeat()

    def _deliver(self, send: Send, kind: AlertKind, rows: Sequence[AlertRow]) -> None:
        try:
            send(_title(kind, len(rows)), "\n".join(row.text for row in rows))
        except ChannelError as error:
            log.warning("alerts.failed", kind=str(kind), alerts=len(rows), error=str(error))
            with self.database.write() as tx:
                outbox.failed(tx, rows, str(error), self.clock())
            return
        with self.database.write() as tx:
            outbox.sent(tx, [row.alert_id for row in rows], self.clock())
        log.info("alerts.sent", kind=str(kind), alerts=len(rows))


def _by_kind(due: Sequence[AlertRow]) -> list[tuple[AlertKind, Sequence[AlertRow]]]:
    """The alerts of one kind each, at most BATCH together."""
    kinds: defaultdict[AlertKind, list[AlertRow]] = defaultdict(list)
    for row in due:
        kinds[row.kind].append(row)
    return [(kind, rows[i : i + BATCH]) for kind, rows in kinds.items() for i in range(0, len(rows), BATCH)]


def _title(kind: AlertKind, alerts: int) -> str:
    return f"refilld: {kind}" if alerts == 1 else f"refilld: {kind} ({alerts})"
