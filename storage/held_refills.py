"""Holds: the refills held for a mass drop, and what their hold ends in (RULES 6)."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select, text, update

from monitor.evaluation.target_state import TargetState
from monitor.guarantee.hold_release import decide_anew
from monitor.model.decision import Action, Decision, Reason
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import drops, operator_actions, refills, targets
from storage.column_types import AnyRow
from storage.errors import NothingMissingError, WrongStateError
from storage.schema import refills as table

_r = table.c
_HELD = text("refills.state = 'held'")  # spelled as the partial index spells it, so that it is used


def held_for_mass_drop(connection: Connection, metric: Metric) -> list[int]:
    """Ids of the refills of a metric that are held for a mass drop, oldest first."""
    query = select(_r.refill_id).where(_HELD, _r.reason == Reason.MASS_DROP, _r.metric == metric)
    return list(connection.execute(query.order_by(_r.refill_id)).scalars())


def release(connection: Connection, refill_id: int, now: datetime) -> AnyRow:
    """Release a refill held for a mass drop, or discard it when its drop has recovered.

    Gives the refill as it is then. Raises as `operate` does, but for nothing missing.
    """
    row, target = _held(connection, refill_id)
    try:
        return operator_actions.act(connection, refill_id, "approve", now)
    except NothingMissingError:
        case = operator_actions.case_of(connection, row, target)
        if case is not None:
            decided_anew(connection, replace(decide_anew(case), at=now))
        return refills.get(connection, refill_id)


def discard(connection: Connection, refill_id: int, now: datetime) -> AnyRow:
    """Reject a refill held for a mass drop; gives it as it is then. Raises as `operate` does."""
    _held(connection, refill_id)
    return operator_actions.act(connection, refill_id, "reject", now)


def _held(connection: Connection, refill_id: int) -> tuple[AnyRow, TargetState]:
    """A refill that is held for a mass drop, its target locked; raises WrongStateError for any other."""
    order_id = refills.get(connection, refill_id).order_id
    target = targets.of_order(connection, order_id, lock=True)
    row = refills.get(connection, refill_id)
    if row.state is not RefillState.HELD or row.reason is not Reason.MASS_DROP:
        raise WrongStateError(f"refill {refill_id} is not held for a mass drop any more")
    return row, target


def decided_anew(connection: Connection, decision: Decision) -> bool:
    """Carry out what was decided anew on an order's held refill; False where that changes nothing."""
    held = connection.execute(select(table).where(_r.order_id == decision.order_id, _HELD)).one_or_none()
    if held is None or decision.action is Action.WAIT:
        return False
    if not drops.add_decision(connection, held.drop_id, decision):
        return False
    if decision.action is Action.REFUSE:
        _discard(connection, held, decision.at, str(decision.reason))
        if decision.reason is not Reason.RECOVERED:
            drops.refuse(connection, decision.order_id, held.drop_id, decision.at)
    elif decision.action is Action.HOLD:
        _change(connection, held, RefillState.HELD, decision, {"reason": decision.reason})
    else:
        queued = {"quantity": decision.quantity, "queued_at": decision.at, "available_at": decision.at}
        _change(connection, held, RefillState.QUEUED, decision, queued)
    return True


def _change(
    connection: Connection, held: AnyRow, state: RefillState, decision: Decision, values: dict[str, object]
) -> None:
    change = update(table).where(_r.refill_id == held.refill_id, _HELD)
    connection.execute(change.values(state=state, release_at=None, **values))
    refills.add_events(connection, [held.refill_id], state, decision.at, f"hold is over: {decision.reason}")


def _discard(connection: Connection, held: AnyRow, now: datetime, detail: str) -> None:
    gone = {"state": RefillState.REJECTED, "release_at": None}
    connection.execute(update(table).where(_r.refill_id == held.refill_id, _HELD).values(gone))
    refills.add_events(connection, [held.refill_id], RefillState.REJECTED, now, detail)
