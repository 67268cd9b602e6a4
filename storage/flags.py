"""Flags on orders: what suspends or voids a guarantee, and what that closes (RULES 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from monitor.events.changes import flag_changed
from monitor.events.kind import EventKind
from monitor.model.order import Flag
from storage import drops, events, refills, targets
from storage.alert_tables import events as event_table
from storage.event_actor import last_actor
from storage.schema import order_flags, orders

_f = order_flags.c


@dataclass(frozen=True, slots=True)
class FlagRow:
    """One flag that is set on an order."""

    order_id: str
    flag: Flag
    set_at: datetime


def set_flag(connection: Connection, order_id: str, flag: Flag, now: datetime, comment: str = "") -> bool:
    """Set a flag and close what is open; False if it was set already. Raises NotFoundError."""
    target = targets.of_order(connection, order_id, lock=True)
    if flag in of_order(connection, order_id):
        return False
    connection.execute(insert(order_flags), {"order_id": order_id, "flag": flag, "set_at": now})
    events.add(connection, flag_changed(order_id, flag, comment, set_=True), now)
    end_guarantees(connection, {order_id: f"order flagged {flag}"}, now)
    targets.invalidate_fast_path(connection, [target.target_id])
    return True


def lift_flag(connection: Connection, order_id: str, flag: Flag, now: datetime, comment: str = "") -> bool:
    """Lift a flag and schedule a look now; False if it was not set. Raises NotFoundError."""
    target = targets.of_order(connection, order_id, lock=True)
    gone = (
        connection.execute(delete(order_flags).where(_f.order_id == order_id, _f.flag == flag)).rowcount > 0
    )
    if gone:
        events.add(connection, flag_changed(order_id, flag, comment, set_=False), now)
        targets.schedule_by(connection, [target.target_id], now, f"{flag} lifted from {order_id}")
    return gone


def set_by(connection: Connection, order_id: str, flag: Flag) -> str:
    """Who set a flag last; empty if that is not known."""
    return _last_by(connection, order_id, flag, EventKind.ORDER_FLAGGED)


def lifted_by(connection: Connection, order_id: str, flag: Flag) -> str:
    """Who lifted a flag last; empty if that is not known."""
    return _last_by(connection, order_id, flag, EventKind.ORDER_UNFLAGGED)


def _last_by(connection: Connection, order_id: str, flag: Flag, kind: EventKind) -> str:
    return last_actor(connection, order_id, [kind], event_table.c.payload.contains(f'"{flag}"'))


def of_order(connection: Connection, order_id: str) -> frozenset[Flag]:
    """The flags of an order."""
    return frozenset(connection.execute(select(_f.flag).where(_f.order_id == order_id)).scalars())


def of_target(connection: Connection, target_id: int) -> list[FlagRow]:
    """The flags of all orders of a target, oldest first."""
    query = select(order_flags).join(orders, orders.c.order_id == _f.order_id)
    query = query.where(orders.c.target_id == target_id).order_by(_f.set_at, _f.flag)
    return [FlagRow(**row._asdict()) for row in connection.execute(query)]


def end_guarantees(connection: Connection, why: Mapping[str, str], now: datetime) -> None:
    """Close the open drops of orders, and cancel their held and queued refills; says why, by order."""
    refills.lock_open(connection, why)
    for order_id, detail in why.items():
        drops.close(connection, order_id, now)
        refills.cancel_waiting(connection, order_id, now, detail)
