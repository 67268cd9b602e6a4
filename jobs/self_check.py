"""The self-check: tells when nothing is read, alerts are stuck, the disk fills, or the queue stalls.

Its state is in the database, so that a restart repeats nothing.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.configured_source import ConfiguredSource
from monitor.alerts.self_check import (
    MonitorState,
    ReadingGap,
    SelfCheckLimits,
    begun_events,
    conditions,
)
from monitor.evaluation.source_choice import NO_SOURCE
from monitor.events.monitoring import ENDED_BY, ended
from monitor.model.time_words import minute
from monitor.sources.budget import BEGINNING
from monitor.sources.source_state import source_state
from storage import events, leases, self_check, sources
from storage.engine import Database, Transaction
from storage.server_time import shared_time

GRACE = timedelta(minutes=10)
"""Time after a start before missing looks are told; the first ones may read something."""


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The self-check job."""

    database: Database
    clock: Callable[[], datetime]
    sources: tuple[ConfiguredSource, ...]
    limits: SelfCheckLimits
    started: datetime | None = None
    """Start of the process; None if it runs each job once."""

    def run_once(self) -> None:
        """Check all conditions; raises UnreachableError if the database cannot be written."""
        with self.database.write() as tx:
            self._check(tx, shared_time(tx, self.clock()))

    def _check(self, tx: Transaction, now: datetime) -> None:
        self_check.checked(tx, list(ENDED_BY), now)
        on = self_check.holding(tx)
        found = conditions(self._state(tx, now), self.limits, on, now)
        for event in begun_events(found, on):
            if self_check.begin(tx, event.kind, now):
                events.add(tx, event, now)
        for kind, since in on.items():
            if kind not in found and self_check.end(tx, kind):
                events.add(tx, ended(kind, since, now), now)

    def _state(self, tx: Transaction, now: datetime) -> MonitorState:
        path = self.database.path
        return MonitorState(
            self._reading_gap(tx, now),
            self_check.undelivered(tx),
            None if path is None else shutil.disk_usage(path.resolve().parent).free,
            leases.waiting_since(tx, now),
        )

    def _reading_gap(self, tx: Transaction, now: datetime) -> ReadingGap | None:
        """What is known about the looks; reads all targets only when no count was read for long."""
        names = [one.source.name for one in self.sources]
        read_at = self_check.last_count(tx, names)
        if read_at is not None and now - read_at < self.limits.silent_after:
            return ReadingGap(read_at, None)
        if self.started is not None and now - self.started < GRACE:
            return None
        seen_at = self_check.last_seen(tx)
        read_at = max((at for at in (read_at, seen_at) if at is not None), default=None)
        wanted = [self_check.due_since(tx, name) for name in (*names, NO_SOURCE)]
        wanted += [self_check.first_request(tx, name, read_at or BEGINNING) for name in names]
        since = min((at for at in wanted if at is not None and at <= now), default=None)
        reasons = tuple(self._reason(tx, one, read_at or BEGINNING, now) for one in self.sources)
        return ReadingGap(read_at, since, reasons)

    def _reason(self, tx: Transaction, one: ConfiguredSource, read_at: datetime, now: datetime) -> str:
        """Why a source reads nothing."""
        name = one.source.name
        breaker, limit = sources.breaker(tx, name), sources.rate_limit_state(tx, name)
        found = source_state(breaker, limit, now)
        if not found.may_look:
            until = f"until {minute(found.until)} UTC" if found.until else "until it is resumed"
            return f"{name} is {found.state} {until}" + (f" ({found.why})" if found.why else "")
        requests, _ = sources.served(tx, name, read_at)
        if requests:
            return f"{name} was asked {requests} times since, and showed nothing"
        if self_check.due_since(tx, name) is None:
            return f"{name} cannot read the targets that are due"
        free_at = one.budget.free_at(lambda n, since: sources.nth_request(tx, name, n, since), now)
        wait = (
            f"its budget allows the next request at {minute(free_at)} UTC" if free_at else "it was not asked"
        )
        return f"{name} is {found.state}, but {wait}"
