"""The backlog job: one alert when the orders of a backlog are judged (docs/rules.md, section 10)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor.events.event import Event
from monitor.events.limits import backlog_judged
from monitor.guarantee.daily_caps import SHOP, Amounts, QueuedUnits, used_with
from monitor.model.money import CENT, rounded
from storage import backlogs, events
from storage.backlogs import Backlog, BacklogSums
from storage.engine import Database, Transaction

log = structlog.get_logger()
LONGEST_WAIT = timedelta(days=3)
"""Time from the beginning of an import until its summary is created, whatever could not be judged."""


@dataclass(frozen=True, slots=True)
class BacklogSummaries:
    """Creates the summaries of backlogs."""

    database: Database
    clock: Callable[[], datetime]
    shadow: bool = False
    """Keep the summaries, and send none."""

    def run_once(self) -> None:
        """Create the summary of every backlog that is judged, or that was waited for long enough."""
        with self.database.write() as tx:
            for backlog in backlogs.untold(tx):
                if _is_due(tx, backlog, self.clock()):
                    self._tell(tx, backlog)

    def _tell(self, tx: Transaction, backlog: Backlog) -> None:
        found = backlogs.sums(tx, backlog.backlog_id)
        events.add(tx, _event(found), self.clock(), keep=self.shadow)
        backlogs.note_told(tx, backlog.backlog_id, self.clock())
        log.info("backlog.judged", orders=found.orders, judged=found.judged, with_drops=found.with_drops)


def _is_due(tx: Transaction, backlog: Backlog, now: datetime) -> bool:
    if now >= backlog.begun_at + LONGEST_WAIT:
        return True
    return backlog.finished_at is not None and not backlogs.awaited(tx, backlog.backlog_id)


def _event(found: BacklogSums) -> Event:
    rows = [
        QueuedUnits(row.service, row.provider, row.price, row.currency, row.ordered, row.units)
        for row in found.held
    ]
    amounts = used_with({}, rows).get(SHOP, Amounts())
    price = {currency: rounded(amount, CENT) for currency, amount in amounts.price.items()}
    held = sum(row.refills for row in found.held)
    return backlog_judged(
        found.orders, found.judged, found.with_drops, held, Amounts(amounts.units, price), found.reviews
    )
