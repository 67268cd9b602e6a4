"""Corrections: what an operator or a count has changed about the start count of a delivered order."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from monitor.events.changes import order_corrected
from monitor.model.order import Order
from storage import events, targets
from storage.order_states import one_order
from storage.schema import order_corrections, orders

START_COUNT = "start_count"
"""Corrected by an operator."""
MEASURED = "measured_start_count"
"""A start count of 0 that the first judged count contradicted."""
BASE = "base"
"""Lowered by the first count of another order."""
_c = order_corrections.c
_OF_ORDER = select(order_corrections).where(_c.order_id == bindparam("order_id")).order_by(_c.correction_id)
_SET_START_COUNT = (
    update(orders)
    .where(orders.c.order_id == bindparam("id"))
    # The base begins anew, and the next count is its first one. A settled look stays: the next loss is no
    # short delivery.
    .values(
        start_count=bindparam("start"),
        start_measured=False,
        start_corrected=True,
        base_lowered=0,
        base_at=None,
        counted_at=None,
        updated_at=bindparam("now"),
    )
)


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """One correction of one field of an order."""

    correction_id: int
    order_id: str
    at: datetime
    field: str
    before: int | None
    """None if the value was not known."""
    after: int


def correct_start_count(
    connection: Connection, order_id: str, start_count: int, now: datetime, comment: str
) -> CorrectionRow | None:
    """Change the start count and schedule a look; None if it is this one. Raises NotFoundError.

    The event of the correction has the comment, which says why.
    """
    target = targets.of_order(connection, order_id, lock=True)
    before = one_order(connection, order_id)
    doubtful = before.start_measured or start_count == 0  # a given 0 may still be contradicted by a count
    if before.start_count == start_count and (before.start_corrected or not doubtful):
        return None
    connection.execute(_SET_START_COUNT, {"id": order_id, "start": start_count, "now": now})
    _add(connection, order_id, now, START_COUNT, before.start_count, start_count, comment)
    targets.invalidate_fast_path(connection, [target.target_id])
    at = before.first_look(now)
    if at is not None:
        targets.schedule_by(connection, [target.target_id], at, f"start count of {order_id} corrected")
    return of_order(connection, order_id)[-1]


def note_count(connection: Connection, before: Order, after: Order, at: datetime) -> None:
    """Add what a count has changed: a start count of 0 that it measured, or a base that it lowered."""
    if before.start_count == 0 and after.start_count:
        _add(connection, after.order_id, at, MEASURED, 0, after.start_count)
    elif before.start_count is not None and after.base < before.base:
        _add(connection, after.order_id, at, BASE, before.base, after.base)


def _add(
    connection: Connection,
    order_id: str,
    at: datetime,
    field: str,
    before: int | None,
    after: int,
    comment: str = "",
) -> None:
    events.add(connection, order_corrected(order_id, field, before, after, comment), at)
    values = {"order_id": order_id, "at": at, "field": field, "before": before, "after": after}
    connection.execute(insert(order_corrections), values)


def of_order(connection: Connection, order_id: str) -> list[CorrectionRow]:
    """The corrections of an order, oldest first."""
    return [CorrectionRow(**row._asdict()) for row in connection.execute(_OF_ORDER, {"order_id": order_id})]
