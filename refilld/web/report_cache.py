"""The report that all people who look at a page share, so that their number costs nothing."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from refilld.report.figures import Report
from refilld.report.load import load
from refilld.settings.settings import Settings
from storage.engine import Database

FRESH = timedelta(seconds=20)
"""How long a report is shown; shorter than the time after which the page asks again."""


@dataclass(slots=True)
class ReportCache:
    """The newest report of each period; one thread makes a new one while the others wait for it."""

    _lock: Lock = field(default_factory=Lock)
    _reports: dict[timedelta, Report] = field(default_factory=dict)

    def report(self, database: Database, settings: Settings, now: datetime, period: timedelta) -> Report:
        """A report that is not older than FRESH."""
        with self._lock:
            kept = self._reports.get(period)
            if kept is not None and timedelta(0) <= now - kept.now < FRESH:
                return kept
            with database.read() as tx:
                self._reports[period] = load(tx, settings, now, period)
            return self._reports[period]
