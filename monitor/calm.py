"""Calm: how long, and down to which count, nothing can follow from the looks at a target.

Most looks change nothing. While a target is calm, a count needs no judging: it opens no drop, decides
nothing, measures and releases nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.claims import by_completion
from monitor.order import Order
from monitor.watched import Watched

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Calm:
    """What a look must be for nothing to follow from it."""

    count: int
    """The least count from which nothing follows."""
    until: datetime
    """From then on it must be worked out anew: an order may have become active, or have ceased to be."""
    judged: bool
    """Some order is active, so that these counts are judged ones all the same (RULES 6)."""


def calm(watched: Sequence[Watched], now: datetime) -> Calm | None:
    """Tell the calm that a target is in from `now` on; None while anything is under way.

    It holds as long as the watched orders stay as they are.
    """
    active: list[Watched] = []
    until = _NEVER
    for w in watched:
        if not _at_rest(w, now):
            return None
        turn, running = _next_turn(w.order, now)
        until = min(until, turn)
        if running and not w.flags and w.order.guaranteed:
            if not w.settled_look:
                return None
            active.append(w)
    if len(active) > 1:
        active.sort(key=by_completion)
    return Calm(_least_quiet(active), until, bool(active))


def _at_rest(watched: Watched, now: datetime) -> bool:
    """No drop is open, no request stands, no unit is in flight, and the start count is known."""
    if watched.drop is not None or watched.asked:
        return False
    if watched.refills and (watched.in_flight(now) or any(r.state.open for r in watched.refills)):
        return False
    order = watched.order
    return order.start_count is not None or order.completed_at is None or order.completed_at > now


def _next_turn(order: Order, now: datetime) -> tuple[datetime, bool]:
    """When the order's part may change by itself, and whether its guarantee is running until then."""
    completed, terms = order.completed_at, order.terms
    if completed is None:
        return _NEVER, False
    if order.start_count is None and now < completed:
        return completed, False  # its first count then measures the start
    ends = _NEVER if terms.window is None else completed + terms.window
    settled = completed + terms.settle
    if now < settled:
        return settled, False
    return (ends, True) if now < ends else (_NEVER, False)


def _least_quiet(active: Sequence[Watched]) -> int:
    """The least count at which no order can claim its threshold: none claims more than its line lacks."""
    least = later = 0
    for watched in reversed(active):
        order = watched.order
        least = max(least, order.baseline + later - order.terms.threshold(order.delivered) + 1)
        later += order.delivered
    return least
