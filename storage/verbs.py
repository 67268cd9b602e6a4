"""The operator's verbs on refills: what is held, dead or queued is let go, taken back, or tried again."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, update

from monitor.refill import RefillState
from monitor.release import claims_unheld
from storage import drops, refills, reviews, targets, watched
from storage.columns import AnyRow
from storage.errors import NothingMissingError, WrongStateError
from storage.schema import refills as table
from storage.targets import TargetRow

_r = table.c
VERBS: Mapping[str, tuple[frozenset[RefillState], RefillState]] = {
    "approve": (frozenset({RefillState.HELD}), RefillState.QUEUED),
    "reject": (frozenset({RefillState.HELD}), RefillState.REJECTED),
    "requeue": (frozenset({RefillState.DEAD}), RefillState.QUEUED),
    "cancel": (frozenset({RefillState.QUEUED, RefillState.HELD, RefillState.DEAD}), RefillState.CANCELLED),
}
"""The operator's verbs: from which states, to which."""


def operate(connection: Connection, refill_id: int, verb: str, now: datetime) -> AnyRow:
    """Carry out an operator's verb; gives the refill as it is then.

    What is queued is what is still missing at the target's newest count, never more than the refill had.
    Raises NotFoundError, WrongStateError (NothingMissingError where nothing is missing any more) or
    OpenRefillError, and then nothing changes.
    """
    allowed, state = VERBS[verb]
    order_id = refills.get(connection, refill_id).order_id
    target = targets.of_order(connection, order_id, lock=True)  # no judge and no flag comes in between
    row = refills.get(connection, refill_id)
    values: dict[str, object] = {"state": state, "release_at": None}
    if state is RefillState.QUEUED and row.state in allowed:
        values |= {"queued_at": now, "available_at": now, "attempt": 0, "last_error": None}
        values["quantity"] = _still_owed(connection, row, target)
    change = update(table).where(_r.refill_id == refill_id, _r.state.in_(allowed)).values(values)
    if connection.execute(change).rowcount == 0:
        raise WrongStateError(f"refill {refill_id} is {row.state}; {verb} needs {_either(allowed)}")
    refills.add_events(connection, [refill_id], state, now, f"{verb} by an operator")
    if state is RefillState.QUEUED:
        reviews.close_of_refill(connection, refill_id, "requeued", now)
    elif row.state is not RefillState.DEAD:
        drops.refuse(connection, order_id, row.drop_id, now)
    return refills.get(connection, refill_id)


def _still_owed(connection: Connection, row: AnyRow, target: TargetRow) -> int:
    """Units of a refill that are still to be delivered; raises WrongStateError where that is none."""
    if not watched.carries_guarantee(connection, row.order_id):
        raise WrongStateError(f"refill {row.refill_id} is owed no more: its order's guarantee has ended")
    count, at = target.series.last_count, target.last_count_at
    if count is None or at is None:
        return int(row.quantity)
    group = watched.of_target(connection, target.target_id)
    claim = claims_unheld(group, {row.order_id}, count, at).get(row.order_id)
    order = next(w.order for w in group if w.order.order_id == row.order_id)
    if claim is None or claim.units < order.terms.threshold(order.delivered):
        raise NothingMissingError(
            f"refill {row.refill_id} is owed no more: at the count of {count} of {at:%Y-%m-%d %H:%M} UTC"
            f" the order misses {claim.units if claim else 0}; reject or cancel it"
        )
    return min(int(row.quantity), claim.units)


def _either(states: Iterable[RefillState]) -> str:
    return " or ".join(sorted(states))
