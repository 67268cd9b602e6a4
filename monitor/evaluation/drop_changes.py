"""What happened to a drop at one count, and how late it was seen."""

from datetime import datetime, timedelta

from monitor.guarantee.verdicts import Verdict
from monitor.model.drop import DropState


def was_confirmed(verdict: Verdict) -> bool:
    """Whether the drop was confirmed at this count."""
    return verdict.drop is not None and verdict.drop.confirmed_at == verdict.at


def has_recovered(verdict: Verdict) -> bool:
    """Whether the drop has recovered at this count."""
    return verdict.drop is not None and verdict.drop.state is DropState.RECOVERED


def detection_delay(verdict: Verdict, counted_before: datetime | None) -> timedelta | None:
    """Time from the count before, which did not show the drop, to this one, which opened it.

    None if no drop opened, or if no count before could have shown it.
    """
    if counted_before is None or not verdict.opened or verdict.first_settled:
        return None
    return verdict.at - counted_before
