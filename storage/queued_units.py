"""Units that were queued, by which the daily caps are counted (RULES 8)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from monitor.guarantee.daily_caps import DayUsage, QueuedUnits, beginning_of, used_with
from storage.column_types import Instant
from storage.engine import insert_into
from storage.schema import orders, queued_units, refills
from storage.sums import total

_q = queued_units.c
_o = orders.c
_GROUP = _q.service, _q.provider, _q.price, _q.currency, _q.ordered
_OF_REFILL: Mapping[str, object] = {
    "refill_id": refills.c.refill_id,
    "at": bindparam("now", type_=Instant),
    "service": _o.service,
    "provider": _o.provider,
    "price": _o.price,
    "currency": _o.currency,
    "ordered": _o.quantity,
    "units": refills.c.quantity,
}
_NOTED = (
    select(*_OF_REFILL.values())  # type: ignore[call-overload]  # columns and one parameter
    .join_from(refills, orders, _o.order_id == refills.c.order_id)
    .where(refills.c.refill_id == bindparam("id"))
)


def note(connection: Connection, refill_id: int, now: datetime) -> None:
    """Note the units of a refill that is queued, with the service and the price of its order.

    Only at its first queueing: what is used of a day does not change, whatever becomes of refill and order.
    """
    insert = insert_into(connection, queued_units).from_select([*_OF_REFILL], _NOTED)
    connection.execute(insert.on_conflict_do_nothing(), {"id": refill_id, "now": now})


def usage(connection: Connection, day: date) -> DayUsage:
    """What is used of a day: the refills that were first queued on it."""
    begins = beginning_of(day)
    query = (
        select(*_GROUP, total(_q.units))
        .where(_q.at >= begins, _q.at < begins + timedelta(days=1))
        .group_by(*_GROUP)
    )
    return used_with({}, (QueuedUnits(*row) for row in connection.execute(query)))
