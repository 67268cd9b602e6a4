"""The open refills: those of orders, and their sums, read from partial indexes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from monitor.model.refill import RefillState
from storage.chunks import chunks
from storage.schema import OPEN_REFILL, UNFINISHED_REFILL, refills
from storage.sums import total

_r = refills.c


@dataclass(frozen=True, slots=True)
class OpenRefillSums:
    """The refills of one open state."""

    state: RefillState
    refills: int
    units: int
    since: datetime | None
    """When the oldest of them was queued, or created if it is held; None without any."""


def of_orders(connection: Connection, order_ids: Iterable[str]) -> dict[str, int]:
    """The open refill of each of these orders that has one."""
    query = select(_r.order_id, _r.refill_id).where(text(f"refills.{OPEN_REFILL}"))
    found: dict[str, int] = {}
    for some in chunks(sorted(set(order_ids))):
        found |= dict(connection.execute(query.where(_r.order_id.in_(some))).all())
    return found


def open_refill_sums(connection: Connection) -> list[OpenRefillSums]:
    """The sums of each open state."""
    return [_sums(connection, state) for state in RefillState if state.open]


def _sums(connection: Connection, state: RefillState) -> OpenRefillSums:
    since = func.min(func.coalesce(_r.queued_at, _r.created_at))
    # the literal condition of a partial index, so that it is used; that of what is queued leaves some out
    query = select(func.count(), total(_r.quantity), since).where(text(f"refills.state = '{state}'"))
    if state is RefillState.QUEUED:
        query = query.where(text(f"refills.{UNFINISHED_REFILL}"))
    return OpenRefillSums(state, *connection.execute(query).one())
