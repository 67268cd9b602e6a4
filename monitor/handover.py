"""Handover: what the old source of a series would count now, when another one takes over.

A difference between two sources must not be taken for a loss, nor a loss for a difference that hides a
refill. So it is measured only while nothing is under way: what was delivered since the last count is then
all in the new one.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from monitor.refill import RefillState
from monitor.watched import Watched


def expected_count(
    watched: Sequence[Watched], last_count: int | None, counted_at: datetime | None, now: datetime
) -> int | None:
    """The count that would be seen if nothing was lost since the last one; None while that cannot be told."""
    if last_count is None or counted_at is None or not all(_at_rest(w, now) for w in watched):
        return None
    return last_count + sum(_arrived(watched, counted_at, now))


def _at_rest(watched: Watched, now: datetime) -> bool:
    """No refill is open or still settling, and no delivery either, of which some may have arrived."""
    if watched.order.status.waiting:
        return False
    completed = watched.order.completed_at
    delivering = completed is not None and completed <= now < completed + watched.order.terms.settle
    return not (delivering or watched.in_flight(now) or any(refill.state.open for refill in watched.refills))


def _arrived(watched: Iterable[Watched], since: datetime, now: datetime) -> Iterable[int]:
    """Units delivered since the last count, by orders and by refills."""
    for w in watched:
        completed = w.order.completed_at
        if completed is not None and since < completed <= now:
            yield w.order.delivered
        for refill in w.refills:
            done = refill.completed_at if refill.state is RefillState.COMPLETED else None
            if done is not None and since < done <= now:
                yield refill.units
