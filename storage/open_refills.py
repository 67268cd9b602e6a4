"""Sums of the open refills, read from the partial index of each state."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from monitor.model.refill import RefillState
from storage.schema import refills
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


def open_refill_sums(connection: Connection) -> list[OpenRefillSums]:
    """The sums of each open state."""
    return [_sums(connection, state) for state in RefillState if state.open]


def _sums(connection: Connection, state: RefillState) -> OpenRefillSums:
    since = func.min(func.coalesce(_r.queued_at, _r.created_at))
    # the literal condition of the partial index, so that it is used
    query = select(func.count(), total(_r.quantity), since).where(text(f"refills.state = '{state}'"))
    return OpenRefillSums(state, *connection.execute(query).one())
