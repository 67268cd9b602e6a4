"""Noop bounds: until when, and down to which count, looks at a target change nothing.

Most looks change nothing. A count within the bounds opens no drop, decides nothing, measures no start count
and releases no refill, so it need not be evaluated.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from monitor.model.instants import NO_END
from monitor.model.lines import lines_of, own_lines_of
from monitor.model.order import Order
from monitor.model.order_state import OrderState

_BY_TIME = itemgetter(0, 1)
_ActiveSpan = tuple[datetime, datetime, Order]
"""Beginning and end of the time in which an order is active."""
_Lines = Callable[[Iterable[Order]], dict[str, int]]
"""`lines_of` for orders that are active all the time; `own_lines_of` where only some of them may be."""


@dataclass(frozen=True, slots=True)
class NoopBounds:
    """Counts and times of looks that change nothing."""

    count: int
    """Least count that changes nothing."""
    until: datetime
    """End of these bounds: a look at or after this time must be evaluated."""
    judged_from: datetime
    """From this time until `judged_until` an order is active, so that a count is judged (RULES 6)."""
    judged_until: datetime

    def judges(self, at: datetime) -> bool:
        """Whether a count at this time is a judged count."""
        return self.judged_from <= at < self.judged_until


def noop_bounds(states: Sequence[OrderState], now: datetime, count: int) -> NoopBounds | None:
    """Return the widest bounds after a count; None when the next look may change something.

    The bounds hold as long as the orders of the target do not change. If the count is high enough for all
    orders that are or will be active, whichever of them are, the beginning or end of one of them does not end
    the bounds.
    """
    until = NO_END
    spans: list[_ActiveSpan] = []
    for state in states:
        first = _first_count(state)
        if now >= first or not _nothing_open(state, now):
            return None
        until = min(until, first)
        span = _active_span(state)
        if span is not None and now < span[1]:
            spans.append(span)
    if len(spans) > 1:
        spans.sort(key=_BY_TIME)
    bounds = _bounds(spans, until, own_lines_of)
    if count < bounds.count:
        changes = (at for begins, ends, _ in spans for at in (begins, ends) if at > now)
        active = [span for span in spans if span[0] <= now]
        bounds = _bounds(active, min(until, *changes, NO_END), lines_of)
    return bounds if count >= bounds.count else None


def _nothing_open(state: OrderState, now: datetime) -> bool:
    """Whether no drop or refill is open, no request is pending, and no unit is in flight."""
    if state.drop is not None or state.request_pending:
        return False
    return not state.refills or not (
        state.in_flight(now) or any(refill.state.open for refill in state.refills)
    )


def _first_count(state: OrderState) -> datetime:
    """From when a count may be the first to measure the start count or to judge the order."""
    order = state.order
    if order.completed_at is None:
        return NO_END
    if order.start_count is None or order.counted_at is None:
        return order.completed_at
    return NO_END if state.settled_look else order.completed_at + order.terms.settle


def _active_span(state: OrderState) -> _ActiveSpan | None:
    """When the order is active; None when never, or when its start count is not known yet."""
    order = state.order
    completed, terms = order.completed_at, order.terms
    if completed is None or order.start_count is None or state.flags or not order.guaranteed:
        return None
    settled, ends = completed + terms.settle, NO_END if terms.window is None else completed + terms.window
    return (settled, ends, order) if settled < ends else None


def _bounds(spans: Sequence[_ActiveSpan], until: datetime, lines: _Lines) -> NoopBounds:
    """The bounds of orders, sorted by beginning; they end where an order begins after a gap without any."""
    if not spans:
        return NoopBounds(0, until, until, until)
    judged_from, judged_until, _ = spans[0]
    for begins, ends, _ in spans[1:]:
        if begins > judged_until:
            until = min(until, begins)
            break
        judged_until = max(judged_until, ends)
    least = _min_count([order for _, _, order in spans], lines)
    return NoopBounds(least, until, judged_from, judged_until)


def _min_count(orders: list[Order], lines: _Lines) -> int:
    """The least count at which no order can claim its threshold: a claim is at most line less count."""
    line = lines(orders)
    return max(0, *(line[o.order_id] - o.terms.threshold(o.delivered) + 1 for o in orders))
