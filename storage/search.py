"""Search by a name: orders, targets, customers and refills whose ids or names are or begin with a text."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, or_, select, text

from monitor.errors import BadInputError
from monitor.model.link import parse_link
from monitor.model.order import OrderStatus
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from monitor.model.whole_number import whole_number
from storage.column_types import AnySelect
from storage.pages import LARGEST_KEY
from storage.schema import orders, refills, targets

MOST = 20
"""Rows of one kind that a search finds."""
MOST_CUSTOMERS = 5
LONGEST = 2048
_LAST_CHARACTER = "\U0010ffff"
_o = orders.c
_t = targets.c
_r = refills.c


class FoundBy(StrEnum):
    """What of a row is the text, or begins with it."""

    ORDER_ID = "order_id"
    LINK = "link"
    USERNAME = "username"
    REFILL_ID = "refill_id"
    EXTERNAL_ID = "external_id"


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """An order that a search has found."""

    found_by: FoundBy
    order_id: str
    link: str
    metric: Metric
    service: str
    status: OrderStatus
    customer: str | None


@dataclass(frozen=True, slots=True)
class FoundRefill:
    """A refill that a search has found."""

    found_by: FoundBy
    refill_id: int
    order_id: str
    state: RefillState
    external_id: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found; of each kind the first rows, those of an exact match first."""

    orders: tuple[FoundOrder, ...] = ()
    refills: tuple[FoundRefill, ...] = ()
    customers: tuple[str, ...] = ()
    """Names of customers, whose orders a list shows."""
    more: bool = False
    """Whether there may be more of one kind."""

    @property
    def empty(self) -> bool:
        return not (self.orders or self.refills or self.customers)


_ORDERS = select(_o.order_id, _t.link, _t.metric, _o.service, _o.status, _o.customer)
_BY_ORDER = _ORDERS.join_from(orders, targets, _t.target_id == _o.target_id)
_REFILLS = select(_r.refill_id, _r.order_id, _r.state, _r.external_id)


def search(connection: Connection, wanted: str) -> Found:
    """Find what is named by a text; one that is empty, too long or not printable finds nothing."""
    name = wanted.strip()
    if not name or len(name) > LONGEST or not name.isprintable():
        return Found()
    found_orders = _orders(connection, name)
    found_refills = _refills(connection, name)
    customers = _customers(connection, name)
    more = len(found_orders) > MOST or len(found_refills) > MOST or len(customers) > MOST_CUSTOMERS
    return Found(
        tuple(found_orders[:MOST]), tuple(found_refills[:MOST]), tuple(customers[:MOST_CUSTOMERS]), more
    )


def _orders(connection: Connection, name: str) -> list[FoundOrder]:
    exact = connection.execute(_BY_ORDER.where(_o.order_id == name))
    found = [FoundOrder(FoundBy.ORDER_ID, *row) for row in exact]
    found += _at_links(connection, name)
    prefix = _with_prefix(connection, _BY_ORDER.where(_o.order_id != name), orders, _o.order_id, name)
    found += [FoundOrder(FoundBy.ORDER_ID, *row) for row in connection.execute(prefix.limit(MOST + 1))]
    found += _of_usernames(connection, name)
    first: dict[str, FoundOrder] = {}
    for one in found:
        first.setdefault(one.order_id, one)
    return list(first.values())


def _at_links(connection: Connection, name: str) -> list[FoundOrder]:
    """The orders at a link in any spelling, newest first."""
    try:
        link = parse_link(name).link
    except BadInputError:
        return []
    by_link = FoundBy.LINK if "/" in name else FoundBy.USERNAME
    return _at_targets(connection, or_(_t.link == link.url), by_link)


def _of_usernames(connection: Connection, name: str) -> list[FoundOrder]:
    """The orders on profiles and posts whose name begins with a text."""
    start = name.removeprefix("@")
    found: list[FoundOrder] = []
    for column, text_ in ((_t.key, start.lower()), (_t.key, start), (_t.username_now, start.lower())):
        if text_ and len(found) <= MOST:
            ids = _with_prefix(connection, select(_t.target_id), targets, column, text_).limit(MOST + 1)
            found += _at_targets(
                connection, _t.target_id.in_(connection.execute(ids).scalars().all()), FoundBy.USERNAME
            )
    return found


def _at_targets(
    connection: Connection, condition: ColumnElement[bool], found_by: FoundBy
) -> list[FoundOrder]:
    query = _ORDERS.join_from(targets, orders, _t.target_id == _o.target_id).where(condition)
    newest = query.order_by(_o.listed_at.desc(), _o.order_id).limit(MOST + 1)
    return [FoundOrder(found_by, *row) for row in connection.execute(newest)]


def _refills(connection: Connection, name: str) -> list[FoundRefill]:
    found: list[FoundRefill] = []
    refill_id = whole_number(name, LARGEST_KEY)
    if refill_id is not None:
        exact = connection.execute(_REFILLS.where(_r.refill_id == refill_id))
        found += [FoundRefill(FoundBy.REFILL_ID, *row) for row in exact]
    prefix = _with_prefix(connection, _REFILLS, refills, _r.external_id, name).limit(MOST + 1)
    return found + [FoundRefill(FoundBy.EXTERNAL_ID, *row) for row in connection.execute(prefix)]


def _customers(connection: Connection, name: str) -> list[str]:
    """The customers whose name begins with a text, each found behind the one before."""
    found: list[str] = []
    while len(found) <= MOST_CUSTOMERS:
        last = found[-1] if found else None
        query = _with_prefix(connection, select(_o.customer), orders, _o.customer, name, last)
        customer = connection.execute(query.limit(1)).scalar()
        if customer is None:
            break
        found.append(customer)
    return found


def _with_prefix(
    connection: Connection,
    query: AnySelect,
    table: Table,
    column: Column[Any],
    prefix: str,
    after: str | None = None,
) -> AnySelect:
    """The rows whose column begins with a text, and comes after another one, in the order of its bytes."""
    if connection.dialect.name == "sqlite":  # which begins at only one lower limit, so there must be no other
        first = column >= prefix if after is None else column > after
        return query.where(first, column < prefix + _LAST_CHARACTER).order_by(column)
    within = column.startswith(prefix, autoescape=True)
    found = query.where(within if after is None else and_(within, column.op("~>~")(after)))
    return found.order_by(text(f"{table.name}.{column.name} USING ~<~"))
