"""What an imported row may change of an order that is known already.

An order moves forward (status, remains, time of completion, a start count that is still unknown);
what was sold never changes, and neither does a baseline that a decision rests on.
"""

from dataclasses import replace

from monitor.errors import BadInputError
from monitor.model.order import Order, OrderStatus

_SOLD = ("service", "quantity")
_NOTES = ("provider", "customer", "price", "currency")


def merged(known: Order, row: Order, *, decided: bool) -> Order:
    """The known order brought up to date by a row; BadInputError names the field that may not change.

    `decided` says that a decision rests on the known order's baseline. Terms stay as they were sold.
    """
    _require_same_sale(known, row)
    _require_forward(known.status, row.status)
    if decided:
        _require_same_baseline(known, row)
    notes = {name: getattr(row, name) for name in _NOTES if getattr(row, name) is not None}
    moved = replace(known, status=row.status, remains=row.remains, completed_at=row.completed_at, **notes)
    return _with_start(known, row, moved)


def _require_same_sale(known: Order, row: Order) -> None:
    if (known.target.link, known.target.metric) != (row.target.link, row.target.metric):
        raise BadInputError("link", f"the order was sold for {known.target.metric} of {known.target.link}")
    for field in _SOLD:
        if getattr(known, field) != getattr(row, field):
            raise BadInputError(field, f"the order was sold with {field} {getattr(known, field)}")


def _require_forward(known: OrderStatus, row: OrderStatus) -> None:
    ended = not known.waiting and not known.delivered
    backwards = (known.delivered and row.waiting) or (ended and row is not known)
    if backwards:
        raise BadInputError("status", f"{row} would move the order back from {known}")


def _require_same_baseline(known: Order, row: Order) -> None:
    if not row.status.delivered:
        return  # the guarantee ends; no baseline is rewritten
    for field in ("remains", "completed_at"):
        if getattr(known, field) != getattr(row, field):
            raise BadInputError(field, f"a decision rests on {getattr(known, field)}; it stays")


def _with_start(known: Order, row: Order, moved: Order) -> Order:
    """A start count given by the panel stays for ever; a measured one only while it fits the delivery."""
    if known.start_count is None:
        return replace(moved, start_count=row.start_count)
    if row.start_count is not None and row.start_count != known.start_count:
        raise BadInputError("start_count", f"it is known already: {known.start_count}")
    same_delivery = (known.remains, known.completed_at) == (moved.remains, moved.completed_at)
    if known.start_measured and moved.status.delivered and not same_delivery:
        return replace(moved, start_count=row.start_count, start_measured=False)
    return moved
