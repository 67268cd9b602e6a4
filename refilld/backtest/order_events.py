"""Order events: the state of an order after a flag, a request or a completed refill."""

from dataclasses import replace
from datetime import datetime

from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from refilld.backtest.events import OrderEvent, OrderFlagged, OrderUnflagged, RefillRequested


def after_event(before: OrderState, event: OrderEvent) -> OrderState:
    """Return the order after a flag was set or removed, or after a request; other events change nothing."""
    match event:
        case OrderFlagged(flag=flag) if flag not in before.flags:
            refills = tuple(refill for refill in before.refills if not refill.state.open)
            return replace(before, flags=before.flags | {flag}, drop=None, refills=refills)
        case OrderUnflagged(flag=flag):
            return replace(before, flags=before.flags - {flag})
        case RefillRequested():
            return replace(before, request_pending=before.covered(event.at))
    return before


def with_completed_refill(before: OrderState, at: datetime) -> OrderState:
    """Return the order after its open refill was completed."""
    return replace(before, refills=tuple(_completed(refill, at) for refill in before.refills))


def _completed(refill: Refill, at: datetime) -> Refill:
    if not refill.state.open:
        return refill
    return replace(refill, state=RefillState.COMPLETED, completed_at=at, release_at=None)
