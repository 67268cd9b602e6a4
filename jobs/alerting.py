"""Alerting: take what is due from the outbox, one message per kind of alert, and send it.

Delivery is at least once: rows are marked as sent after the channel has taken the message.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor.alerts.alert import AlertKind
from storage import outbox
from storage.column_types import AnyRow
from storage.engine import Database

log = structlog.get_logger()
BATCH = 50
"""Alerts of one kind that go into one message."""
TAKEN_FOR = timedelta(minutes=5)
"""A delivery that does not come back, because the process was killed, is tried again after so long."""

Send = Callable[[str, str], None]
"""Delivers one message (title, body) to the channels; raises ChannelError when none of them took it."""


class ChannelError(Exception):
    """A channel did not take a message; the text is fit for logs and holds no secret."""


@dataclass(frozen=True, slots=True)
class Alerting:
    """The alerting job."""

    database: Database
    clock: Callable[[], datetime]
    send: Send | None
    """None where no channel is configured: alerts are then only kept to be read."""
    heartbeat: Callable[[], None] = lambda: None  # a default that does nothing
    """Called after every message, so that slow channels are not taken for a stuck job."""

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

    def _deliver(self, send: Send, kind: AlertKind, rows: Sequence[AnyRow]) -> None:
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


def _by_kind(due: Sequence[AnyRow]) -> list[tuple[AlertKind, Sequence[AnyRow]]]:
    """The alerts grouped by kind, in messages of at most BATCH."""
    kinds: defaultdict[AlertKind, list[AnyRow]] = defaultdict(list)
    for row in due:
        kinds[row.kind].append(row)
    return [(kind, rows[i : i + BATCH]) for kind, rows in kinds.items() for i in range(0, len(rows), BATCH)]


def _title(kind: AlertKind, alerts: int) -> str:
    return f"refilld: {kind}" if alerts == 1 else f"refilld: {kind} ({alerts})"
