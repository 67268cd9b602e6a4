"""The trigger of the scheduler: an interval that skips missed runs."""

from datetime import datetime

from apscheduler.triggers.interval import IntervalTrigger


class SkippingInterval(IntervalTrigger):  # type: ignore[misc]  # APScheduler 3 has no types
    """An interval whose missed runs are skipped in one step.

    APScheduler's own trigger lists every missed run first, which takes gigabytes when the clock is set
    forward by years.
    """

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return one interval after the previous run, or `now` if that is past."""
        if previous_fire_time is None:
            return now
        planned: datetime = previous_fire_time + self.interval
        return max(planned, now)
