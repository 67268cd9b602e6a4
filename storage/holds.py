"""Holds: the refills held for a mass drop, and what their hold ends in (RULES 6)."""

from datetime import datetime

from sqlalchemy import Connection, select, text, update

from monitor.decisions import Decision, Reason, Verb
from monitor.refill import RefillState
from monitor.target import Metric
from storage import drops, refills, verbs
from storage.columns import AnyRow
from storage.errors import NothingMissingError
from storage.schema import refills as table

_r = table.c
_HELD = text("refills.state = 'held'")  # spelled as the partial index spells it, so that it is used


def held_for_mass_drop(connection: Connection, metric: Metric) -> list[int]:
    """Ids of the refills of a metric that are held for a mass drop, oldest first."""
    query = select(_r.refill_id).where(_HELD, _r.reason == Reason.MASS_DROP, _r.metric == metric)
    return list(connection.execute(query.order_by(_r.refill_id)).scalars())


def release(connection: Connection, refill_id: int, now: datetime) -> AnyRow:
    """Release a held refill, or discard it when its drop has recovered; gives the refill as it is then.

    Raises as `operate` does, but for nothing missing.
    """
    try:
        return verbs.operate(connection, refill_id, "approve", now)
    except NothingMissingError:
        row = refills.get(connection, refill_id)
        _discard(connection, row, now, "the drop has recovered")
        return refills.get(connection, refill_id)


def decided_anew(connection: Connection, decision: Decision) -> bool:
    """Carry out what was decided anew on an order's held refill; False where that changes nothing."""
    held = connection.execute(select(table).where(_r.order_id == decision.order_id, _HELD)).one_or_none()
    if held is None or decision.verb is Verb.WAIT:
        return False
    if not drops.add_decision(connection, held.drop_id, decision):
        return False
    if decision.verb is Verb.REFUSE:
        _discard(connection, held, decision.at, str(decision.reason))
        if decision.reason is not Reason.RECOVERED:
            drops.refuse(connection, decision.order_id, held.drop_id, decision.at)
    elif decision.verb is Verb.HOLD:
        _change(connection, held, RefillState.HELD, decision, {"reason": decision.reason})
    else:
        queued = {"quantity": decision.quantity, "queued_at": decision.at, "available_at": decision.at}
        _change(connection, held, RefillState.QUEUED, decision, queued)
    return True


def _change(
    connection: Connection, held: AnyRow, state: RefillState, decision: Decision, values: dict[str, object]
) -> None:
    change = update(table).where(_r.refill_id == held.refill_id)
    connection.execute(change.values(state=state, release_at=None, **values))
    refills.add_events(connection, [held.refill_id], state, decision.at, f"hold is over: {decision.reason}")


def _discard(connection: Connection, held: AnyRow, now: datetime, detail: str) -> None:
    gone = {"state": RefillState.REJECTED, "release_at": None}
    connection.execute(update(table).where(_r.refill_id == held.refill_id).values(gone))
    refills.add_events(connection, [held.refill_id], RefillState.REJECTED, now, detail)
