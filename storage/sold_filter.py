"""Filtering what belongs to orders by what was sold: order, link, metric, service, provider, customer."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, func, select

from monitor.model.target import Metric
from storage.column_types import AnySelect
from storage.schema import orders, targets
from storage.sqlite_hints import indexed_by
from storage.walks import Walk

FEW = 2000
"""Orders that are looked up one by one; rows of more orders are checked in the order of the list."""
_o = orders.c
_t = targets.c


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldFilter:
    """Which orders are meant; a field that is None does not filter."""

    order_id: str | None = None
    link: str | None = None
    """The canonical URL."""
    metric: Metric | None = None
    service: str | None = None
    provider: str | None = None
    customer: str | None = None

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """The conditions on orders and their targets."""
        columns: tuple[tuple[Column[Any], object], ...] = (
            (_o.order_id, self.order_id),
            (_t.link, self.link),
            (_t.metric, self.metric),
            (_o.service, self.service),
            (_o.provider, self.provider),
            (_o.customer, self.customer),
        )
        return [column == value for column, value in columns if value is not None]

    def checked(self, *, sqlite: bool) -> list[ColumnElement[bool]]:
        """The same, to be checked for orders that are looked up by their ids.

        On SQLite no index answers them: it would read the orders of a service first, and sort.
        """
        if not sqlite:
            return self.conditions
        plain = replace(self, service=None, provider=None, customer=None).conditions
        sold = ((_o.service, self.service), (_o.provider, self.provider), (_o.customer, self.customer))
        return [*plain, *(column.concat("") == value for column, value in sold if value is not None)]

    @property
    def indexed(self) -> list[tuple[str, ColumnElement[bool]]]:
        """Those of the conditions that have an index, most selective first, with its name."""
        columns: tuple[tuple[str, Column[Any], object], ...] = (
            ("ix_orders_customer", _o.customer, self.customer),
            ("ix_orders_service", _o.service, self.service),
            ("ix_orders_provider", _o.provider, self.provider),
        )
        return [(index, column == value) for index, column, value in columns if value is not None]


def with_orders(query: AnySelect, order_id: Column[Any]) -> AnySelect:
    """The query joined with the orders of its rows and their targets."""
    return query.join(orders, _o.order_id == order_id).join(targets, _t.target_id == _o.target_id)


def narrowed(
    connection: Connection, walk: Walk, wanted: SoldFilter, order_id: Column[Any], by_order: str | None
) -> Walk:
    """The walk over rows of orders, with a filter of these orders.

    If the filter means few orders, these are looked up and their rows sorted: by the index `by_order`, or, if
    that has no name on SQLite, by the one that it finds.
    """
    few = _few_orders(connection, wanted)
    if few is None:
        return walk.filtered(*wanted.checked(sqlite=connection.dialect.name == "sqlite"))
    conditions = (*walk.found_by, order_id.in_(few))
    return replace(walk, index=by_order, found_by=conditions, sorted=False)


def _few_orders(connection: Connection, wanted: SoldFilter) -> AnySelect | None:
    """The ids of the orders of a filter, if they are few; None if they may be many."""
    ids = select(_o.order_id).join(targets, _t.target_id == _o.target_id).where(*wanted.conditions)
    if wanted.order_id is not None or wanted.link is not None:
        return ids
    for index, condition in wanted.indexed:
        hinted = select(_o.order_id).with_hint(orders, indexed_by(index), "sqlite")
        capped = hinted.where(condition).limit(FEW + 1).subquery()
        if connection.execute(select(func.count()).select_from(capped)).scalar_one() <= FEW:
            return ids
    return None
