"""The fixed cadence: intervals by the age of the orders."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.cadence.dated_looks import confirmation, hold_ends, look_without_cover
from monitor.cadence.schedule import UNREADABLE, LookSummary, NextLook, Priority
from monitor.model.drop import DropState
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome


@dataclass(frozen=True, slots=True)
class FixedCadence:
    """Looks at fixed intervals, shorter ones for young orders, and at times that the rules need."""

    every: timedelta
    """Interval for orders older than three days (at the default of 6 h); other intervals are fractions."""

    @property
    def keeps_state(self) -> bool:
        """False: intervals depend on the orders alone."""
        return False

    @property
    def soon(self) -> timedelta:
        """Shortest interval: 10 minutes if `every` is 6 hours."""
        return self.every / 36

    def next_look(self, states: Sequence[OrderState], summary: LookSummary, now: datetime) -> NextLook | None:
        """Return the next look; None if no order is covered and no refill is open."""
        covered = [w for w in states if w.covered(now)]
        if not covered:
            return look_without_cover(states, self.every, now)
        if summary.outcome in UNREADABLE:
            return NextLook(now + self.every, Priority.ROUTINE, f"target is {summary.outcome}")
        if summary.outcome is not Outcome.COUNT or summary.rejected:
            return self._retry(summary, now)
        looks = (look for w in covered for look in self._looks(w, now))
        return min(looks, key=lambda look: (look.at, look.priority))

    def next_look_after_noop(
        self, _cadence_state: str, _count: int, _now: datetime, _priority: Priority, _source: str, /
    ) -> NextLook | None:
        """Return None: the next look depends on the orders."""
        return None

    def _retry(self, summary: LookSummary, now: datetime) -> NextLook:
        wait = min(self.every, self.soon * 2 ** min(max(summary.failures - 1, 0), 16))
        return NextLook(now + wait, Priority.ROUTINE, f"last look was {summary.outcome}")

    def _looks(self, state: OrderState, now: datetime) -> Iterator[NextLook]:
        """All looks that one order needs."""
        order, earliest = state.order, now + self.soon
        yield NextLook(max(now + self._interval(state, now), earliest), Priority.ROUTINE, "routine")
        drop = state.drop
        if drop is not None and drop.state is DropState.SUSPECTED and state.settled(now):
            yield confirmation(state, drop, self.soon, now)  # before it settles a look confirms nothing
        yield from hold_ends(state, self.soon, now)
        # not before `soon`: a target with a thousand orders must not use up the whole budget
        if order.completed_at is not None and not state.settled(now):
            settles = max(order.completed_at + order.terms.settle, earliest)
            yield NextLook(settles, Priority.URGENT, f"{order.order_id} settles")
        if order.ends_at is not None and now < order.ends_at - self.soon * 3:
            last = max(order.ends_at - self.soon * 3, earliest)
            yield NextLook(last, Priority.URGENT, f"guarantee of {order.order_id} ends")

    def _interval(self, state: OrderState, now: datetime) -> timedelta:
        """Interval by age: a sixth of `every` below 4 times `every`, half below 12 times, then `every`."""
        age = now - (state.order.completed_at or now)
        if age < self.every * 4:
            return self.every / 6
        return self.every / 2 if age < self.every * 12 else self.every
