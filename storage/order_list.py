"""The list of orders: filtered, page by page, newest completion first, with what is open on each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, Connection, func, select, text

from monitor.model.decision import Reason
from monitor.model.drop import DropState
from monitor.model.instants import EPOCH
from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from storage.chunks import chunks
from storage.column_types import AnyRow, AnySelect
from storage.order_states import JOINED
from storage.orders import StoredOrder, stored_order
from storage.pages import CappedCount, Page, PageRequest
from storage.schema import NOT_COMPLETED, OPEN_DROP, OPEN_REFILL, drops, order_flags, orders, refills, targets
from storage.sold_filter import FEW, SoldFilter
from storage.walks import Walk, count, read_page

_CHUNK = 500
_o = orders.c
_f = order_flags.c
_OPEN_DROP = text(f"drops.{OPEN_DROP}")
_INDEXES = {
    "customer": "ix_orders_customer",
    "service": "ix_orders_service",
    "provider": "ix_orders_provider",
}
"""The indexes that have the order of the list for one value of a field, the most selective first."""
_FIRST_COMPLETION = EPOCH + timedelta(microseconds=1)
"""An order without a completion is listed as of 1970."""
_LIST = JOINED.add_columns(
    targets.c.last_look_at, targets.c.last_outcome, targets.c.last_count, targets.c.username_now
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter(SoldFilter):
    """Which orders are meant; a field that is None does not filter."""

    status: OrderStatus | None = None
    drop_state: DropState | None = None
    """Of the order's open drop."""
    flag: Flag | None = None
    since: datetime | None = None
    """Completed at this time or later."""
    before: datetime | None = None
    """Completed earlier than that."""


@dataclass(frozen=True, slots=True)
class OrderListing:
    """An order with the state of its target and what is open on it."""

    stored: StoredOrder
    last_look_at: datetime | None
    last_outcome: Outcome | None
    last_count: int | None
    username_now: str | None
    """Name of the profile if it was renamed since."""
    flags: tuple[Flag, ...] = ()
    drop_state: DropState | None = None
    """Of its open drop."""
    claim: int | None = None
    """Missing units of its open drop."""
    drop_reason: Reason | None = None
    """Of the newest decision on its open drop."""
    refill_state: RefillState | None = None
    """Of its open refill."""
    refill_reason: Reason | None = None
    """Why it was queued or is held."""

    @property
    def order_id(self) -> str:
        return self.stored.order_id


def page(connection: Connection, wanted: OrderFilter, request: PageRequest) -> Page[OrderListing]:
    """One page of the orders that a filter finds."""

    def make(rows: Sequence[AnyRow]) -> Sequence[OrderListing]:
        return _listings(connection, rows)

    return read_page(connection, _walk(connection, wanted), _LIST, request, make)


def named(connection: Connection, order_ids: Sequence[str]) -> list[OrderListing]:
    """The orders with these ids; unknown ids are skipped."""
    parts = chunks(list(dict.fromkeys(order_ids)), _CHUNK)
    found = (connection.execute(_LIST.where(_o.order_id.in_(part))).all() for part in parts)
    return [one for rows in found for one in _listings(connection, rows)]


def counted(connection: Connection, wanted: OrderFilter) -> CappedCount:
    """The number of the orders that a filter finds."""
    return count(connection, _walk(connection, wanted), _LIST)


def _walk(connection: Connection, wanted: OrderFilter) -> Walk:
    """By the most selective index; what it does not answer is checked for each row."""
    left = _conditions(wanted)
    walk = Walk(orders, _o.order_id, "ix_orders_listed_at", _o.listed_at)
    if "order_id" in left or "link" in left:
        index = None if "order_id" in left else "ix_orders_target_id"
        found = left.pop("order_id", None), left.pop("link", None)
        walk = replace(
            walk, index=index, found_by=tuple(one for one in found if one is not None), sorted=False
        )
    elif (name := _few(connection, wanted)) is not None:
        ids = _flagged(wanted.flag) if name == "flag" else _fallen(wanted.drop_state)
        left.pop(name)
        walk = replace(walk, index=None, found_by=(_o.order_id.in_(ids),), sorted=False)
    elif (lead := next((one for one in _INDEXES if one in left), None)) is not None:
        walk = replace(walk, index=_INDEXES[lead], found_by=(left.pop(lead),))
    elif wanted.status not in {None, OrderStatus.COMPLETED}:
        in_status = (text(f"orders.{NOT_COMPLETED}"), left.pop("status"))
        walk = replace(walk, index="ix_orders_status", found_by=in_status)
    since = wanted.since or (None if wanted.before is None else _FIRST_COMPLETION)
    return walk.within(since, wanted.before).filtered(*left.values())


