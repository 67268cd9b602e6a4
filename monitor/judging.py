"""Judging: what one count of a target means for each of its orders (RULES 2 to 5).

The whole story in one place, and pure: counts in, verdicts out. Whoever keeps the state (the
database, a replay) hands in the watched orders and writes down what comes back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.claims import Claim, claims_of
from monitor.decisions import Case, Decision, Verb, decide
from monitor.drops import Drop, DropState, confirm, observe
from monitor.watched import Watched

_AFTERMATH = {
    Verb.REFILL: DropState.REFILLED,
    Verb.HOLD: DropState.HELD,
    Verb.WAIT: DropState.WAITING,
    Verb.REFUSE: DropState.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one judged count changes for one order; whatever is None or False stays as it was."""

    order_id: str
    start_count: int | None = None
    """The start count, where this look measured it."""
    claim: Claim | None = None
    """None while the order is not active."""
    drop: Drop | None = None
    """The order's drop as it is now, where there is or was an open one."""
    decision: Decision | None = None
    request_answered: bool = False
    """A standing request of the customer has found its answer."""


def judge(
    watched: Sequence[Watched], count: int, now: datetime, *, mass_drop: bool = False
) -> tuple[Verdict, ...]:
    """Judge one count of a target; one verdict per watched order, in the given order."""
    measured = [_measure(w, count, now) for w in watched]
    claims = claims_of(measured, count, now)
    return tuple(
        _verdict(before, after, claims.get(after.order.order_id), count, now, mass_drop=mass_drop)
        for before, after in zip(watched, measured, strict=True)
    )


def _measure(watched: Watched, count: int, now: datetime) -> Watched:
    """Give an order without a start count the one that its first count after completion implies."""
    order = watched.order
    if order.start_count is not None or order.completed_at is None or now < order.completed_at:
        return watched
    start = max(0, count - order.delivered)
    return replace(watched, order=replace(order, start_count=start, start_measured=True))


def _verdict(
    before: Watched, after: Watched, claim: Claim | None, count: int, now: datetime, *, mass_drop: bool
) -> Verdict:
    order = after.order
    measured = order.start_count if before.order.start_count is None else None
    if claim is None:
        return Verdict(order.order_id, start_count=measured)
    drop = observe(after.drop, order, claim.units, now)
    decision = None
    if drop is not None and drop.state in {DropState.SUSPECTED, DropState.WAITING}:
        drop = confirm(drop, order.terms, now)
        if drop.state is DropState.WAITING:
            decision = decide(Case(after, claim, count, now, mass_drop=mass_drop))
            drop = _decided(drop, decision)
    undecided = drop is not None and drop.state in {DropState.SUSPECTED, DropState.WAITING}
    return Verdict(order.order_id, measured, claim, drop, decision, after.asked and not undecided)


def _decided(drop: Drop, decision: Decision) -> Drop:
    """The drop after its decision: `refill` and `hold` close it, the others leave it open."""
    state = _AFTERMATH[decision.verb]
    return replace(drop, state=state) if state.open else drop.closed(state, decision.at)
