"""Looks at a fixed time: a confirmation of a drop, the end of a hold, a target without a covered order."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from monitor.cadence.schedule import NextLook, Priority
from monitor.model.drop import Drop
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState


def confirmation(state: OrderState, drop: Drop, soon: timedelta, now: datetime) -> NextLook:
    """The next confirming look; the looks are spread evenly up to `confirm_after`."""
    terms = state.order.terms
    remaining = max(terms.confirmations - drop.looks, 1)
    interval = (drop.opened_at + terms.confirm_after - now) / remaining
    at = now + (interval if interval > timedelta(0) else soon)
    return NextLook(at, Priority.URGENT, f"confirm drop of {state.order.order_id}")


def hold_ends(state: OrderState, soon: timedelta, now: datetime) -> Iterator[NextLook]:
    """The look at the end of a held refill's hold, after which its drop is decided again."""
    for refill in state.refills:
        if refill.state is RefillState.HELD and refill.release_at is not None:
            ends = max(refill.release_at, now + soon)
            yield NextLook(ends, Priority.URGENT, f"hold of {state.order.order_id} ends")


def look_without_cover(states: Sequence[OrderState], every: timedelta, now: datetime) -> NextLook | None:
    """The next look at a target of which no order is covered now; None if it needs none.

    A delivery is never completed in the future: if an order seems to be, the clock is behind.
    """
    if any(refill.state.open for state in states for refill in state.refills):
        return NextLook(now + every, Priority.ROUTINE, "a refill is open")
    later = [
        completed
        for state in states
        if (completed := state.order.completed_at) is not None
        and completed > now
        and state.covered(completed)
    ]
    if not later:
        return None
    return NextLook(min(now + every, *later), Priority.ROUTINE, "the clock was behind")
