"""Decisions on confirmed drops: the first row of the table that applies (RULES 5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from monitor.guarantee.claims import Claim
from monitor.model.decision import Action, Decision, Reason
from monitor.model.order_state import OrderState
from monitor.model.terms import BelowStart, RefillMode


@dataclass(frozen=True, slots=True)
class Case:
    """The facts from which a decision follows."""

    state: OrderState
    claim: Claim
    count: int
    now: datetime
    mass_drop: bool = False
    backlog: bool = False
    """The drop is an old one of a backlog."""


def _in_progress(case: Case) -> bool:
    return any(refill.state.open for refill in case.state.refills)


def _limit_reached(case: Case) -> bool:
    return case.state.limit_reached


def _allowance_spent(case: Case) -> bool:
    return not case.state.allowance


def _cooling_down(case: Case) -> bool:
    completed = case.state.completed_refills
    return bool(completed) and case.now - max(completed) < case.state.order.terms.cooldown


def _below_start_refused(case: Case) -> bool:
    return case.claim.below_start and case.state.order.terms.below_start is BelowStart.REFUSE


def _awaiting_request(case: Case) -> bool:
    return case.state.order.terms.refill is RefillMode.ON_REQUEST and not case.state.request_pending


def _backlog(case: Case) -> bool:
    return case.backlog


def _mass_drop(case: Case) -> bool:
    return case.mass_drop


def _restored(case: Case) -> bool:
    return case.state.hold_until is not None and case.now < case.state.hold_until


def _below_start_reviewed(case: Case) -> bool:
    return case.claim.below_start and case.state.order.terms.below_start is BelowStart.REVIEW


def _otherwise(_case: Case) -> bool:
    return True


TABLE: tuple[tuple[Callable[[Case], bool], Action, Reason], ...] = (
    (_in_progress, Action.WAIT, Reason.REFILL_IN_PROGRESS),
    (_limit_reached, Action.REFUSE, Reason.REFILL_LIMIT_REACHED),
    (_allowance_spent, Action.REFUSE, Reason.REFILL_ALLOWANCE_SPENT),
    (_cooling_down, Action.WAIT, Reason.COOLDOWN),
    (_below_start_refused, Action.REFUSE, Reason.BELOW_START_COUNT),
    (_awaiting_request, Action.WAIT, Reason.AWAITING_REQUEST),
    (_backlog, Action.HOLD, Reason.BACKLOG),
    (_mass_drop, Action.HOLD, Reason.MASS_DROP),
    (_restored, Action.HOLD, Reason.RESTORED),
    (_below_start_reviewed, Action.HOLD, Reason.BELOW_START_COUNT),
    (_otherwise, Action.REFILL, Reason.DROP_CONFIRMED),
)
"""Rows of the decision table in their order: condition, action, reason."""


def decide(case: Case) -> Decision:
    """Decide on a confirmed drop: the first row of the table that applies."""
    action, reason = next((action, reason) for applies, action, reason in TABLE if applies(case))
    refills = action in {Action.REFILL, Action.HOLD}
    return Decision(
        order_id=case.state.order.order_id,
        at=case.now,
        action=action,
        reason=reason,
        quantity=min(case.claim.units, case.state.allowance) if refills else 0,
        count=case.count,
        line=case.claim.line,
        claim=case.claim.units,
        release_at=case.state.hold_until if reason is Reason.RESTORED else None,
    )
