"""What keeps a target from being counted."""

from enum import StrEnum


class TargetProblem(StrEnum):
    """What keeps a target from being counted, told once until it has passed."""

    PRIVATE = "private"
    GONE = "gone"
    UNREAD = "unread"
    """It could not be read several times in a row, for whatever reason."""
