"""A delivered order as curves see it, and the time during which what it lost can be told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.survival.grid import CELL, HORIZON

ASSUMED_DELIVERY = timedelta(days=1)
"""Duration of a delivery whose beginning is not known."""
COMPLAINT_LOOKS = timedelta(days=1)
"""Looks in this time after a customer's request are not used: they were made because units were missing."""


@dataclass(frozen=True, slots=True)
class DeliveredOrder:
    """An order with its delivery; also one that is still to be delivered, as a neighbour of others."""

    order_id: str
    imported_at: datetime
    created_at: datetime | None
    """When it was placed, if the panel tells it."""
    completed_at: datetime | None
    """None before its delivery has ended."""
    delivered: int
    baseline: int | None
    """The count right after its delivery; None without a start count."""
    measured_at: datetime | None
    """The look that measured its start count; None if the panel gave it."""
    settle: timedelta
    """Counts are not judged before this time after the completion."""

    @property
    def begun_at(self) -> datetime:
        """When the delivery may have begun."""
        if self.created_at is not None:
            return self.created_at
        if self.completed_at is None:
            return self.imported_at
        return min(self.completed_at - ASSUMED_DELIVERY, self.imported_at)


class Pause(NamedTuple):
    """A time during which looks are not used."""

    since: datetime
    until: datetime


class ArrivedRefill(NamedTuple):
    """A completed refill of the target."""

    queued_at: datetime
    completed_at: datetime
    units: int
    """Delivered units."""


@dataclass(frozen=True, slots=True)
class Interruptions:
    """What happened to an order and its target, in any order."""

    ends: tuple[datetime, ...] = ()
    """When observation ends: refills that were queued and not completed, and flags."""
    refills: tuple[ArrivedRefill, ...] = ()
    pauses: tuple[Pause, ...] = ()
    """When looks are not used: after requests of customers, and during mass drops."""


def observed_until(
    order: DeliveredOrder, neighbours: Iterable[DeliveredOrder], now: datetime
) -> datetime | None:
    """Until when the counts tell what an order lost; None if they never do.

    They do as long as it is the only order of its target (`neighbours` are the others), and only if the
    baseline is known as it was right after the delivery.
    """
    completed = order.completed_at
    if completed is None or order.delivered <= 0 or order.baseline is None:
        return None
    if order.measured_at is not None and order.measured_at - completed > CELL:
        return None
    until = min(now, completed + HORIZON)
    for other in neighbours:
        if other.begun_at > completed:
            until = min(until, other.begun_at)
        elif other.completed_at is None or other.completed_at > completed - HORIZON:
            return None
    return until
