"""Calm: how long, and down to which count, nothing can follow from the looks at a target.

Most looks change nothing. While a target is calm, a count needs no judging: it opens no drop, decides
nothing, measures and releases nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter

from monitor.model.lines import lines_of
from monitor.model.order import Order
from monitor.model.order_state import OrderState

_NEVER = datetime.max.replace(tzinfo=UTC)
_SPAN = itemgetter(0, 1)
_ActiveSpan = tuple[datetime, datetime, Order]
"""From when, and until when, an order is active."""


@dataclass(frozen=True, slots=True)
class NoopBounds:
    """What a look must be for nothing to follow from it."""

    count: int
    """The least count from which nothing follows."""
    until: datetime
    """From then on it must be worked out anew."""
    judged_from: datetime
    judged_until: datetime
    """Between these some order is active: such a count is a judged one all the same (RULES 6)."""

    def judges(self, at: datetime) -> bool:
        """Whether a count at this time is a judged one."""
        return self.judged_from <= at < self.judged_until


def noop_bounds(states: Sequence[OrderState], now: datetime, count: int) -> NoopBounds | None:
    """Tell the longest calm that a count leaves a target in; None while anything is under way or may follow.

    It holds as long as the watched orders stay as they are. Where the count leaves all orders whole that
    are active or will be, nothing changes when one of them begins or ends, and it may hold for ever.
    """
    until = _NEVER
    stints: list[_ActiveSpan] = []
    for w in states:
        first = _first_count(w)
        if now >= first or not _at_rest(w, now):
            return None
        until = min(until, first)
        stint = _active_span(w)
        if stint is not None and now < stint[1]:
            stints.append(stint)
    if len(stints) > 1:
        stints.sort(key=_SPAN)
    found = _bounds(stints, until)
    if count < found.count:
        active = [stint for stint in stints if stint[0] <= now]
        found = _bounds(active, min(until, *(begins for begins, _, _ in stints if begins > now), _NEVER))
    return found if count >= found.count else None


def _at_rest(state: OrderState, now: datetime) -> bool:
    """No drop is open, no request stands, and no unit is in flight."""
    if state.drop is not None or state.request_pending:
        return False
    return not state.refills or not (
        state.in_flight(now) or any(refill.state.open for refill in state.refills)
    )


def _first_count(state: OrderState) -> datetime:
    """When a count may be the first to measure its start or to judge it; never where both are done."""
    order = state.order
    if order.completed_at is None or (order.start_count is not None and state.settled_look):
        return _NEVER
    return order.completed_at if order.start_count is None else order.completed_at + order.terms.settle


def _active_span(state: OrderState) -> _ActiveSpan | None:
    """When the order is active; None when never, or when its start is yet to be measured."""
    order = state.order
    completed, terms = order.completed_at, order.terms
    if completed is None or order.start_count is None or state.flags or not order.guaranteed:
        return None
    settled, ends = completed + terms.settle, _NEVER if terms.window is None else completed + terms.window
    return (settled, ends, order) if settled < ends else None


def _bounds(stints: Sequence[_ActiveSpan], until: datetime) -> NoopBounds:
    """The calm of these orders; it ends where some become active after a time in which none is."""
    if not stints:
        return NoopBounds(0, until, until, until)
    judged_from, judged_until, _ = stints[0]
    for begins, ends, _ in stints[1:]:
        if begins > judged_until:
            until = min(until, begins)
            break
        judged_until = max(judged_until, ends)
    return NoopBounds(_min_count([order for _, _, order in stints]), until, judged_from, judged_until)


def _min_count(orders: list[Order]) -> int:
    """The least count at which no order can claim its threshold: none claims more than its line lacks.

    With fewer of the orders active it is no higher, for each line is only lower then.
    """
    lines = lines_of(orders)
    return max(0, *(lines[o.order_id] - o.terms.threshold(o.delivered) + 1 for o in orders))
