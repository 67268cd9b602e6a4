"""The clocks of this machine and of the database server are apart."""

from datetime import timedelta

from monitor.events.monitoring import ClockWrong

APART = timedelta(minutes=5)


def clock_wrong(host: str, apart: timedelta | None) -> ClockWrong | None:
    """The payload if the clocks are far apart; `apart` is None if the database has no clock of its own."""
    if apart is None or abs(apart) < APART:
        return None
    return ClockWrong(host, apart)
