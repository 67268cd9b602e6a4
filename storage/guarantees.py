"""Sums over the orders whose guarantee runs: units by provider, and the guarantees that end soon.

The end of a guarantee follows from the completion and from the terms, which are stored as text. There are few
different terms, so they are read first, and the sums compare the orders with them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    text,
)
from sqlalchemy import type_coerce as as_type

from monitor.model.drop import DropState
from monitor.model.instants import EPOCH
from monitor.model.order import OrderStatus
from monitor.model.terms import RefillMode, Terms
from storage.column_types import microseconds
from storage.schema import OPEN_REFILL, drops, order_flags, orders, refills
from storage.sums import total
from storage.terms import load_terms

_o = orders.c
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICROSECOND
_LIFETIME = 2**62
"""The end of a guarantee without an end, as microseconds since 1970."""
_FLAGGED = select(order_flags.c.order_id).where(order_flags.c.order_id == _o.order_id).exists()
_DISTINCT_TERMS = select(_o.terms).where(_o.completed_at.is_not(None)).distinct()
_OPEN_UNITS = (
    select(func.sum(refills.c.quantity))
    .where(refills.c.order_id == _o.order_id, text(f"refills.{OPEN_REFILL}"))
    .scalar_subquery()
)
_UNDECIDED_UNITS = (
    select(func.sum(drops.c.claim))
    .where(drops.c.order_id == _o.order_id, drops.c.state.in_([DropState.SUSPECTED, DropState.WAITING]))
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class EndingDay:
    """The guarantees that end on one day (UTC)."""

    day: datetime
    """The beginning of the day."""
    orders: int
    units: int
    """Units of their open refills and undecided drops."""


@dataclass(frozen=True, slots=True)
class GuaranteedUnits:
    """Delivered units of a provider whose guarantee runs."""

    provider: str | None
    units: int


def terms_in_use(connection: Connection) -> dict[str, Terms]:
    """The different terms of delivered orders, by their stored text."""
    return {stored: load_terms(stored) for stored in connection.execute(_DISTINCT_TERMS).scalars()}


def ending(
    connection: Connection, terms: Mapping[str, Terms], now: datetime, until: datetime
) -> list[EndingDay]:
    """The guarantees that end after `now` and before `until`, by day; `terms` are those in use."""
    end, guaranteed = _guarantee(terms)
    day = (end // _DAY).label("day")
    units = func.coalesce(_OPEN_UNITS, 0) + func.coalesce(_UNDECIDED_UNITS, 0)
    query = (
        select(day, func.count(), total(units))
        .where(end > microseconds(now), end < microseconds(until), guaranteed)
        .group_by(day)
        .order_by(day)
    )
    return [EndingDay(EPOCH + row[0] * _DAY * _MICROSECOND, *row[1:]) for row in connection.execute(query)]


def guaranteed_units(
    connection: Connection, terms: Mapping[str, Terms], now: datetime
) -> list[GuaranteedUnits]:
    """Delivered units whose guarantee runs at `now`, by provider; `terms` are those in use."""
    end, guaranteed = _guarantee(terms)
    query = (
        select(_o.provider, total(_o.quantity - _o.remains))
        .where(_o.completed_at <= now, end > microseconds(now), guaranteed)
        .group_by(_o.provider)
    )
    return [GuaranteedUnits(*row) for row in connection.execute(query)]


def _guarantee(in_use: Mapping[str, Terms]) -> tuple[ColumnElement[int], ColumnElement[bool]]:
    """The end of an order's guarantee, and whether its terms, status and flags give it one."""
    by_window: defaultdict[int | None, list[str]] = defaultdict(list)
    partial: list[str] = []
    for stored, terms in in_use.items():
        if terms.refill is not RefillMode.NEVER:
            by_window[None if terms.window is None else terms.window // _MICROSECOND].append(stored)
            partial += [stored] if terms.partial_orders else []
    completed = as_type(_o.completed_at, BigInteger)
    status = or_(
        _o.status == OrderStatus.COMPLETED,
        and_(_o.status == OrderStatus.PARTIAL, _o.terms.in_(partial)),
    )
    return _end(completed, by_window), and_(status, _o.remains < _o.quantity, ~_FLAGGED)


def _end(completed: ColumnElement[int], by_window: Mapping[int | None, Sequence[str]]) -> ColumnElement[int]:
    """The end of the guarantee in microseconds since 1970; NULL without one."""
    ends = [
        (_o.terms.in_(stored), literal(_LIFETIME, BigInteger) if window is None else completed + window)
        for window, stored in by_window.items()
    ]
    return case(*ends, else_=null()) if ends else cast(null(), BigInteger)
