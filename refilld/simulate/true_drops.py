"""True drops: the times at which the exact count shows a drop, whether or not there was a look.

A true drop begins when the exact count puts an order's claim at its threshold (RULES 3, 4), and ends in
one of four ways. The count is evaluated every three hours and at every change of the orders; the beginning
is then found to the second by bisection.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.guarantee.claims import claims_of
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from refilld.simulate.past_states import SECOND, PastStates, threshold
from storage.order_history import History

STEP = timedelta(hours=3)
_HOUR = timedelta(hours=1)
ExactCount = Callable[[datetime], int | None]
"""The exact count of a target at a time; None while it cannot be read."""


class TrueDropEnd(StrEnum):
    """How a true drop ends."""

    SEEN = "seen"
    """A look opened a drop."""
    MISSED = "missed"
    """The guarantee ended before a look opened a drop."""
    PASSED = "passed"
    """The count recovered before a look opened a drop."""
    OPEN = "open"
    """The simulation ended before the guarantee did."""


@dataclass(frozen=True, slots=True)
class TrueDrop:
    """One drop of the exact count."""

    order_id: str
    units: int
    """Units lost when it began: about the threshold, more after a sudden loss."""
    began: datetime
    ended: datetime
    end: TrueDropEnd

    @property
    def hours(self) -> float:
        """The time from its beginning to its end."""
        return (self.ended - self.began) / _HOUR


def true_drops(history: History, exact: ExactCount, begin: datetime, end: datetime) -> Iterator[TrueDrop]:
    """Yield the true drops of a target's orders in the order of their ends."""
    yield from _TrueDropFinder(history, exact, end).find(begin)


class _TrueDropFinder:
    """Goes through the history of one target once."""

    def __init__(self, history: History, exact: ExactCount, end: datetime) -> None:
        self._past = PastStates(history)
        self._exact = exact
        self._end = end
        self._opened = {(drop.order_id, drop.opened_at) for drop in history.drops}
        self._began: dict[str, tuple[datetime, int]] = {}

    def find(self, begin: datetime) -> Iterator[TrueDrop]:
        changes = self._past.changes(begin, self._end)
        before = begin
        for change in changes:
            yield from self._between(before, change)
            yield from self._at(change)
            before = change
        for order_id in list(self._began):
            yield self._ended(order_id, self._end, TrueDropEnd.OPEN)

    def _between(self, before: datetime, change: datetime) -> Iterator[TrueDrop]:
        """Evaluate the count up to the next change, if a true drop could begin or end."""
        states = self._past.states(change)
        eligible = [s.order for s in states if s.drop is None and s.settled(change) and _runs(s, change)]
        if not eligible or change <= before:
            return
        safe, low = _safe_count(states, eligible, change - SECOND), before
        while low < change:
            at = min(low + STEP, change)
            count = self._exact(at)
            if count is not None and (self._began or count < safe or at == change):
                yield from self._evaluate(states, eligible, count, (low, at))
            low = at

    def _evaluate(
        self,
        states: Sequence[OrderState],
        eligible: Sequence[Order],
        count: int,
        span: tuple[datetime, datetime],
    ) -> Iterator[TrueDrop]:
        """Begin and end true drops by the exact count at the end of a span of time."""
        low, at = span
        claims = claims_of(states, count, at)
        for order in eligible:
            claim = claims.get(order.order_id)
            if claim is None:  # its guarantee has just ended
                continue
            if claim.units < threshold(order):
                if order.order_id in self._began:
                    yield self._ended(order.order_id, at, TrueDropEnd.PASSED)
            elif order.order_id not in self._began:
                self._began[order.order_id] = self._beginning(states, order, low, at)

    def _beginning(
        self, states: Sequence[OrderState], order: Order, low: datetime, high: datetime
    ) -> tuple[datetime, int]:
        """When a true drop began within a span, and the units lost then."""

        def lost(at: datetime) -> int:
            count = self._exact(at)
            claim = None if count is None else claims_of(states, count, at).get(order.order_id)
            return 0 if claim is None else claim.units

        while high - low > SECOND:
            middle = low + (high - low) / 2
            low, high = (low, middle) if lost(middle) >= threshold(order) else (middle, high)
        return high, lost(high)

    def _at(self, change: datetime) -> Iterator[TrueDrop]:
        """End true drops at a change: a drop was opened, or a guarantee ended."""
        ends = {order.order_id: order.ends_at for order in self._past.orders}
        for order_id in list(self._began):
            if (order_id, change) in self._opened:
                yield self._ended(order_id, change, TrueDropEnd.SEEN)
            elif ends[order_id] == change:
                yield self._ended(order_id, change, TrueDropEnd.MISSED)

    def _ended(self, order_id: str, at: datetime, end: TrueDropEnd) -> TrueDrop:
        began, units = self._began.pop(order_id)
        return TrueDrop(order_id, units, began, at, end)


def _runs(state: OrderState, at: datetime) -> bool:
    """Whether an order was under guarantee just before a time."""
    return state.order.in_window(at - SECOND)


def _safe_count(states: Sequence[OrderState], eligible: Sequence[Order], at: datetime) -> int:
    """A count from which on no claim reaches its threshold, while nothing but the count changes."""
    claims = claims_of(states, 0, at).values()
    top = max((claim.line for claim in claims), default=0)
    in_flight = max((claim.effective for claim in claims), default=0)
    return top - in_flight - min(map(threshold, eligible)) + 1
