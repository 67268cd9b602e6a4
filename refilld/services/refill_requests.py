"""Refill requests: record a customer's request, schedule a look, and answer."""

from datetime import datetime
from enum import StrEnum

from monitor.cadence.schedule import Priority
from monitor.evaluation.target_state import TargetState
from monitor.guarantee.customer_answers import STANDS, Answer, LastLook, answer, stands
from monitor.model.decision import Reason
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome
from refilld.services.look_obstacle import EnabledSources, Obstacle, find_obstacle
from storage import claim_columns, drops, order_states, refills, requests, snapshots, target_checks, targets
from storage.engine import Transaction


class Recheck(StrEnum):
    """Whether a request leads to a look."""

    DUE = "due"
    """The target is due as urgent, and is looked at as soon as a source may."""
    IMPOSSIBLE = "impossible"
    """The target is due as urgent, but no source can look at it until an operator acts."""
    DONE = "done"
    """There was a look just now; its outcome may be another one than a count."""
    FAILED = "failed"
    """There was a look just now without a result for the target; the answer is from an older look."""
    STANDS = "stands"
    """The target was looked at since an earlier request, and that answer stands."""
    NOT_NEEDED = "not_needed"
    """No guarantee is in force, so no look could change the answer."""


def request_refill(
    tx: Transaction, order_id: str, now: datetime, *, fresh: bool = False
) -> tuple[TargetState, Recheck]:
    """Record a request, and make the target due unless the last answer stands.

    With `fresh` no answer stands. Returns the target, locked. The request of a covered order is pending until
    a judged count leaves no drop undecided. Raises NotFoundError.
    """
    state = targets.of_order(tx, order_id, lock=True)
    claim_columns.ask_for(tx, order_id, now)
    order_state, granted_at = _order_state(tx, state, order_id), requests.last_granted(tx, order_id)
    if not order_state.covered(now):
        if granted_at is None or now - granted_at >= STANDS:
            requests.ask(tx, order_id, now, looked=False)
        requests.answered(tx, order_id, now)
        return state, Recheck.NOT_NEEDED
    if not fresh and granted_at is not None and _stands(tx, state, order_id, granted_at, now):
        if not order_state.request_pending:
            requests.ask(tx, order_id, now, granted=False)
            targets.invalidate_fast_path(tx, [state.target_id])
        return state, Recheck.STANDS
    looked = granted_at is None or (state.last_look_at is not None and state.last_look_at >= granted_at)
    if looked or not order_state.request_pending:  # a request without a guarantee was answered without a look
        requests.ask(tx, order_id, now)
    targets.schedule_by(tx, [state.target_id], now, f"asked for {order_id}", Priority.URGENT)
    return state, Recheck.DUE


def request_look(
    tx: Transaction, order_id: str, now: datetime, *, fresh: bool = False
) -> tuple[TargetState, Recheck]:
    """Make the target due for an operator who only looks, unless it was just seen; records no request.

    Returns the target, locked. Raises NotFoundError.
    """
    state = targets.of_order(tx, order_id, lock=True)
    if not _order_state(tx, state, order_id).covered(now):
        return state, Recheck.NOT_NEEDED
    if (
        not fresh
        and state.last_look_at
        and stands(state.last_look_at, state.last_look_at, state.last_outcome, now)
    ):
        return state, Recheck.STANDS
    target_checks.request_check(tx, order_id, now, Priority.URGENT)
    return state, Recheck.DUE


def obstacle_of(
    tx: Transaction, order_id: str, recheck: Recheck, enabled: EnabledSources, now: datetime
) -> Obstacle | None:
    """Return why the look that is due cannot be taken now; None without one, or if none is due."""
    if recheck is not Recheck.DUE:
        return None
    state = targets.of_order(tx, order_id)
    return find_obstacle(tx, state, order_states.of_target(tx, state.target_id), order_id, enabled, now)


def hindered(recheck: Recheck, obstacle: Obstacle | None) -> Recheck:
    """The recheck, `impossible` where an obstacle does not end by itself."""
    return recheck if obstacle is None or obstacle.until is not None else Recheck.IMPOSSIBLE


def _stands(tx: Transaction, state: TargetState, order_id: str, granted_at: datetime, now: datetime) -> bool:
    """Whether the last answer stands; never while a drop waits for a request, which the next look decides."""
    awaited = drops.last_reason(tx, order_id) is Reason.AWAITING_REQUEST
    return not awaited and stands(granted_at, state.last_look_at, state.last_outcome, now)


def _order_state(tx: Transaction, state: TargetState, order_id: str) -> OrderState:
    return next(one for one in order_states.of_target(tx, state.target_id) if one.order.order_id == order_id)


def answer_now(tx: Transaction, order_id: str, now: datetime, obstacle: Obstacle | None = None) -> Answer:
    """Answer from the stored state of an order."""
    state = targets.of_order(tx, order_id)
    return answer_from(tx, state, order_states.of_target(tx, state.target_id), order_id, now, obstacle)


def answer_from(
    tx: Transaction,
    state: TargetState,
    orders: tuple[OrderState, ...],
    order_id: str,
    now: datetime,
    obstacle: Obstacle | None = None,
) -> Answer:
    """Answer from the loaded state of the target and of all its orders; `obstacle` prevents a look now."""
    order_state = next(one for one in orders if one.order.order_id == order_id)
    absent_since = state.absence.since
    look = LastLook(
        count=state.series.last_count,
        at=state.last_count_at,
        outcome=state.last_outcome,
        gone=state.absence.gone_at is not None,
        looked_at=state.last_look_at,
        private_since=state.private_since,
        absent_since=absent_since,
        was_not_found=absent_since is not None
        and snapshots.any_since(tx, state.target_id, absent_since, Outcome.NOT_FOUND),
        obstacle=obstacle.note if obstacle else None,
    )
    reason = drops.last_reason(tx, order_id) or refills.held_reason(tx, order_id)
    return answer(order_state, orders, look, reason, now)
