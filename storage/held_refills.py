"""Held refills: releasing and discarding those held for one reason, and deciding them again (RULES 6)."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, func, select, text, update

from monitor.evaluation.target_state import TargetState
from monitor.guarantee.hold_release import decide_anew
from monitor.model.decision import Action, Decision, Reason
from monitor.model.refill import RefillState
from monitor.model.sums import Sum, item_of, summed
from monitor.model.target import Metric
from storage import drops, operator_actions, refills, targets
from storage.errors import NothingMissingError, WrongStateError
from storage.refills import RefillRow
from storage.schema import orders
from storage.schema import refills as table
from storage.sums import total

_r = table.c
_HELD = text("refills.state = 'held'")  # the literal condition of the partial index, so that it is used


def held_for_mass_drop(connection: Connection, metric: Metric) -> list[int]:
    """Ids of the refills of a metric that are held for a mass drop, oldest first."""
    query = select(_r.refill_id).where(_HELD, _r.reason == Reason.MASS_DROP, _r.metric == metric)
    return list(connection.execute(query.order_by(_r.refill_id)).scalars())


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


def release(connection: Connection, refill_id: int, reason: Reason, now: datetime) -> RefillRow:
    """Release a refill held for this reason, or discard it if its drop has recovered.

    Returns the changed refill. Raises what `operator_actions.act` raises, except NothingMissingError.
    """
    row, target = _held(connection, refill_id, reason)
    try:
        return operator_actions.act(connection, refill_id, "approve", now)
    except NothingMissingError:
        case = operator_actions.case_of(connection, row, target)
        if case is not None:
            decided_anew(connection, replace(decide_anew(case), at=now))
        return refills.get(connection, refill_id)


def discard(connection: Connection, refill_id: int, reason: Reason, now: datetime) -> RefillRow:
    """Reject a refill held for this reason; returns it changed. Raises what `operator_actions.act` raises."""
    _held(connection, refill_id, reason)
    return operator_actions.act(connection, refill_id, "reject", now)


def _held(connection: Connection, refill_id: int, reason: Reason) -> tuple[RefillRow, TargetState]:
    """A refill held for this reason and its locked target; raises WrongStateError for any other refill."""
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
        return False
    if decision.action is Action.REFUSE:
        _discard(connection, held.refill_id, decision)
        if decision.reason is not Reason.RECOVERED:
            drops.refuse(connection, decision.order_id, held.drop_id, decision.at)
    elif decision.action is Action.HOLD:
        kept = {"reason": decision.reason, "quantity": decision.quantity}
        _change(connection, held.refill_id, RefillState.HELD, decision, kept)
    else:
        queued = {"quantity": decision.quantity, "queued_at": decision.at, "available_at": decision.at}
        _change(connection, held.refill_id, RefillState.QUEUED, decision, queued)
    return True


def _change(
    connection: Connection, refill_id: int, state: RefillState, decision: Decision, values: dict[str, object]
) -> None:
    change = update(table).where(_r.refill_id == refill_id, _HELD)
    connection.execute(change.values(state=state, release_at=None, **values))
    refills.add_events(connection, [refill_id], state, decision.at, f"hold is over: {decision.reason}")


def _discard(connection: Connection, refill_id: int, decision: Decision) -> None:
    rejected = {"state": RefillState.REJECTED, "release_at": None}
    connection.execute(update(table).where(_r.refill_id == refill_id, _HELD).values(rejected))
    refills.add_events(connection, [refill_id], RefillState.REJECTED, decision.at, str(decision.reason))
