"""Merges an imported row into an order that exists already.

A row may update status, remains, time of completion, notes, and an unknown start count. What was sold never
changes, and neither does a baseline that a decision is based on.
"""

from dataclasses import replace

from monitor.errors import BadInputError
from monitor.model.order import Order, OrderStatus

_SALE_FIELDS = ("service", "quantity")
_NOTE_FIELDS = ("created_at", "provider", "customer", "price", "currency")


def merged(known: Order, row: Order, *, decided: bool) -> Order:
    """Return the known order updated from a row; raises BadInputError naming a field that may not change.

    `decided` says that a decision is based on the known order's baseline. The terms are never changed.
    """
    _require_same_sale(known, row)
    _require_forward(known.status, row.status)
    if decided:
        _require_same_baseline(known, row)
    notes = {name: getattr(row, name) for name in _NOTE_FIELDS if getattr(row, name) is not None}
    moved = replace(known, status=row.status, remains=row.remains, completed_at=row.completed_at, **notes)
    return _with_start(known, row, moved)


def _require_same_sale(known: Order, row: Order) -> None:
    if (known.target.link, known.target.metric) != (row.target.link, row.target.metric):
        raise BadInputError("link", f"the order was sold for {known.target.metric} of {known.target.link}")
    for field in _SALE_FIELDS:
        if getattr(known, field) != getattr(row, field):
            raise BadInputError(field, f"the order was sold with {field} {getattr(known, field)}")


def _require_forward(known: OrderStatus, row: OrderStatus) -> None:
    ended = not known.waiting and not known.delivered
    backwards = (known.delivered and row.waiting) or (ended and row is not known)
    if backwards:
        raise BadInputError("status", f"{row} would move the order back from {known}")


def _require_same_baseline(known: Order, row: Order) -> None:
    if not row.status.delivered:
        return  # the guarantee ends, and the baseline is not used any more
    for field in ("remains", "completed_at"):
        if getattr(known, field) != getattr(row, field):
            raise BadInputError(field, f"a decision is based on {getattr(known, field)}; it cannot change")


def _with_start(known: Order, row: Order, moved: Order) -> Order:
    """Merge the start count: a given one never changes, a measured one is dropped if the delivery changes."""
    if known.start_count is None:
        return replace(moved, start_count=row.start_count)
    if row.start_count is not None and row.start_count != known.start_count:
        raise BadInputError("start_count", f"is {known.start_count} already and cannot change")
    same_delivery = (known.remains, known.completed_at) == (moved.remains, moved.completed_at)
    if same_delivery or not moved.status.delivered:
        return moved
    if known.start_measured:
        moved = replace(moved, start_count=row.start_count, start_measured=False)
        moved = replace(moved, base_lowered=0, base_at=None)
    return replace(moved, counted_at=None)
