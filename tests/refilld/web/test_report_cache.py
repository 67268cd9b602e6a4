"""One report for all who look at Today, made as seldom as it is costly."""

from dataclasses import dataclass, field
from datetime import timedelta
from threading import enumerate as threads

import pytest

from refilld.report.figures import Report
from refilld.settings.settings import Settings
from refilld.web.report_cache import FRESH, TIMES, ReportCache
from storage.engine import Database
from storage.errors import UnreachableError
from tests.builders import NOW, SECOND
from tests.refilld.web.desk_world import DeskWorld

DAY = timedelta(days=1)
LONG = TIMES * 8 * SECOND


@dataclass
class Stopwatch:
    """Shows so many seconds more each time it is looked at."""

    step: float = 0
    seconds: float = field(default=0)

    def __call__(self) -> float:
        self.seconds += self.step
        return self.seconds


def shown(cache: ReportCache, database: Database, after: timedelta) -> Report:
    """The report at a time after NOW, once all threads that renew it have ended."""
    found = cache.report(database, Settings(), NOW + after, DAY)
    for thread in threads():
        if thread.name.endswith("(_renew)"):
            thread.join(10)
    return found


def test_a_report_is_shared_while_it_is_fresh(desk: DeskWorld) -> None:
    cache = ReportCache(Stopwatch())
    first = shown(cache, desk.database, 0 * SECOND)
    assert shown(cache, desk.database, FRESH - SECOND) is first


def test_a_report_that_costs_little_is_made_anew_when_it_is_old(desk: DeskWorld) -> None:
    cache = ReportCache(Stopwatch())
    shown(cache, desk.database, 0 * SECOND)
    assert shown(cache, desk.database, FRESH).now == NOW + FRESH


def test_a_report_that_took_long_is_kept_longer(desk: DeskWorld) -> None:
    """A shop whose report takes 8 seconds makes one in 160 seconds, and shows the old one meanwhile."""
    cache = ReportCache(Stopwatch(8))
    first = shown(cache, desk.database, 0 * SECOND)
    assert shown(cache, desk.database, LONG - SECOND) is first
    assert shown(cache, desk.database, LONG) is first
    assert shown(cache, desk.database, LONG + SECOND).now == NOW + LONG


def test_nobody_is_shown_a_report_of_long_ago(desk: DeskWorld) -> None:
    cache = ReportCache(Stopwatch(8))
    shown(cache, desk.database, 0 * SECOND)
    assert shown(cache, desk.database, 2 * LONG).now == NOW + 2 * LONG


def test_a_report_that_cannot_be_renewed_is_shown_until_it_is_too_old(desk: DeskWorld) -> None:
    cache = ReportCache(Stopwatch(8))
    first = shown(cache, desk.database, 0 * SECOND)
    assert desk.database.path is not None
    desk.database.path.rename(desk.database.path.with_name("moved.db"))
    desk.database.close()
    assert shown(cache, desk.database, LONG) is first
    with pytest.raises(UnreachableError):
        shown(cache, desk.database, 2 * LONG)
