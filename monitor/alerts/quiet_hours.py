"""Quiet hours: a time of the day at which a receiver gets critical alerts only."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from monitor.errors import BadInputError

_TIME = r"([01]\d|2[0-3]):([0-5]\d)"
_HOURS = re.compile(rf"{_TIME}\s*-\s*{_TIME}", re.ASCII)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of the day to another, which may be on the next day."""

    begin: time
    end: time
    zone: tzinfo

    def contain(self, at: datetime) -> bool:
        """Whether a time is within the quiet hours; the end is not."""
        local = at.astimezone(self.zone).time()
        if self.begin < self.end:
            return self.begin <= local < self.end
        return local >= self.begin or local < self.end

    def end_after(self, at: datetime) -> datetime:
        """The first whole minute after a time that is not within the quiet hours.

        The clock of the zone is asked minute by minute, because on two days of the year it skips the end, or
        shows it twice.
        """
        following = at.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
        while self.contain(following):
            following += _MINUTE
        return following


def parse_quiet_hours(text: str, zone: tzinfo, field: str = "quiet_hours") -> QuietHours:
    """Parse `22:00-07:00`; raises BadInputError for anything else."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise BadInputError(field, f'{text!r} is not a time of the day; write it like "22:00-07:00"')
    begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if begin == end:
        raise BadInputError(field, "begins when it ends; to get no alerts, route none to this receiver")
    return QuietHours(begin, end, zone)
