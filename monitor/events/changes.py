"""Events about changes by a person or a program, for the audit trail."""

from dataclasses import dataclass
from datetime import datetime

from monitor.events.event import Event, Payload, Subject, about_order
from monitor.events.kind import EventKind
from monitor.model.order import Flag, Order
from monitor.model.queue_part import PartKind, QueuePart
from monitor.model.refill import RefillState


@dataclass(frozen=True, slots=True)
class RequestRecorded(Payload):
    """A customer asked for a refill."""

    granted: bool
    """Whether a look follows; else the last answer stands, or no guarantee is in force."""


@dataclass(frozen=True, slots=True)
class RefillAskedFor(Payload):
    """A buyer asked for a refill that there is already."""

    state: RefillState
    """That it has."""


@dataclass(frozen=True, slots=True)
class RefillMoved(Payload):
    """A refill entered a state."""

    before: RefillState | None
    """The state that it had; null for a new one."""
    after: RefillState
    quantity: int
    """Units of the refill."""
    why: str
    """The reason, the action, or what fulfilment said."""


@dataclass(frozen=True, slots=True)
class RefillDelivered(RefillMoved):
    """A refill was delivered."""

    delivered: int | None = None
    """Units that fulfilment has delivered; null for an event of an earlier release."""


@dataclass(frozen=True, slots=True)
class OrdersImported(Payload):
    """Orders were imported."""

    added: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class OrderUpdated(Payload):
    """An import, or `refilld orders reterm`, changed an order."""

    changes: tuple[str, ...]
    """The fields that are others now, such as `remains: 10 → 0`."""


@dataclass(frozen=True, slots=True)
class OrderCorrected(Payload):
    """An operator or a count changed the start count of a delivered order."""

    field: str
    before: int | None
    after: int
    comment: str = ""
    """Why, in the words of the operator; empty for a count."""


@dataclass(frozen=True, slots=True)
class FlagChanged(Payload):
    """A flag was set on an order, or lifted."""

    flag: Flag
    comment: str = ""
    """Why, in the words of the operator."""


@dataclass(frozen=True, slots=True)
class CheckRequested(Payload):
    """A look at the target of an order was made due."""

    target_id: int


@dataclass(frozen=True, slots=True)
class ReviewClosed(Payload):
    """A refund review was closed."""

    review_id: int
    note: str


@dataclass(frozen=True, slots=True)
class SourceChanged(Payload):
    """An operator paused or resumed a source."""

    until: datetime | None
    """End of the pause; null for a resumed source, and for one that waits for an operator."""
    why: str


@dataclass(frozen=True, slots=True)
class QueuePauseChanged(Payload):
    """Claims of a part of the queue were paused, or go on."""

    part: PartKind
    value: str
    """The metric, provider or service; empty for the whole queue."""
    why: str


@dataclass(frozen=True, slots=True)
class TokenChanged(Payload):
    """A token was created or revoked, or got a new secret."""

    token_id: int
    name: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SilenceChanged(Payload):
    """A silence was added, or ended before its time."""

    silence_id: int
    matchers: str
    ends_at: datetime
    comment: str


@dataclass(frozen=True, slots=True)
class AlertAcknowledged(Payload):
    """An operator knows of a problem."""

    alert_id: int
    alert_kind: str
    """Of the alert."""


@dataclass(frozen=True, slots=True)
class CustomerForgotten(Payload):
    """What names a customer was removed."""

    orders: int


@dataclass(frozen=True, slots=True)
class DatabaseReplaced(Payload):
    """The database was restored, copied, or reopened."""

    action: str
    place: str
    """The backup, or the other database."""


REFILL_KINDS = {
    RefillState.HELD: EventKind.REFILL_HELD,
    RefillState.QUEUED: EventKind.REFILL_QUEUED,
    RefillState.CLAIMED: EventKind.REFILL_CLAIMED,
    RefillState.COMPLETED: EventKind.REFILL_COMPLETED,
    RefillState.REJECTED: EventKind.REFILL_REJECTED,
    RefillState.CANCELLED: EventKind.REFILL_CANCELLED,
}
"""The kind for each state; `dead` is an alert of its own."""


def order_updated(before: Order, after: Order, fields: tuple[str, ...]) -> Event:
    """An import or new terms changed these fields of an order."""
    changes = tuple(_change(before, after, name) for name in fields)
    return Event(EventKind.ORDER_UPDATED, OrderUpdated(changes), about_order(after))


def refill_asked_for(order_id: str, refill_id: int, state: RefillState) -> Event:
    """A buyer asked for a refill that there is already: it is claimed before the rest."""
    return Event(EventKind.REFILL_ASKED_FOR, RefillAskedFor(state), Subject(order_id, refill_id))


def queue_pause_changed(part: QueuePart, why: str, *, paused: bool) -> Event:
    """Claims of a part of the queue were paused, or go on."""
    kind = EventKind.QUEUE_PAUSED if paused else EventKind.QUEUE_RESUMED
    return Event(kind, QueuePauseChanged(part.kind, part.value, why))


def refill_requested(order_id: str, *, granted: bool) -> Event:
    """A customer asked for a refill."""
    return Event(EventKind.REFILL_REQUESTED, RequestRecorded(granted), Subject(order_id))


def order_corrected(order_id: str, field: str, before: int | None, after: int, comment: str) -> Event:
    """The start count of an order was changed."""
    payload = OrderCorrected(field, before, after, comment)
    return Event(EventKind.ORDER_CORRECTED, payload, Subject(order_id))


def flag_changed(order_id: str, flag: Flag, comment: str, *, set_: bool) -> Event:
    """A flag was set or lifted."""
    kind = EventKind.ORDER_FLAGGED if set_ else EventKind.ORDER_UNFLAGGED
    return Event(kind, FlagChanged(flag, comment), Subject(order_id))


_UNSHOWN = {"customer", "link_typed", "target"}
"""Fields that name a person."""


def _change(before: Order, after: Order, name: str) -> str:
    if name in _UNSHOWN or _shown(before, name) == _shown(after, name):  # other terms of the same name
        return f"{name}: changed"
    return f"{name}: {_shown(before, name)} → {_shown(after, name)}"


def _shown(order: Order, name: str) -> str:
    value = order.terms.name if name == "terms" else getattr(order, name)
    return "none" if value is None else str(value)
