"""Verdicts: the meaning of one count of a target for each of its orders (RULES 2 to 5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.guarantee.claims import Claim, claims_of
from monitor.guarantee.decisions import Case, decide
from monitor.guarantee.drops import confirm, observe
from monitor.guarantee.hold_release import releases
from monitor.model.decision import Action, Decision
from monitor.model.drop import Drop, DropState
from monitor.model.lines import by_completion
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
    start_count: int | None = None
    """The start count that this look has measured."""
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
    """The decision on the order's held refill, when its hold is over and the decision is not `wait`."""
    first_settled: bool = False
    """Whether this is the first judged count of the order after its delivery settled."""

    @property
    def judged(self) -> bool:
        """Whether the order was active at this count."""
        return self.claim is not None

    @property
    def opened(self) -> bool:
        """Whether a drop opened at this count."""
        return self.drop is not None and self.drop.opened_at == self.at

    @property
    def new_decision(self) -> Decision | None:
        """The decision on the drop; None when it repeats the last one."""
        return None if self.repeated else self.decision

    @property
    def new_decisions(self) -> tuple[Decision, ...]:
        """All decisions to record, in the order in which they are made."""
        return tuple(one for one in (self.new_decision, self.release) if one is not None)


def evaluate_count(
    states: Sequence[OrderState], count: int, now: datetime, *, mass_drop: bool = False
) -> tuple[Verdict, ...]:
    """Return the verdicts of one count of a target, one per order, in the given order."""
    measured = measure_start_counts(states, count, now)
    claims = claims_of(measured, count, now)
    verdicts = (
        _verdict(before, after, claims.get(after.order.order_id), count, now, mass_drop=mass_drop)
        for before, after in zip(states, measured, strict=True)
    )
    decided = releases(measured, count, now)
    released = {order_id: one for order_id, one in decided.items() if one.action is not Action.WAIT}
    if not released:
        return tuple(verdicts)
    return tuple(replace(verdict, release=released.get(verdict.order_id)) for verdict in verdicts)


def measure_start_counts(states: Sequence[OrderState], count: int, now: datetime) -> list[OrderState]:
    """Return the orders, each with a start count if it is completed (RULES 2).

    The first count after completion includes the delivered units of later completed orders. They are
    subtracted too.
    """
    starts: dict[str, int] = {}
    before = count
    completed = (state.order for state in states if _completed(state.order, now))
    for latest in sorted(completed, key=by_completion, reverse=True):
        before = max(0, before - latest.delivered)
        starts[latest.order_id] = before
    return [_with_start(state, starts.get(state.order.order_id)) for state in states]


def _completed(order: Order, now: datetime) -> bool:
    return order.completed_at is not None and order.completed_at <= now


def _with_start(state: OrderState, start: int | None) -> OrderState:
    if start is None or state.order.start_count is not None:
        return state
    return replace(state, order=replace(state.order, start_count=start, start_measured=True))


def _verdict(
    before: OrderState, after: OrderState, claim: Claim | None, count: int, now: datetime, *, mass_drop: bool
) -> Verdict:
    order = after.order
    measured = order.start_count if before.order.start_count is None else None
    if claim is None:
        return Verdict(order.order_id, now, start_count=measured)
    drop = observe(after.drop, order, claim.units, now)
    decision, repeated = None, False
    if drop is not None and drop.state in {DropState.SUSPECTED, DropState.WAITING}:
        drop = confirm(drop, order.terms, now)
        if drop.state is DropState.WAITING:
            decision = decide(Case(after, claim, count, now, mass_drop=mass_drop))
            repeated = drop.last_decision == (decision.action, decision.reason)
            drop = _decided(drop, decision)
    undecided = drop is not None and drop.state in {DropState.SUSPECTED, DropState.WAITING}
    return Verdict(
        order_id=order.order_id,
        at=now,
        start_count=measured,
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
