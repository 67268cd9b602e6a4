"""Numbers of targets and orders per source.

These queries read every monitored target, so they are for commands and not for jobs.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, not_, or_, select

from monitor.model.order import OrderStatus
from monitor.model.target import Metric
from storage.schema import order_flags, orders, targets

_NO_SOURCE = ""
"""The source of a target that no enabled source can read."""
_t = targets.c
_MONITORED = or_(_t.next_due_at.is_not(None), _t.virtual_due.is_not(None))
_REQUEST = func.coalesce(func.nullif(_t.request_key, ""), _t.link)
_FLAGGED = select(order_flags.c.order_id).where(order_flags.c.order_id == orders.c.order_id).exists()
_COVERED = and_(orders.c.status.in_([status for status in OrderStatus if status.delivered]), not_(_FLAGGED))


@dataclass(frozen=True, slots=True)
class TargetCounts:
    """Numbers of monitored targets, of the requests that read all of them once, and of their orders."""

    targets: int = 0
    asks: int = 0
    """Different request keys: targets that are answered by one request count once."""
    orders: int = 0
    """Delivered orders without a flag; an ended one counts as long as its target is monitored."""

    def __add__(self, other: "TargetCounts") -> "TargetCounts":
        return TargetCounts(
            self.targets + other.targets, self.asks + other.asks, self.orders + other.orders
        )  # fmt: skip


def of_source(connection: Connection, source: str) -> TargetCounts:
    """Numbers for the targets of a source."""
    return _count(connection, _t.source == source)


def of_no_source(connection: Connection, sources: Collection[str], metrics: Iterable[Metric]) -> TargetCounts:
    """Numbers for the targets of these metrics that are not routed to one of these sources."""
    return _count(connection, _unrouted(sources, metrics))


def number_of_no_source(connection: Connection, sources: Collection[str], metrics: Iterable[Metric]) -> int:
    """Number of targets of these metrics that are not routed to one of these sources."""
    query = select(func.count()).select_from(targets).where(_MONITORED, _unrouted(sources, metrics))
    return connection.execute(query).scalar_one()


def number_unseen(connection: Connection) -> int:
    """Number of targets that no enabled source can read."""
    query = select(func.count()).select_from(targets).where(_MONITORED, _t.source == _NO_SOURCE)
    return connection.execute(query).scalar_one()


def _unrouted(sources: Collection[str], metrics: Iterable[Metric]) -> ColumnElement[bool]:
    """Not routed yet, or routed to another source."""
    unrouted = or_(_t.source.is_(None), _t.source.not_in([*sources, _NO_SOURCE]))
    return and_(unrouted, _t.metric.in_(list(metrics)))


def _count(connection: Connection, which: ColumnElement[bool]) -> TargetCounts:
    monitored = select(func.count(), func.count(_REQUEST.distinct())).where(_MONITORED, which)
    number, asks = connection.execute(monitored).one()
    covered = (
        select(func.count())
        .select_from(orders)
        .join(targets, _t.target_id == orders.c.target_id)
        .where(_MONITORED, which, _COVERED)
    )
    return TargetCounts(number, asks, connection.execute(covered).scalar_one())
