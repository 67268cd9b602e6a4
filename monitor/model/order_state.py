"""The state of an order: the order with all that its guarantee depends on at present."""

from dataclasses import dataclass
from datetime import datetime

from monitor.model.drop import Drop
from monitor.model.order import Flag, Order
from monitor.model.refill import Refill, RefillState


@dataclass(frozen=True, slots=True)
class OrderState:
    """One order, its flags, its open drop, its refills, and whether a customer's request is pending."""

    order: Order
    flags: frozenset[Flag] = frozenset()
    drop: Drop | None = None
    refills: tuple[Refill, ...] = ()
    request_pending: bool = False
    settled_look: bool = False
    """A look has judged the order after its delivery settled."""
    hold_until: datetime | None = None
    """Until when its refills are held because the database was restored (RULES 5); None if it never was."""
    backlog: bool = False
    """It was imported with a backlog, so a drop at its first judged look is an old one (RULES 10)."""
    summary_pending: bool = False
    """The summary of its backlog is still to come."""

    def in_flight(self, now: datetime) -> int:
        """Units of this order's refills that the count does not contain yet (RULES 3)."""
        return sum(refill.in_flight(now, self.order.terms.settle) for refill in self.refills)

    @property
    def undelivered(self) -> int:
        """Units of this order's refills of which no consumer can have delivered any yet."""
        waiting = {RefillState.HELD, RefillState.QUEUED}
        return sum(refill.quantity for refill in self.refills if refill.state in waiting)

    @property
    def completed_refills(self) -> list[datetime]:
        """Completion times of the order's refills; only completed refills have one."""
        return [refill.completed_at for refill in self.refills if refill.completed_at]

    @property
    def limit_reached(self) -> bool:
        """Whether as many refills are completed as the terms permit (RULES 5, row 2)."""
        limit = self.order.terms.max_refills
        return bool(limit) and len(self.completed_refills) >= limit

    @property
    def allowance(self) -> int:
        """Units that `max_refill_percent` still permits: less all units refilled or in flight (RULES 5)."""
        most = self.order.terms.max_refill_percent * self.order.delivered // 100
        return max(0, most - sum(refill.units for refill in self.refills))

    @property
    def held_units(self) -> int:
        """Units of this order's held refill; at most one refill of an order is open."""
        return sum(refill.quantity for refill in self.refills if refill.state is RefillState.HELD)

    def release_due(self, now: datetime) -> bool:
        """Whether the hold of this order's refill has ended, so that its drop is decided again (RULES 6)."""
        return any(
            refill.state is RefillState.HELD and refill.release_at is not None and now >= refill.release_at
            for refill in self.refills
        )

    def settled(self, now: datetime) -> bool:
        """Whether the settle time after the delivery has passed."""
        completed = self.order.completed_at
        return completed is not None and now >= completed + self.order.terms.settle

    def covered(self, now: datetime) -> bool:
        """Whether the guarantee covers `now`: by status, flags and window, or by an undecided drop."""
        if not self.order.guaranteed or self.flags:
            return False
        undecided_drop = self.drop is not None and self.drop.keeps_active(self.order)
        return self.order.in_window(now) or undecided_drop

    def active(self, now: datetime) -> bool:
        """Whether the order takes part in lines and claims at `now` (RULES 3)."""
        return self.covered(now) and self.settled(now)
