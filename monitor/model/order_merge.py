"""Merges an imported row into an order that exists already.

Until the delivery the panel may still edit the order, and the row is followed: link, service, quantity,
terms and start count, and also a new attempt after an end. From the delivery on, what was sold is fixed: a
row may update status, remains, time of completion, notes, and an unknown start count, but never a baseline
that a decision is based on.
"""

import shlex
from dataclasses import replace
from typing import Any

from monitor.errors import BadInputError
from monitor.model.order import Order
from monitor.model.terms import TermsOrigin

_SALE_FIELDS = ("service", "quantity")
_NOTE_FIELDS = ("created_at", "provider", "customer", "price", "currency")


def merged(known: Order, row: Order, *, decided: bool, corrected: bool = False) -> Order:
    """Return the known order updated from a row; raises BadInputError naming a field that may not change.

    `decided` says that a decision is based on the known order's baseline, `corrected` that an operator has
    corrected its start count.
    """
    if not known.status.delivered:
        return _followed(known, row)
    _require_same_sale(known, row)
    if row.status.waiting:
        raise BadInputError("status", f"{row.status} would move the order back from {known.status}")
    if decided:
        _require_same_baseline(known, row)
    moved = replace(
        known, status=row.status, remains=row.remains, completed_at=row.completed_at, **_notes(row)
    )
    start_count = None if corrected else row.start_count
    return _with_start(known, start_count, moved)


def _notes(row: Order) -> dict[str, Any]:
    """The notes that a row has; a missing one is no change."""
    return {name: getattr(row, name) for name in _NOTE_FIELDS if getattr(row, name) is not None}


def _followed(known: Order, row: Order) -> Order:
    """The order of a row that comes before the delivery, or with it."""
    same_target = _target(known) == _target(row)
    after = replace(
        known,
        service=row.service,
        quantity=row.quantity,
        status=row.status,
        remains=row.remains,
        completed_at=row.completed_at,
        **_notes(row),
    )
    if not same_target:
        after = replace(after, target=row.target, link_typed=row.link_typed)
    if _sold_under_other_terms(known, row):
        after = replace(after, terms=row.terms, terms_from=row.terms_from)
    if row.status.delivered or not same_target:  # nothing was counted for this delivery yet
        after = replace(after, base_lowered=0, base_at=None, counted_at=None)
    outdated = not same_target or (known.start_measured and row.status.delivered)
    if outdated or row.start_count not in {None, known.start_count}:
        return replace(after, start_count=row.start_count, start_measured=False)
    return after


def _target(order: Order) -> tuple[object, ...]:
    return order.target.link, order.target.metric


def _sold_under_other_terms(known: Order, row: Order) -> bool:
    """Whether the panel has changed the terms: by another service, or by other terms in the row.

    A changed configuration is no such change: the order keeps the terms that it was sold under.
    """
    if row.terms_from is TermsOrigin.ROW:
        return (known.terms_from, known.terms.name) != (row.terms_from, row.terms.name)
    return known.service != row.service


def _require_same_sale(known: Order, row: Order) -> None:
    if _target(known) != _target(row):
        raise BadInputError("link", f"the order was sold for {known.target.metric} of {known.target.link}")
    for field in _SALE_FIELDS:
        if getattr(known, field) != getattr(row, field):
            raise BadInputError(field, f"the order was sold with {field} {getattr(known, field)}")


def _require_same_baseline(known: Order, row: Order) -> None:
    if not row.status.delivered:
        return  # the guarantee ends, and the baseline is not used any more
    for field in ("remains", "completed_at"):
        if getattr(known, field) != getattr(row, field):
            raise BadInputError(field, f"a decision is based on {getattr(known, field)}; it cannot change")


def _with_start(known: Order, start_count: int | None, moved: Order) -> Order:
    """Merge the start count: a given one never changes, a measured one is dropped if the delivery changes."""
    if known.start_count is None:
        return replace(moved, start_count=start_count)
    if start_count is not None and start_count != known.start_count:
        correction = f"refilld orders correct {shlex.quote(known.order_id)} --start-count {start_count}"
        raise BadInputError(
            "start_count",
            f"is {known.start_count} already and cannot change after the delivery;"
            f" if {start_count} is right: {correction}",
        )
    same_delivery = (known.remains, known.completed_at) == (moved.remains, moved.completed_at)
    if same_delivery or not moved.status.delivered:
        return moved
    if known.start_measured:
        moved = replace(moved, start_count=start_count, start_measured=False)
        moved = replace(moved, base_lowered=0, base_at=None)
    return replace(moved, counted_at=None)
