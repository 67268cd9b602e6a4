"""The words of the panel dialect: its errors, and the statuses of refills."""

from collections.abc import Mapping
from enum import StrEnum

from monitor.model.refill import RefillState
from refilld.services.panel_refills import NotGranted


class PanelFault(StrEnum):
    """Errors in the words that panels use."""

    INVALID_KEY = "Invalid API key"
    INCORRECT_REQUEST = "Incorrect request"
    INCORRECT_ORDER = "Incorrect order ID"
    REFILL_NOT_FOUND = "Refill not found"
    REFILL_DISABLED = "Refill is disabled for this service"
    REFILL_OPEN = "The refill task is not completed for this order"
    NOT_ELIGIBLE = "Order not eligible for refill."
    """No guarantee is in force, or there were too many requests today."""
    TOO_MANY = "Too many requests, please try again later"
    """More than the key may send in a minute."""
    UNAVAILABLE = "Temporarily unavailable, please try again later"
    """The database cannot be reached; what was just being committed may have been recorded."""
    FAILED = "Internal error"
    """A defect, which is in the log."""


class RefillWord(StrEnum):
    """The status of a refill, as panels write it."""

    PENDING = "Pending"
    IN_PROGRESS = "In progress"
    COMPLETED = "Completed"
    REJECTED = "Rejected"
    ERROR = "Error"


STATUSES: Mapping[RefillState | None, RefillWord] = {
    None: RefillWord.PENDING,
    RefillState.HELD: RefillWord.PENDING,
    RefillState.QUEUED: RefillWord.PENDING,
    RefillState.CLAIMED: RefillWord.IN_PROGRESS,
    RefillState.COMPLETED: RefillWord.COMPLETED,
    RefillState.DEAD: RefillWord.ERROR,
    RefillState.REJECTED: RefillWord.REJECTED,
    RefillState.CANCELLED: RefillWord.REJECTED,
}
"""The status for what became of a request; None is an undecided one."""

NOT_GRANTED = {
    NotGranted.UNKNOWN_ORDER: PanelFault.INCORRECT_ORDER,
    NotGranted.NO_REFILLS: PanelFault.REFILL_DISABLED,
    NotGranted.OPEN: PanelFault.REFILL_OPEN,
    NotGranted.NOT_ELIGIBLE: PanelFault.NOT_ELIGIBLE,
}
