"""What waits in the queue: refills in each unfinished state, counted to a limit, with the oldest one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from monitor.model.refill import RefillState
from storage.pages import CappedCount
from storage.schema import UNFINISHED_REFILL, refills
from storage.sqlite_hints import indexed_by
from storage.sums import total
from storage.walks import COUNTED

UNFINISHED = (RefillState.QUEUED, RefillState.CLAIMED, RefillState.HELD, RefillState.DEAD)
_r = refills.c


@dataclass(frozen=True, slots=True)
class QueueState:
    """The refills in one state."""

    state: RefillState
    number: CappedCount
    units: CappedCount
    """Of the refills that were counted, which are the oldest."""
    oldest: datetime | None
    """When the oldest one was created; None if there is none."""


def summary(connection: Connection) -> list[QueueState]:
    """The refills in each unfinished state."""
    return [_of_state(connection, state) for state in UNFINISHED]


def _of_state(connection: Connection, state: RefillState) -> QueueState:
    oldest = (
        select(_r.quantity, _r.created_at)
        .where(text(f"refills.{UNFINISHED_REFILL}"), _r.state == state)
        .with_hint(refills, indexed_by("ix_refills_unfinished"), "sqlite")
        .order_by(_r.created_at)
        .limit(COUNTED + 1)
        .subquery()
    )
    query = select(func.count(), total(oldest.c.quantity), func.min(oldest.c.created_at))
    number, units, first = connection.execute(query).one()
    exact = number <= COUNTED
    return QueueState(state, CappedCount(min(number, COUNTED), exact), CappedCount(units, exact), first)
