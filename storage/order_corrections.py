"""Corrections: what an operator has changed about an order after its delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from storage import targets
from storage.order_states import one_order
from storage.schema import order_corrections, orders

START_COUNT = "start_count"
_c = order_corrections.c
_OF_ORDER = select(order_corrections).where(_c.order_id == bindparam("order_id")).order_by(_c.correction_id)
_CORRECTED = select(_c.order_id).distinct().where(_c.order_id.in_(bindparam("ids", expanding=True)))
_SET_START_COUNT = (
    update(orders)
    .where(orders.c.order_id == bindparam("id"))
    # All that depends on the start count begins anew.
    .values(
        start_count=bindparam("start"),
        start_measured=False,
        base_lowered=0,
        base_at=None,
        settled_look_at=None,
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
    connection: Connection, order_id: str, start_count: int, now: datetime
) -> CorrectionRow | None:
    """Change the start count and schedule a look; None if it is this one. Raises NotFoundError."""
    target = targets.of_order(connection, order_id, lock=True)
    before = one_order(connection, order_id)
    if before.start_count == start_count and not before.start_measured:
        return None
    connection.execute(_SET_START_COUNT, {"id": order_id, "start": start_count, "now": now})
    values = {"order_id": order_id, "at": now, "field": START_COUNT, "before": before.start_count}
    connection.execute(insert(order_corrections), values | {"after": start_count})
    targets.invalidate_fast_path(connection, [target.target_id])
    at = before.first_look(now)
    if at is not None:
        targets.schedule_by(connection, [target.target_id], at, f"start count of {order_id} corrected")
    return of_order(connection, order_id)[-1]


def of_order(connection: Connection, order_id: str) -> list[CorrectionRow]:
    """The corrections of an order, oldest first."""
    return [CorrectionRow(**row._asdict()) for row in connection.execute(_OF_ORDER, {"order_id": order_id})]


def corrected(connection: Connection, order_ids: Sequence[str]) -> set[str]:
    """Those of the orders that were corrected."""
    return set(connection.execute(_CORRECTED, {"ids": order_ids}).scalars())
