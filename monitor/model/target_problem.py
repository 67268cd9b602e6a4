"""Problems because of which a target cannot be counted."""

from enum import StrEnum


class TargetProblem(StrEnum):
    """Why a target cannot be counted; the operator is notified once until it has passed."""

    PRIVATE = "private"
    GONE = "gone"
    OTHER_ACCOUNT = "other_account"
    """Its name belongs to another account now."""
    UNREAD = "unread"
    """Several looks in a row have failed, for any other reason."""
