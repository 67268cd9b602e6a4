"""Operating days: the days (UTC) on which the maintenance job ran, by which the age of rows is measured.

A clock that is set years ahead adds one such day, so no row becomes old by it.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from storage.engine import insert_into
from storage.retention_tables import operating_days

_day = operating_days.c.day
_NEWEST = (
    select(_day).where(_day <= bindparam("today")).order_by(_day.desc()).limit(1).offset(bindparam("newer"))
)


def day_of(now: datetime) -> datetime:
    """The beginning of the day."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def known(connection: Connection, now: datetime) -> bool:
    """Whether today is stored as an operating day."""
    return _nth(connection, day_of(now), 0) == day_of(now)


def note(connection: Connection, now: datetime) -> bool:
    """Store that today is an operating day; False if that was known."""
    row = insert_into(connection, operating_days).values(day=day_of(now)).on_conflict_do_nothing()
    return connection.execute(row.returning(_day)).first() is not None


def last_before(connection: Connection, now: datetime) -> datetime | None:
    """The newest operating day before today; None if there is none."""
    return _nth(connection, day_of(now) - timedelta(days=1), 0)


def days_ago(connection: Connection, days: int, now: datetime) -> datetime | None:
    """The operating day before which rows are older than so many of them; None if there were not so many."""
    return _nth(connection, day_of(now), days)


def _nth(connection: Connection, today: datetime, newer: int) -> datetime | None:
    found: datetime | None = connection.execute(_NEWEST, {"today": today, "newer": newer}).scalar()
    return found
