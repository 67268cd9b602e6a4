"""Digests: when a receiver gets the report of a day or a week."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from monitor.errors import BadInputError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SCHEDULE = re.compile(rf"(?:daily|weekly ({'|'.join(WEEKDAYS)})) ([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DigestSchedule:
    """Every day, or once a week, at a time of the day."""

    at: time
    weekday: int | None
    """0 is Monday; None means every day."""
    zone: tzinfo

    @property
    def period(self) -> timedelta:
        """The time that one digest covers."""
        return _DAY if self.weekday is None else 7 * _DAY

    def next_after(self, now: datetime) -> datetime:
        """The next time after `now`; a time of the day that the clock skips comes an hour later."""
        today = now.astimezone(self.zone).date()
        for days in range(9):
            date = today + days * _DAY
            due = datetime.combine(date, self.at, self.zone).astimezone(UTC)
            if due > now and self.weekday in {None, date.weekday()}:
                return due
        raise AssertionError("every weekday comes within eight days")


def parse_digest(text: str, zone: tzinfo, field: str = "digest") -> DigestSchedule:
    """Parse `daily 08:00` or `weekly mon 08:00`; raises BadInputError for anything else."""
    found = _SCHEDULE.fullmatch(text.strip())
    if found is None:
        raise BadInputError(
            field, f'{text!r} is not a schedule; write it like "daily 08:00" or "weekly mon 08:00"'
        )
    weekday = WEEKDAYS.index(found[1]) if found[1] else None
    return DigestSchedule(time(int(found[2]), int(found[3])), weekday, zone)
