"""When a message that was refused is sent again."""

from datetime import timedelta

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
"""A channel that takes nothing is tried again after this time, at the latest."""
LONGEST_LIMIT = timedelta(hours=1)
"""A channel that names a time to wait is believed up to this time."""
MAX_ATTEMPTS = 12
"""An alert that a channel refuses while it takes others is given up after so many attempts."""
GIVE_UP_AFTER = timedelta(days=3)
"""An alert of this age is given up at a channel that refuses it."""


def channel_pause(failures: int, asked: timedelta | None) -> timedelta:
    """How long a channel rests after so many rounds in a row in which it has taken nothing.

    `asked` is the time that the channel asked for, if it did.
    """
    if asked is not None:
        return min(max(asked, FIRST_PAUSE), LONGEST_LIMIT)
    return min(FIRST_PAUSE * (1 << min(failures - 1, 10)), LONGEST_PAUSE)


def alert_pause(attempts: int) -> timedelta | None:
    """How long an alert waits after so many attempts for itself; None when it is given up."""
    return None if attempts >= MAX_ATTEMPTS else FIRST_PAUSE * (1 << (attempts - 1))
