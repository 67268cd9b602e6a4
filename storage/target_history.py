"""The recorded history of targets, for a replay: their orders as imported, and what happened to them.

Read in slices: targets by their ids, looks of some targets in a span of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from monitor.model.order import Flag, Order
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from storage.order_states import JOINED, order_of
from storage.schema import order_flags, orders, refills, requests, snapshots, targets

_o, _s, _t = orders.c, snapshots.c, targets.c
_IDS: BindParameter[int] = bindparam("target_ids", expanding=True)
_SOLD = (
    select(_t.target_id)
    .where(
        _t.target_id > bindparam("last"),
        _t.target_id % bindparam("step") == 0,
        select(_o.order_id)
        .where(_o.target_id == _t.target_id, _o.completed_at >= bindparam("since"))
        .exists(),
    )
    .order_by(_t.target_id)
    .limit(bindparam("limit"))
)
_ORDERS = JOINED.where(_o.target_id.in_(_IDS)).order_by(_o.target_id, _o.order_id)
_LOOKS = select(_s.target_id, _s.at, _s.count, _s.count_offset).where(
    _s.target_id.in_(_IDS), _s.at >= bindparam("start"), _s.at < bindparam("end"), _s.outcome == Outcome.COUNT
)


@dataclass(frozen=True, slots=True)
class PastCount:
    """A count of a target, continued over changes of its source."""

    at: datetime
    target_id: int
    count: int


@dataclass(frozen=True, slots=True)
class PastOrders:
    """The orders of some targets, and what happened to them."""

    orders: list[tuple[int, Order]]
    """With the ids of their targets; measured start counts are left out, to be measured again."""
    completions: list[tuple[datetime, str]]
    """Completed refills, by order."""
    flags: list[tuple[datetime, str, Flag]]
    """Flags that are set now; lifted ones are not stored."""
    requests: list[tuple[datetime, str]]


def newest_target(connection: Connection) -> int:
    """The greatest id of a target; 0 if there is none."""
    return connection.execute(select(func.max(_t.target_id))).scalar_one() or 0


def targets_sold(connection: Connection, since: datetime, last: int, limit: int, step: int = 1) -> list[int]:
    """The targets after an id with an order that was completed since a time; of all targets each `step`th."""
    wanted = {"since": since, "last": last, "limit": limit, "step": step}
    return list(connection.execute(_SOLD, wanted).scalars())


def past_orders(connection: Connection, target_ids: Sequence[int]) -> PastOrders:
    """The orders of targets, and what happened to them."""
    ids = {"target_ids": target_ids}
    of_orders = select(_o.order_id).where(_o.target_id.in_(_IDS))
    done = select(refills.c.completed_at, refills.c.order_id).where(
        refills.c.order_id.in_(of_orders), refills.c.state == RefillState.COMPLETED
    )
    set_ = select(order_flags.c.set_at, order_flags.c.order_id, order_flags.c.flag)
    asked = select(requests.c.at, requests.c.order_id).where(requests.c.order_id.in_(of_orders))
    return PastOrders(
        [(row.target_id, _as_imported(order_of(row))) for row in connection.execute(_ORDERS, ids)],
        [(row[0], row[1]) for row in connection.execute(done, ids) if row[0] is not None],
        [
            (row[0], row[1], row[2])
            for row in connection.execute(set_.where(order_flags.c.order_id.in_(of_orders)), ids)
        ],
        [(row[0], row[1]) for row in connection.execute(asked, ids)],
    )


def counts_between(
    connection: Connection, target_ids: Sequence[int], start: datetime, end: datetime
) -> list[PastCount]:
    """The counts of targets from `start` until before `end`, in no order."""
    rows = connection.execute(_LOOKS, {"target_ids": target_ids, "start": start, "end": end})
    return [PastCount(at, target_id, count + offset) for target_id, at, count, offset in rows]


def _as_imported(order: Order) -> Order:
    start = None if order.start_measured else order.start_count
    return replace(
        order, start_count=start, start_measured=False, base_lowered=0, base_at=None, counted_at=None
    )
