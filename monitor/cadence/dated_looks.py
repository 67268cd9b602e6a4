"""Looks with a date of their own: a confirmation, the end of a hold."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor.cadence.schedule import NextLook, Priority
from monitor.model.drop import Drop
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState


def confirmation(state: OrderState, drop: Drop, soon: timedelta, now: datetime) -> NextLook:
    """When the next confirming look should be: spread evenly up to `confirm_after`."""
    terms = state.order.terms
    left = max(terms.confirmations - drop.looks, 1)
    spread = (drop.opened_at + terms.confirm_after - now) / left
    at = now + (spread if spread > timedelta(0) else soon)
    return NextLook(at, Priority.URGENT, f"confirm drop of {state.order.order_id}")


def hold_ends(state: OrderState, soon: timedelta, now: datetime) -> Iterator[NextLook]:
    """When the hold of a refill is over, and it is decided anew."""
    for refill in state.refills:
        if refill.state is RefillState.HELD and refill.release_at is not None:
            over = max(refill.release_at, now + soon)
            yield NextLook(over, Priority.URGENT, f"hold of {state.order.order_id} ends")
