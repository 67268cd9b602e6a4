"""Refills: making, withdrawing and showing them; what consumers do is in `leases`, operators in `verbs`.

Every change of state also adds a row to `refill_events`, so that a refill's whole life can be read.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, text, update

from monitor.model.decision import Action, Decision, Reason
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import order_states
from storage.column_types import AnyRow, AnySelect
from storage.errors import NotFoundError
from storage.schema import OPEN_REFILL, orders, refill_events, refills, targets

_r = refills.c
_NEXT_NUMBER = select(func.coalesce(func.max(_r.number), 0) + 1).where(_r.order_id == bindparam("order_id"))
_INSERT = insert(refills).returning(_r.refill_id)
_EVENT = insert(refill_events)
LISTED = (
    select(refills, targets.c.link, targets.c.username_now, orders.c.service, orders.c.provider)
    .join(orders, orders.c.order_id == _r.order_id)
    .join(targets, targets.c.target_id == orders.c.target_id)
)
"""A refill as consumers and operators see it."""

_OPEN_OF_ORDER = (
    select(_r.refill_id).where(_r.order_id == bindparam("order_id"), text(OPEN_REFILL)).with_for_update()
)


def create(
    connection: Connection,
    drop_id: int,
    decision: Decision,
    metric: Metric,
    release_at: datetime | None = None,
) -> int:
    """Queue (`refill`) or hold (`hold`) what a decision gives; raises OpenRefillError when one is open.

    A held one is decided anew by itself at `release_at`, where that is said.
    """
    queued = decision.action is Action.REFILL
    state = RefillState.QUEUED if queued else RefillState.HELD
    number = connection.execute(_NEXT_NUMBER, {"order_id": decision.order_id}).scalar_one()
    refill_id: int = connection.execute(
        _INSERT,
        {
            "order_id": decision.order_id,
            "number": number,
            "drop_id": drop_id,
            "metric": metric,
            "quantity": decision.quantity,
            "reason": decision.reason,
            "state": state,
            "created_at": decision.at,
            "queued_at": decision.at if queued else None,
            "available_at": decision.at,
            "release_at": release_at,
        },
    ).scalar_one()
    add_events(connection, [refill_id], state, decision.at, str(decision.reason))
    return refill_id


def cancel_waiting(connection: Connection, order_id: str, now: datetime, detail: str) -> None:
    """Cancel the order's held and queued refills; a claimed one is left to its consumer."""
    # whoever gives a claimed one back at this moment has either committed, or will see why it is cancelled
    connection.execute(_OPEN_OF_ORDER, {"order_id": order_id})
    waiting = (RefillState.HELD, RefillState.QUEUED)
    change = (
        update(refills)
        .where(_r.order_id == order_id, _r.state.in_(waiting))
        .values(state=RefillState.CANCELLED)
        .returning(_r.refill_id)
    )
    cancelled = connection.execute(change).scalars().all()
    add_events(connection, cancelled, RefillState.CANCELLED, now, detail)


def withdraw(connection: Connection, refill_ids: Sequence[int], now: datetime) -> list[int]:
    """Cancel those of these queued refills whose order has lost its guarantee meanwhile; gives their ids."""
    query = select(_r.refill_id, _r.order_id).where(_r.refill_id.in_(refill_ids))
    queued = connection.execute(query.where(_r.state == RefillState.QUEUED)).all() if refill_ids else []
    ended = [row.refill_id for row in queued if not order_states.carries_guarantee(connection, row.order_id)]
    if ended:
        gone = {"state": RefillState.CANCELLED, "done_state": RefillState.CANCELLED}
        connection.execute(update(refills).where(_r.refill_id.in_(ended)).values(gone))
        add_events(connection, ended, RefillState.CANCELLED, now, "the order's guarantee has ended")
    return ended


def get(connection: Connection, refill_id: int) -> AnyRow:
    """One refill; raises NotFoundError."""
    row = connection.execute(LISTED.where(_r.refill_id == refill_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no refill {refill_id}")
    return row


def listed(
    connection: Connection,
    *,
    state: RefillState | None = None,
    order_id: str | None = None,
    limit: int = 100,
    before: int | None = None,
) -> list[AnyRow]:
    """Refills, newest first; with `before` only those older than that refill."""
    query: AnySelect = LISTED.order_by(_r.refill_id.desc()).limit(limit)
    if state is not None:
        query = query.where(_r.state == state)
    if order_id is not None:
        query = query.where(_r.order_id == order_id)
    if before is not None:
        query = query.where(_r.refill_id < before)
    return list(connection.execute(query))


def held_reason(connection: Connection, order_id: str) -> Reason | None:
    """Why the order's held refill is held; None when none is."""
    query = select(_r.reason).where(_r.order_id == order_id, _r.state == RefillState.HELD)
    reason: Reason | None = connection.execute(query).scalar()
    return reason


def events_of(connection: Connection, refill_id: int) -> list[AnyRow]:
    """What happened to a refill, oldest first."""
    query = select(refill_events).where(refill_events.c.refill_id == refill_id)
    return list(connection.execute(query.order_by(refill_events.c.event_id)))


def add_events(
    connection: Connection, refill_ids: Iterable[int], state: RefillState, now: datetime, detail: str
) -> None:
    """Write down that these refills have come into a state."""
    rows = [{"refill_id": i, "at": now, "state": state, "detail": detail} for i in refill_ids]
    if rows:
        connection.execute(_EVENT, rows)
