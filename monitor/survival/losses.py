"""What an order has lost between its looks, as intervals of ages with the units that were lost in each.

Units of refills are lost as well. A loss after a refill is divided between the units of the order and those
of its refills, in proportion to what is left of each.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from monitor.survival.delivered_order import DeliveredOrder, Interruptions
from monitor.survival.grid import LAST_POINT, grid_point

NEVER = LAST_POINT + 1
"""The end of an interval that nobody saw ending."""


class CountedLook(NamedTuple):
    """A count of the target, continued over changes of its source."""

    at: datetime
    judged: int


class LossInterval(NamedTuple):
    """Units that were there at one grid point and missing at the other: the interval (after, until]."""

    after: int
    until: int
    """NEVER for units that were still there when the order was last observed."""


class OrderLosses(NamedTuple):
    """What one order has lost."""

    intervals: tuple[tuple[LossInterval, int], ...]
    """Disjoint intervals with their units; the last one is of the units that are still there."""
    weight: float = 1.0
    """Orders that this one stands for, in a sample."""

    @property
    def units(self) -> int:
        return sum(units for _, units in self.intervals)

    @property
    def last_point(self) -> int:
        """The grid point of the last look that is used."""
        return max(interval.after for interval, _ in self.intervals)


class _LookedAfter(NamedTuple):
    """What a look shows of all units that were delivered until then."""

    at: datetime
    missing: int
    refilled: int
    """Units of refills that had arrived."""


def losses(
    order: DeliveredOrder, looks: Iterable[CountedLook], until: datetime, happened: Interruptions
) -> OrderLosses | None:
    """What the looks (in order of time) show of an order; None if fewer than two can be used.

    A loss counts when two looks in succession show it, and stays lost. The last look only confirms.
    """
    if order.completed_at is None or order.baseline is None:
        return None
    lost_at: dict[int, int] = {}
    own_lost = all_lost = 0
    for look, later in pairwise(_used(order, order.completed_at, order.baseline, looks, until, happened)):
        newly = max(0, min(look.missing, later.missing, order.delivered + look.refilled) - all_lost)
        left = order.delivered + look.refilled - all_lost
        own_lost += newly * (order.delivered - own_lost) // max(left, 1)
        all_lost += newly
        lost_at[min(grid_point(look.at - order.completed_at), LAST_POINT)] = own_lost
    lost_at.pop(0, None)
    return OrderLosses(tuple(_intervals(order.delivered, lost_at))) if lost_at else None


def _used(
    order: DeliveredOrder,
    completed_at: datetime,
    baseline: int,
    looks: Iterable[CountedLook],
    until: datetime,
    happened: Interruptions,
) -> Iterator[_LookedAfter]:
    """The looks that are used: settled, within the observation, and not in a pause."""
    end = min([until, *(at for at in happened.ends if at > completed_at)])
    refills = [one for one in happened.refills if one.completed_at > completed_at]
    for look in looks:
        under_way = any(one.queued_at < look.at < one.completed_at + order.settle for one in refills)
        if completed_at + order.settle <= look.at <= end and not under_way and not _paused(look, happened):
            refilled = sum(one.units for one in refills if one.completed_at <= look.at)
            yield _LookedAfter(look.at, baseline + refilled - look.judged, refilled)


def _paused(look: CountedLook, happened: Interruptions) -> bool:
    return any(pause.since <= look.at < pause.until for pause in happened.pauses)


def _intervals(delivered: int, lost_at: dict[int, int]) -> Iterator[tuple[LossInterval, int]]:
    after = lost = 0
    for point, lost_then in lost_at.items():
        if lost_then > lost:
            yield LossInterval(after, point), lost_then - lost
        after, lost = point, lost_then
    yield LossInterval(after, NEVER), delivered - lost


def units_by_interval(
    orders: Sequence[OrderLosses], times: Iterable[float] | None = None
) -> dict[LossInterval, float]:
    """The units of orders by interval, each order as often as `times` says, or once."""
    found: dict[LossInterval, float] = {}
    for order, number in zip(orders, times or (1.0,) * len(orders), strict=True):
        if number:
            factor = order.weight * number
            for interval, units in order.intervals:
                found[interval] = found.get(interval, 0.0) + factor * units
    return found
