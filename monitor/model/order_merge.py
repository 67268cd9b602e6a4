"""Merges an imported row into an order that exists already.

Until the delivery the panel may still edit the order, and the row is followed: link, service, quantity,
terms and start count, and also a new attempt after an end. From the delivery on, what was sold is fixed: a
row may update status, remains, time of completion, notes, and an unknown start count, but never a baseline
that a decision is based on, not even after an end. A corrected start count is never changed by a row.
"""

import shlex
from dataclasses import replace
from typing import Any

from monitor.errors import BadInputError
from monitor.model.order import Order
from monitor.model.terms import TermsOrigin

_SALE_FIELDS = ("service", "quantity")
_NOTE_FIELDS = ("provider", "customer", "price", "currency", "language")


def merged(known: Order, row: Order, *, decided: bool) -> Order:
    """Return the known order updated from a row; raises BadInputError naming a field that may not change.

    `decided` says that a decision is based on the known order's baseline.
    """
    if not known.status.delivered and not decided:
        return _followed(known, row)
    _require_same_sale(known, row)
    if known.status.delivered and row.status.waiting:
        raise BadInputError("status", f"{row.status} would move the order back from {known.status}")
    if decided:
        _require_same_baseline(known, row)
    moved = replace(
        known,
        status=row.status,
        remains=known.remains if decided else row.remains,
        completed_at=row.completed_at,
        created_at=known.created_at or row.created_at,  # another one would change lines
        **_notes(row),
    )
    return _with_start(known, row, moved, decided=decided)


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
        created_at=row.created_at or known.created_at,
        **_notes(row),
    )
    if not same_target:
        after = replace(after, target=row.target, link_typed=row.link_typed, start_corrected=False)
    if _sold_under_other_terms(known, row):
        after = replace(after, terms=row.terms, terms_from=row.terms_from)
    if row.status.delivered or not same_target:  # nothing was counted for this delivery yet
        after = replace(after, base_lowered=0, base_at=None, counted_at=None)
    if after.start_corrected:
        return after
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
        if getattr(known, field) not in {None, getattr(row, field)}:  # an order that ended has no completion
            raise BadInputError(field, f"a decision is based on {getattr(known, field)}; it cannot change")


def _with_start(known: Order, row: Order, moved: Order, *, decided: bool) -> Order:
    """Merge the start count: a given one never changes, a measured one is dropped if the delivery changes."""
    start_count = None if known.start_corrected else row.start_count
    if known.start_count is None:
        return replace(moved, start_count=start_count)
    if start_count not in {None, known.start_count}:
        options = f"--start-count {start_count} --comment 'as imported'"
        correction = f"refilld orders correct {options} -- {shlex.quote(known.order_id)}"
        raise BadInputError(
            "start_count",
            f"is {known.start_count} already and cannot change after the delivery;"
            f" if {start_count} is right: {correction}",
        )
    same_delivery = (known.remains, known.completed_at) == (moved.remains, moved.completed_at)
    if same_delivery or not moved.status.delivered:
        return moved
    if known.start_measured and not decided:
        moved = replace(moved, start_count=start_count, start_measured=False)
        moved = replace(moved, base_lowered=0, base_at=None)
    return replace(moved, counted_at=None)
