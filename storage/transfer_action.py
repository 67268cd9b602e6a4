"""What was done with the database as a whole."""

from enum import StrEnum


class TransferAction(StrEnum):
    """Restores and copies of the database, as they are recorded in it."""

    RESTORED = "restored"
    """It was restored from a backup."""
    COPIED = "copied"
    """It was copied from another database."""
    MOVED = "moved"
    """It was copied to another database, in which the work goes on."""
    REOPENED = "reopened"
    """The work goes on in it again, although it was moved."""
