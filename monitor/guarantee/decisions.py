"""Decisions: what follows from a confirmed drop; the first row that applies (RULES 5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from monitor.guarantee.claims import Claim
from monitor.model.decision import Action, Decision, Reason
from monitor.model.order_state import OrderState
from monitor.model.terms import BelowStart, RefillMode


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision rests on."""

    watched: OrderState
    claim: Claim
    count: int
    now: datetime
    mass_drop: bool = False

    @property
    def allowance(self) -> int:
        """Units that may still be refilled: the percentage of delivered, less all refilled or in flight."""
        order = self.watched.order
        most = order.terms.max_refill_percent * order.delivered // 100
        return max(0, most - sum(refill.units for refill in self.watched.refills))

    @property
    def completed(self) -> list[datetime]:
        """When the order's completed refills were completed; no other refill has such a time."""
        return [refill.completed_at for refill in self.watched.refills if refill.completed_at]

    @property
    def below_start(self) -> bool:
        return self.claim.effective < self.claim.floor


def _in_progress(case: Case) -> bool:
    return any(refill.state.open for refill in case.watched.refills)


def _limit_reached(case: Case) -> bool:
    limit = case.watched.order.terms.max_refills
    return bool(limit) and len(case.completed) >= limit


def _allowance_spent(case: Case) -> bool:
    return not case.allowance


def _cooling_down(case: Case) -> bool:
    return bool(case.completed) and case.now - max(case.completed) < case.watched.order.terms.cooldown


def _below_start_refused(case: Case) -> bool:
    return case.below_start and case.watched.order.terms.below_start is BelowStart.REFUSE


def _awaiting_request(case: Case) -> bool:
    return case.watched.order.terms.refill is RefillMode.ON_REQUEST and not case.watched.request_pending


def _mass_drop(case: Case) -> bool:
    return case.mass_drop


def _below_start_reviewed(case: Case) -> bool:
    return case.below_start and case.watched.order.terms.below_start is BelowStart.REVIEW


def _otherwise(_case: Case) -> bool:
    return True


TABLE: tuple[tuple[Callable[[Case], bool], Action, Reason], ...] = (
    (_in_progress, Action.WAIT, Reason.REFILL_IN_PROGRESS),
    (_limit_reached, Action.REFUSE, Reason.REFILL_LIMIT_REACHED),
    (_allowance_spent, Action.REFUSE, Reason.REFILL_ALLOWANCE_SPENT),
    (_cooling_down, Action.WAIT, Reason.COOLDOWN),
    (_below_start_refused, Action.REFUSE, Reason.BELOW_START_COUNT),
    (_awaiting_request, Action.WAIT, Reason.AWAITING_REQUEST),
    (_mass_drop, Action.HOLD, Reason.MASS_DROP),
    (_below_start_reviewed, Action.HOLD, Reason.BELOW_START_COUNT),
    (_otherwise, Action.REFILL, Reason.DROP_CONFIRMED),
)
"""The decisions in their order: when, decision, reason."""


def decide(case: Case) -> Decision:
    """Decide on a confirmed drop: the first row of the table that applies."""
    action, reason = next((action, reason) for applies, action, reason in TABLE if applies(case))
    gives = action in {Action.REFILL, Action.HOLD}
    return Decision(
        order_id=case.watched.order.order_id,
        at=case.now,
        action=action,
        reason=reason,
        quantity=min(case.claim.units, case.allowance) if gives else 0,
        count=case.count,
        line=case.claim.line,
        claim=case.claim.units,
    )
