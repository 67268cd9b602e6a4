"""Refills: creating, cancelling and reading them.

Consumers change them through `leases`, operators through `operator_actions`. Every change of state adds a row
to `refill_events`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, text, update

from monitor.model.decision import Action, Decision, Reason
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import claim_columns, order_states, queued_units, refill_moves, reviews
from storage.column_types import AnySelect
from storage.errors import NotFoundError
from storage.schema import OPEN_REFILL, orders, refill_events, refills, targets


@dataclass(frozen=True, slots=True)
class RefillRow:
    """One refill with its target's link and its order's service and provider."""

    refill_id: int
    order_id: str
    number: int
    """1 for the order's first refill, 2 for its second, …"""
    drop_id: int
    metric: Metric
    quantity: int
    reason: Reason
    state: RefillState
    attempt: int
    """Number of times it was claimed since it was last queued by a decision or an operator."""
    created_at: datetime
    queued_at: datetime | None
    """When it was queued for the first time; this counts against the daily caps."""
    available_at: datetime
    """Not claimable before."""
    lease_token: str | None = field(repr=False)
    """Set, like `leased_until`, exactly while it is claimed."""
    leased_until: datetime | None
    consumer: str | None
    """Name in the last claim; None without a name, and if it was never claimed."""
    completed_at: datetime | None
    delivered: int | None
    """Units that the consumer reported as delivered; None if it gave no number."""
    external_id: str | None
    last_error: str | None
    done_token: str | None = field(repr=False)
    """The lease token under which it was last given back; with `done_action` and `done_state` it makes a
    repeated call idempotent."""
    done_action: str | None
    done_state: RefillState | None
    release_at: datetime | None
    """When a hold ends by itself."""
    asked_for: bool
    """Whether a buyer asked for it, so that it is claimed before the rest."""
    link: str
    username_now: str | None
    """Name of the profile if it was renamed since."""
    service: str
    provider: str | None

    @property
    def units(self) -> int:
        """Units delivered if it is completed, never more than were owed; else the units owed."""
        return self.quantity if self.delivered is None else min(self.delivered, self.quantity)


@dataclass(frozen=True, slots=True)
class RefillEventRow:
    """One change of a refill's state."""

    event_id: int
    refill_id: int
    at: datetime
    state: RefillState
    detail: str


_r = refills.c
_NEXT_NUMBER = select(func.coalesce(func.max(_r.number), 0) + 1).where(_r.order_id == bindparam("order_id"))
_o = orders.c
_OWN = [
    func.nullif(column, "").label("consumer") if column is _r.consumer else column
    for column in _r
    if column.name not in claim_columns.NAMES
]
LISTED = (
    select(
        *_OWN,
        claim_columns.IS_ASKED_FOR,
        targets.c.link,
        targets.c.username_now,
        orders.c.service,
        orders.c.provider,
    )
    .join(orders, orders.c.order_id == _r.order_id)
    .join(targets, targets.c.target_id == orders.c.target_id)
)
"""The query of `RefillRow`."""

_OPEN_OF_ORDERS = (
    select(_r.refill_id)
    .where(_r.order_id.in_(bindparam("order_ids", expanding=True)), text(f"refills.{OPEN_REFILL}"))
    .order_by(_r.refill_id)
    .with_for_update()
)


def create(connection: Connection, drop_id: int, decision: Decision, metric: Metric) -> int:
    """Create the refill of a decision, queued or held; raises OpenRefillError if one is open."""
    queued = decision.action is Action.REFILL
    state = RefillState.QUEUED if queued else RefillState.HELD
    number = connection.execute(_NEXT_NUMBER, {"order_id": decision.order_id}).scalar_one()
    values: dict[str, object] = {
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
        "release_at": decision.release_at,
    }
    values |= claim_columns.of_new_refill(decision.order_id, decision.at)
    insertion = insert(refills).values(values).returning(_r.refill_id)
    refill_id: int = connection.execute(insertion).scalar_one()
    refill_moves.add(connection, [refill_id], state, decision.at, str(decision.reason))
    if queued:
        queued_units.note(connection, refill_id, decision.at)
        reviews.close_given_up(connection, refill_id, decision.at)
    return refill_id


def lock_open(connection: Connection, order_ids: Iterable[str]) -> None:
    """Lock the open refills of orders, in the order of their ids, as consumers do.

    This serializes with a consumer that gives a claimed refill back, which then sees what was changed.
    """
    if wanted := list(order_ids):
        connection.execute(_OPEN_OF_ORDERS, {"order_ids": wanted})


def cancel_waiting(connection: Connection, order_id: str, now: datetime, detail: str) -> None:
    """Cancel the held and queued refills of an order, which are locked; a claimed one stays as it is."""
    waiting = (RefillState.HELD, RefillState.QUEUED)
    change = (
        update(refills)
        .where(_r.order_id == order_id, _r.state.in_(waiting))
        .values(state=RefillState.CANCELLED)
        .returning(_r.refill_id)
    )
    cancelled = connection.execute(change).scalars().all()
    refill_moves.add(connection, cancelled, RefillState.CANCELLED, now, detail)


def withdraw(connection: Connection, queued: Mapping[int, str], now: datetime) -> set[int]:
    """Cancel those queued refills, given with their orders, whose order has lost its guarantee."""
    guaranteed = order_states.guaranteed_of(connection, queued.values())
    ended = [refill_id for refill_id, order_id in queued.items() if order_id not in guaranteed]
    if ended:
        gone = {"state": RefillState.CANCELLED, "done_state": RefillState.CANCELLED}
        connection.execute(update(refills).where(_r.refill_id.in_(ended)).values(gone))
        refill_moves.add(connection, ended, RefillState.CANCELLED, now, "the order's guarantee has ended")
    return set(ended)


def get(connection: Connection, refill_id: int) -> RefillRow:
    """One refill; raises NotFoundError."""
    row = connection.execute(LISTED.where(_r.refill_id == refill_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no refill {refill_id}")
    return RefillRow(**row._asdict())


def listed(
    connection: Connection,
    *,
    state: RefillState | None = None,
    order_id: str | None = None,
    limit: int = 100,
    before: int | None = None,
) -> list[RefillRow]:
    """Refills, newest first; with `before` only those with a smaller id."""
    query: AnySelect = LISTED.order_by(_r.refill_id.desc()).limit(limit)
    if state is not None:
        query = query.where(_r.state == state)
    if order_id is not None:
        query = query.where(_r.order_id == order_id)
    if before is not None:
        query = query.where(_r.refill_id < before)
    return [RefillRow(**row._asdict()) for row in connection.execute(query)]


def held_reason(connection: Connection, order_id: str) -> Reason | None:
    """Why the order's refill is held; None if none is held."""
    query = select(_r.reason).where(_r.order_id == order_id, _r.state == RefillState.HELD)
    reason: Reason | None = connection.execute(query).scalar()
    return reason


def events_of(connection: Connection, *refill_ids: int) -> list[RefillEventRow]:
    """The changes of the state of refills, oldest first."""
    query = select(refill_events).where(refill_events.c.refill_id.in_(refill_ids))
    query = query.order_by(refill_events.c.event_id)
    return [RefillEventRow(**row._asdict()) for row in connection.execute(query)]
