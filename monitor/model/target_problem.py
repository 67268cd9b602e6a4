"""Problems because of which a target cannot be counted."""

from enum import StrEnum


class TargetProblem(StrEnum):
    """Why a target cannot be counted; the operator is notified once until it has passed."""

    PRIVATE = "private"
    GONE = "gone"
    UNREAD = "unread"
    """Several looks in a row have failed, for any other reason."""
