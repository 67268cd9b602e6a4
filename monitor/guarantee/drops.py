"""Drops: from suspicion to confirmation or recovery (RULES 4)."""

from dataclasses import replace
from datetime import datetime

from monitor.model.drop import Drop, DropState
from monitor.model.order import Order
from monitor.model.terms import Terms


def observe(drop: Drop | None, order: Order, claim: int, now: datetime) -> Drop | None:
    """Return the order's drop after one more judged count; None when there is no drop."""
    if claim < order.terms.threshold(order.delivered):
        return None if drop is None else drop.closed(DropState.RECOVERED, now)
    if drop is None:
        opens = order.in_window(now)
        return Drop(order.order_id, DropState.SUSPECTED, opened_at=now) if opens else None
    return replace(drop, looks=drop.looks + 1)


def confirm(drop: Drop, terms: Terms, now: datetime) -> Drop:
    """Confirm a suspected drop after enough looks and enough time; other drops stay as they are."""
    seen_enough = drop.looks >= terms.confirmations and now - drop.opened_at >= terms.confirm_after
    if drop.state is DropState.SUSPECTED and seen_enough:
        return replace(drop, state=DropState.WAITING, confirmed_at=now)
    return drop
