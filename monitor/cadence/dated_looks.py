"""Looks at a fixed time: a confirmation of a drop, the end of a hold."""

from collections.abc import Iterator
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
