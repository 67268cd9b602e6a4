"""Operating days: age is the number of days on which the job ran, whatever the clock says."""

from datetime import datetime

from storage import operating_days
from storage.engine import Database
from tests.builders import DAY, HOUR, NOW

TODAY = NOW.replace(hour=0)


def operated(database: Database, *days: datetime) -> list[bool]:
    with database.write() as connection:
        return [operating_days.note(connection, day) for day in days]


def test_a_day_is_new_once(database: Database) -> None:
    assert operated(database, NOW, NOW + HOUR, NOW + DAY, NOW) == [True, False, True, False]
    with database.read() as connection:
        assert operating_days.known(connection, NOW - HOUR)
        assert not operating_days.known(connection, NOW + 2 * DAY)


def test_age_counts_operating_days(database: Database) -> None:
    """Days on which it did not run, and those to come, make nothing older."""
    operated(database, NOW, NOW - DAY, NOW - 50 * DAY, NOW + 3 * DAY)
    with database.read() as connection:
        found = [operating_days.days_ago(connection, days, NOW) for days in range(4)]
    assert found == [TODAY, TODAY - DAY, TODAY - 50 * DAY, None]


def test_the_last_day_before_today_is_known(database: Database) -> None:
    with database.read() as connection:
        assert operating_days.last_before(connection, NOW) is None
    operated(database, NOW, NOW - 50 * DAY, NOW + DAY)
    with database.read() as connection:
        assert operating_days.last_before(connection, NOW) == TODAY - 50 * DAY
