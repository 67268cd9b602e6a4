"""Actions on many rows: what is done to each, how far it has come, and what became of a row."""

from enum import StrEnum


class BulkAction(StrEnum):
    """An action on several rows: refills, reviews, orders or alerts."""

    APPROVE = "approve"
    REJECT = "reject"
    REQUEUE = "requeue"
    CANCEL = "cancel"
    RELEASE = "release"
    """Approve refills that are held for one reason; what has recovered is discarded."""
    DISCARD = "discard"
    """Reject refills that are held for one reason."""
    CLOSE = "close"
    """Close refund reviews."""
    FLAG = "flag"
    """Set a flag on orders."""
    UNFLAG = "unflag"
    CHECK = "check"
    """Look at the targets of orders as soon as the budget allows."""
    ACKNOWLEDGE = "acknowledge"
    """Acknowledge alerts of problems that last."""

    @property
    def queues(self) -> bool:
        """Whether it may queue refills."""
        return self in {BulkAction.APPROVE, BulkAction.REQUEUE, BulkAction.RELEASE}

    @property
    def operator_action(self) -> str:
        """The action on a single refill."""
        return {BulkAction.RELEASE: "approve", BulkAction.DISCARD: "reject"}.get(self, self.value)


REFILL_ACTIONS = frozenset(
    {
        BulkAction.APPROVE,
        BulkAction.REJECT,
        BulkAction.REQUEUE,
        BulkAction.CANCEL,
        BulkAction.RELEASE,
        BulkAction.DISCARD,
    }
)


class BulkState(StrEnum):
    """How far an action on many rows has come."""

    PREVIEWED = "previewed"
    """Its rows are frozen; nothing is done before it is confirmed."""
    RUNNING = "running"
    """Confirmed: a daemon carries it out."""
    FINISHED = "finished"
    STOPPED = "stopped"
    """An operator stopped it; what was done stays done."""


class ItemResult(StrEnum):
    """What became of one row of an action."""

    DONE = "done"
    REFUSED = "refused"
