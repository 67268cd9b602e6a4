"""Held refills: deciding all that are held for one reason, and deciding single ones again (RULES 6 to 9)."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, select, text, update

from monitor.evaluation.target_state import TargetState
from monitor.guarantee.daily_caps import DailyCaps, day_of, queued_of
from monitor.guarantee.hold_release import decide_anew
from monitor.model.decision import Action, Decision, Reason
from monitor.model.refill import RefillState
from monitor.model.sums import Sum, item_of, summed
from monitor.model.target import Metric
from storage import (
    daily_caps,
    drops,
    operator_actions,
    order_states,
    queued_units,
    refill_moves,
    refills,
    reviews,
    targets,
)
from storage.errors import NothingMissingError, WrongStateError
from storage.refills import RefillRow
from storage.schema import orders
from storage.schema import refills as table
from storage.sums import total

_r = table.c
_o = orders.c
_HELD = text("refills.state = 'held'")  # the literal condition of the partial index, so that it is used


@dataclass(frozen=True, slots=True)
class HeldUnits:
    """Held refills whose orders have all of this in common; an order has at most one of them."""

    service: str
    provider: str | None
    price: Decimal | None
    currency: str | None
    ordered: int
    """Quantity of each of the orders, for which the price was paid."""
    refills: int
    units: int


def held_for_mass_drop(connection: Connection, metric: Metric) -> list[int]:
    """Ids of the refills of a metric that are held for a mass drop, oldest first."""
    query = select(_r.refill_id).where(_HELD, _r.reason == Reason.MASS_DROP, _r.metric == metric)
    return list(connection.execute(query.order_by(_r.refill_id)).scalars())


def held_for(connection: Connection, reason: Reason) -> list[int]:
    """Ids of the refills that are held for a reason, oldest first."""
    query = select(_r.refill_id).where(_HELD, _r.reason == reason).order_by(_r.refill_id)
    return list(connection.execute(query).scalars())


def sum_for_mass_drop(connection: Connection, metric: Metric) -> Sum:
    """Number, units and price of the refills of a metric that are held for a mass drop."""
    group = orders.c.price, orders.c.currency, orders.c.quantity
    query = (
        select(func.count(), total(_r.quantity), *group)
        .join_from(table, orders, orders.c.order_id == _r.order_id)
        .where(_HELD, _r.reason == Reason.MASS_DROP, _r.metric == metric)
        .group_by(*group)
    )
    return summed(item_of(*row) for row in connection.execute(query))


def number_for_mass_drop(connection: Connection, metric: Metric) -> int:
    """Number of the refills of a metric that are held for a mass drop."""
    query = select(func.count()).where(_HELD, _r.reason == Reason.MASS_DROP, _r.metric == metric)
    return connection.execute(query.select_from(table)).scalar_one()


def totals(connection: Connection, reason: Reason) -> list[HeldUnits]:
    """Sums of the refills that are held for a reason."""
    group = _o.service, _o.provider, _o.price, _o.currency, _o.quantity
    query = (
        select(*group, func.count(), total(_r.quantity))
        .select_from(table)
        .join(orders, _o.order_id == _r.order_id)
        .where(_HELD, _r.reason == reason)
        .group_by(*group)
        .order_by(*group)
    )
    return [HeldUnits(*row) for row in connection.execute(query)]


def release(
    connection: Connection,
    refill_id: int,
    reason: Reason,
    now: datetime,
    *,
    caps: DailyCaps = DailyCaps(),  # noqa: B008  # it is immutable
    shadow: bool = False,
) -> RefillRow:
    """Release a refill held for a reason, or discard it if its drop has recovered.

    What exceeds the `caps` stays held for them. Returns the changed refill. Raises what
    `operator_actions.act` raises, except NothingMissingError.
    """
    row, target = _held(connection, refill_id, reason)
    try:
        if caps.configured and not shadow:
            quantity = operator_actions.owed_units(connection, row, target)
            if _kept_for_cap(connection, row, quantity, caps, now):
                return refills.get(connection, refill_id)
        return operator_actions.act(connection, refill_id, "approve", now, shadow=shadow)
    except NothingMissingError:
        case = operator_actions.case_of(connection, row, target)
        if case is not None:
            decided_anew(connection, replace(decide_anew(case), at=now))
        return refills.get(connection, refill_id)


def _kept_for_cap(
    connection: Connection, row: RefillRow, quantity: int, caps: DailyCaps, now: datetime
) -> bool:
    """Keep a refill held that exceeds a daily cap, and tell that the cap is reached; False if it does not."""
    wanted = queued_of(order_states.one_order(connection, row.order_id), quantity)
    daily_caps.lock(connection)
    exceeded = caps.exceeded(wanted, queued_units.usage(connection, day_of(now)))
    if not exceeded:
        return False
    kept = {"reason": Reason.DAILY_CAP, "quantity": quantity}
    kept["release_at"] = caps.release_at(wanted, now)
    connection.execute(update(table).where(_r.refill_id == row.refill_id, _HELD).values(kept))
    refill_moves.add(connection, [row.refill_id], RefillState.HELD, now, str(Reason.DAILY_CAP))
    if not caps.too_large(wanted):
        for scope in exceeded:
            daily_caps.tell_reached(connection, scope, caps, now)
    return True


def discard(connection: Connection, refill_id: int, reason: Reason, now: datetime) -> RefillRow:
    """Reject a refill held for this reason; returns it changed. Raises what `operator_actions.act` raises."""
    _held(connection, refill_id, reason)
    return operator_actions.act(connection, refill_id, "reject", now)


def _held(connection: Connection, refill_id: int, reason: Reason) -> tuple[RefillRow, TargetState]:
    """A refill held for a reason and its locked target; raises WrongStateError for any other refill."""
    order_id = refills.get(connection, refill_id).order_id
    target = targets.of_order(connection, order_id, lock=True)
    row = refills.get(connection, refill_id)
    if row.state is not RefillState.HELD or row.reason is not reason:
        raise WrongStateError(f"refill {refill_id} is not held for {reason} any more")
    return row, target


def decided_anew(connection: Connection, decision: Decision) -> bool:
    """Apply a new decision to an order's held refill; False if that changes nothing."""
    query = select(_r.refill_id, _r.drop_id).where(_r.order_id == decision.order_id, _HELD)
    held = connection.execute(query).one_or_none()
    if held is None:
        return False
    if not drops.add_decision(connection, held.drop_id, decision):
        if decision.action is Action.HOLD:
            _keep(connection, held.refill_id, decision)
        return False
    if decision.action is Action.REFUSE:
        _discard(connection, held.refill_id, decision)
        if decision.reason is not Reason.RECOVERED:
            drops.refuse(connection, decision.order_id, held.drop_id, decision.at)
    elif decision.action is Action.HOLD:
        _keep(connection, held.refill_id, decision)
        refill_moves.add(
            connection, [held.refill_id], RefillState.HELD, decision.at, f"hold is over: {decision.reason}"
        )
    else:
        _queue(connection, held.refill_id, decision)
    return True


def _keep(connection: Connection, refill_id: int, decision: Decision) -> None:
    """Keep a refill held, with the units that are still missing."""
    kept = {"reason": decision.reason, "quantity": decision.quantity, "release_at": decision.release_at}
    connection.execute(update(table).where(_r.refill_id == refill_id, _HELD).values(kept))


def _queue(connection: Connection, refill_id: int, decision: Decision) -> None:
    at = decision.at
    queued = {"state": RefillState.QUEUED, "quantity": decision.quantity, "release_at": None}
    queued |= {"queued_at": at, "available_at": at}
    connection.execute(update(table).where(_r.refill_id == refill_id, _HELD).values(queued))
    queued_units.note(connection, refill_id, at)
    reviews.close_given_up(connection, refill_id, at)
    refill_moves.add(connection, [refill_id], RefillState.QUEUED, at, f"hold is over: {decision.reason}")


def _discard(connection: Connection, refill_id: int, decision: Decision) -> None:
    rejected = {"state": RefillState.REJECTED, "release_at": None}
    connection.execute(update(table).where(_r.refill_id == refill_id, _HELD).values(rejected))
    refill_moves.add(connection, [refill_id], RefillState.REJECTED, decision.at, str(decision.reason))