def _conditions(wanted: OrderFilter) -> dict[str, ColumnElement[bool]]:
    """The conditions of the filter, by its fields."""
    found: dict[str, ColumnElement[bool] | None] = {
        "order_id": None if wanted.order_id is None else _o.order_id == wanted.order_id,
        "link": None if wanted.link is None else _o.target_id.in_(_targets_at(wanted.link)),
        "customer": None if wanted.customer is None else _o.customer == wanted.customer,
        "service": None if wanted.service is None else _o.service == wanted.service,
        "provider": None if wanted.provider is None else _o.provider == wanted.provider,
        "status": None if wanted.status is None else _o.status == wanted.status,
        "metric": None if wanted.metric is None else targets.c.metric == wanted.metric,
        "flag": None if wanted.flag is None else _of_order(_flagged(wanted.flag), _f.order_id),
        "drop_state": (
            None if wanted.drop_state is None else _of_order(_fallen(wanted.drop_state), drops.c.order_id)
        ),
    }
    return {name: condition for name, condition in found.items() if condition is not None}


def _few(connection: Connection, wanted: OrderFilter) -> str | None:
    """The flag or the state of a drop, if few orders can have it."""
    if wanted.flag is not None and _number(connection, _flagged(wanted.flag)) <= FEW:
        return "flag"
    if wanted.drop_state is not None and _number(connection, _fallen(None)) <= FEW:
        return "drop_state"
    return None


def _number(connection: Connection, query: AnySelect) -> int:
    capped = query.limit(FEW + 1).subquery()
    return connection.execute(select(func.count()).select_from(capped)).scalar_one()


def _of_order(query: AnySelect, order_id: Column[str]) -> ColumnElement[bool]:
    """Whether the query finds a row of the order."""
    return query.where(order_id == _o.order_id).correlate(orders).exists()


def _targets_at(link: str) -> AnySelect:
    return select(targets.c.target_id).where(targets.c.link == link)


def _flagged(flag: Flag | None) -> AnySelect:
    return select(_f.order_id).where(_f.flag == flag)


def _fallen(state: DropState | None) -> AnySelect:
    """The orders that have an open drop, or one in this state."""
    query = select(drops.c.order_id).where(_OPEN_DROP)
    return query if state is None else query.where(drops.c.state == state)


def _listings(connection: Connection, rows: Sequence[AnyRow]) -> list[OrderListing]:
    """The rows with their flags, open drops and open refills, in three more queries."""
    ids = [row.order_id for row in rows]
    flagged: defaultdict[str, list[Flag]] = defaultdict(list)
    for order_id, flag in connection.execute(select(_f.order_id, _f.flag).where(_f.order_id.in_(ids))):
        flagged[order_id].append(flag)
    d, r = drops.c, refills.c
    open_drops = select(d.order_id, d.state, d.claim, d.reason).where(d.order_id.in_(ids), _OPEN_DROP)
    fallen = {row.order_id: (row.state, row.claim, row.reason) for row in connection.execute(open_drops)}
    open_refills = select(r.order_id, r.state, r.reason).where(
        r.order_id.in_(ids), text(f"refills.{OPEN_REFILL}")
    )
    refilled = {row.order_id: (row.state, row.reason) for row in connection.execute(open_refills)}
    return [
        OrderListing(
            stored_order(row),
            row.last_look_at,
            row.last_outcome,
            row.last_count,
            row.username_now,
            tuple(sorted(flagged[row.order_id])),
            *fallen.get(row.order_id, (None, None, None)),
            *refilled.get(row.order_id, (None, None)),
        )
        for row in rows
    ]
