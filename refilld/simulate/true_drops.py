"""Crossings: the times at which an exact count would have shown a drop, whether or not anybody looked.

A crossing begins when a look with the exact count would find an order's claim at its threshold (RULES 3, 4),
and ends in one of four ways. The count is followed every three hours and at every change, and a beginning
is then found to the second.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.guarantee.claims import claims_of
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from refilld.simulate.count_times import SECOND, CountTimes, threshold
from storage.order_history import History

STEP = timedelta(hours=3)
_HOUR = timedelta(hours=1)
Exact = Callable[[datetime], int | None]
"""The exact count of a target at a moment; None while nobody could see it."""


class TrueDropEnd(StrEnum):
    """How a crossing ends."""

    SEEN = "seen"
    """A look opened a drop."""
    MISSED = "missed"
    """The guarantee ended, and nobody had seen it."""
    PASSED = "passed"
    """The count came back before anybody had seen it."""
    OPEN = "open"
    """The simulation ended, the guarantee had not."""


@dataclass(frozen=True, slots=True)
class TrueDrop:
    """One drop that really was."""

    order_id: str
    units: int
    """Lost when it began: about the threshold, more where many fell at once."""
    began: datetime
    ended: datetime
    end: TrueDropEnd

    @property
    def hours(self) -> float:
        """How long it went unseen."""
        return (self.ended - self.began) / _HOUR


def true_drops(history: History, exact: Exact, begin: datetime, end: datetime) -> Iterator[TrueDrop]:
    """All crossings of a target's orders, as they end."""
    yield from _Walk(history, exact, end).through(begin)


class _Walk:
    """One walk along a target's history."""

    def __init__(self, history: History, exact: Exact, end: datetime) -> None:
        self._moments = CountTimes(history)
        self._exact = exact
        self._end = end
        self._opened = {(drop.order_id, drop.opened_at) for drop in history.drops}
        self._began: dict[str, tuple[datetime, int]] = {}

    def through(self, begin: datetime) -> Iterator[TrueDrop]:
        changes = self._moments.changes(begin, self._end)
        before = begin
        for change in changes:
            yield from self._between(before, change)
            yield from self._at(change)
            before = change
        for order_id in list(self._began):
            yield self._ended(order_id, self._end, TrueDropEnd.OPEN)

    def _between(self, before: datetime, change: datetime) -> Iterator[TrueDrop]:
        """Follow the count until the next change, as long as any order's crossing could begin or end."""
        state = self._moments.watched(change)
        armed = [w.order for w in state if w.drop is None and w.settled(change) and _runs(w, change)]
        if not armed or change <= before:
            return
        harmless, low = _harmless(state, armed, change - SECOND), before
        while low < change:
            at = min(low + STEP, change)
            count = self._exact(at)
            if count is not None and (self._began or count < harmless or at == change):
                yield from self._look(state, armed, count, (low, at))
            low = at

    def _look(
        self,
        states: Sequence[OrderState],
        armed: Sequence[Order],
        count: int,
        span: tuple[datetime, datetime],
    ) -> Iterator[TrueDrop]:
        """What an exact look at the end of a time begins and ends."""
        low, at = span
        claims = claims_of(states, count, at)
        for order in armed:
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
        """When a crossing began, between a look that did not show it and one that did, and how many units."""

        def lost(at: datetime) -> int:
            count = self._exact(at)
            claim = None if count is None else claims_of(states, count, at).get(order.order_id)
            return 0 if claim is None else claim.units

        while high - low > SECOND:
            middle = low + (high - low) / 2
            low, high = (low, middle) if lost(middle) >= threshold(order) else (middle, high)
        return high, lost(high)

    def _at(self, change: datetime) -> Iterator[TrueDrop]:
        """What a change itself ends: the opening of a drop, or the end of a guarantee."""
        ends = {order.order_id: order.ends_at for order in self._moments.orders}
        for order_id in list(self._began):
            if (order_id, change) in self._opened:
                yield self._ended(order_id, change, TrueDropEnd.SEEN)
            elif ends[order_id] == change:
                yield self._ended(order_id, change, TrueDropEnd.MISSED)

    def _ended(self, order_id: str, at: datetime, end: TrueDropEnd) -> TrueDrop:
        began, units = self._began.pop(order_id)
        return TrueDrop(order_id, units, began, at, end)


def _runs(state: OrderState, at: datetime) -> bool:
    """Whether an order's guarantee ran just before a moment."""
    return state.order.in_window(at - SECOND)


def _harmless(states: Sequence[OrderState], armed: Sequence[Order], at: datetime) -> int:
    """A count at which no claim can reach any threshold, as long as nothing but the count changes."""
    claims = claims_of(states, 0, at).values()
    top = max((claim.line for claim in claims), default=0)
    in_flight = max((claim.effective for claim in claims), default=0)
    return top - in_flight - min(map(threshold, armed)) + 1
