"""The fixed cadence: looks at fixed intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.cadence.dated_looks import confirmation, hold_ends
from monitor.cadence.schedule import UNREADABLE, LookSummary, NextLook, Priority
from monitor.model.drop import DropState
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome


@dataclass(frozen=True, slots=True)
class FixedCadence:
    """Looks at fixed intervals, sooner for young orders, and at the times that the rules hang on."""

    every: timedelta
    """The interval for orders older than three days; all other times are shares of it."""

    @property
    def keeps_state(self) -> bool:
        """No: the ages of the orders set the pace."""
        return False

    @property
    def soon(self) -> timedelta:
        """Shortest wait: 10 minutes where `every` is 6 hours."""
        return self.every / 36

    def next_look(self, states: Sequence[OrderState], seen: LookSummary, now: datetime) -> NextLook | None:
        """Say when to look again; None when no order is covered and no refill waits for a public profile."""
        covered = [w for w in states if w.covered(now)]
        if not covered:
            open_refill = any(refill.state.open for w in states for refill in w.refills)
            return NextLook(now + self.every, Priority.ROUTINE, "a refill is open") if open_refill else None
        if seen.outcome in UNREADABLE:
            return NextLook(now + self.every, Priority.ROUTINE, f"target is {seen.outcome}")
        if seen.outcome is not Outcome.COUNT or seen.rejected:
            return self._retry(seen, now)
        looks = (look for w in covered for look in self._looks(w, now))
        return min(looks, key=lambda look: (look.at, look.priority))

    def next_look_after_noop(
        self, _memo: str, _count: int, _now: datetime, _lane: Priority, _source: str, /
    ) -> NextLook | None:
        """Leave it to the orders."""
        return None

    def _retry(self, seen: LookSummary, now: datetime) -> NextLook:
        wait = min(self.every, self.soon * 2 ** min(max(seen.failures - 1, 0), 16))
        return NextLook(now + wait, Priority.ROUTINE, f"last look was {seen.outcome}")

    def _looks(self, state: OrderState, now: datetime) -> Iterator[NextLook]:
        """Every reason to look at one order again."""
        order, earliest = state.order, now + self.soon
        yield NextLook(max(now + self._interval(state, now), earliest), Priority.ROUTINE, "routine")
        drop = state.drop
        if drop is not None and drop.state is DropState.SUSPECTED and state.settled(now):
            yield confirmation(state, drop, self.soon, now)  # a look before that would confirm nothing
        yield from hold_ends(state, self.soon, now)
        # the rest can wait a little: a target of a thousand orders must not take the whole budget
        if order.completed_at is not None and not state.settled(now):
            settles = max(order.completed_at + order.terms.settle, earliest)
            yield NextLook(settles, Priority.URGENT, f"{order.order_id} settles")
        if order.ends_at is not None and now < order.ends_at - self.soon * 3:
            last = max(order.ends_at - self.soon * 3, earliest)
            yield NextLook(last, Priority.URGENT, f"guarantee of {order.order_id} ends")

    def _interval(self, state: OrderState, now: datetime) -> timedelta:
        """The routine interval by age: a sixth on the first day, a half up to three days."""
        age = now - (state.order.completed_at or now)
        if age < self.every * 4:
            return self.every / 6
        return self.every / 2 if age < self.every * 12 else self.every
