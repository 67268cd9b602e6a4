"""The words of a report."""

from datetime import datetime

import pytest

from monitor.model.decision import Reason
from monitor.model.sums import Sum
from monitor.model.target import Metric
from refilld.report.figures import HeldGroup
from refilld.report.words import release_words
from tests.builders import DAY, HOUR, START

NEW_YEAR = START.replace(year=START.year + 1, month=1, day=1, hour=0, minute=0)


@pytest.mark.parametrize(
    ("now", "release_at", "words"),
    [
        (NEW_YEAR - HOUR, None, "by you"),
        (NEW_YEAR - HOUR, NEW_YEAR - HOUR, "at a look"),
        (NEW_YEAR - 2 * DAY, NEW_YEAR - DAY, "12-31 00:00"),
        (NEW_YEAR - HOUR, NEW_YEAR, f"{NEW_YEAR.year}-01-01 00:00"),
        (NEW_YEAR - HOUR, NEW_YEAR.replace(year=NEW_YEAR.year + 1), f"{NEW_YEAR.year + 1}-01-01 00:00"),
    ],
)
def test_a_release_in_another_year_shows_it(now: datetime, release_at: datetime | None, words: str) -> None:
    held = HeldGroup(Reason.DAILY_CAP, Metric.LIKES, Sum(1, 500, ()), START, release_at)
    assert release_words(held, now) == words
