"""Events about the decision on a confirmed drop."""

from dataclasses import dataclass
from decimal import Decimal

from monitor.events.event import Event, Payload, about_order
from monitor.events.kind import EventKind
from monitor.model.decision import Action, Decision, Reason
from monitor.model.order import Order

_KINDS = {
    Action.REFILL: EventKind.DROP_CONFIRMED,
    Action.HOLD: EventKind.DROP_HELD,
    Action.REFUSE: EventKind.DROP_REFUSED,
    Action.WAIT: EventKind.DROP_WAITING,
}


@dataclass(frozen=True, slots=True)
class DropDecided(Payload):
    """A confirmed drop is decided."""

    action: Action
    reason: Reason
    count: int
    """The count that was read."""
    line: int
    """The count at which nothing is missing."""
    missing: int
    """Units that are missing of this order."""
    quantity: int
    """Units of the refill; 0 without one."""
    price: Decimal | None
    """What the units of the refill were sold for; None without a price."""
    currency: str | None


def drop_decided(decision: Decision, order: Order) -> Event:
    """The event of a decision."""
    payload = DropDecided(
        decision.action,
        decision.reason,
        decision.count,
        decision.line,
        decision.claim,
        decision.quantity,
        order.price_of(decision.quantity),
        order.currency,
    )
    return Event(_KINDS[decision.action], payload, about_order(order))
