"""The terms that orders were sold under: counted, and changed only when somebody means it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from monitor.model.order import Order
from monitor.model.terms import Terms, TermsOrigin
from storage import flags, routes, targets
from storage.order_states import JOINED, order_of
from storage.orders import await_first_look, locked
from storage.schema import orders
from storage.terms import dump_terms, load_terms

_o = orders.c
_COUNTED = select(_o.terms, _o.terms_from, func.count()).group_by(_o.terms, _o.terms_from)
_PAGE = JOINED.where(_o.order_id > bindparam("after")).order_by(_o.order_id).limit(bindparam("limit"))
_SOME = JOINED.where(_o.order_id.in_(bindparam("ids", expanding=True))).order_by(_o.order_id)
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
    """An order as it was sold, and as it would be sold today."""

    before: Order
    after: Order | None
    """None when it cannot be said."""

    @property
    def changed(self) -> bool:
        return self.after is not None and self.after != self.before


def counted(connection: Connection) -> list[tuple[Terms, TermsOrigin, int]]:
    """How many orders were sold under each set, by where it came from."""
    return [(load_terms(terms), TermsOrigin(origin), n) for terms, origin, n in connection.execute(_COUNTED)]


def page(connection: Connection, after: str, limit: int) -> list[Order]:
    """The orders whose ids come next after one."""
    return [order_of(row) for row in connection.execute(_PAGE, {"after": after, "limit": limit})]


def some(connection: Connection, order_ids: Sequence[str]) -> list[Order]:
    """Those of the orders that there are."""
    return [order_of(row) for row in connection.execute(_SOME, {"ids": order_ids})]


def reterm(
    connection: Connection, order_ids: Sequence[str], today: Callable[[Order], Order | None], now: datetime
) -> list[Retermed]:
    """Give orders the terms of today, in one transaction; what ends or begins by that, ends or begins now."""
    known = locked(connection, order_ids)
    done = [Retermed(order, today(order)) for order in known.values()]
    changed = [(it.before, it.after) for it in done if it.changed and it.after is not None]
    if changed:
        connection.execute(_RETERM, [_frozen(after, now) for _, after in changed])
    for before, after in changed:
        over = before.in_window(now) and not after.in_window(now)
        if over or (before.guaranteed and not after.guaranteed):
            flags.end_guarantee(connection, after.order_id, now, "the order's terms were changed")
    changed_ids = [after.order_id for _, after in changed]
    touched = {row.target_id for row in connection.execute(_TARGETS, {"ids": changed_ids})}
    targets.invalidate_fast_path(connection, touched)
    routes.reroute(connection, touched)  # other terms have other ends, and another place in the queue
    begun = {after.order_id: after for before, after in changed if before.first_look(now) is None}
    rows = connection.execute(_TARGETS, {"ids": list(begun)})
    sold = [(row.target_id, begun[row.order_id]) for row in rows]
    await_first_look(connection, sold, now, "terms changed")
    return done


def _frozen(order: Order, now: datetime) -> dict[str, object]:
    return {
        "id": order.order_id,
        "new_terms": dump_terms(order.terms),
        "new_from": str(order.terms_from),
        "new_updated_at": now,
    }
