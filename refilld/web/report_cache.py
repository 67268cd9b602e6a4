"""The report that all people who look at a page share, so that their number costs nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock, Thread
from time import monotonic

import structlog

from monitor.errors import RefilldError
from refilld.report.figures import Report
from refilld.report.load import load
from refilld.settings.settings import Settings
from storage.engine import Database

log = structlog.get_logger()
FRESH = timedelta(seconds=20)
"""How long a report is shown at least; shorter than the time after which the page asks again."""
TIMES = 20
"""A report is shown for so many times what its loading took: a large shop spends 5 % of a core on it."""


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report, and how long it is shown without a newer one being made."""

    report: Report
    fresh: timedelta

    def is_fresh(self, now: datetime) -> bool:
        return timedelta(0) <= now - self.report.now < self.fresh

    def may_wait(self, now: datetime) -> bool:
        """Whether it is shown while a newer one is made, because that takes longer than people wait for."""
        return self.fresh > FRESH and timedelta(0) <= now - self.report.now < 2 * self.fresh


@dataclass(slots=True)
class ReportCache:
    """The newest report of each period; one thread makes a new one."""

    timer: Callable[[], float] = monotonic
    """Seconds, for what the loading took."""
    _lock: Lock = field(default_factory=Lock)
    _renewing: Lock = field(default_factory=Lock)
    _reports: dict[timedelta, KeptReport] = field(default_factory=dict)

    def report(self, database: Database, settings: Settings, now: datetime, period: timedelta) -> Report:
        """A report of the time from `period` before `now`, perhaps one that was made a little earlier."""
        kept = self._reports.get(period)
        if kept is not None and kept.is_fresh(now):
            return kept.report
        if kept is not None and kept.may_wait(now):
            if self._renewing.acquire(blocking=False):
                Thread(target=self._renew, args=(database, settings, now, period), daemon=True).start()
            return kept.report
        with self._lock:
            newest = self._reports.get(period)
            if newest is None or newest is kept:
                newest = self._loaded(database, settings, now, period)
            return newest.report

    def _renew(self, database: Database, settings: Settings, now: datetime, period: timedelta) -> None:
        try:
            self._loaded(database, settings, now, period)
        except RefilldError as error:
            log.warning("report.not_renewed", error=str(error))
        finally:
            self._renewing.release()

    def _loaded(self, database: Database, settings: Settings, now: datetime, period: timedelta) -> KeptReport:
        began = self.timer()
        with database.read() as tx:
            found = load(tx, settings, now, period)
        took = timedelta(seconds=self.timer() - began)
        self._reports[period] = KeptReport(found, max(FRESH, TIMES * took))
        return self._reports[period]
