"""The newest refill of each drop, which tells what became of a drop that was held or refilled."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from monitor.model.refill import RefillState
from storage.schema import refills

_r = refills.c


def states(connection: Connection, order_ids: Collection[str]) -> dict[int, RefillState]:
    """The state of the newest refill of each drop of these orders that has one."""
    query = select(_r.drop_id, _r.state).where(_r.order_id.in_(order_ids)).order_by(_r.refill_id)
    return {row.drop_id: row.state for row in connection.execute(query)}
