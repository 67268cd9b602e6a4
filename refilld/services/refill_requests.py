"""Asking: a customer's request is recorded, answered with what is known, and has the target looked at."""

from datetime import datetime
from enum import StrEnum

from monitor.cadence.schedule import Priority
from monitor.evaluation.target_state import TargetState
from monitor.guarantee.customer_answers import STANDS, Answer, LastLook, answer, stands
from monitor.model.decision import Reason
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome
from storage import drops, order_states, refills, requests, targets
from storage.engine import Transaction


class Recheck(StrEnum):
    """What a request leads to."""

    DUE = "due"
    """The target is at the head of the queue, and is looked at as soon as the budget allows."""
    DONE = "done"
    """There was a look just now."""
    FAILED = "failed"
    """There was a look just now, and it told nothing of the target: the answer rests on an older one."""
    STANDS = "stands"
    """The customer asked a moment ago, and there was a look since: that answer stands."""
    NOT_NEEDED = "not_needed"
    """No guarantee runs, and no look could change that."""


def request_refill(
    tx: Transaction, order_id: str, now: datetime, *, fresh: bool = False
) -> tuple[TargetState, Recheck]:
    """Record a request, and have the target looked at unless the answer to the last one stands.

    With `fresh` no answer stands. Gives the target, locked, and what is to be done. The request of a covered
    order stands until a judged look finds nothing undecided: an old or a failed look is no answer. Raises
    NotFoundError.
    """
    row = targets.of_order(tx, order_id, lock=True)
    mine, granted_at = _mine(tx, row, order_id), requests.last_granted(tx, order_id)
    if not mine.covered(now):
        if granted_at is None or now - granted_at >= STANDS:
            requests.ask(tx, order_id, now)
        requests.answered(tx, order_id, now)
        return row, Recheck.NOT_NEEDED
    if not fresh and granted_at is not None and _stands(tx, row, order_id, granted_at, now):
        if not mine.request_pending:
            requests.ask(tx, order_id, now, granted=False)
            targets.invalidate_fast_path(tx, [row.target_id])
        return row, Recheck.STANDS
    if granted_at is None or (row.last_look_at is not None and row.last_look_at >= granted_at):
        requests.ask(tx, order_id, now)
    targets.schedule_by(tx, [row.target_id], now, f"asked for {order_id}", Priority.URGENT)
    return row, Recheck.DUE


def _stands(tx: Transaction, row: TargetState, order_id: str, granted_at: datetime, now: datetime) -> bool:
    """Whether the last answer is still good; a drop that waits for a request waits for the next look, too."""
    awaited = drops.last_reason(tx, order_id) is Reason.AWAITING_REQUEST
    return not awaited and stands(granted_at, row.last_look_at, row.last_outcome, now)


def _mine(tx: Transaction, row: TargetState, order_id: str) -> OrderState:
    return next(w for w in order_states.of_target(tx, row.target_id) if w.order.order_id == order_id)


def answer_now(tx: Transaction, order_id: str, now: datetime) -> Answer:
    """Answer with what is known of an order now."""
    row = targets.of_order(tx, order_id)
    return answer_from(tx, row, order_states.of_target(tx, row.target_id), order_id, now)


def answer_from(
    tx: Transaction, row: TargetState, group: tuple[OrderState, ...], order_id: str, now: datetime
) -> Answer:
    """Answer with what is known of an order, its target and all orders on it."""
    mine = next(w for w in group if w.order.order_id == order_id)
    outcome = row.last_outcome if row.private_since is None else Outcome.PRIVATE
    look = LastLook(row.series.last_count, row.last_count_at, outcome, row.absence.gone_at is not None)
    reason = drops.last_reason(tx, order_id) or refills.held_reason(tx, order_id)
    return answer(mine, group, look, reason, now)
