"""The rows of a bulk action with the order that each belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

from refilld.services.bulk_request import BulkSubject
from storage import refill_selection, reviews
from storage.bulk_actions import BulkItemRow
from storage.engine import Transaction


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One row, and its order; None if it has none, or is not known any more."""

    item: BulkItemRow
    order_id: str | None


def with_orders(tx: Transaction, subject: BulkSubject, items: Sequence[BulkItemRow]) -> list[BulkRow]:
    """The rows of one page, with their orders."""
    orders = _orders(tx, subject, [item.subject for item in items])
    return [BulkRow(item, orders.get(item.subject)) for item in items]


def _orders(tx: Transaction, subject: BulkSubject, ids: Sequence[str]) -> dict[str, str]:
    if subject is BulkSubject.ORDERS:
        return {one: one for one in ids}
    if subject is BulkSubject.REFILLS:
        found = refill_selection.named(tx, [int(one) for one in ids])
        return {str(row.refill_id): row.order_id for row in found}
    if subject is BulkSubject.REVIEWS:
        return reviews.orders_of(tx, [int(one) for one in ids])
    return {}
