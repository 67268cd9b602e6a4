"""Headcount: how many targets and orders the eyes have to do for.

These queries read every watched target: they are for a person who asks, never for a job.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, not_, or_, select

from monitor.model.order import OrderStatus
from monitor.model.target import Metric
from storage.schema import order_flags, orders, targets

_NOBODY = ""
"""The source of a target that was found to be seen by none."""
_t = targets.c
_WATCHED = or_(_t.next_due_at.is_not(None), _t.virtual_due.is_not(None))
_ASKED = func.coalesce(func.nullif(_t.request_key, ""), _t.link)
_FLAGGED = select(order_flags.c.order_id).where(order_flags.c.order_id == orders.c.order_id).exists()
_COVERED = and_(orders.c.status.in_([status for status in OrderStatus if status.delivered]), not_(_FLAGGED))


@dataclass(frozen=True, slots=True)
class TargetCounts:
    """Targets that are looked at, the requests that a round of them takes, and the orders they stand for."""

    targets: int = 0
    asks: int = 0
    """Different things to ask for: targets that are read together count once."""
    orders: int = 0
    """Delivered orders without a flag; one that has ended counts until its target's last one has."""

    def __add__(self, other: "TargetCounts") -> "TargetCounts":
        return TargetCounts(
            self.targets + other.targets, self.asks + other.asks, self.orders + other.orders
        )  # fmt: skip


def of_source(connection: Connection, source: str) -> TargetCounts:
    """The targets that this source reads."""
    return _count(connection, _t.source == source)


def of_no_source(connection: Connection, sources: Collection[str], metrics: Iterable[Metric]) -> TargetCounts:
    """The targets of these metrics that are not routed to any of these sources yet."""
    return _count(connection, _homeless(sources, metrics))


def number_of_no_source(connection: Connection, sources: Collection[str], metrics: Iterable[Metric]) -> int:
    """How many targets that are, and nothing else."""
    query = select(func.count()).select_from(targets).where(_WATCHED, _homeless(sources, metrics))
    return connection.execute(query).scalar_one()


def number_unseen(connection: Connection) -> int:
    """How many targets no enabled source can see, as the routing has found."""
    query = select(func.count()).select_from(targets).where(_WATCHED, _t.source == _NOBODY)
    return connection.execute(query).scalar_one()


def _homeless(sources: Collection[str], metrics: Iterable[Metric]) -> ColumnElement[bool]:
    """Not routed yet, or to a source that looks no more."""
    lost = or_(_t.source.is_(None), _t.source.not_in([*sources, _NOBODY]))
    return and_(lost, _t.metric.in_(list(metrics)))


def _count(connection: Connection, which: ColumnElement[bool]) -> TargetCounts:
    looked_at = select(func.count(), func.count(_ASKED.distinct())).where(_WATCHED, which)
    number, asks = connection.execute(looked_at).one()
    covered = (
        select(func.count())
        .select_from(orders)
        .join(targets, _t.target_id == orders.c.target_id)
        .where(_WATCHED, which, _COVERED)
    )
    return TargetCounts(number, asks, connection.execute(covered).scalar_one())
