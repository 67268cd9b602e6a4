"""Looks with a date of their own: a confirmation, the end of a hold."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor.cadence.schedule import Lane, NextLook
from monitor.model.drop import Drop
from monitor.model.order_state import Watched
from monitor.model.refill import RefillState


def confirmation(watched: Watched, drop: Drop, soon: timedelta, now: datetime) -> NextLook:
    """When the next confirming look should be: spread evenly up to `confirm_after`."""
    terms = watched.order.terms
    left = max(terms.confirmations - drop.looks, 1)
    spread = (drop.opened_at + terms.confirm_after - now) / left
    at = now + (spread if spread > timedelta(0) else soon)
    return NextLook(at, Lane.FIRST, f"confirm drop of {watched.order.order_id}")


def hold_ends(watched: Watched, soon: timedelta, now: datetime) -> Iterator[NextLook]:
    """When the hold of a refill is over, and it is decided anew."""
    for refill in watched.refills:
        if refill.state is RefillState.HELD and refill.release_at is not None:
            over = max(refill.release_at, now + soon)
            yield NextLook(over, Lane.FIRST, f"hold of {watched.order.order_id} ends")
