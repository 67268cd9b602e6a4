"""Verdicts: the meaning of one count of a target for each of its orders (RULES 2 to 5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.guarantee.claims import Claim, claims_of
from monitor.guarantee.decisions import Case, decide
from monitor.guarantee.drops import confirm, observe
from monitor.guarantee.hold_release import releases
from monitor.guarantee.start_counts import EarlierCount, measure_start_counts
from monitor.model.decision import Action, Decision
from monitor.model.drop import Drop, DropState
from monitor.model.order import Order
from monitor.model.order_state import OrderState

_DROP_STATES = {
    Action.REFILL: DropState.REFILLED,
    Action.HOLD: DropState.HELD,
    Action.WAIT: DropState.WAITING,
    Action.REFUSE: DropState.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one count changes for one order; a field that is None or False changes nothing."""

    order_id: str
    at: datetime
    """When the count was taken."""
    measured: Order | None = None
    """The order, when this look measured its start count, compared its base, or counted it first."""
    claim: Claim | None = None
    """None while the order is not active."""
    drop: Drop | None = None
    """The order's drop after this count; None when none is or was open."""
    decision: Decision | None = None
    """The decision on the order's confirmed drop."""
    repeated: bool = False
    """The decision has the action and reason of the drop's last decision and is not recorded again."""
    request_answered: bool = False
    """The customer's pending request is answered."""
    release: Decision | None = None
    """The decision on the order's held refill, when its hold is over."""
    first_settled: bool = False
    """Whether this is the first judged count of the order after its delivery settled."""

    @property
    def judged(self) -> bool:
        """Whether the order was active at this count."""
        return self.claim is not None

    @property
    def opened(self) -> bool:
        """Whether a drop opened at this count; an old one of a backlog did not."""
        return self.drop is not None and self.drop.opened_at == self.at and not self.drop.backlog

    @property
    def new_decision(self) -> Decision | None:
        """The decision on the drop; None when it repeats the last one."""
        return None if self.repeated else self.decision

    @property
    def new_decisions(self) -> tuple[Decision, ...]:
        """All decisions to record, in the order in which they are made."""
        return tuple(one for one in (self.new_decision, self.release) if one is not None)


def evaluate_count(
    states: Sequence[OrderState],
    count: int,
    now: datetime,
    earlier: EarlierCount | None = None,
    *,
    mass_drop: bool = False,
    trust_zero: bool = False,
) -> tuple[Verdict, ...]:
    """Return the verdicts of one count of a target, one per order, in the given order.

    `earlier` is the judged count before this one; `trust_zero` believes every start count of 0.
    """
    measured = measure_start_counts(states, count, now, earlier, trust_zero=trust_zero)
    claims = claims_of(measured, count, now)
    verdicts = (
        _verdict(before, after, claims.get(after.order.order_id), count, now, mass_drop=mass_drop)
        for before, after in zip(states, measured, strict=True)
    )
    released = releases(measured, count, now)
    if not released:
        return tuple(verdicts)
    return tuple(replace(verdict, release=released.get(verdict.order_id)) for verdict in verdicts)


def _verdict(
    before: OrderState, after: OrderState, claim: Claim | None, count: int, now: datetime, *, mass_drop: bool
) -> Verdict:
    order = after.order
    measured = None if order is before.order else order
    if claim is None:
        return Verdict(order.order_id, now, measured=measured)
    drop = observe(after.drop, order, claim.units, now)
    if drop is not None and drop.opened_at == now and after.backlog and not before.settled_look:
        drop = replace(drop, backlog=True)
    decision, repeated = None, False
    if drop is not None and drop.state in {DropState.SUSPECTED, DropState.WAITING}:
        drop = confirm(drop, order.terms, now)
        if drop.state is DropState.WAITING:
            decision = decide(Case(after, claim, count, now, mass_drop=mass_drop, backlog=drop.backlog))
            repeated = drop.last_decision == (decision.action, decision.reason)
            drop = _decided(drop, decision)
    undecided = drop is not None and drop.state in {DropState.SUSPECTED, DropState.WAITING}
    return Verdict(
        order_id=order.order_id,
        at=now,
        measured=measured,
        claim=claim,
        drop=drop,
        decision=decision,
        repeated=repeated,
        request_answered=after.request_pending and not undecided,
        first_settled=not before.settled_look,
    )


def _decided(drop: Drop, decision: Decision) -> Drop:
    """The drop after its decision: `refill` and `hold` close it, `wait` and `refuse` leave it open."""
    state = _DROP_STATES[decision.action]
    decided = replace(drop, last_decision=(decision.action, decision.reason))
    return replace(decided, state=state) if state.open else decided.closed(state, decision.at)
