"""The terms of stored orders: counting them, and changing them on request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from monitor.events.changes import order_updated
from monitor.events.event import Event
from monitor.model.order import Order
from monitor.model.terms import Terms, TermsOrigin
from storage import events, flags, routes, targets
from storage.order_states import JOINED, order_of
from storage.orders import await_first_look, locked
from storage.schema import orders
from storage.terms import dump_terms, load_terms

_o = orders.c
_COUNTED = select(_o.terms, _o.terms_from, func.count()).group_by(_o.terms, _o.terms_from)
_KNOWN = JOINED.where(_o.forgotten_at.is_(None))
"""Without orders whose customer was forgotten: their guarantee has ended for good."""
_PAGE = _KNOWN.where(_o.order_id > bindparam("after")).order_by(_o.order_id).limit(bindparam("limit"))
_SOME = _KNOWN.where(_o.order_id.in_(bindparam("ids", expanding=True))).order_by(_o.order_id)
_TARGETS = select(_o.order_id, _o.target_id).where(_o.order_id.in_(bindparam("ids", expanding=True)))
_RETERM = (
    update(orders)
    .where(_o.order_id == bindparam("id"))
    .values(
        terms=bindparam("new_terms"), terms_from=bindparam("new_from"), updated_at=bindparam("new_updated_at")
    )
)


@dataclass(frozen=True, slots=True)
class Retermed:
    """An order with its stored terms and with the terms of today."""

    before: Order
    after: Order | None
    """None if no terms can be found for it."""

    @property
    def changed(self) -> bool:
        return self.after is not None and self.after != self.before


def counted(connection: Connection) -> list[tuple[Terms, TermsOrigin, int]]:
    """Number of orders by their terms and the origin of these."""
    return [(load_terms(terms), TermsOrigin(origin), n) for terms, origin, n in connection.execute(_COUNTED)]


def page(connection: Connection, after: str, limit: int) -> list[Order]:
    """The next orders after an id, in the order of their ids."""
    return [order_of(row) for row in connection.execute(_PAGE, {"after": after, "limit": limit})]


def some(connection: Connection, order_ids: Sequence[str]) -> list[Order]:
    """The orders with these ids; unknown ids are skipped."""
    return [order_of(row) for row in connection.execute(_SOME, {"ids": order_ids})]


def reterm(
    connection: Connection, order_ids: Sequence[str], today: Callable[[Order], Order | None], now: datetime
) -> list[Retermed]:
    """Change orders to the terms of today; guarantees that end or begin by that do so now."""
    known = locked(connection, order_ids)
    done = [Retermed(order, today(order)) for order in known.values()]
    changed = [(it.before, it.after) for it in done if it.changed and it.after is not None]
    if changed:
        events.add_all(connection, [_event(before, after) for before, after in changed], now)
        connection.execute(_RETERM, [_frozen(after, now) for _, after in changed])
    ended = [after.order_id for before, after in changed if _ends(before, after, now)]
    flags.end_guarantees(connection, dict.fromkeys(ended, "the order's terms were changed"), now)
    changed_ids = [after.order_id for _, after in changed]
    touched = {row.target_id for row in connection.execute(_TARGETS, {"ids": changed_ids})}
    targets.invalidate_fast_path(connection, touched)
    routes.reroute(connection, touched)  # the end of coverage and the queue position change
    begun = {after.order_id: after for before, after in changed if before.first_look(now) is None}
    rows = connection.execute(_TARGETS, {"ids": list(begun)})
    sold = [(row.target_id, begun[row.order_id]) for row in rows]
    await_first_look(connection, sold, now, "terms changed")
    return done


def _ends(before: Order, after: Order, now: datetime) -> bool:
    over = before.in_window(now) and not after.in_window(now)
    return over or (before.guaranteed and not after.guaranteed)


def _event(before: Order, after: Order) -> Event:
    names = tuple(name for name in ("terms", "terms_from") if getattr(before, name) != getattr(after, name))
    return order_updated(before, after, names)


def _frozen(order: Order, now: datetime) -> dict[str, object]:
    return {
        "id": order.order_id,
        "new_terms": dump_terms(order.terms),
        "new_from": str(order.terms_from),
        "new_updated_at": now,
    }
