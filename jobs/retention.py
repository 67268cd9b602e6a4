"""Retention: deletes old rows that nothing needs any more, in small batches.

Each batch is a short transaction, followed by a heartbeat and a pause in which other writers come first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from jobs.partitions import maintain_partitions
from monitor.retention.policy import Retention, whole_days
from storage import bulk_actions, guarantees, old_rows, operating_days, snapshot_thinning
from storage.engine import Database

log = structlog.get_logger()
Batch = Callable[[], tuple[int, bool]]
"""Deletes one batch; returns the number of rows, and whether there is more."""
BATCHES = 50
"""Batches of one kind in one round, at most."""
ROWS = 200
TARGETS = 50
PAGES = 256
"""1 MiB of the usual pages."""
PAUSE = timedelta(milliseconds=20)
_LONG_GAP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class DataRetention:
    """Deletes what is older than the policy, in operating days."""

    database: Database
    policy: Retention
    heartbeat: Callable[[], None]
    wait: Callable[[timedelta], bool]
    """Waits, and returns whether the process stops."""

    def run_once(self, now: datetime) -> None:
        """Delete a bounded number of rows, and give their space back; nothing on a day after a long gap.

        On PostgreSQL the next months get their partitions then, and old partitions are compacted.
        """
        with self.database.read() as tx:
            known, last = operating_days.known(tx, now), operating_days.last_before(tx, now)
        gap_from = last if last is not None and now - last > _LONG_GAP else None
        if not known:
            self._begin_day(now, thin=gap_from is None)
        if gap_from is not None:
            if not known:
                _report_gap(gap_from, now)
            return
        deleted = {kind: self._delete(batch) for kind, batch in self._batches(now)}
        if any(deleted.values()):
            log.info("retention.deleted", **{kind: number for kind, number in deleted.items() if number})
        self._delete(self._release)
        maintain_partitions(self.database, now, self.heartbeat)

    def _begin_day(self, now: datetime, *, thin: bool) -> None:
        """Store a new operating day, and begin a pass over the snapshots."""
        with self.database.read() as tx:  # reads all orders, so not in the transaction that writes
            windows = [terms.window for terms in guarantees.terms_in_use(tx).values()] if thin else []
        with self.database.write() as tx:
            operating_days.note(tx, now)
            days = self.policy.full_days(windows)
            until = operating_days.days_ago(tx, days, now) if thin and days is not None else None
            if until is not None:
                snapshot_thinning.begin_pass(tx, until)

    def _batches(self, now: datetime) -> Iterator[tuple[str, Batch]]:
        yield "snapshots", self._thin
        kept = {
            "refill_events": self.policy.events,
            "requests": self.policy.requests,
            "events": self.policy.alerts,
            "notifications": self.policy.alerts,
            "webhook_deliveries": self.policy.webhooks,
        }
        for table, duration in kept.items():
            before = self._days_ago(duration, now)
            if before is not None:
                yield table, partial(self._delete_old, table, before)
        before = self._days_ago(self.policy.alerts, now)
        if before is not None:
            yield "bulk_items", partial(self._delete_bulk_actions, before)

    def _days_ago(self, kept: timedelta | None, now: datetime) -> datetime | None:
        if kept is None:
            return None
        with self.database.read() as tx:
            return operating_days.days_ago(tx, whole_days(kept), now)

    def _thin(self) -> tuple[int, bool]:
        with self.database.read() as tx:
            batch = snapshot_thinning.next_batch(tx, TARGETS, ROWS)
        if batch is None:
            return 0, False
        with self.database.write() as tx:
            return snapshot_thinning.delete_batch(tx, batch), True

    def _delete_old(self, table: str, before: datetime) -> tuple[int, bool]:
        with self.database.write() as tx:
            return old_rows.delete_batch(tx, table, before, ROWS)

    def _delete_bulk_actions(self, before: datetime) -> tuple[int, bool]:
        with self.database.write() as tx:
            return bulk_actions.delete_old(tx, before, ROWS)

    def _release(self) -> tuple[int, bool]:
        return 0, self.database.release_space(PAGES)

    def _delete(self, batch: Batch) -> int:
        """Run batches until there is nothing more, the process stops, or enough was done in this round."""
        deleted = 0
        for _ in range(BATCHES):
            number, more = batch()
            deleted += number
            self.heartbeat()
            if not more or self.wait(PAUSE):
                break
        return deleted


def _report_gap(last: datetime, now: datetime) -> None:
    log.warning(
        "retention.days_missing",
        last=f"{last:%Y-%m-%d}",
        now=f"{now:%Y-%m-%d}",
        advice="nothing is deleted today, and these days are no age; if refilld was not off, check the clock",
    )
